"""Starred arguments of calls of modeled functions and methods."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, workflow_of


@pytest.mark.parametrize(
    "body",
    [
        "args = [a()]\nawait asyncio.create_task(*args)",
        "options = {'coro': a()}\nawait asyncio.create_task(**options)",
        "args = [a(), 5]\nawait asyncio.wait_for(*args)",
        "steps = []\nsteps.append(*[a])\nawait steps[0]()",
        "args = [a()]\nasync with asyncio.TaskGroup() as group:\n    group.create_task(*args)",
    ],
)
def test_elements_replace_a_starred_collection(body: str) -> None:
    assert workflow_of(body).complete
    assert graph_of(body) == "a"


def test_max_of_starred_steps_is_any_of_them() -> None:
    graph = graph_of("await max(*[a, b], key=id)()")
    assert graph.startswith("switch")
    assert {"a", "b"} <= set(graph.split())


@pytest.mark.parametrize(
    "body",
    [
        "coroutines = [a()]\nif event:\n    coroutines.append(b())\nawait asyncio.create_task(*coroutines)",
        "await asyncio.create_task(*{a(), b()})",
    ],
)
def test_arguments_at_unknown_positions_escape(body: str) -> None:
    assert not workflow_of(body).complete
