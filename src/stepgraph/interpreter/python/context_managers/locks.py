"""Locks and other context managers of `asyncio` that limit how many tasks execute a block at the same time."""

from __future__ import annotations

from typing import Final

from stepgraph.ir.values import LIMITING_CLASSES, External, Unknown, Value, origin_name, without_taint

# Locks that admit waiting tasks in first-in, first-out order.
_LOCKS: Final = frozenset(["asyncio.Lock", "asyncio.locks.Lock"])


def may_be_lock(manager: Value) -> bool:
    """Return whether a manager may be a lock. In `asyncio`, only the class `Lock` is one."""
    name = _class_name(manager)
    is_lock = name is not None and (name in _LOCKS or not name.startswith("asyncio."))
    return is_lock or isinstance(without_taint(manager), Unknown)


def limits_tasks(manager: Value) -> bool:
    """Return whether a manager certainly limits how many tasks execute its block, as a lock or semaphore does."""
    return _class_name(manager) in LIMITING_CLASSES


def _class_name(manager: Value) -> str | None:
    """Return the name of the class that a manager is or whose constructor returned it, or None if it is unknown."""
    manager = without_taint(manager)
    return manager.name if isinstance(manager, External) else origin_name(manager)
