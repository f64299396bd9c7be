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
HANDLED = INDIRECT.replace(
    "        await self.order(step)",
    "        try:\n            await self.order(step)\n        except {}:\n            pass",
)


def changes(old: str, new: str) -> list[tuple[str, str]]:
    """Return the titles and impacts of the changes between two versions of the methods of a workflow."""
    return changes_of_modules(*(HEAD + indent(dedent(each), "    ") for each in (old, new)))


def changes_of_modules(old: str, new: str) -> list[tuple[str, str]]:
    """Return the titles and impacts of the changes between two versions of a module with a workflow."""
    before, after = (analyze_source(each).workflows[0] for each in (old, new))
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


SKIPPED = """
async def run(self, event, step):
    {}
        seat = await step.do("book")(self.work)()
        int(seat["{}"])
        {}
    {}
    await step.sleep("nap", 1000)
"""
PAY = 'await step.do("pay")(self.work)()'
SWALLOW = "except ValueError:\n        pass"
UNDO = """
from contextlib import asynccontextmanager

@asynccontextmanager
async def saga(self, step):
    try:
        yield
    except ValueError:
        {}
"""


@pytest.mark.parametrize(
    ("head", "last", "handler", "count"),
    [
        ("try:", PAY, SWALLOW, 1),
        ("try:", "pass", SWALLOW, 0),
        ("from contextlib import suppress\n    with suppress(ValueError):", PAY, "", 1),
        ("from contextlib import suppress\n    with suppress(ValueError):", "pass", "", 0),
    ],
)
def test_code_whose_exceptions_skip_steps_of_the_body(head: str, last: str, handler: str, count: int) -> None:
    old, new = (SKIPPED.format(head, key, last, handler) for key in ("row", "column"))
    assert len(changes(old, new)) == count


@pytest.mark.parametrize(("handler", "last", "count"), [("await self.undo()", PAY, 1), ("pass", "pass", 0)])
def test_code_in_the_block_of_a_generator_manager(handler: str, last: str, count: int) -> None:
    manager = UNDO.format(handler).replace("self.undo()", 'step.do("undo")(self.work)()')
    old, new = (
        manager + SKIPPED.format("async with Orders.saga(self, step):", key, last, "") for key in ("row", "column")
    )
    assert len(changes(old, new)) == count
