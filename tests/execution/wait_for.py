"""`asyncio.wait_for` as in Python 3.12, the version of Workers."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TypeVar
from unittest.mock import patch

T = TypeVar("T")


@contextmanager
def python_312_wait_for() -> Iterator[None]:
    """Make `wait_for` start awaited work in the current task. Before Python 3.12, it created another task."""
    if sys.version_info >= (3, 12):
        yield
        return
    with patch.object(asyncio, "wait_for", _wait_for):
        yield


async def _wait_for(work: Awaitable[T], timeout: float | None) -> T:  # noqa: ASYNC109 # signature of asyncio
    async with asyncio.timeout(timeout):
        return await work
