"""Definitions of variables and attributes that code in a `try` assigns before or after it may fail."""

from __future__ import annotations

import pytest

from tests.syntax.test_side_effects import source_of
from tests.syntax.test_variable_definitions import definitions_in

FIRST = "await step.sleep('a', 1)"
SECOND = "await step.sleep('b', 1)"


def lines(*statements: str) -> str:
    return "\n    ".join(statements)


@pytest.mark.parametrize(
    ("head", "write", "value"),
    [
        ("n = 0", "n = 3", "n"),
        ("n = 0", "n += 3", "n"),
        ("items = []", "items.extend([1, 2, 3])", "len(items)"),
        ("self.n = 0", "self.n = 3", "self.n"),
    ],
)
@pytest.mark.parametrize("handler", ["except ValueError:\n    pass", "finally:\n    print(0)"])
@pytest.mark.parametrize("other", [FIRST, "int(event['n'])"])
def test_the_order_of_a_write_and_code_that_may_fail(
    head: str, write: str, value: str, handler: str, other: str
) -> None:
    before, after = (
        source_of(f"{head}\ntry:\n    {lines(SECOND, *body)}\n{handler}", value)
        for body in ((write, other), (other, write))
    )
    assert definitions_in(before)[-1] != definitions_in(after)[-1]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (lines("n = 3", "print(0)"), lines("print(0)", "n = 3")),
        (lines("n = 3", FIRST), lines("n = 3", FIRST, SECOND)),
        (lines(FIRST, "n = 3"), lines(FIRST, "k = 1", "n = 3")),
    ],
)
def test_other_changes_of_the_body(old: str, new: str) -> None:
    before, after = (source_of(f"n = 0\ntry:\n    {body}\nexcept ValueError:\n    pass", "n") for body in (old, new))
    assert definitions_in(before)[-1] == definitions_in(after)[-1]


def test_a_write_in_front_of_a_read_in_the_same_body() -> None:
    before, after = (
        source_of("n = 0\ntry:\n    BODY\n    n = 3\n    m = n\nexcept ValueError:\n    pass", "m").replace(
            "    BODY", f"    {body}"
        )
        for body in ("print(0)", FIRST)
    )
    assert definitions_in(before)[-1] == definitions_in(after)[-1]
