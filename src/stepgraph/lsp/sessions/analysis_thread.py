"""The thread that analyzes, so that the event loop can answer requests meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Final, TypeVar

Result = TypeVar("Result")

_NAME: Final = "stepgraph-lsp"


class AnalysisThread:
    """Runs functions one after another. The end of the process does not wait for it."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    async def run(self, function: Callable[[], Result]) -> Result:
        """Return the result of a function in the thread. If the task is canceled meanwhile, the result is lost."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=_NAME, daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()

        def call() -> None:
            try:
                result = function()
            except BaseException as error:  # noqa: BLE001 - raised again by the future
                _call(loop, partial(_fail, future, error))
            else:
                _call(loop, partial(_complete, future, result))

        self._calls.put(call)
        return await future

    def _work(self) -> None:
        while True:
            self._calls.get()()


def _complete(future: asyncio.Future[Result], result: Result) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Result], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)


def _call(loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> None:
    with suppress(RuntimeError):  # the session has ended
        loop.call_soon_threadsafe(callback)
