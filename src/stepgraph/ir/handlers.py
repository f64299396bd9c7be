"""The exceptions that the handlers of a `try` catch: those that they may, and those that they must."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from stepgraph.ir.exceptions import BUILTINS, LANGUAGE_ERRORS, ExceptionType, NonStepErrors, builtin_exception
from stepgraph.ir.nodes import Handler

_EXCEPTION: Final = f"{BUILTINS}Exception"
_BASE_EXCEPTION: Final = f"{BUILTINS}BaseException"

# `Exception` counts as well, because exceptions that do not derive from it end a task or the program.
_CATCH_ALL: Final = frozenset([_EXCEPTION, _BASE_EXCEPTION])

_EXPECTED_ERRORS: Final = (*LANGUAGE_ERRORS, AttributeError, TypeError, ValueError)


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
    if _must_catch(handler, raised) or not handler.types or raised is None:
        return True
    classes = _classes(raised)
    return classes is None or any(caught.name in classes or _classes(caught) is None for caught in handler.types)


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


def _must_catch(handler: Handler, raised: ExceptionType | None) -> bool:
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
