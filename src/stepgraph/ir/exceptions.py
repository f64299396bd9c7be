"""Types of exceptions, and the handlers that may or must catch them.

A type is resolved if it and all of its base classes are built in or defined in the project.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.ir.nodes import Handler

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
    wrapped: ExceptionType | None = None
    """For the exception group of a task group: the type of the error in its block, which `except*` clauses catch."""


def builtin_exception(name: str) -> type[BaseException] | None:
    """Return the built-in exception with a dotted name. Return None if no such exception exists."""
    member = getattr(builtins, name.removeprefix(BUILTINS), None) if name.startswith(BUILTINS) else None
    return member if isinstance(member, type) and issubclass(member, BaseException) else None


_EXCEPTION: Final = f"{BUILTINS}Exception"
_BASE_EXCEPTION: Final = f"{BUILTINS}BaseException"

_EXCEPTION_GROUP: Final = f"{BUILTINS}BaseExceptionGroup"
"""The base class of the groups whose members `except*` clauses catch, of any types."""

# `Exception` counts as well, because exceptions that do not derive from it end a task or the program.
_CATCH_ALL: Final = frozenset([_EXCEPTION, _BASE_EXCEPTION])

_SDK_EXCEPTIONS: Final = frozenset(["workers.workflows.NonRetryableError", "pyodide.ffi.JsException"])
"""The exceptions of the SDK, which derive from `Exception`."""

_EXPECTED_ERRORS: Final = (*LANGUAGE_ERRORS, AttributeError, TypeError, ValueError)


def exception_group(raised: ExceptionType) -> ExceptionType:
    """Return the type of the exception with which a task group wraps an error of its block."""
    name = f"{BUILTINS}ExceptionGroup"
    return ExceptionType(name, (name,), raised.place, None, wrapped=raised)


def may_be_grouped(raised: ExceptionType) -> bool:
    """Return whether a task group wraps exceptions of a type. It passes on those that end the task or the program."""
    return not _is_beyond_exception(_classes(raised))


def catches_all(handler: Handler) -> bool:
    """Return whether a handler catches all errors: a bare `except`, or one for `Exception` or `BaseException`."""
    return handler.condition is None or any(caught.name in _CATCH_ALL for caught in handler.types)


def catch_all(handlers: Iterable[Handler]) -> bool:
    """Return whether one of the handlers catches all errors."""
    return any(map(catches_all, handlers))


def may_catch(handlers: Iterable[Handler], raised: ExceptionType | None) -> bool:
    """Return whether one of the handlers may catch an exception of a type. The type None is unknown."""
    return any(_may_catch(handler, raised) for handler in handlers)


def _may_catch(handler: Handler, raised: ExceptionType | None) -> bool:
    raised = _seen_by(handler, raised)
    if _must_catch(handler, raised) or not handler.types or raised is None:
        return True
    classes = _classes(raised)
    if classes is None or (handler.is_star and _EXCEPTION_GROUP in classes):
        return True
    return any(caught.name in classes or _classes(caught) is None for caught in handler.types)


def reached_handlers(handlers: Iterable[Handler], raised: ExceptionType | None) -> Iterator[Handler]:
    """Yield the `except` clauses that may catch an exception of a type. The type None is unknown.

    Unlike for the graph, the bases of the exceptions of the SDK are known.
    """
    raised = None if raised is None else _with_sdk_bases(raised)
    for handler in handlers:
        if _may_catch(replace(handler, types=tuple(map(_with_sdk_bases, handler.types))), raised):
            yield handler
        if _must_catch(handler, raised):
            return


def _with_sdk_bases(exception: ExceptionType) -> ExceptionType:
    """Return an exception type whose bases from the SDK are replaced by their built-in base class."""
    if _SDK_EXCEPTIONS.isdisjoint(exception.ancestors):
        return exception
    names = tuple(name for name in exception.ancestors if name in _SDK_EXCEPTIONS)
    ancestors = tuple(_EXCEPTION if name in _SDK_EXCEPTIONS else name for name in exception.ancestors)
    return replace(exception, ancestors=ancestors, bases=(*exception.bases, *names))


def expects_errors(handlers: Iterable[Handler], errors: NonStepErrors) -> bool:
    """Return whether handlers are written for errors that code outside of steps can raise.

    Nearly all code can raise errors of the language, so a handler of all errors does not count for these.
    """
    match errors:
        case NonStepErrors.NONE:
            return False
        case NonStepErrors.LANGUAGE:
            return any(_is_language_error(caught) for handler in handlers for caught in handler.types)
        case NonStepErrors.ASSERTION:
            return any(
                catches_all(handler) or not handler.types or any(map(_is_language_error, handler.types))
                for handler in handlers
            )
        case NonStepErrors.ANY:
            return True


def _is_language_error(caught: ExceptionType) -> bool:
    error = builtin_exception(caught.name)
    return error is not None and issubclass(error, _EXPECTED_ERRORS)


def must_catch(handlers: Iterable[Handler], raised: ExceptionType | None) -> bool:
    """Return whether one of the handlers catches every exception of a type. The type None is unknown."""
    return any(_must_catch(handler, raised) for handler in handlers)


def _seen_by(handler: Handler, raised: ExceptionType | None) -> ExceptionType | None:
    """Return the type of an exception, or of the error that a task group wraps for an `except*` clause."""
    return raised.wrapped if raised is not None and raised.wrapped is not None and handler.is_star else raised


def _must_catch(handler: Handler, raised: ExceptionType | None) -> bool:
    raised = _seen_by(handler, raised)
    classes = None if raised is None else _classes(raised)
    if classes is not None and any(caught.name in classes for caught in handler.types):
        return True
    return catches_all(handler) and not (handler.condition and _is_beyond_exception(classes))


def _is_beyond_exception(classes: frozenset[str] | None) -> bool:
    """Return whether a type with these classes, such as `KeyboardInterrupt`, does not derive from `Exception`."""
    return classes is not None and _BASE_EXCEPTION in classes and _EXCEPTION not in classes


def _classes(exception: ExceptionType) -> frozenset[str] | None:
    """Return the names of a type and all of its base classes. Return None if one of them is unresolved."""
    names = {exception.name, *exception.bases}
    for ancestor in exception.ancestors:
        builtin = builtin_exception(ancestor)
        if builtin is None:
            return None
        names.update(f"{BUILTINS}{base.__name__}" for base in builtin.__mro__)
    return frozenset(names)
