"""Searches of the modules of a group."""

from __future__ import annotations

from stepgraph.syntax.import_graph import ModuleGroup
from stepgraph.syntax.parse import parse_module


def test_many_searches_for_a_word_find_the_same_modules() -> None:
    """After many searches, an index finds the modules."""
    modules = tuple(
        parse_module(source.encode(), f"{number}.py")
        for number, source in enumerate(("rate = 1\n", "rates = 2\n", "import a\nprint(a.rate)\n"))
    )
    group = ModuleGroup(modules)
    assert [group.with_word("rate") for _ in range(200)] == [[modules[0], modules[2]]] * 200
