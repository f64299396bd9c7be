"""`asyncio.wait_for` as in the Python version of Workers."""

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
    """Start awaited work in the current task; before Python 3.12, `wait_for` created another one."""
    if sys.version_info >= (3, 12):
        yield
        return
    with patch.object(asyncio, "wait_for", _wait_for):
        yield


async def _wait_for(work: Awaitable[T], timeout: float | None) -> T:  # noqa: ASYNC109 # signature of asyncio
    async with asyncio.timeout(timeout):
        return await work
