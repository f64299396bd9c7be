"""The arrows of drawings lead to each step of a run from the steps before it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given

from stepgraph import WorkflowAnalysis, analyze_source
from stepgraph.render.flow.dot import render_dot
from stepgraph.render.flow.flow_chart import flow_chart
from stepgraph.render.flow.mermaid import mermaid_chart
from stepgraph.render.view import View
from tests.acceptance.trace import RunTrace, trace_of
from tests.effort import thorough
from tests.execution.run_body import module_source
from tests.execution.runner import execute
from tests.proof.drawn_walks import DrawnWalks, walks_of_picture, walks_of_text
from tests.proof.programs.analysing import analyze_program
from tests.proof.programs.executing import run_program
from tests.proof.programs.judging import SEEDS, explain_rejection, reason_unchecked
from tests.proof.programs.modules import GeneratedProgram, programs
from tests.svg.picture import picture_of


def drawn_walks(workflow: WorkflowAnalysis) -> dict[str, DrawnWalks]:
    """Return the walks of each drawing, or nothing if a function calls itself or no step can run."""
    if workflow.graph is None:
        return {}
    view = View(details=workflow.details, expand="all")
    chart = flow_chart(workflow.graph, view)
    dot, mermaid = render_dot(workflow.graph, view), mermaid_chart([chart])
    if "calls itself" in dot:
        return {}
    return {
        "dot": walks_of_text(chart, dot),
        "mermaid": walks_of_text(chart, mermaid),
        "svg": walks_of_picture(picture_of(workflow.graph, view)),
    }


def rejections(workflow: WorkflowAnalysis, trace: RunTrace) -> dict[str, str]:
    """Return the first step without arrows to it in each drawing."""
    walks = drawn_walks(workflow)
    return {name: reason for name, each in walks.items() if (reason := each.rejection(trace))}


def checked_traces(program: GeneratedProgram, workflow: WorkflowAnalysis) -> Iterator[RunTrace]:
    """Yield the different runs of a program that are paths through its graph."""
    traces: dict[RunTrace, None] = {}
    for failures in (False, True):
        if not reason_unchecked(workflow, failures=failures):
            runs = [run_program(program, seed, failures=failures) for seed in range(SEEDS)]
            traces.update((trace_of(run.execution), None) for run in runs if not explain_rejection(program, run))
    yield from traces


@pytest.mark.slow
@thorough
@given(program=programs(30))
def test_arrows_lead_to_each_step_of_a_random_program(program: GeneratedProgram) -> None:
    workflow = analyze_program(program)
    walks = drawn_walks(workflow)
    for trace in checked_traces(program, workflow) if walks else ():
        assert {name: each.rejection(trace) for name, each in walks.items()} == dict.fromkeys(walks, "")


MEMBERS = """
async def fail():
    await step.sleep("first", 1)
    raise ValueError

async def succeed():
    await step.sleep("second", 1)
"""

TASKS = "tasks = [asyncio.create_task(fail()), asyncio.create_task(succeed())]"


@pytest.mark.parametrize(
    "group",
    [
        "await asyncio.gather(fail(), succeed(), return_exceptions=True)",
        "await asyncio.gather(fail(), fail(), return_exceptions=True)",
        "await asyncio.gather(asyncio.gather(fail(), succeed(), return_exceptions=True), succeed())",
        f"{TASKS}\nawait asyncio.wait(tasks)",
        f"{TASKS}\nawait asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)",
        f"{TASKS}\nawait asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)",
        "task = asyncio.create_task(fail())\nawait succeed()\nawait asyncio.wait([task])",
        f"{TASKS}\nawait asyncio.wait([tasks[0]])",
    ],
)
def test_arrows_lead_past_a_member_that_fails(group: str) -> None:
    source = module_source(f'{MEMBERS}\n{group}\nawait step.sleep("last", 1)')
    (workflow,) = analyze_source(source, "entry.py").workflows
    trace = trace_of(execute(source))
    assert trace.events[-1].name == "last"
    assert rejections(workflow, trace) == {}


def test_no_arrow_leads_past_a_member_whose_error_is_raised() -> None:
    source = module_source(f'{MEMBERS}\nawait asyncio.gather(fail(), succeed())\nawait step.sleep("last", 1)')
    (workflow,) = analyze_source(source, "entry.py").workflows
    last = RunTrace(trace_of(execute(source.replace("raise ValueError", "pass"))).events, "done")
    assert set(rejections(workflow, last)) == {"dot", "mermaid", "svg"}
