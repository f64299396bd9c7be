"""An event loop on a virtual clock that stops endless runs."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import math
from collections.abc import Callable, Coroutine

from tests.execution.limits import EngineLimit
from tests.execution.values import PyValue

_MAX_TURNS = 200_000
_RESOLUTION = 1e-6  # the default is too fine to distinguish times after a year
_MAX_TURNS_TO_CANCEL = 1_000


class VirtualClock(asyncio.SelectorEventLoop):
    """An event loop with virtual time, which ignores cancelled timers and ends runs that deadlock or take too long."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._turns_left = _MAX_TURNS
        self._clock_resolution = _RESOLUTION
        self._timer_cancelled_count: int  # as in all event loops of asyncio
        self.set_exception_handler(lambda _loop, _context: None)  # failed tasks need not be observed

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        timers: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined] # as in asyncio
        while timers and timers[0].cancelled():
            heapq.heappop(timers)._scheduled = False  # type: ignore[attr-defined] # noqa: SLF001 # as in asyncio
            self._timer_cancelled_count -= 1
        self._clock_resolution = max(_RESOLUTION, 2 * math.ulp(self._now))  # floats far from zero are less precise
        self._turns_left -= 1
        if self._turns_left < 0:
            raise EngineLimit("the run goes on and on")
        if not (self._ready or timers):  # type: ignore[attr-defined] # likewise
            raise EngineLimit("the run waits for what never comes")
        if not self._ready:  # type: ignore[attr-defined] # likewise
            self._now = max(self._now, timers[0].when())
        super()._run_once()  # type: ignore[misc] # likewise

    def advance(self, seconds: float) -> None:
        """Advance the time as blocking code does."""
        self._now += seconds

    def cancel_all(self) -> None:
        """Cancel all tasks. Tasks that refuse cancellation are abandoned."""
        self._turns_left = _MAX_TURNS_TO_CANCEL
        tasks = asyncio.all_tasks(self)
        for task in tasks:
            task.cancel()
        if tasks:
            with contextlib.suppress(EngineLimit):
                self.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))

    def run_in_executor(  # type: ignore[override] # runs synchronously
        self, _executor: PyValue, function: Callable[..., PyValue], *args: PyValue
    ) -> asyncio.Future[PyValue]:
        future = self.create_future()
        try:
            future.set_result(function(*args))
        except Exception as error:  # noqa: BLE001 # any exception is the result
            future.set_exception(error)
        return future


def run(coroutine: Coroutine[PyValue, PyValue, PyValue]) -> PyValue:
    """Run a coroutine on a virtual clock and cancel the tasks in flight at its end."""
    loop = VirtualClock()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.cancel_all()
        loop.close()
