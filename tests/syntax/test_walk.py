"""The targets of statements."""

from __future__ import annotations

import libcst as cst
import pytest

from stepgraph.syntax.mutation.changes import mutated_names
from stepgraph.syntax.walk import assigned_targets, statements


@pytest.mark.parametrize(
    ("source", "targets"),
    [
        ("a = b.c = 1", ["a", "b.c"]),
        ("(a, *self.x), d['k'] = rows", ["a", "self.x", "d['k']"]),
        ("a: int = 1", ["a"]),
        ("a: int", []),
        ("a += 1", ["a"]),
        ("del a, b[0]", ["a", "b[0]"]),
        ("for a.b in c: pass", ["a.b"]),
        ("with a as b, c, d as (e, f): pass", ["b", "e", "f"]),
        ("print(a)", []),
    ],
)
def test_assigned_targets(source: str, targets: list[str]) -> None:
    module = cst.parse_module(source)
    (statement,) = statements(module)
    assert [module.code_for_node(target) for target in assigned_targets(statement)] == targets


def test_annotated_assignment_mutates_a_collection() -> None:
    (statement,) = statements(cst.parse_module("STEPS['a']: object = step"))
    assert list(mutated_names(statement)) == ["STEPS"]
