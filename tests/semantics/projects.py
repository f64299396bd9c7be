"""The graphs of workflows in projects of several modules."""

from __future__ import annotations

import textwrap
from pathlib import Path

from stepgraph import Analysis, WorkflowAnalysis, analyze_file
from tests.project.trees import plant
from tests.semantics.notation import notation

HEADER = (
    "from workers import WorkflowEntrypoint\n\n\nclass W(WorkflowEntrypoint):\n    async def run(self, event, step):\n"
)

REST = """
async def rest(step):
    await step.sleep("rest", 1)
"""
RESTED = "call rest\ndef rest\n  sleep 'rest' 1"
"""The graph of a workflow that only calls `rest`."""
SEVERAL = """
async def rest(step):
    await step.sleep("rest", 1)

async def other(step):
    await step.sleep("other", 1)

async def _hidden(step):
    await step.sleep("hidden", 1)
"""


def project_of(entry: str, **modules: str) -> Analysis:
    """Return the analysis of `entry.py` and other modules: `shop__part` is `shop/part.py`, and `shop__` its package."""
    files = {f"{name.removesuffix('__').replace('__', '/')}.py": source for name, source in modules.items()}
    for name in modules:
        if name.endswith("__"):
            files[f"{name.replace('__', '/')}__init__.py"] = files.pop(
                f"{name.removesuffix('__').replace('__', '/')}.py"
            )
    plant(Path(), {name: textwrap.dedent(source) for name, source in {"entry.py": entry, **files}.items()})
    return analyze_file("entry.py")


def workflow_of(entry: str, **modules: str) -> WorkflowAnalysis:
    """Return the analysis of the workflow `W` in `entry.py`."""
    (workflow,) = (workflow for workflow in project_of(entry, **modules).workflows if workflow.class_name == "W")
    return workflow


def running(head: str, body: str) -> str:
    """Return a module with a workflow `W` whose `run` has this body."""
    return textwrap.dedent(head) + HEADER + textwrap.indent(textwrap.dedent(body).strip("\n"), " " * 8) + "\n"


def graph_of(head: str, body: str, **modules: str) -> str:
    """Return the graph of a workflow with this body, in a module that begins with `head`. It must be complete."""
    workflow = workflow_of(running(head, body), **modules)
    assert [note for note in workflow.notes if note.incomplete] == []
    return notation(workflow.graph)


def notes_of(head: str, body: str, **modules: str) -> list[str]:
    """Return the messages of the notes that make the graph of this workflow incomplete."""
    workflow = workflow_of(running(head, body), **modules)
    assert not workflow.complete
    return [f"{note} [{note.code}]" for note in workflow.notes]
