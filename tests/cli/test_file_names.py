"""File names of workflows: readable, safe on every system, and unique."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepgraph.cli.output_files import file_stems
from stepgraph.drawing.workflow import DrawnWorkflow
from stepgraph.subject import Subject


def stems(*names: str | tuple[str, str]) -> list[str]:
    """Return the file stems for workflows, from pairs of name and class name."""
    pairs = [(name, name) if isinstance(name, str) else name for name in names]
    return file_stems(
        [Subject(DrawnWorkflow(name=name, class_name=class_name, graph=None), str) for name, class_name in pairs]
    )


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
def test_unsafe_characters_are_replaced(name: str, stem: str) -> None:
    assert stems(name) == [stem]


def test_equal_names_get_the_class_name() -> None:
    assert stems(("orders", "A"), "returns", ("orders", "B")) == ["orders-A", "returns", "orders-B"]


def test_names_differ_beyond_case_and_normalization() -> None:
    assert stems(("orders", "A"), ("Orders", "B")) == ["orders-A", "Orders-B"]
    assert stems("straße", "STRASSE") == ["straße", "STRASSE-2"]


def test_equal_names_and_classes_get_numbers() -> None:
    assert stems("Orders", "Orders", "orders") == ["Orders", "Orders-2", "orders-3"]
    assert stems(("orders", "A"), ("orders", "A")) == ["orders-A", "orders-A-2"]


def test_generated_names_avoid_real_ones() -> None:
    assert stems("Orders", "Orders", "orders-2") == ["Orders", "Orders-3", "orders-2"]
    assert stems(("orders", "A"), "orders-a", ("orders", "B")) == ["orders-A-2", "orders-a", "orders-B"]


@pytest.mark.slow
@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=4)), max_size=8))
def test_names_are_unique_and_stay_inside(names: list[tuple[str, str]]) -> None:
    given_names = stems(*names)
    assert len({name.casefold() for name in given_names}) == len(names)
    for name in given_names:
        assert name
        assert name[0] not in ".-"
        assert not set('/\\:*?"<>|\0 \n') & set(name)
        assert len(f"{name}.mermaid".encode()) < 256
