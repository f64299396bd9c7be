"""Test that the acceptor rejects wrong graphs: the runs of a program do not fit mutants of its graph."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.acceptor import PathAcceptor
from tests.acceptance.construction import list_steps
from tests.acceptance.mutants import (
    Mutant,
    Mutation,
    delay_member,
    drop_step,
    merge_branches,
    mutants,
    rename_step,
    serialize_group,
    swap_steps,
    unroll_loop_once,
)
from tests.acceptance.sample_programs import SampleProgram, sample_programs
from tests.acceptance.step_names import matches_name
from tests.acceptance.trace import RunTrace

EXPENSIVE = {"gallery/marketplace_payout MarketplacePayoutWorkflow"}
"""Programs that are excluded because rejecting a trace takes too long: they call themselves in a loop before their
first step.
"""


@pytest.fixture(scope="module")
def programs() -> list[SampleProgram]:
    return list(sample_programs(seeds=12))


@pytest.mark.slow
def test_unchanged_graphs_accept_all_runs(programs: list[SampleProgram]) -> None:
    acceptors = [(program, PathAcceptor(program.graph)) for program in programs]
    verdicts = [(program.name, acceptor.accepts(trace)) for program, acceptor in acceptors for trace in program.traces]
    assert [(name, str(verdict)) for name, verdict in verdicts if not verdict] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mutation", "at_least"),
    [
        pytest.param(swap_steps, 24, id="two steps swapped"),
        pytest.param(drop_step, 190, id="a step dropped"),
        pytest.param(rename_step, 190, id="a step renamed"),
        pytest.param(delay_member, 20, id="a member delayed"),
        pytest.param(merge_branches, 5, id="branches merged into a sequence"),
        pytest.param(serialize_group, 15, id="a group serialized"),
        pytest.param(unroll_loop_once, 2, id="a loop unrolled once"),
    ],
)
def test_mutants_are_rejected(programs: list[SampleProgram], mutation: Mutation, at_least: int) -> None:
    results = [
        (f"{program.name}: {mutant.description}, {mutant.steps}", _is_rejected(mutant, traces))
        for program in programs
        if program.name not in EXPENSIVE
        for mutant in mutants(program.graph, mutation)
        if (traces := list(_matching_traces(program, mutant)))
    ]
    assert [description for description, rejected in results if not rejected] == []
    assert len(results) >= at_least


def _matching_traces(program: SampleProgram, mutant: Mutant) -> Iterator[RunTrace]:
    """Yield the traces that contain the affected steps, if no other node can have their names."""
    shown_names = [name for _, name in list_steps(program.graph)]
    if all(sum(matches_name(shown_name, name) for shown_name in shown_names) == 1 for name in mutant.steps):
        for trace in program.traces:
            if {event.name for event in trace.events}.issuperset(mutant.steps):
                yield trace


def _is_rejected(mutant: Mutant, traces: list[RunTrace]) -> bool:
    acceptor = PathAcceptor(mutant.graph)
    return any(not acceptor.accepts(trace) for trace in traces)
