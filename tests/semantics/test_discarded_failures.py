"""Notes on dependencies whose failure skips steps of a group that discards errors."""

from __future__ import annotations

import pytest

from tests.semantics.notation import dependent_workflow_of

_SETTLED = "await asyncio.gather({}, return_exceptions=True)"


def _skipping(steps: str, body: str) -> list[str]:
    """Return the messages about dependencies whose failure the graph does not show."""
    return [
        note.message for note in dependent_workflow_of(steps, body).notes if note.code == "dependency-after-failure"
    ]


def _message(name: str) -> str:
    return (
        f"the step '{name}' may fail, and a group of concurrent steps discards its error: then the steps that need it"
        " are skipped, and the run goes on."
    )


@pytest.mark.parametrize(
    "body",
    [
        _SETTLED.format("b(), c()"),
        _SETTLED.format("b()"),
        _SETTLED.format("a(), b()"),
        "await asyncio.wait([asyncio.create_task(b()), asyncio.create_task(c())])",
        "await asyncio.gather(*[use() for use in (b, c)], return_exceptions=True)",
        "t = asyncio.create_task(b())\nu = asyncio.create_task(c())\nawait asyncio.wait([t])\nawait asyncio.wait([u])",
    ],
)
def test_a_failure_before_a_group_that_discards_errors_is_reported(body: str) -> None:
    assert _skipping("a b(a) c(a)", body) == [_message("a")]


def test_a_failure_in_a_group_with_clocks_is_reported() -> None:
    assert _skipping("a b c(a) *d(a, b)", _SETTLED.format("c(), d()")) == [_message("a"), _message("b")]


@pytest.mark.parametrize(
    "body",
    [
        _SETTLED.format("b(), d()"),
        _SETTLED.format("b(), c(), d()"),
        "await a()\n" + _SETTLED.format("b(), c()"),
        "await asyncio.gather(b(), c())",
        "try:\n    await asyncio.gather(b(), c())\nexcept Exception:\n    pass",
    ],
)
def test_a_failure_that_the_graph_shows_is_not_reported(body: str) -> None:
    assert _skipping("a b(a) c(a) d", body) == []
