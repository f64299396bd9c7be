"""An event loop whose clock jumps to the next thing due, so that a run of years takes milliseconds."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class VirtualClock(asyncio.SelectorEventLoop):
    """Runs what is ready; only when nothing is, time goes on."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined] # as in every loop of asyncio
            self._now = max(self._now, self._scheduled[0].when())  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine on a virtual clock, and what it leaves in the background."""
    loop = VirtualClock()

    async def whole() -> None:
        await coroutine
        left = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*left, return_exceptions=True)

    try:
        loop.run_until_complete(whole())
    finally:
        loop.close()
