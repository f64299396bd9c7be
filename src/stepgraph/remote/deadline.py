"""A limit on the total time of a call that waits for a server."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

Result = TypeVar("Result")


def call_within(seconds: float, function: Callable[[], Result]) -> Result:
    """Call a function in a thread, and return its result. Raises its exceptions, and TimeoutError if it takes longer.

    The timeout of a socket limits each operation only, so a server that sends one byte at a time never exceeds it.
    A call that takes longer continues until the end of the process, because a thread cannot be stopped.
    """
    outcome: Future[Result] = Future()

    def call() -> None:
        try:
            outcome.set_result(function())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            outcome.set_exception(error)

    Thread(target=call, daemon=True).start()
    return outcome.result(seconds)
