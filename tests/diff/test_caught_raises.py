"""Changed conditions of `raise` statements that a handler catches."""

from __future__ import annotations

import pytest

from stepgraph import analyze_source
from stepgraph.diff.diff import diff_workflows

SOURCE = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def book(self):
        return await self.env.API.book()

    async def run(self, event, step):
        try:
            seat = await step.do("book")(self.book)()
            {}
        except ValueError:
            {}
        await step.sleep("nap", 1000)
"""
BODY_WITHOUT_STEPS = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def book(self):
        return await self.env.API.book()

    async def run(self, event, step):
        seat = await step.do("book")(self.book)()
        try:
            {}
        except Exception:
            {}
        await step.sleep("nap", 1000)
"""
CANCEL = 'await step.do("cancel")(self.book)()'
RAISE = "if seat['taken']: raise ValueError"
PARSE = "if seat['taken']: int(seat['row'])"


def changes(old: str, new: str, handler: str = CANCEL, source: str = SOURCE) -> list[tuple[str, str]]:
    """Return the titles and impacts of the changes between two statements in the `try`."""
    before, after = (analyze_source(source.format(each, handler)).workflows[0] for each in (old, new))
    assert before.graph is not None
    assert after.graph is not None
    diff = diff_workflows(
        before.graph["workflow"],
        after.graph["workflow"],
        details=lambda: (before.comparable_details, after.comparable_details),
    )
    return [(each.title, each.impact.effect.label) for each in diff.changes]


@pytest.mark.slow
@pytest.mark.parametrize(
    "new", ["pass", RAISE.replace("taken", "free"), f"seat = {{}}; seat['taken'] = True\n            {RAISE}"]
)
def test_exceptions_under_other_conditions(new: str) -> None:
    title = "`try` around 'book': the conditions of `raise` statements that it catches changed"
    assert changes(RAISE, new) == [(title, "breaking")]
    assert changes(new, RAISE) == [(title, "breaking")]


def test_exceptions_under_the_same_conditions() -> None:
    assert changes(RAISE, "is_taken = seat['taken']\n            if is_taken: raise ValueError") == []
    assert changes(RAISE, "pass", handler="pass") == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (RAISE, "pass"),
        (RAISE, RAISE.replace("taken", "free")),
        (RAISE, f"{RAISE.partition(':')[0]}: pass\n            else: raise ValueError"),
        (PARSE, PARSE.replace("taken", "free")),
        (PARSE, PARSE.replace("row", "column")),
        ("assert seat['free']", "assert not seat['free']"),
        (f"for seat in seat['all']:\n                {RAISE}", f"for seat in seat['some']:\n                {RAISE}"),
    ],
)
def test_exceptions_of_a_body_without_steps(old: str, new: str) -> None:
    expected = [("`try` around 'cancel': the code whose exceptions it catches changed", "breaking")]
    assert changes(old, new, source=BODY_WITHOUT_STEPS) == expected
    assert changes(new, old, source=BODY_WITHOUT_STEPS) == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (RAISE, "is_taken = seat['taken']\n            if is_taken: raise ValueError"),
        (RAISE, f"{RAISE}('Seat {{}} is taken.')"),
        (f"{RAISE}(seat['row'])", f"{RAISE}(str(seat['column']))"),
        (RAISE, "if not seat['taken']: pass\n            else: raise ValueError"),
        (RAISE, f"print('Check the seat.')\n            {RAISE}"),
        (f"number = {PARSE[-16:]}", f"row = {PARSE[-16:]}"),
    ],
)
def test_equal_exceptions_of_a_body_without_steps(old: str, new: str) -> None:
    assert changes(old, new, source=BODY_WITHOUT_STEPS) == []
    assert changes(new, old, source=BODY_WITHOUT_STEPS) == []


def test_a_body_without_steps_before_an_empty_handler() -> None:
    assert changes(RAISE, "pass", handler="pass", source=BODY_WITHOUT_STEPS) == []


LOAD = "count = int(seat['count'])"
SLEEP = "await step.sleep('wait', 1)"


def lines(*statements: str) -> str:
    return "\n            ".join(statements)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (LOAD, "pass"),
        (LOAD, LOAD.replace("'count'", "'number'")),
        (LOAD, f"if seat['taken']: {LOAD}"),
        ("assert seat['free']", "assert not seat['free']"),
        ("for row in seat['rows']: int(row)", "for row in seat['other']: int(row)"),
        (
            lines("for row in seat['rows']:", "    if not row: continue", "    int(row)"),
            lines("for row in seat['rows']:", "    if row: continue", "    int(row)"),
        ),
        (lines(LOAD, SLEEP), lines(SLEEP, LOAD)),
        (f"check({SLEEP}, seat['row'])", f"check({SLEEP}, seat['column'])"),
    ],
)
def test_exceptions_between_steps(old: str, new: str) -> None:
    expected = [("`try` around 'book': the code whose exceptions it catches changed", "breaking")]
    assert changes(old, new) == expected
    assert changes(new, old) == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (LOAD, LOAD.replace("count =", "number =")),
        (LOAD, lines("text = seat['count']", "count = int(text)")),
        (LOAD, lines("print(seat)", LOAD)),
        (LOAD, lines(LOAD, LOAD)),
        ("total = price + 1", "total = price + 2"),
        ("rows = list(str(seat))", "rows = []"),
        (
            lines("try: int(seat['row'])", "except ValueError: pass"),
            lines("try: int(seat['id'])", "except ValueError: pass"),
        ),
        (f"[int(row) for row in seat['rows']]; {SLEEP}", f"[int(each) for each in seat['rows']]; {SLEEP}"),
        ("raise Full('The plane is full.')", "raise Full('No seats.')"),
    ],
)
def test_equal_exceptions_between_steps(old: str, new: str) -> None:
    assert changes(old, new) == []
    assert changes(new, old) == []


def test_a_step_added_between_code_that_raises_exceptions() -> None:
    code = lines(LOAD, "{}", "row = int(seat['row'])")
    assert changes(code.format("pass"), code.format(SLEEP)) == [
        ("sleep 'wait' added to the `try`, after 'book'", "out of order")
    ]


@pytest.mark.slow
def test_operations_between_steps_before_a_handler_of_all_errors() -> None:
    source = SOURCE.replace("ValueError", "Exception")
    assert changes("seat['row']", "seat['column'] / 2", source=source) == []
    assert changes("seat['row']", "self.parse(seat['column'])", source=source) != []


TITLE = "`try` around 'book': the conditions of `raise` statements that it catches changed"


def test_a_raise_at_the_end_of_a_branch_with_a_step() -> None:
    code = lines("if seat['taken']:", f"    {SLEEP}", "    {}")
    assert changes(code.format("raise ValueError"), code.format("pass")) == [(TITLE, "breaking")]
    assert changes(code.format("pass"), code.format("raise ValueError")) == [(TITLE, "breaking")]


@pytest.mark.parametrize(
    ("old", "new"),
    [("raise", "pass"), ("if seat['taken']: raise", "if seat['free']: raise")],
)
def test_a_raise_in_the_handler_of_an_inner_try(old: str, new: str) -> None:
    code = lines("try:", f"    {SLEEP}", "except ValueError:", f"    {CANCEL}", "    {}")
    assert changes(code.format(old), code.format(new)) == [(TITLE, "breaking")]
    assert changes(code.format(new), code.format(old)) == [(TITLE, "breaking")]
