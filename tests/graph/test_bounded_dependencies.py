"""Ordering steps by their dependencies stops at a limit, with a note."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stepgraph import analyze_source
from stepgraph.graph.dependencies.usage import ProgramUsage
from stepgraph.limits import MAXIMUM, Limit
from tests.proof.programs.dependent_steps import StepPlan, module


def _chain(steps: int) -> str:
    plans = [StepPlan(f"f{n}", (f"f{n - 1}",) if n else (), concurrent=True) for n in range(steps)]
    return module(plans, [f"await f{steps - 1}()"])


def _complete(steps: int) -> str:
    """Return a module whose steps depend on all previous steps."""
    plans = [StepPlan(f"f{n}", tuple(f"f{m}" for m in range(n)), concurrent=True) for n in range(steps)]
    return module(plans, [f"await f{steps - 1}()"])


def _limits(source: str) -> Iterator[str]:
    (workflow,) = analyze_source(source, "entry.py").workflows
    return (note.message for note in workflow.notes if note.code == "limit-exceeded")


@pytest.mark.slow
def test_a_chain_of_200_steps_is_within_the_limit() -> None:
    assert list(_limits(_chain(200))) == []


def test_ordering_stops_at_the_limit_of_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MAXIMUM, Limit.PAIRS, 100)
    assert list(_limits(_chain(20))) == ["the graph of `W` is not built: more than 100 compared pairs."]


@pytest.mark.slow
def test_each_dependency_is_compared_once() -> None:
    spent: list[int] = []
    for steps in (10, 20, 40):
        (workflow,) = analyze_source(_complete(steps), "entry.py").workflows
        assert workflow.subject is not None
        budget = ProgramUsage(workflow.subject.program.body).budget
        spent.append(budget.maximum[Limit.PAIRS] - budget.remaining[Limit.PAIRS])
    assert spent == [55, 210, 820]


@pytest.mark.slow
def test_tasks_that_may_begin_at_many_awaits_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MAXIMUM, Limit.PAIRS, 15_000)
    plans = [StepPlan(f"f{n}", (f"f{n // 2}",) if n else ()) for n in range(20)]
    starts = [f"t{n} = asyncio.create_task(f{n}())" for n in range(20)]
    awaits = [f"if event['{n}']: await t{n}" for n in range(20)]
    assert list(_limits(module(plans, [*starts, *awaits]))) == [
        "the graph of `W` is not built: more than 15,000 compared pairs."
    ]
