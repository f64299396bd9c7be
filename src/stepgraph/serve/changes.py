"""The streams that report changes to open pages as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Final

from anyio import CapacityLimiter, to_thread

from stepgraph.limits import SERVED_POLLS, SERVED_STREAMS
from stepgraph.serve.envelopes import ApiError

_HEARTBEAT_SECONDS: Final = 15.0
"""The time between empty events, which keep an unused connection open."""
_POLL_SECONDS: Final = 1.0
"""The time between requests to the development server for a page of instances."""


class Changes:
    """Tells open pages that the state of the project or of an instance has changed."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        self._limiter: CapacityLimiter | None = None
        self._streams = 0
        self._is_closed = False

    def attach(self) -> None:
        """Deliver changes in the event loop of the caller."""
        self._loop = asyncio.get_running_loop()
        self._limiter = CapacityLimiter(SERVED_POLLS)

    def publish(self) -> None:
        """Report a change to all streams. May be called by any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has just ended
                self._loop.call_soon_threadsafe(self._wake)

    def close(self) -> None:
        """End all streams. May be called by a signal handler."""
        self._is_closed = True
        self.publish()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def reserve(self) -> bool:
        """Count a stream before its response begins. Return False for too many streams."""
        if self._streams >= SERVED_STREAMS:
            return False
        self._streams += 1
        return True

    def release(self) -> None:
        """Stop counting a stream after its response."""
        self._streams -= 1

    async def follow(self, state: Callable[[], str]) -> AsyncIterator[str]:
        """Yield the identity of the state of the project now and after each change."""

        async def event() -> str:
            return _event(state())

        async for text in self._stream(event, _HEARTBEAT_SECONDS):
            yield text

    async def follow_instances(self, state: Callable[[], str]) -> AsyncIterator[str]:
        """Yield the identity of a state that depends on the development server, which `state` asks.

        While the server cannot be reached, the pages stay, and show the message of the error.
        """

        async def event() -> str:
            try:
                return _event(await to_thread.run_sync(state, abandon_on_cancel=True, limiter=self._limiter))
            except ApiError as error:
                return _event(str(error), "unreachable")

        async for text in self._stream(event, _POLL_SECONDS):
            yield text

    async def _stream(self, event: Callable[[], Awaitable[str]], seconds: float) -> AsyncIterator[str]:
        """Yield an event after each change, which is noticed within `seconds` if nobody publishes it."""
        last = None
        while not self._is_closed:
            changed = self._changed
            current = await event()
            yield ": alive\n\n" if current == last else current
            last = current
            await _wait(changed, seconds)


def _event(data: str, name: str = "message") -> str:
    """Return a server-sent event. Its data is one line."""
    return f"event: {name}\ndata: {' '.join(data.split())}\n\n"


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, but not longer than a time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
