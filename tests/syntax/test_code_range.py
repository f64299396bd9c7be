"""The lines of code of the nodes of a graph."""

from __future__ import annotations

import pytest

from stepgraph import analyze_source
from stepgraph.model.walk import walk

SOURCE = """\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do(
            "load",
        )
        @traced
        async def load():
            return 1

        order = (
            await load()
        )
        while order["left"]: await step.sleep("rest", "1 hour")
        if order["bad"]:
            return [
                "bad"
            ]
        await load()
"""


@pytest.mark.parametrize(
    ("kind", "lines"), [("step_do", (6, 6, 11)), ("loop", (16, 16, 16)), ("if", (17, 17, 20)), ("break", (18, 18, 20))]
)
def test_code_is_a_statement_or_a_function(kind: str, lines: tuple[int, int, int]) -> None:
    (workflow,) = analyze_source(SOURCE, "orders.py").workflows
    assert workflow.graph is not None
    node = next(node for node in walk(workflow.graph["workflow"]["nodes"]) if node["type"] == kind)
    code = workflow.code_of(node)
    assert code is not None
    assert (code.line, code.first, code.last) == lines
    assert repr(code) == f"<Code orders.py:{lines[1]}-{lines[2]}>"
    assert code.lines[5] == "        @step.do("
