"""Names of files for workflows: readable, safe on every system, and no two the same on any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepgraph.cli.output_files import file_stems
from stepgraph.cli.subject import Subject


def stems(*names: str | tuple[str, str]) -> list[str]:
    """Return the stems for workflows of these names, with the name of the class beside those that have another."""
    pairs = [(name, name) if isinstance(name, str) else name for name in names]
    return file_stems([Subject(name, class_name, None, str) for name, class_name in pairs])


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("orders", "orders"),
        ("Order-Flow_2.x", "Order-Flow_2.x"),
        ("注文", "注文"),
        ("e\u0301te\u0301", "\u00e9t\u00e9"),
        ("a b\tc", "a-b-tc"),
        ("a/b\\c:d*e?f", "a-b-c-d-e-f"),
        ("../../etc/passwd", "etc-passwd"),
        ("/etc/passwd", "etc-passwd"),
        ("..", "workflow"),
        ("", "workflow"),
        (".hidden", "hidden"),
        ("-rf", "rf"),
        ("orders.", "orders"),
        ("con", "_con"),
        ("NUL", "_NUL"),
        ("com1.x", "_com1.x"),
        ("contact", "contact"),
        ("a\u202eb", "a-u202eb"),
        ("a\u3000b", "a-b"),
        ("$(rm -rf)", "rm-rf"),
        ("x" * 300, "x" * 100),
        ("注" * 300, "注" * 33),
    ],
)
def test_what_is_unsafe_somewhere_is_replaced(name: str, stem: str) -> None:
    assert stems(name) == [stem]


def test_workflows_of_one_name_are_told_apart_by_their_classes() -> None:
    assert stems(("orders", "A"), "returns", ("orders", "B")) == ["orders-A", "returns", "orders-B"]


def test_case_and_composition_of_letters_do_not_tell_names_apart() -> None:
    assert stems(("orders", "A"), ("Orders", "B")) == ["orders-A", "Orders-B"]
    assert stems("straße", "STRASSE") == ["straße", "STRASSE-2"]


def test_where_classes_do_not_help_numbers_do() -> None:
    assert stems("Orders", "Orders", "orders") == ["Orders", "Orders-2", "orders-3"]
    assert stems(("orders", "A"), ("orders", "A")) == ["orders-A", "orders-A-2"]


def test_a_name_that_is_made_up_gives_way_to_one_that_is_not() -> None:
    assert stems("Orders", "Orders", "orders-2") == ["Orders", "Orders-3", "orders-2"]
    assert stems(("orders", "A"), "orders-a", ("orders", "B")) == ["orders-A-2", "orders-a", "orders-B"]


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=4)), max_size=8))
def test_no_name_leaves_the_folder_or_is_given_twice(names: list[tuple[str, str]]) -> None:
    given_names = stems(*names)
    assert len({name.casefold() for name in given_names}) == len(names)
    for name in given_names:
        assert name
        assert name[0] not in ".-"
        assert not set('/\\:*?"<>|\0 \n') & set(name)
        assert len(f"{name}.mermaid".encode()) < 256
