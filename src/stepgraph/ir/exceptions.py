"""Exceptions and handlers: built-in types and classes of the project are known, any other type may catch anything."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import Final

from stepgraph.ir.nodes import CaughtType, Handler

# Types that catch every error. Those beyond `Exception` end a task or the program.
CATCH_ALL: Final = frozenset(["builtins.Exception", "builtins.BaseException"])

_BUILTINS: Final = "builtins."


def catches_all(handler: Handler) -> bool:
    """Whether a handler is for all errors: bare, or of `Exception`."""
    return handler.condition is None or any(caught.name in CATCH_ALL for caught in handler.types)


def catch_all(handlers: Iterable[Handler]) -> bool:
    """Whether one of the handlers is for all errors."""
    return any(map(catches_all, handlers))


def may_catch(handlers: Iterable[Handler], raised: CaughtType | None) -> bool:
    """Whether one of the handlers may catch an exception of a type, None for one that is not known."""
    return any(_may_catch(handler, raised) for handler in handlers)


def _may_catch(handler: Handler, raised: CaughtType | None) -> bool:
    if catches_all(handler) or not handler.types or raised is None:
        return True
    classes = _classes(raised)
    return classes is None or any(caught.name in classes or _classes(caught) is None for caught in handler.types)


def must_catch(handlers: Iterable[Handler], raised: CaughtType | None) -> bool:
    """Whether one of the handlers catches every exception of a type, None for one that is not known."""
    classes = None if raised is None else _classes(raised)
    return any(
        catches_all(handler) or (classes is not None and any(caught.name in classes for caught in handler.types))
        for handler in handlers
    )


def _classes(exception: CaughtType) -> frozenset[str] | None:
    """Return the names of a type and of all that it derives from, None where one of these is not known."""
    names = {exception.name, *exception.bases}
    for ancestor in exception.ancestors:
        found = builtin_exception(ancestor)
        if found is None:
            return None
        names.update(f"{_BUILTINS}{base.__name__}" for base in found.__mro__)
    return frozenset(names)


def builtin_exception(name: str) -> type[BaseException] | None:
    """Return the exception of Python with a dotted name, None for any other name."""
    found = getattr(builtins, name.removeprefix(_BUILTINS), None) if name.startswith(_BUILTINS) else None
    return found if isinstance(found, type) and issubclass(found, BaseException) else None
