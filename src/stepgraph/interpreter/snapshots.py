"""Snapshots of the state of an interpreter, so that several interpretations can start from the same state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from enum import Enum
from functools import cache, partial
from operator import attrgetter, is_not
from types import FunctionType, MethodType
from typing import Any, Final

import libcst as cst
from msgspec import Struct
from msgspec.structs import StructConfig

from stepgraph.interpreter.interpreter import HandlerTable
from stepgraph.ir.nodes import Function
from stepgraph.syntax.bindings import Bindings
from stepgraph.syntax.import_graph import ImportClosure, ModuleGroup
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.modules import Importer

_COLLECTIONS: Final = (dict, list, set)
_INDEPENDENT: Final = (
    *(cst.CSTNode, SourceModule, SourcePlace, Bindings, Importer, ImportClosure, ModuleGroup, HandlerTable, Function),
    *(type, Enum, str, bytes, int, float, type(None)),
)
"""The types whose objects do not depend on the interpretation: syntax, facts about sources, which are computed on first
use, and complete functions of the IR."""


class _SavedObject(Struct, frozen=True):
    """A mutable object and its state."""

    target: Any
    names: tuple[str, ...]
    """The names of its attributes."""
    values: tuple[object, ...]
    """The values of its attributes."""
    contents: Any
    """A copy of a dictionary, list or set; None for other objects."""

    def restore(self) -> None:
        """Give the object its saved state."""
        target = self.target
        if self.names and any(map(is_not, _values_of(target, self.names), self.values)):
            for name, value in zip(self.names, self.values, strict=True):
                setattr(target, name, value)
        # The methods of the built-in types, because those of a subclass may record the changes.
        if isinstance(target, dict):
            dict.clear(target)
            dict.update(target, self.contents)
        elif isinstance(target, list):
            target[:] = self.contents
        elif isinstance(target, set):
            target.clear()
            target.update(self.contents)


class StateSnapshot:
    """The state of an object, and of all mutable objects that it leads to.

    All mutable objects are saved, whatever their types, so that a restored state cannot depend on a later
    interpretation. A restore changes the objects themselves, so that their identities remain, which are keys of tables.
    It takes some nanoseconds for each value, much less than an interpretation that creates them.
    """

    def __init__(self, root: object) -> None:
        self._saved = [*_saved_objects(root)]

    def restore(self) -> None:
        """Restore the state of all objects. Objects that were created later are no longer referenced."""
        for saved in self._saved:
            saved.restore()


def _saved_objects(root: object) -> Iterator[_SavedObject]:
    """Yield the mutable objects that an object leads to, each with its current state."""
    # The references keep the identities from being reused.
    visited: dict[int, object] = {}
    pending: list[object] = [root]
    while pending:
        target = pending.pop()
        if id(target) in visited or isinstance(target, _INDEPENDENT):
            continue
        visited[id(target)] = target
        names = _attributes_of(type(target), target)
        values, contents = _values_of(target, names), _copy_of(target)
        pending += values
        pending += _parts_of(target)
        if contents is not None or (names and not _is_frozen(type(target))):
            yield _SavedObject(target, names, values, contents)


def _values_of(target: object, names: tuple[str, ...]) -> tuple[object, ...]:
    """Return the values of some attributes."""
    match names:
        case ():
            return ()
        case (name,):
            return (getattr(target, name),)
        case _:
            return _getter(names)(target)


def _copy_of(target: object) -> dict[Any, Any] | tuple[Any, ...] | None:
    """Return the contents of a collection; None for other objects."""
    if isinstance(target, dict):
        return dict(target)
    return tuple(target) if isinstance(target, _COLLECTIONS) else None


def _parts_of(target: object) -> Iterable[object]:
    """Return the objects that a collection or a function refers to."""
    match target:
        case dict():
            return [*target.keys(), *target.values()]
        case list() | set() | tuple() | frozenset():
            return target
        case FunctionType():
            return [*_variables_of(target)]
        case MethodType():
            return [target.__self__]
        case partial():
            return [target.func, *target.args, *target.keywords.values()]
        case _:
            return ()


def _variables_of(function: FunctionType) -> Iterator[object]:
    """Yield the values of the variables of a closure."""
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # a variable without a value
            yield cell.cell_contents


def _attributes_of(owner: type, target: object) -> tuple[str, ...]:
    """Return the names of the attributes of an object of this package."""
    if isinstance(target, Struct):
        return target.__struct_fields__
    return (*_slots_of(owner), *getattr(target, "__dict__", ())) if owner.__module__.startswith("stepgraph.") else ()


@cache
def _getter(names: tuple[str, ...]) -> attrgetter[tuple[object, ...]]:
    """Return a function that returns the values of several attributes. It takes a third of the time of a loop."""
    return attrgetter(*names)


def _slots_of(owner: type) -> tuple[str, ...]:
    """Return the names of the slots of a class."""
    return tuple(name for base in owner.__mro__ for name in getattr(base, "__slots__", ()))


def _is_frozen(owner: type) -> bool:
    """Return whether the attributes of the objects of a class never change."""
    config: StructConfig | None = getattr(owner, "__struct_config__", None)
    return config is not None and config.frozen
