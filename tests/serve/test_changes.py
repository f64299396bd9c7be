"""The streams that tell pages about changes."""

from __future__ import annotations

import asyncio

import pytest

from stepgraph.limits import SERVED_STREAMS
from stepgraph.serve import changes as module
from stepgraph.serve.changes import Changes
from stepgraph.serve.envelopes import ApiError


def test_a_change_between_two_events_is_not_missed() -> None:
    changes, states = Changes(), ["1", "2"]

    def state() -> str:
        changes.publish()  # a change while the state is read
        return states.pop(0)

    async def events() -> list[str]:
        changes.attach()
        return [await anext(stream) for stream in [changes.follow(state)] for _ in range(2)]

    assert asyncio.run(events()) == ["event: message\ndata: 1\n\n", "event: message\ndata: 2\n\n"]


def test_an_unreachable_server_is_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_POLL_SECONDS", 0.01)
    outcomes: list[str | ApiError] = ["a", *[ApiError(503, 10900, "no development\nserver.")] * 2, "a"]

    def state() -> str:
        outcome = outcomes.pop(0)
        if isinstance(outcome, ApiError):
            raise outcome
        return outcome

    async def events() -> list[str]:
        changes = Changes()
        changes.attach()
        stream = changes.follow_instances(state)
        return [await anext(stream) for _ in range(4)]

    message = "event: message\ndata: a\n\n"
    lost = "event: unreachable\ndata: no development server.\n\n"
    assert asyncio.run(events()) == [message, lost, ": alive\n\n", message]


def test_closing_ends_the_streams() -> None:
    async def count() -> int:
        changes = Changes()
        changes.attach()
        stream = changes.follow(lambda: "1")
        await anext(stream)
        changes.close()
        return len([event async for event in stream])

    assert asyncio.run(count()) == 0


def test_streams_are_limited() -> None:
    changes = Changes()
    assert all(changes.reserve() for _ in range(SERVED_STREAMS))
    assert not changes.reserve()
    changes.release()
    assert changes.reserve()
