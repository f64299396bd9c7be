"""The folding ranges of documents with steps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lsprotocol.types import FoldingRange, FoldingRangeKind

from stepgraph.lsp.requests.folding_ranges import folding_ranges
from tests.cli.sources import IMPORT, module, workflow
from tests.lsp.views import Workspace

ORDERS = f"""{IMPORT}
class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do(
            "reserve stock",
            config={{"retries": {{"limit": 3}}}},
        )
        async def reserve():
            return 1

        @step.do("charge")
        async def charge():
            if event:
                return 2

            return 3

        await reserve()
        for item in event:

            @step.do()
            async def pack():
                return item

            await pack()
            await charge()
"""


def texts(ranges: Sequence[FoldingRange] | None, text: str) -> list[tuple[str, str]]:
    """Return the first and last line of each range."""
    lines = text.splitlines()
    return [(lines[each.start_line].strip(), lines[each.end_line].strip()) for each in ranges or ()]


def folded(ranges: Sequence[FoldingRange] | None, text: str) -> str:
    """Return the lines that an editor shows after its command to fold all regions."""
    hidden: set[int] = set()
    for each in ranges or ():
        if each.kind is FoldingRangeKind.Region:
            hidden.update(range(each.start_line + 1, each.end_line + 1))
    return "\n".join(line for number, line in enumerate(text.splitlines()) if line and number not in hidden)


def test_folded_regions_leave_the_flow_and_the_names_of_steps(tmp_path: Path) -> None:
    ranges = folding_ranges(Workspace(tmp_path).open("orders.py", ORDERS))
    assert (
        folded(ranges, ORDERS)
        == """from workers import WorkflowEntrypoint
class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do(
            "reserve stock",
        @step.do("charge")
        await reserve()
        for item in event:
            @step.do()
            async def pack():
            await pack()
            await charge()"""
    )


def test_indented_blocks_are_ranges_unless_they_cross_a_region(tmp_path: Path) -> None:
    ranges = folding_ranges(Workspace(tmp_path).open("orders.py", ORDERS))
    assert texts(ranges, ORDERS) == [
        ("class Orders(WorkflowEntrypoint):", "await charge()"),
        ("async def run(self, event, step):", "await charge()"),
        ('"reserve stock",', "return 1"),
        ("async def reserve():", "return 1"),
        ('@step.do("charge")', "return 3"),
        ("async def charge():", "return 3"),
        ("if event:", "return 2"),
        ("for item in event:", "await charge()"),
        ("async def pack():", "return item"),
    ]


def test_a_limit_keeps_the_regions_and_the_outermost_blocks(tmp_path: Path) -> None:
    ranges = folding_ranges(Workspace(tmp_path).open("orders.py", ORDERS), 4)
    assert texts(ranges, ORDERS) == [
        ("class Orders(WorkflowEntrypoint):", "await charge()"),
        ('"reserve stock",', "return 1"),
        ('@step.do("charge")', "return 3"),
        ("async def pack():", "return item"),
    ]


def test_the_editor_folds_documents_without_steps(tmp_path: Path) -> None:
    assert folding_ranges(Workspace(tmp_path).open("orders.py", module(workflow("Orders", "rest")))) is None


def test_steps_of_a_helper_fold(tmp_path: Path) -> None:
    helper = 'async def work(step):\n    @step.do("a")\n    async def a():\n        return 1\n\n    await a()\n'
    orders = f"from helper import work\n{module(workflow('Orders'))}".replace("pass", "await work(step)")
    view = Workspace(tmp_path, {"orders.py": orders, "helper.py": helper}).open("helper.py", helper)
    assert ('@step.do("a")', "return 1") in texts(folding_ranges(view), helper)


def test_a_changed_declaration_is_not_a_region(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.open("orders.py", ORDERS)
    changed = ORDERS.replace("return 3", "return (")
    ranges = folding_ranges(workspace.open("orders.py", changed))
    regions = [each for each in ranges or () if each.kind is FoldingRangeKind.Region]
    assert texts(regions, changed) == [('"reserve stock",', "return 1"), ("async def pack():", "return item")]
