"""Types of exceptions.

A type is resolved if it and all of its base classes are built in or defined in the project.
"""

from __future__ import annotations

import builtins
from enum import IntEnum
from typing import Final

from msgspec import Struct

from stepgraph.syntax.module import SourcePlace

BUILTINS: Final = "builtins."
"""The prefix of the dotted names of built-in exceptions."""

LANGUAGE_ERRORS: Final = (LookupError, ArithmeticError, NameError, AssertionError, UnicodeError)
"""The errors that subscripts, arithmetic, unpacking and `assert` raise, but no step."""


class NonStepErrors(IntEnum):
    """The exceptions that code outside of steps can raise: none, built-in errors, also AssertionError, or any."""

    NONE = 0
    LANGUAGE = 1
    ASSERTION = 2
    ANY = 3


class ExceptionType(Struct, frozen=True):
    """An exception type named by an `except` clause or a `raise`."""

    name: str
    """The dotted name of the type, or the plain name of a class of the project."""
    ancestors: tuple[str, ...]
    """The dotted names of the classes outside the project, among the type and its base classes."""
    place: SourcePlace
    """The location of the name."""
    raised_in: str | None
    """The name of a step that raises the exception inside the `try`, if any."""
    bases: tuple[str, ...] = ()
    """The names of the base classes of the type in the project."""


def builtin_exception(name: str) -> type[BaseException] | None:
    """Return the built-in exception with a dotted name. Return None if no such exception exists."""
    member = getattr(builtins, name.removeprefix(BUILTINS), None) if name.startswith(BUILTINS) else None
    return member if isinstance(member, type) and issubclass(member, BaseException) else None
