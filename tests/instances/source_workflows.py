"""Workflows that are analyzed from source, and the next steps of their instances."""

from __future__ import annotations

import re
from textwrap import dedent, indent

from stepgraph import WorkflowAnalysis, analyze_source, instance
from stepgraph.render.instance_text import InstanceText
from tests.instances.instance_logs import JSON, running, step

OPEN: JSON = {"end": None, "success": None, "attempts": []}


def workflow_of(body: str) -> WorkflowAnalysis:
    """Return a workflow. The steps of the body are called as functions named `do_...`."""
    code = dedent(body)
    steps = dict.fromkeys(re.findall(r"\bdo_(\w+)", code))
    declared = "".join(f"@step.do('{name}')\nasync def do_{name}(): ...\n" for name in steps)
    run = f"async def run(self, event, step):\n{indent(declared + code, '    ')}"
    source = f"from workers import WorkflowEntrypoint\nclass Orders(WorkflowEntrypoint):\n{indent(run, '    ')}"
    (workflow,) = analyze_source(source).workflows
    return workflow


def next_of(workflow: WorkflowAnalysis, *entries: JSON) -> dict[str, str]:
    """Return the conditions of the next steps, by name."""
    assert workflow.graph is not None
    placed = instance(running(*entries), workflow)
    assert placed.problem == ""
    listed = InstanceText.of(placed, workflow.graph["workflow"]).next_steps()
    return {each.name: each.condition for each in listed}


def opened(name: str, start: int = 0) -> JSON:
    """Return a step that is queued for its first attempt."""
    return {**step(name, start, start), **OPEN}
