"""An event loop whose clock jumps to the next timer, so that long runs take milliseconds."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class VirtualClock(asyncio.SelectorEventLoop):
    """An event loop that advances time only when no callback is ready."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self._now = max(self._now, self._scheduled[0].when())  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine and its background tasks on a virtual clock."""
    loop = VirtualClock()

    async def whole() -> None:
        await coroutine
        background = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*background, return_exceptions=True)

    try:
        loop.run_until_complete(whole())
    finally:
        loop.close()
