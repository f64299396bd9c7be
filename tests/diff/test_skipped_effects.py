"""Jumps that skip a write which a later condition depends on."""

from __future__ import annotations

import pytest

from stepgraph import analyze_source
from stepgraph.diff.diff import diff_workflows

SOURCE = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    def bump(self, order):
        {}
        self.n += 1
        {}

    def log(self, order):
        {}
        print(order)

    async def run(self, event, step):
        order = event["payload"]
        self.n = 0
        self.bump(order)
        self.log(order)
        for item in order["items"]:
            {}
            self.n += 1
            {}
        if self.n > 0:
            await step.sleep("nap", 1000)
"""
GUARD = "if order['done']: return"
LOOP_GUARD = "if item['done']: continue"


def source_of(before: str = "", behind: str = "", log: str = "", in_loop: str = "", at_end: str = "") -> str:
    return SOURCE.format(before, behind, log, in_loop, at_end)


def conditions(old: str, new: str) -> list[tuple[str, str]]:
    """Return the titles and impacts of the changed conditions between two versions."""
    before, after = (analyze_source(each).workflows[0] for each in (old, new))
    assert before.graph is not None
    assert after.graph is not None
    details = before.comparable_details, after.comparable_details
    diff = diff_workflows(before.graph["workflow"], after.graph["workflow"], details=lambda: details)
    changes = [(each.title, each.impact.effect.label) for each in diff.changes]
    return [each for each in changes if not each[0].startswith("payload")]


@pytest.mark.slow
@pytest.mark.parametrize(
    "new",
    [
        source_of(before="return"),
        source_of(before=GUARD),
        source_of(in_loop=LOOP_GUARD),
        source_of(in_loop="if item['done']: break"),
        source_of(at_end="if item['done']: break"),
    ],
    ids=["return", "guard", "continue", "break", "break behind"],
)
def test_jumps_that_skip_writes(new: str) -> None:
    title = "condition `self.n > 0`: the code or values behind it changed"
    assert conditions(source_of(), new) == [(title, "breaking")]
    assert conditions(new, source_of()) == [(title, "breaking")]


@pytest.mark.parametrize(
    "new",
    [source_of(behind=GUARD), source_of(log=GUARD), source_of(at_end=LOOP_GUARD)],
    ids=["return behind", "other function", "continue behind"],
)
def test_jumps_that_skip_no_writes(new: str) -> None:
    assert conditions(source_of(), new) == []


@pytest.mark.slow
def test_equal_jumps() -> None:
    source = source_of(before=GUARD, in_loop=LOOP_GUARD)
    assert conditions(source, source.replace("if order['done']", "if order['done']  ")) == []
    inlined = source.replace(LOOP_GUARD, f"is_done = item['done']\n            {LOOP_GUARD}").replace(
        "if item['done']", "if is_done"
    )
    assert conditions(source, inlined) == []


def test_a_continue_that_becomes_a_break_before_a_local_counter() -> None:
    code = SOURCE.replace("self.n", "n").replace("n > 0", "n > 1")
    before, after = (code.format("", "", "", f"if item['done']: {jump}", "") for jump in ("continue", "break"))
    expected = [("condition `n > 1`: the code or values behind it changed", "breaking")]
    assert conditions(before, after) == expected
    assert conditions(after, before) == expected


LOCAL = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        order = event["payload"]
        n = 0
        {}
        if n > 1:
            await step.sleep("nap", 1000)
"""


def local_source(*lines: str) -> str:
    return LOCAL.format("\n        ".join(lines))


