"""Reordered steps around calls that run the same wait several times."""

from __future__ import annotations

from collections.abc import Sequence

from stepgraph.diff.diff import diff_workflows
from stepgraph.model.payload import FunctionDef, Node
from tests.instances.replay_pairs import sleep
from tests.render.graphs import branch, call, do, either, function, graph

PAUSE = {"pause": function("pause", sleep())}


def impacts(old: Sequence[Node], new: Sequence[Node], *functions: dict[str, FunctionDef]) -> list[str]:
    """Return the impacts of the changes. `functions` are those of the old and of the new version, if they differ."""
    before, after = (graph(*nodes, functions=each) for nodes, each in zip((old, new), functions, strict=True))
    return [change.impact.text for change in diff_workflows(before["workflow"], after["workflow"]).changes]


def recursive(*nodes: Node) -> dict[str, FunctionDef]:
    return {"visit": function("visit", *nodes)}


def test_a_step_behind_a_wait_that_inner_levels_repeat() -> None:
    visit, calls = [call("visit")], either(branch("inner", call("visit")))
    old, new = recursive(do("a"), sleep(), calls), recursive(sleep(), calls, do("a"))
    assert impacts(visit, visit, old, new) == [
        "out of order: steps after 'cool down' run when instances waiting there resume"
    ]


def test_a_step_behind_two_calls_with_a_wait() -> None:
    calls = [call("pause"), call("pause")]
    assert impacts([do("a"), *calls], [*calls, do("a")], PAUSE, PAUSE) == [
        "out of order: steps after 'cool down' run when instances waiting there resume"
    ]


def test_a_step_behind_one_call_with_a_wait() -> None:
    assert impacts([do("a"), call("pause")], [call("pause"), do("a")], PAUSE, PAUSE) == [""]
