"""The judge has teeth: graphs that claim something false are rejected by runs of the program that they are not of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.judge import Judge
from tests.acceptance.mutants import (
    Change,
    Mutant,
    branches_merged,
    group_made_a_sequence,
    loop_made_one_pass,
    mutants,
    one_dropped,
    one_made_to_wait,
    one_renamed,
    two_swapped,
)
from tests.acceptance.names import may_be
from tests.acceptance.reading import steps_of
from tests.acceptance.real import Program, programs
from tests.acceptance.trace import Trace

TOO_HARD = {"gallery/marketplace_payout MarketplacePayoutWorkflow"}
"""It calls itself in a loop before its first step, many times at once: that no path is left takes too long to see."""


@pytest.fixture(scope="module")
def real_programs() -> list[Program]:
    return list(programs(seeds=12))


@pytest.mark.slow
def test_the_graphs_as_they_are_allow_all_runs(real_programs: list[Program]) -> None:
    judges = [(program, Judge(program.graph)) for program in real_programs]
    verdicts = [(program.name, judge.accepts(trace)) for program, judge in judges for trace in program.traces]
    assert [(name, str(verdict)) for name, verdict in verdicts if not verdict] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "at_least"),
    [
        pytest.param(two_swapped, 24, id="two steps swapped"),
        pytest.param(one_dropped, 190, id="a step dropped"),
        pytest.param(one_renamed, 190, id="a step renamed"),
        pytest.param(one_made_to_wait, 20, id="a clock that claims an order"),
        pytest.param(branches_merged, 5, id="branches merged into a sequence"),
        pytest.param(group_made_a_sequence, 15, id="a group made a sequence"),
        pytest.param(loop_made_one_pass, 2, id="a loop made a single pass"),
    ],
)
def test_each_false_claim_is_rejected(real_programs: list[Program], change: Change, at_least: int) -> None:
    judged = [
        (f"{program.name}: {mutant.what}, {mutant.steps}", _is_rejected(mutant, traces))
        for program in real_programs
        if program.name not in TOO_HARD
        for mutant in mutants(program.graph, change)
        if (traces := list(_exercising(program, mutant)))
    ]
    assert [what for what, rejected in judged if not rejected] == []
    assert len(judged) >= at_least


def _exercising(program: Program, mutant: Mutant) -> Iterator[Trace]:
    """Yield the traces with the steps that the change is about, if no other node may be meant by them."""
    shown = [name for _, name in steps_of(program.graph)]
    if all(sum(may_be(other, name) for other in shown) == 1 for name in mutant.steps):
        for trace in program.traces:
            if {moment.name for moment in trace.events}.issuperset(mutant.steps):
                yield trace


def _is_rejected(mutant: Mutant, traces: list[Trace]) -> bool:
    judge = Judge(mutant.graph)
    return any(not judge.accepts(trace) for trace in traces)
