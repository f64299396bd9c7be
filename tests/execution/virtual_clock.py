"""An event loop on a virtual clock that ends whatever runs on it."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable

from tests.execution.limits import EngineLimit
from tests.execution.values import PyValue
from tests.order import virtual_clock

_MOST_TURNS = 200_000


class VirtualClock(virtual_clock.VirtualClock):
    """Time goes on only for timers that are still wanted; a wait without an end is an error."""

    def __init__(self) -> None:
        super().__init__()
        self._turns = 0
        self._timer_cancelled_count: int  # as in every loop of asyncio
        self.set_exception_handler(lambda _loop, _context: None)  # nobody has to look at each failed task

    def _run_once(self) -> None:
        timers: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined] # as in every loop of asyncio
        while timers and timers[0].cancelled():
            heapq.heappop(timers)._scheduled = False  # type: ignore[attr-defined] # noqa: SLF001 # as asyncio does it
            self._timer_cancelled_count -= 1
        self._turns += 1
        if self._turns > _MOST_TURNS:
            raise EngineLimit("the run goes on and on")
        if not (self._ready or timers):  # type: ignore[attr-defined] # likewise
            raise EngineLimit("the run waits for what never comes")
        super()._run_once()

    def advance(self, seconds: float) -> None:
        """Let time go by, as code does that blocks."""
        self._now += seconds

    def run_in_executor(  # type: ignore[override] # there are no threads: it runs on the spot
        self, _executor: PyValue, function: Callable[..., PyValue], *args: PyValue
    ) -> asyncio.Future[PyValue]:
        future = self.create_future()
        try:
            future.set_result(function(*args))
        except Exception as error:  # noqa: BLE001 # whatever it is, it is the result
            future.set_exception(error)
        return future
