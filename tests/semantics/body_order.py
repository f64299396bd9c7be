"""Bodies of modules and classes, and their graphs."""

from __future__ import annotations

import textwrap

from stepgraph import WorkflowAnalysis
from tests.semantics.notation import module_of, notation

HEAD = """
import os
import sys
from workers import WorkflowEntrypoint

"""


def workflow_of(source: str) -> WorkflowAnalysis:
    """Return the analysis of the last workflow of a module."""
    return module_of(HEAD + textwrap.dedent(source)).workflows[-1]


def graph_of(source: str) -> str:
    """Return the graph of the last workflow of a module. The analysis must be complete."""
    workflow = workflow_of(source)
    assert workflow.complete, workflow.notes
    return notation(workflow.graph)


def graph_of_module(head: str, body: str) -> str:
    """Return the graph of a workflow whose `run` has this body, in a module that begins with `head`."""
    run = "class W(WorkflowEntrypoint):\n    async def run(self, event, step):\n"
    return graph_of(textwrap.dedent(head) + "\n" + run + textwrap.indent(textwrap.dedent(body), " " * 8))


def graph_of_class(body: str, run: str) -> str:
    """Return the graph of a workflow class with this body, and a `run` with one statement."""
    method = f"    async def run(self, event, step):\n        {run}\n"
    return graph_of("class W(WorkflowEntrypoint):\n" + textwrap.indent(textwrap.dedent(body), "    ") + "\n" + method)
