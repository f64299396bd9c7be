"""Built-in classes: objects of project classes that derive from them, and results of `isinstance` with them."""

from __future__ import annotations

import builtins
import collections.abc
from collections import deque
from typing import Final

from stepgraph.interpreter.objects.classes import order_of
from stepgraph.interpreter.values.containers import Collection, Container, Mapping
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.interpreter.values.objects import ClassValue, FunctionValue, ModuleValue, ProjectObject
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.ir.static_values import CollectionKind
from stepgraph.ir.values import External, Value

_EXCEPTIONS: Final[list[type]] = [
    each for each in vars(builtins).values() if isinstance(each, type) and issubclass(each, BaseException)
]
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


def is_error(value: Value) -> bool:
    """Return whether a value is an exception. A handler that binds it may bind one of any other class instead."""
    return isinstance(value, ProjectObject) and any(issubclass(base, BaseException) for base in _builtin_bases(value))


def has_builtin_attribute(owner: ProjectObject | ClassValue | ModuleValue, name: str) -> bool:
    """Return whether Python or a built-in base may define an attribute of an object or class.

    An exception may have the attributes of any built-in exception.
    """
    if isinstance(owner, ModuleValue):
        return False
    if name.startswith("__"):
        return True
    bases = _builtin_bases(owner)
    if any(issubclass(base, BaseException) for base in bases):
        bases = _EXCEPTIONS
    return any(hasattr(base, name) for base in bases)


def _builtin_bases(owner: ProjectObject | ClassValue) -> list[type]:
    order = order_of(owner)
    names = [base.name.removeprefix("builtins.") for base in order if isinstance(base, External)]
    return [base for base in (getattr(builtins, name, None) for name in names) if isinstance(base, type)]


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
