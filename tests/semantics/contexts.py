"""Code with context managers, and its graph."""

from __future__ import annotations

import textwrap

from stepgraph import WorkflowAnalysis
from tests.semantics.notation import module_of, notation

CLASSES = """
import asyncio
import contextlib
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from workers import WorkflowEntrypoint

class Session:
    def __init__(self, step):
        self.step = step

    async def __aenter__(self):
        await self.step.sleep("open", 1)
        return self

    async def __aexit__(self, *error):
        await self.step.sleep("close", 1)

class Guard:
    def __init__(self, step):
        self.step = step

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        await self.step.sleep("release", 1)

class Swallow:
    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        return True

class Timer:
    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        self.over = True
        return False

@asynccontextmanager
async def lock(step):
    await step.sleep("acquire", 1)
    try:
        yield step
    finally:
        await step.sleep("release", 1)

class W(WorkflowEntrypoint):
    async def undo(self, step, name="undo"):
        await step.sleep("undo", 1)

    async def redo(self, step):
        await step.sleep("redo", 1)

    async def run(self, event, step):
"""


def workflow_of(body: str, head: str = "") -> WorkflowAnalysis:
    """Return the analysis of a workflow whose `run` has this body."""
    before, after = CLASSES.split("class Session", 1)
    source = before + textwrap.dedent(head) + "\nclass Session" + after
    return module_of(source + textwrap.indent(textwrap.dedent(body), " " * 8)).workflows[0]


def graph_of(body: str, head: str = "") -> str:
    """Return the graph of this workflow without its functions. The analysis must be complete."""
    workflow = workflow_of(body, head)
    assert workflow.complete, workflow.notes
    return notation(workflow.graph).split("\ndef ")[0]


def notes_of(body: str, head: str = "") -> list[str]:
    """Return the codes of the notes of this workflow."""
    return [note.code for note in workflow_of(body, head).notes]
