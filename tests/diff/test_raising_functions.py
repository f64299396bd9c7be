"""Changed exceptions of the code in functions with steps that a `try` calls."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from stepgraph import analyze_source
from stepgraph.diff.diff import diff_workflows

HEAD = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def work(self):
        return await self.env.API.work()

"""
CAUGHT = """
async def run(self, event, step):
    try:
        await self.book(step)
    except ValueError:
        await step.do("cancel")(self.work)()
    await step.sleep("nap", 1000)

async def book(self, step):
    seat = await step.do("book")(self.work)()
    {}
    await step.do("pay")(self.work)()
"""
CHANGE = ("`try` around 'book': the code whose exceptions it catches changed", "breaking")
INDIRECT = """
async def run(self, event, step):
    try:
        await self.order(step)
    except ValueError:
        await step.do("cancel")(self.work)()
    await step.sleep("nap", 1000)

async def order(self, step):
    await self.book(step)

async def book(self, step):
    seat = await step.do("book")(self.work)()
    {}
"""
HANDLED = CAUGHT.replace(
    "        await self.book(step)",
    "        try:\n            await self.book(step)\n        except {}:\n            pass",
)


def changes(old: str, new: str) -> list[tuple[str, str]]:
    """Return the titles and impacts of the changes between two versions of the methods of a workflow."""
    before, after = (analyze_source(HEAD + indent(dedent(each), "    ")).workflows[0] for each in (old, new))
    assert before.graph is not None
    assert after.graph is not None
    diff = diff_workflows(
        before.graph["workflow"],
        after.graph["workflow"],
        details=lambda: (before.comparable_details, after.comparable_details),
    )
    return [(each.title, each.impact.effect.label) for each in diff.changes]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("int(seat['row'])", "int(seat['column'])"),
        ("int(seat['row'])", "pass"),
        ("assert seat['row']", "assert not seat['row']"),
        ("if seat['row']: int(seat['row'])", "if seat['column']: int(seat['row'])"),
    ],
)
def test_other_code_in_a_called_function(old: str, new: str) -> None:
    assert changes(CAUGHT.format(old), CAUGHT.format(new)) == [CHANGE]
    assert changes(CAUGHT.format(new), CAUGHT.format(old)) == [CHANGE]


def test_another_condition_of_a_final_raise_in_a_called_function() -> None:
    code = INDIRECT.format("if seat['row'] > {}: raise ValueError")
    assert changes(code.format(1), code.format(2)) == [(CHANGE[0].replace("book", "order"), "breaking")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("int(seat['row'])", "row = int(seat['row'])"),
        ("int(seat['row'])", "row = seat['row']; int(row)"),
        ("seat['row']", "seat['column']"),
    ],
)
def test_equal_code_in_a_called_function(old: str, new: str) -> None:
    assert changes(CAUGHT.format(old), CAUGHT.format(new)) == []


@pytest.mark.parametrize(("handler", "expected"), [("Exception", 0), ("(ValueError, KeyError)", 0), ("TypeError", 1)])
def test_calls_in_an_inner_try(handler: str, expected: int) -> None:
    code = HANDLED.replace("except {}", f"except {handler}")
    assert len(changes(code.format("int(seat['row'])"), code.format("int(seat['column'])"))) == expected


def test_code_that_moves_into_a_called_function() -> None:
    inline = """
    async def run(self, event, step):
        try:
            seat = await step.do("book")(self.work)()
            row = int(seat["row"])
            if row > 3:
                raise ValueError
        except ValueError:
            await step.do("cancel")(self.work)()
        await step.sleep("nap", 1000)
    """
    extracted = """
    async def run(self, event, step):
        try:
            await self.book(step)
        except ValueError:
            await step.do("cancel")(self.work)()
        await step.sleep("nap", 1000)

    async def book(self, step):
        seat = await step.do("book")(self.work)()
        row = int(seat["row"])
        if row > 3:
            raise ValueError
    """
    assert changes(inline, extracted) == [("step 'book' moved into the new function 'book'", "safe")]
    assert changes(extracted, inline) == [("step 'book' moved out of the removed function 'book'", "safe")]
