"""Attributes that Python or a built-in base class may define, looked up with a default."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of

ERROR = """
class Stop(Exception):
    def __init__(self):
        self.act = a
try:
    if event:
        raise Stop
    await d()
except Exception as error:
    pass
"""


@pytest.mark.parametrize(
    ("use", "names"),
    [
        ("await getattr(error, 'act', b)()", {"a", "b"}),
        ("for each in getattr(error, 'exceptions', []):\n        await c()", {"c"}),
        ("for each in getattr(error, 'other', []):\n        await c()", set()),
    ],
)
def test_a_caught_exception_may_be_of_another_class(use: str, names: set[str]) -> None:
    graph = graph_of(ERROR.replace("    pass", f"    {use}"))
    assert {"a", "b", "c"} & set(graph.split()) == names


@pytest.mark.parametrize("found", ["getattr(Table(x=1), 'keys', list)()", "getattr(Table, '__annotations__', [])"])
def test_the_default_of_a_builtin_attribute(found: str) -> None:
    graph = graph_of(f"class Table(dict):\n    size: int\nfor each in {found}:\n    await c()")
    assert "c" in graph.split()