@pytest.mark.parametrize(
    ("loop", "jump", "change"),
    [
        ("for item in order['items']:", "    if item['done']: break", "    n += 1"),
        ("for item in order['items']:", "    if item['done']: continue", "    n += 1"),
        ("while True:", "    if n > order['limit']: break", "    n += 1"),
        ("while n < 5:", "    if order['done']: break", "    n = n + 1"),
        ("for item in order['items']:", "    match item:\n                case 1: break", "    n += 1"),
    ],
    ids=["for", "continue", "while True", "while", "match"],
)
def test_a_local_counter_moved_to_the_other_side_of_a_jump(loop: str, jump: str, change: str) -> None:
    before, after = local_source(loop, change, jump), local_source(loop, jump, change)
    expected = [("condition `n > 1`: the code or values behind it changed", "breaking")]
    assert conditions(before, after) == expected
    assert conditions(after, before) == expected


def test_another_statement_moved_to_the_other_side_of_a_jump() -> None:
    loop, jump, other, change = "for item in order['items']:", "    if item['done']: break", "    m = n", "    n += 1"
    assert conditions(local_source(loop, other, jump, change), local_source(loop, jump, other, change)) == []


IN_LOOP = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        order = event["payload"]
        n, row, rows = 0, 0, []
        for item in order["items"]:
            {}
            if {}:
                await step.sleep("nap", 1000)
"""
HANDLED_JUMP = ("try: number = int(item['row'])", "except ValueError: continue")


def loop_source(*lines: str, test: str = "n > 1") -> str:
    return IN_LOOP.format("\n            ".join(lines), test)


@pytest.mark.slow
@pytest.mark.parametrize("jump", [(LOOP_GUARD,), HANDLED_JUMP], ids=["condition", "handler"])
@pytest.mark.parametrize(("change", "test"), [("n += 1", "n > 1"), ("rows.append(item)", "len(rows) > 1")])
def test_a_continue_before_a_change_that_the_same_loop_reads(jump: tuple[str, ...], change: str, test: str) -> None:
    before, after = loop_source(*jump, change, test=test), loop_source(change, *jump, test=test)
    expected = [(f"condition `{test}`: the code or values behind it changed", "breaking")]
    assert conditions(before, after) == expected
    assert conditions(after, before) == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ((LOOP_GUARD, "n += 1"), (LOOP_GUARD, "n = n + 1")),
        ((LOOP_GUARD, "n += 1"), (LOOP_GUARD, "print(item)", "n += 1")),
        ((LOOP_GUARD, "row += 1", "n += 1"), ("row += 1", LOOP_GUARD, "n += 1")),
        ((LOOP_GUARD, "row = item", "n = row"), ("row = item", LOOP_GUARD, "n = row")),
        ((*HANDLED_JUMP, "n += 1"), ("try: count = int(item['row'])", "except ValueError as e: continue", "n += 1")),
    ],
    ids=["assignment", "log", "other counter", "new value", "handler"],
)
def test_equal_changes_that_the_same_loop_reads(old: tuple[str, ...], new: tuple[str, ...]) -> None:
    assert conditions(loop_source(*old), loop_source(*new)) == []


def test_a_jump_in_a_handler_before_a_local_counter() -> None:
    loop, change = "for item in order['items']:", "    n += 1"
    for jump in ("continue", "break"):
        handled = "    try: int(item)", f"    except ValueError: {jump}"
        before, after = local_source(loop, *handled, change), local_source(loop, change, *handled)
        expected = [("condition `n > 1`: the code or values behind it changed", "breaking")]
        assert conditions(before, after) == expected


SET = ("def bump():", "    nonlocal n", "    n = 7")


@pytest.mark.parametrize("block", ["if order['done']:", "for item in order['items']:", "if True:"])
def test_an_assignment_and_a_call_that_writes_its_variable(block: str) -> None:
    before, after = (
        local_source(*SET, block, *lines) for lines in (("    bump()", "    n = 1"), ("    n = 1", "    bump()"))
    )
    expected = [("condition `n > 1`: the code or values behind it changed", "breaking")]
    assert conditions(before, after) == expected
    assert conditions(after, before) == expected


def test_another_assignment_and_a_call_that_writes_a_variable() -> None:
    before, after = local_source(*SET, "n = 1", "m = 2", "bump()"), local_source(*SET, "n = 1", "bump()", "m = 2")
    assert conditions(before, after) == []
