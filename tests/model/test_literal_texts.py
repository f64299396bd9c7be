"""Names with the literal values of their expressions."""

from __future__ import annotations

import pytest

from stepgraph.model.literal_texts import braced_parts, changed_passes, element_texts

LOOP = "pack \0__0\0 with __0 = <each of [{}]>"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("page {a} of {b[{1}]}", [("page ", False), ("a", True), (" of ", False), ("b[{1}]", True), ("", False)]),
        ("{a} {{", [("", False), ("a", True), (" {{", False)]),
        ("}{a}", [("}", False), ("a", True), ("", False)]),
        ("a { {b}", [("a ", False), (" {b}", True), ("", False)]),
    ],
)
def test_parts_of_names_in_braces(name: str, expected: list[tuple[str, bool]]) -> None:
    assert list(braced_parts(name)) == expected


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ("'a', 'b'", ["pack a", "pack b"]),
        ("1, 2", ["pack 1", "pack 2"]),
        ("'a, ]>', 'b'", ["pack a, ]>", "pack b"]),
        ("'a', *others", []),
        ("'a', (1, 2)", []),
        ("", []),
    ],
)
def test_names_in_the_passes_of_a_loop(values: str, names: list[str]) -> None:
    assert list(element_texts(LOOP.format(values), "pack {item}")) == names


def test_names_that_two_loops_decide_are_unknown() -> None:
    text = "\0__0\0 \0__1\0 with __0 = <each of ['a']>, __1 = <each of ['b']>"
    assert element_texts(text, "{item} {other}") == ()


@pytest.mark.parametrize(
    ("after", "order", "passes"),
    [
        ("f(1), f(3)", [0, 1], [1]),
        ("f(1), f(2)", [0, 1], []),
        ("f(2), f(1)", [1, 0], []),
        ("f(3), f(1)", [1, 0], [1]),
        ("f(1)", [0, 1], None),
    ],
)
def test_passes_with_other_values(after: str, order: list[int], passes: list[int] | None) -> None:
    assert changed_passes(LOOP.format("f(1), f(2)"), LOOP.format(after), order) == passes


def test_change_outside_the_listed_values_affects_all_passes() -> None:
    assert changed_passes(LOOP.format("1"), LOOP.format("1").replace("pack", "load"), [0]) is None
