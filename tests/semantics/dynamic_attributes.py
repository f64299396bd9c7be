"""Methods that are called by name."""

from __future__ import annotations

import textwrap

from tests.semantics.notation import graph_of_module, module_of

HEAD = """\
from workers import WorkflowEntrypoint


class W(WorkflowEntrypoint):
    TABLE = {"A": "handle_a", "B": "handle_b"}
    STAGES = ("handle_a", "handle_b")

    async def handle_a(self, step):
        await step.sleep("a", 1)

    async def handle_b(self, step):
        await step.sleep("b", 1)

    async def other(self, step):
        await step.sleep("other", 1)

    async def run(self, event, step):
"""


BOTH = """
    def handle_a
      sleep 'a' 1
    def handle_b
      sleep 'b' 1
"""


def graph_of(body: str) -> str:
    """Return the graph of a workflow with three methods, whose `run` has this body. It must be complete."""
    source = HEAD + textwrap.indent(textwrap.dedent(body), " " * 8)
    assert module_of(source).workflows[0].complete
    return graph_of_module(source)
