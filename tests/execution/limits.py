"""The end of runs that would have none."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class EngineLimit(BaseException):  # no error of the workflow's, and none that it is to catch
    """A run was stopped: it waits for what never comes, or goes on and on."""


@contextmanager
def computing_at_most(seconds: float) -> Iterator[None]:
    """Stop Python code that computes for too long, where the system has a timer for that."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise EngineLimit(f"the run computed for {seconds} seconds")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 0.1)  # and again, where a bare `except` caught it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
