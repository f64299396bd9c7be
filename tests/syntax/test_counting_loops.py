"""Definitions in `while` loops that count like a `for` loop over a `range`."""

from __future__ import annotations

import pytest

from tests.syntax.test_variable_definitions import definitions

FOR = 'for n in range({}):\n    {}\n    await step.sleep(f"nap {{n}}", 1)'
WHILE = 'n = {}\nwhile n < {}:\n    {}\n    await step.sleep(f"nap {{n}}", 1)\n    n += {}'


@pytest.mark.parametrize(
    ("arguments", "start", "limit", "code"),
    [
        ("3", "0", "3", "pass"),
        ("1, 3", "1", "3", "pass"),
        ("limit", "0", "limit", "pass"),
        ("3", "0", "3", "if n == event.last: break"),
        ("limits['n']", "0", "limits['n']", "pass"),
    ],
)
def test_counting_loops_have_the_definitions_of_ranges(arguments: str, start: str, limit: str, code: str) -> None:
    head = "limit = event.limit\nlimits = event.limits\n"
    assert definitions(head + WHILE.format(start, limit, code, 1)) == definitions(head + FOR.format(arguments, code))


@pytest.mark.parametrize(
    ("start", "limit", "code", "increment"),
    [
        ("0", "3", "pass", "2"),
        ("event.first", "3", "pass", "1"),
        ("0", "event.limit", "pass", "1"),
        ("0", "limit", "limit = event.limit", "1"),
        ("0", "3", "if event.n: n = 2", "1"),
        ("0", "3", "if event.n: continue", "1"),
        ("0", "data['n']", "event['n'] = 3", "1"),
        ("0", "data['n']", "event.update(n=3)", "1"),
        ("0", "data[key]", "pass", "1"),
    ],
)
def test_other_loops_do_not_count(start: str, limit: str, code: str, increment: str) -> None:
    head = "limit = 3\ndata = event.data\n"
    loop = definitions(head + WHILE.format(start, limit, code, increment))
    assert not any(text.startswith("for each") for text in loop)


def test_a_counter_that_no_loop_around_resets() -> None:
    loop = WHILE.format(0, 3, "pass", 1).removeprefix("n = 0\n").replace("\n", "\n    ")
    texts = definitions(f"n = 0\nfor item in event:\n    {loop}")
    assert [text for text in texts if text.startswith("while")]


def test_a_counter_behind_its_loop_has_another_value() -> None:
    behind = '\nif n > 2:\n    await step.sleep("end", 1)'
    loops = WHILE.format(0, 3, "pass", 1), FOR.format(3, "pass")
    assert definitions(loops[0] + behind)[-1] != definitions(loops[1] + behind)[-1]


def test_a_start_in_a_branch_is_not_that_of_a_counting_loop() -> None:
    loop = WHILE.format(0, 3, "pass", 1).replace("n = 0", "if event.ok: n = 0")
    assert not any(text.startswith("for each") for text in definitions(loop))
