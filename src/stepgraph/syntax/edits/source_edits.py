"""Source edits that fix findings."""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec import Struct

from stepgraph.model.parsed_code import parse_expression
from stepgraph.syntax.module import SourcePlace

_QUOTES: Final = ('"', "'", '"""', "'''")


class Replacement(Struct, frozen=True):
    """The replacement of an expression."""

    place: SourcePlace
    text: str
    """The source of the new expression."""


class AddedAwait(Struct, frozen=True):
    """The insertion of `await` before an expression."""

    place: SourcePlace


class AddedArgument(Struct, frozen=True):
    """The insertion of a keyword argument after the other arguments of a call."""

    place: SourcePlace
    """The location of the call."""
    keyword: str
    text: str
    """The source of the value."""


class RenamedArgument(Struct, frozen=True):
    """The change of the keyword of an argument, or the addition of one to a positional argument."""

    place: SourcePlace
    """The location of the value of the argument."""
    keyword: str


class RemovedArgument(Struct, frozen=True):
    """The removal of an argument from a call."""

    place: SourcePlace
    """The location of the value of the argument."""


class RemovedParameter(Struct, frozen=True):
    """The removal of a parameter from a function."""

    place: SourcePlace


class MovedImport(Struct, frozen=True):
    """A change of a `from ... import` statement, so that some names are imported from other modules."""

    place: SourcePlace
    module_of_name: tuple[tuple[str, str], ...]
    """The names to move, each with the dotted name of its new module. The statement keeps its other names."""


class RenamedModule(Struct, frozen=True):
    """A change of the module that an import statement names."""

    place: SourcePlace
    """The location of a `from` import, or of an alias in another import."""
    module: str
    """The absolute name of the module. If it is empty, `from . import NAME` becomes `import NAME`."""


class AddedImport(Struct, frozen=True):
    """The addition of an import to the module of a name that is used without an import."""

    place: SourcePlace
    """The location of the name."""
    module: str
    """The dotted name of the module to import."""
    member: str | None = None
    """The name to import from the module, or None to import the module."""


Edit: TypeAlias = (
    Replacement
    | AddedAwait
    | AddedArgument
    | RenamedArgument
    | RemovedArgument
    | RemovedParameter
    | MovedImport
    | RenamedModule
    | AddedImport
)


def deletes_comment(edit: Edit) -> bool:
    """Return whether an edit replaces code with comments. The new code, a text on one line, has none."""
    return isinstance(edit, Replacement) and edit.place.has_comment


def combine(first: Edit, second: Edit) -> Edit | None:
    """Combine two edits of the same node into one edit. Return None if they contradict each other."""
    if isinstance(first, MovedImport) and isinstance(second, MovedImport):
        modules = dict(first.module_of_name) | dict(second.module_of_name)
        if all(modules[name] == module for name, module in first.module_of_name):
            return MovedImport(first.place, tuple(modules.items()))
    return first if first == second else None


def replace_string(place: SourcePlace, value: str, replacement: str) -> tuple[Edit, ...]:
    """Return the edit that changes the string literal `value`, or no edit if the literal has a prefix or escapes."""
    for quote in _QUOTES:
        if place.text == f"{quote}{value}{quote}":
            return (Replacement(place, f"{quote}{replacement}{quote}"),)
    return ()


def add_f_prefix(place: SourcePlace) -> tuple[Edit, ...]:
    """Return the edit that adds the prefix `f` to a string literal, or no edit if the result is no valid f-string."""
    text = f"f{place.text}"
    return () if parse_expression(text) is None else (Replacement(place, text),)
