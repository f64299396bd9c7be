"""In each run without concurrency and loops, a step follows one of the steps before it that editors show."""

from __future__ import annotations

import pytest

from stepgraph.lsp.steps.adjacent_steps import FlowIndex
from stepgraph.model.payload import Step, Workflow
from stepgraph.model.walk import is_step, walk_workflow
from tests.acceptance.step_names import matches_name
from tests.acceptance.trace import trace_of
from tests.effort import sample, scenario_seeds
from tests.proof.judging import reason_unchecked, run_in_scenario
from tests.proof.subjects import FixtureProgram, examples, gallery, pairs, projects

PROGRAMS = sample([*gallery(), *projects(), *pairs(), *examples()], 80)
CONCURRENT = frozenset({"loop", "parallel"})


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.title)
def test_a_step_follows_one_of_its_adjacent_steps(program: FixtureProgram) -> None:
    for subject, analyzed in zip(program.subjects(), program.analyze(), strict=True):
        if analyzed.graph is None or reason_unchecked(subject, failures=False):
            continue
        workflow = analyzed.graph["workflow"]
        if not is_sequential(workflow):
            continue
        index = FlowIndex.of(workflow, analyzed.details)
        for trace in {trace_of(run_in_scenario(subject, seed, failures=False)) for seed in scenario_seeds(2)}:
            previous: str | None = None
            for event in trace.events:
                if event.type == "start":
                    named = [step for step in steps_of(workflow) if matches_name(step["name"], event.name)]
                    assert any(may_follow(index, step, previous) for step in named)
                    previous = event.name


def may_follow(index: FlowIndex, step: Step, previous: str | None) -> bool:
    """Return whether a step may run directly after the step with a name, or first without one."""
    before = index.before(step)
    if previous is None:
        return before.may_be_none
    return any(matches_name(each["name"], previous) for each in (*before.steps, *before.failed))


def is_sequential(workflow: Workflow) -> bool:
    """Return whether nothing in a workflow is concurrent, repeated or nested."""
    nodes = list(walk_workflow(workflow))
    return not any(node["type"] in CONCURRENT or (node["type"] == "step_do" and node["nodes"]) for node in nodes)


def steps_of(workflow: Workflow) -> list[Step]:
    return [node for node in walk_workflow(workflow) if is_step(node)]
