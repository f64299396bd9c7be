"""`asyncio.wait_for` as it is in the Python of Workers, which is newer than the oldest one that runs the tests."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TypeVar
from unittest.mock import patch

T = TypeVar("T")


@contextmanager
def waiting_as_workers_do() -> Iterator[None]:
    """Let what is waited for begin in the task that waits, at once: before Python 3.12 it was a task of its own."""
    if sys.version_info >= (3, 12):
        yield
        return
    with patch.object(asyncio, "wait_for", _wait_for):
        yield


async def _wait_for(work: Awaitable[T], timeout: float | None) -> T:  # noqa: ASYNC109 # it has to be called like that
    async with asyncio.timeout(timeout):
        return await work
