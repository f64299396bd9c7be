"""Source text and locations of nodes."""

from __future__ import annotations

import libcst as cst
import pytest

from stepgraph.model.span import Span
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.parse import parse_module
from stepgraph.syntax.positions import positions


def module(source: str) -> SourceModule:
    return parse_module(source.encode(), "entry.py")


def first_value(source: SourceModule) -> cst.BaseExpression:
    statement = source.tree.body[0]
    assert isinstance(statement, cst.SimpleStatementLine)
    assignment = statement.body[0]
    assert isinstance(assignment, cst.Assign)
    return assignment.value


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("f( a,b )", "f( a,b )"),
        ("f(\n    a,  # first\n    b,\n)", "f(a, b,)"),
        ("(a\n  and b  # why\n  # and more\n  or c)", "(a and b or c)"),
        ("a + \\\n    b", "a + b"),
        ('f(\n    "# no comment",\n)', 'f("# no comment",)'),
        ("f(\\\n    a)", "f(a)"),
        ("(\n    a\n) and (\n    b\n)", "(a) and (b)"),
        ("any(lambda r: r  # row\n    > 1)", "any(lambda r: r > 1)"),
        ('"""two\nlines"""', '"""two\nlines"""'),
        ("[\n    x\n    for x in y\n]", "[x for x in y]"),
    ],
)
def test_text_omits_comments_and_line_breaks(source: str, text: str) -> None:
    parsed = module(f"x = {source}\n")
    assert parsed.text(first_value(parsed)) == text


def test_lines_and_columns_count_from_one() -> None:
    parsed = module("x = (\n    first(1),\n    second,\n)\n")
    value = first_value(parsed)
    assert isinstance(value, cst.Tuple)
    assert parsed.span(value.elements[0].value) == Span("entry.py", 2, 5, 2, 13)


def test_a_thread_sees_no_span_before_it_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = module("x = 1\ny = 2\nz = 3\n")
    first, second, third = parsed.tree.body
    spans: list[Span] = []

    def interrupted(tree: cst.Module, last: cst.CSTNode | None = None) -> dict[int, tuple[int, int, int, int]]:
        if last is None and not spans:
            spans.append(Span("entry.py", 0, 0, 0, 0))
            spans.append(parsed.span(third))  # as another thread would
        return positions(tree, last)

    monkeypatch.setattr("stepgraph.syntax.positions.positions", interrupted)
    parsed.span(first)
    assert parsed.span(second) == Span("entry.py", 2, 1, 2, 6)
    assert spans[-1] == Span("entry.py", 3, 1, 3, 6)


def test_columns_count_characters() -> None:
    parsed = module('x = "é", name\n')
    value = first_value(parsed)
    assert isinstance(value, cst.Tuple)
    assert parsed.span(value.elements[1].value) == Span("entry.py", 1, 10, 1, 14)


def test_a_function_is_located_at_its_def() -> None:
    parsed = module("\n\n@decorator\ndef f():\n    pass\n")
    assert parsed.span(parsed.tree.body[0]).line == 4


SOURCE = """\
@decorator(a)
def outer(x, *, y=(1, 2)):
    if x:
        return [
            f"{x} and {y}",
            await_(z) if z else w,
        ]
    for i in x: pass

@decorator
class C(Base):
    name = "c"
"""


class NodeCollector(cst.CSTVisitor):
    def __init__(self) -> None:
        self.nodes: list[cst.CSTNode] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        self.nodes.append(node)
        return True


@pytest.mark.parametrize("order", ["forwards", "backwards", "one alone"])
def test_spans_do_not_depend_on_the_order_of_requests(order: str) -> None:
    parsed = module(SOURCE)
    collector = NodeCollector()
    parsed.tree.visit(collector)
    nodes = collector.nodes if order != "backwards" else collector.nodes[::-1]
    ranges = positions(parsed.tree)
    for node in nodes:
        line, column, end_line, end_column = ranges.get(id(node), (1, 0, 1, 0))
        source_module = SourceModule(parsed.path, parsed.tree, parsed.source) if order == "one alone" else parsed
        assert source_module.span(node) == Span("entry.py", line, column + 1, end_line, end_column + 1)


@pytest.mark.parametrize(
    ("source", "heading"),
    [
        ("@d\nclass C(Base):\n    pass\n", Span("entry.py", 2, 1, 2, 8)),
        ("if x:\n    class  C: pass\n", Span("entry.py", 2, 5, 2, 13)),
        ("class \\\n  C: pass\n", Span("entry.py", 1, 1, 2, 4)),
    ],
)
def test_the_heading_of_a_class_ends_with_its_name(source: str, heading: Span) -> None:
    parsed = module(source)
    collector = NodeCollector()
    parsed.tree.visit(collector)
    (class_definition,) = [node for node in collector.nodes if isinstance(node, cst.ClassDef)]
    assert parsed.heading(class_definition) == heading


def test_the_repr_of_a_place_is_its_location() -> None:
    parsed = module("x = f(1)\n")
    assert repr(SourcePlace(parsed, first_value(parsed))) == "Place(entry.py:1:5)"
