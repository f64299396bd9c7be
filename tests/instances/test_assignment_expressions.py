"""The effects of assignments that move into an expression, such as `if (n := order["n"]) > 1:`, on instances."""

from __future__ import annotations

import re
from textwrap import indent

import libcst as cst
import pytest

from stepgraph.execution.engine_rules import InstanceEffect
from stepgraph.syntax.definitions.assignment_expressions import without_assignments
from tests.instances.replay_pairs import new_code
from tests.instances.short_logs import ended, log_of, opened

HEAD = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def work(self):
        return await self.env.DB.work()

    async def run(self, event, step):
        order = event["payload"]
"""


def effect(old: str, new: str) -> InstanceEffect:
    """Return the effect of a new body of `run`, in which `<a>` stands for a call of the step `a`."""
    old, new = (re.sub(r"<(\w)>", r'await step.do("\1")(self.work)()', body) for body in (old, new))
    code = new_code(*(HEAD + indent(body, " " * 8) for body in (old, new)))
    return code.replay(log_of("running", ended("a"), ended("b"), opened("c"))).effect


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(n := x)", "x"),
        ("(n := x) > 1", "x > 1"),
        ("(n := x + 1) > 1 and n < 5", "(x + 1) > 1 and (x + 1) < 5"),
        ("(n := x) and f(n, n=n).n", "x and f(x, n=x).n"),
        ("y and (n := x)", "y and x"),
        ("n if (n := x) else y", "x if x else y"),
        # The variable has another value in front of the assignment, or without it.
        ("n or (n := x)", "n or (n := x)"),
        ("y and (n := x) or n", "y and (n := x) or n"),
        ("y if n else (n := x)", "y if n else (n := x)"),
        ("1 < y < (n := x) and n", "1 < y < (n := x) and n"),
        ("[(n := x) for x in y] and n", "[(n := x) for x in y] and n"),
        ("(n := x) and (n := y) and n", "(n := x) and (n := y) and n"),
        ("(n := (m := x) + 1) and m", "(n := x + 1) and x"),
    ],
)
def test_values_in_place_of_assignments(text: str, expected: str) -> None:
    assert cst.Module([]).code_for_node(without_assignments(cst.parse_expression(text))) == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("n = order['n']\n<a>\nif n > 1:\n    <b>\n<c>", "<a>\nif (n := order['n']) > 1:\n    <b>\n<c>"),
        ("seat = <a>\nif seat['free']:\n    <b>\n<c>", "if (seat := <a>)['free']:\n    <b>\n<c>"),
        ("seat = <a>\nif seat['free']:\n    <b>\n<c>", "if (<a>)['free']:\n    <b>\n<c>"),
        ("seat = <a>\nif seat and seat['free']:\n    <b>\n<c>", "if (seat := <a>) and seat['free']:\n    <b>\n<c>"),
        (
            "<a>\nn = order['n']\nif order['x']:\n    if n:\n        <b>\n<c>",
            "<a>\nif order['x'] and (n := order['n']):\n    <b>\n<c>",
        ),
        (
            "<a>\nn = order['n']\nif n:\n    pass\nif n > 1:\n    <b>\n<c>",
            "<a>\nif n := order['n']:\n    pass\nif n > 1:\n    <b>\n<c>",
        ),
    ],
)
def test_an_assignment_in_a_condition(old: str, new: str) -> None:
    assert [effect(old, new), effect(new, old)] == ["resumes", "resumes"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # Only a true value of `x` leads to the assignment.
        (
            "<a>\nn = order['n']\nx = order['x']\nn = order['m']\nif n:\n    <b>\n<c>",
            "<a>\nn = order['n']\nx = order['x'] and (n := order['m'])\nif n:\n    <b>\n<c>",
        ),
        ("<a>\nn = order['n']\nif n > 1:\n    <b>\n<c>", "<a>\nif (n := order['m']) > 1:\n    <b>\n<c>"),
        # The later condition reads the assignment if it runs.
        (
            "<a>\nn = order['n']\nif n:\n    <b>\n<c>",
            "<a>\nn = order['n']\nif order['x'] and (n := order['m']):\n    pass\nif n:\n    <b>\n<c>",
        ),
        (
            "<a>\nn = order['n']\nif n or order['m']:\n    <b>\n<c>",
            "<a>\nn = order['n']\nif (n := order['m']) or n:\n    <b>\n<c>",
        ),
    ],
)
def test_another_assignment_in_a_condition(old: str, new: str) -> None:
    assert [effect(old, new), effect(new, old)] == ["unknown", "unknown"]
