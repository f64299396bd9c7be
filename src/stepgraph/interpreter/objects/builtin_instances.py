"""Results of `isinstance` with built-in classes and with those of `collections` and `collections.abc`."""

from __future__ import annotations

import collections.abc
from collections import deque
from typing import Final

from stepgraph.interpreter.values.containers import Collection, Container, Mapping
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.interpreter.values.objects import FunctionValue
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.ir.static_values import CollectionKind
from stepgraph.ir.values import Value


def is_builtin_instance(value: Value, class_name: str) -> bool | None:
    """Return whether a collection, dictionary, function or step is an instance of a class. Return None if unknown."""
    tested = _CLASSES.get(class_name)
    if tested is None:
        return None
    match value:
        case Collection(kind="list", state=HeapCell(unordered=True)):
            return None  # a slice of one of several collections is a list even if these are tuples
        case Collection(lazy=None, parameter=None, kind=kind) if _has_distinct_summaries(value):
            return issubclass(_CLASSES_OF_KINDS[kind], tested)
        case Mapping() if _has_distinct_summaries(value) and not issubclass(dict, tested):
            return False
        case FunctionValue(caveats=()) | StepFunction(may_be_replaced=False):
            return class_name == "collections.abc.Callable"
        case _:
            return None


def _has_distinct_summaries(value: Collection | Mapping) -> bool:
    """Return whether calls with a collection have other summaries than calls with collections of other types."""
    return any(each.value.relevant and not isinstance(each.value, Container) for each in value.state.elements())


_CLASSES: Final[dict[str, type]] = {
    **{f"builtins.{each.__name__}": each for each in (bool, bytes, dict, float, frozenset, int, list, set, str, tuple)},
    "collections.deque": deque,
    **{
        f"collections.abc.{name}": getattr(collections.abc, name)
        for name in ("Callable", "Iterable", "Mapping", "MutableMapping", "MutableSequence", "Sequence", "Set")
    },
}
_CLASSES_OF_KINDS: Final[dict[CollectionKind, type]] = {
    "deque": deque,
    "frozenset": frozenset,
    "list": list,
    "set": set,
    "tuple": tuple,
}
