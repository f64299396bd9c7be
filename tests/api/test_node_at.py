"""The innermost node at a source location."""

from __future__ import annotations

import pytest

from stepgraph import Span, WorkflowAnalysis, analyze_source
from stepgraph.analysis import DetailLevel, without_modules

SOURCE = """\
from elsewhere import mystery
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("load")
        async def load(retries=3):
            return 1

        for order in event["payload"]["orders"]:
            if order:
                await load()
            await mystery(step)
        try:
            await load()
            await step.sleep("rest", "1 day")
        except ValueError:
            return
        await self.pay(step)

    async def pay(self, step):
        total = 1
        await step.do("pay")(charge)()


async def charge():
    pass
"""


def workflow() -> WorkflowAnalysis:
    (only,) = analyze_source(SOURCE, "orders.py").workflows
    return only


def span_of(code: str) -> Span:
    """Return the location of the first occurrence of code in the source."""
    before = SOURCE[: SOURCE.index(code)]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return Span("orders.py", line, column, line, column + len(code))


@pytest.mark.parametrize(
    ("code", "node"),
    [
        ('"load"', "load"),
        ("retries=3", "load"),
        ("return 1", "load"),
        ("orders", "loop"),
        ("if order", "if"),
        ("await mystery(step)", "loop"),
        ('"1 day"', "rest"),
        ("except ValueError", "try"),
        ("total = 1", "function_def"),
        ("charge", "pay"),
        ("self, event", None),
        ("elsewhere", None),
    ],
)
def test_a_location_belongs_to_the_innermost_node(code: str, node: str | None) -> None:
    drawn = workflow().node_at(span_of(code))
    assert (drawn and (drawn.get("name") if drawn["type"].startswith("step") else drawn["type"])) == node


def test_a_call_belongs_to_its_own_run_of_the_step() -> None:
    analysis = workflow()
    assert analysis.graph is not None
    loop, protected, _ = analysis.graph["workflow"]["nodes"]
    second = SOURCE.index("await load()", SOURCE.index("try:")) + len("await ")
    line = SOURCE[:second].count("\n") + 1
    assert loop["type"] == "loop"
    assert protected["type"] == "try"
    assert analysis.node_at(Span("orders.py", line, 19, line, 25)) is protected["try_block"]["nodes"][0]


DEPENDENT = """import asyncio
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do()
        async def reserve(): ...

        @step.do()
        async def charge(reserve): ...

        await asyncio.gather(charge(), reserve())
        task = asyncio.create_task(reserve())
        await charge()
        await task
"""


@pytest.mark.parametrize(
    ("line", "column", "node"), [(13, 30, "charge"), (13, 40, "reserve"), (14, 36, "reserve"), (15, 15, "charge")]
)
def test_a_call_with_dependencies_belongs_to_its_step(line: int, column: int, node: str) -> None:
    (analysis,) = analyze_source(DEPENDENT, "orders.py").workflows
    drawn = analysis.node_at(Span("orders.py", line, column, line, column + 1))
    assert drawn is not None
    assert drawn.get("name") == node


def test_another_file_has_no_nodes() -> None:
    line = span_of('"load"')
    assert workflow().node_at(Span("other.py", line.line, line.column, line.end_line, line.end_column)) is None


def test_nodes_of_gaps_survive_as_plain_data() -> None:
    copy = without_modules(workflow(), DetailLevel.NONE)
    (note,) = [note for note in copy.notes if note.incomplete]
    assert copy.graph is not None
    assert copy.node_at(note.span) is copy.graph["workflow"]["nodes"][0]
    assert copy.node_at(span_of('"1 day"')) is None
