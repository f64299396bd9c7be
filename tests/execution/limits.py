"""Limits for runs that would not end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class EngineLimit(BaseException):  # derives from BaseException so that workflows do not catch it
    """The run was stopped because it is deadlocked or does not end."""


@contextmanager
def cpu_time_limit(seconds: float) -> Iterator[None]:
    """Stop Python code after this CPU time, on systems with interval timers."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise EngineLimit(f"the run computed for {seconds} seconds")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 0.1)  # repeats in case a bare `except` caught it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
