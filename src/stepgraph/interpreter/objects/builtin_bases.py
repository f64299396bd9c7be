"""Built-in classes that project classes derive from, such as `dict` and `Exception`."""

from __future__ import annotations

import builtins
from typing import Final

from stepgraph.interpreter.objects.classes import order_of
from stepgraph.interpreter.values.objects import ClassValue, ModuleValue, ProjectObject
from stepgraph.ir.values import External, Value


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


_EXCEPTIONS: Final[list[type]] = [
    each for each in vars(builtins).values() if isinstance(each, type) and issubclass(each, BaseException)
]
