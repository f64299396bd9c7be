"""The objects that variables share, which take no more memory than the statements that bind them."""

from __future__ import annotations

import libcst as cst
import pytest

from stepgraph.syntax.definitions.local_aliases import LocalAliases
from stepgraph.syntax.walk import statements_below


def aliases_of(source: str) -> LocalAliases:
    return LocalAliases(statements_below(cst.parse_module(source)))


def shared(aliases: LocalAliases, name: str) -> list[str]:
    """Return the code of the objects that a variable may share."""
    return [cst.Module([]).code_for_node(each) for objects in aliases.of(name) for each in objects]


@pytest.mark.parametrize(
    "source",
    ["a = b = [x, y]", "a, b = [x, y]", "for a, b in zip(x, y): pass", "with (a := x, y) as [a, b]: pass"],
)
def test_all_variables_of_a_statement_have_the_same_objects(source: str) -> None:
    aliases = aliases_of(source)
    assert set(shared(aliases, "a")) >= {"x", "y"}
    assert all(first is second for first, second in zip(aliases.of("a"), aliases.of("b"), strict=True))


def test_variables_share_the_object_of_a_chained_assignment() -> None:
    aliases = aliases_of("a = b = make()\nc = make()")
    assert shared(aliases, "a") == shared(aliases, "b") == ["a", "b"]
    assert aliases.shared_names() == {"a", "b"}


def test_elements_of_tuples_are_separate() -> None:
    aliases = aliases_of("a, b = x, y")
    assert (shared(aliases, "a"), shared(aliases, "b")) == (["x"], ["y"])


def test_methods_that_a_variable_may_be() -> None:
    aliases = aliases_of("add = push = items.append\nadd = other")
    assert [each.attr.value for each in aliases.attributes_of("add")] == ["append"]
    assert [each.attr.value for each in aliases.attributes_of("push")] == ["append"]
