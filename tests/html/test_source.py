"""The source code in the data of a page."""

from __future__ import annotations

from stepgraph.model.payload import Node
from stepgraph.model.span import Code
from stepgraph.render.html.page import render_page
from stepgraph.render.html.section import Page
from stepgraph.render.html.source import SourceTable
from tests.html.reading import data_of, read, sources_of
from tests.render.graphs import do, graph

LINES = tuple(f"line {number}" for number in range(1, 41))


def code(first: int, last: int, path: str = "orders.py") -> Code:
    return Code(path, b"", LINES, first, first, last)


def test_each_line_is_stored_once() -> None:
    table = SourceTable()
    assert table.add(code(3, 5)) == [0, 3, 3, 3, 0]
    assert table.add(code(4, 6)) == [0, 4, 4, 3, 0]
    assert table.add(code(9, 9)) == [0, 9, 9, 1, 0]
    assert table.add(code(1, 1, "other.py")) == [1, 1, 1, 1, 0]
    assert table.data() == [
        {"link": (), "runs": [(3, ["line 3", "line 4", "line 5", "line 6"]), (9, ["line 9"])]},
        {"link": (), "runs": [(1, ["line 1"])]},
    ]


def test_a_long_function_is_cut() -> None:
    assert SourceTable().add(code(1, 40)) == [0, 1, 1, 15, 25]


def test_the_source_of_a_page_is_limited() -> None:
    table = SourceTable()
    lines = tuple("x" * 200 for _ in range(6_000))
    added = [table.add(Code("a.py", b"", lines, number, number, number)) for number in range(1, 6_001)]
    assert sum(shown for _, _, _, shown, _ in added) == 5_001
    assert added[-1] == [0, 6_000, 6_000, 0, 1]


def test_a_page_has_the_code_of_its_nodes() -> None:
    step = do("a")

    def code_of(node: Node) -> Code | None:
        return code(2, 3) if node is step else None

    page = Page(graph(step, do("b")), "orders", code=code_of)
    root = read(render_page([page], link_of=lambda _: ("https://example.com/#L", "")))
    nodes = data_of(root)[0]["nodes"]
    assert nodes["orders--a"]["code"] == [0, 2, 2, 2, 0]
    assert "code" not in nodes["orders--b"]
    assert sources_of(root) == [{"link": ["https://example.com/#L", ""], "runs": [[2, ["line 2", "line 3"]]]}]
