"""Threads for long-running work of the server, outside of its event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

T = TypeVar("T")


async def in_thread(function: Callable[[], T], limiter: CapacityLimiter | None = None) -> T:
    """Call a function in a thread, for which the end of the server does not wait.

    `limiter` bounds the number of threads, in addition to a default of 40 for all calls without one.
    """
    return await to_thread.run_sync(function, abandon_on_cancel=True, limiter=limiter)
