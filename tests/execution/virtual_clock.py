"""An event loop on a virtual clock that ends whatever runs on it."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import math
from collections.abc import Callable, Coroutine

from tests.execution.limits import EngineLimit
from tests.execution.values import PyValue

_MOST_TURNS = 200_000
_RESOLUTION = 1e-6  # asyncio's own is too fine to tell times apart after a year
_MOST_TURNS_TO_END = 1_000


class VirtualClock(asyncio.SelectorEventLoop):
    """Time goes on only for timers that are still wanted; a wait without an end is an error."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._turns_left = _MOST_TURNS
        self._clock_resolution = _RESOLUTION
        self._timer_cancelled_count: int  # as in every loop of asyncio
        self.set_exception_handler(lambda _loop, _context: None)  # nobody has to look at each failed task

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        timers: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined] # as in every loop of asyncio
        while timers and timers[0].cancelled():
            heapq.heappop(timers)._scheduled = False  # type: ignore[attr-defined] # noqa: SLF001 # as asyncio does it
            self._timer_cancelled_count -= 1
        self._clock_resolution = max(_RESOLUTION, 2 * math.ulp(self._now))  # of times that are far away, less is known
        self._turns_left -= 1
        if self._turns_left < 0:
            raise EngineLimit("the run goes on and on")
        if not (self._ready or timers):  # type: ignore[attr-defined] # likewise
            raise EngineLimit("the run waits for what never comes")
        if not self._ready:  # type: ignore[attr-defined] # likewise
            self._now = max(self._now, timers[0].when())
        super()._run_once()  # type: ignore[misc] # likewise

    def advance(self, seconds: float) -> None:
        """Let time go by, as code does that blocks."""
        self._now += seconds

    def cut_off(self) -> None:
        """Cancel all that is under way; what will not be cancelled is left."""
        self._turns_left = _MOST_TURNS_TO_END
        tasks = asyncio.all_tasks(self)
        for task in tasks:
            task.cancel()
        if tasks:
            with contextlib.suppress(EngineLimit):
                self.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))

    def run_in_executor(  # type: ignore[override] # there are no threads: it runs on the spot
        self, _executor: PyValue, function: Callable[..., PyValue], *args: PyValue
    ) -> asyncio.Future[PyValue]:
        future = self.create_future()
        try:
            future.set_result(function(*args))
        except Exception as error:  # noqa: BLE001 # whatever it is, it is the result
            future.set_exception(error)
        return future


def run(coroutine: Coroutine[PyValue, PyValue, PyValue]) -> PyValue:
    """Run a coroutine on a virtual clock; what is still under way when it is over is cut off."""
    loop = VirtualClock()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.cut_off()
        loop.close()
