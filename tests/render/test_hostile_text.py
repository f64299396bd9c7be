"""Names and conditions from source code never become markup, syntax or commands."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stepgraph.escaping.plain_text import visible
from stepgraph.model.note import Note
from stepgraph.model.payload import Graph
from stepgraph.model.span import Span
from stepgraph.render.flow.chart import Box, BoxKind, Chart
from stepgraph.render.flow.dot import render_dot
from stepgraph.render.flow.mermaid import mermaid_chart
from stepgraph.render.flow.mermaid_document import MermaidPiece, mermaid_document, render_mermaid
from stepgraph.render.flow.mermaid_style import FRONT_MATTER
from stepgraph.render.node_text import name_text
from stepgraph.render.outline import render_outline
from stepgraph.render.view import View
from tests.effort import example_count
from tests.render.graphs import DETAILED, branch, details_everywhere, do, either, everywhere, graph
from tests.render.mermaid_labels import labelled_everywhere, labels_of, shown, shown_title

HOSTILE = [
    "</text><script>",
    '"]--><b>',
    '"];evil[label="',
    "\x1b[2J\x1b]0;title\x07",
    "invoice\u202efdp.exe",
    "ends in a backslash \\",
    "\\",
    '\\"',
    "\\N \\G \\l",
    "<lambda>",
    "<<b>bold</b>>",
    "&lt;&amp;&#60;",
    "name:port:n",
    "graph",
    "",
    "first\nsecond",
    "javascript:alert(1)",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_is_the_exact_label_of_its_node_in_dot(text: str) -> None:
    assert _label(render_dot(graph(do(text))), "n_0") == visible(name_text(text))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_condition_is_the_exact_label_of_its_arrow_in_dot(text: str) -> None:
    drawn = graph(either(branch(text, do("a")), branch(None)))
    expected = f" {visible(text)} " if text else None
    assert _label(render_dot(drawn), "n_0_choice -> n_0_b0_0") == expected


@pytest.mark.slow
@given(st.text(max_size=200))
def test_any_name_is_complete_in_label_or_tooltip(text: str) -> None:
    source = render_dot(graph(do(text)))
    assert visible(name_text(text)) in {_label(source, "n_0"), _label(source, "n_0", "tooltip")}


DOT_STATEMENT = re.compile(
    r"""(?x)
    digraph\ workflow\ \{ | subgraph\ cluster_\w+\ \{ | \}
    | (?:graph|node|edge|\w+(?:\ ->\ \w+)?)\ \[ (?: \w+= (?:"(?:[^"\\]|\\.)*" | -?[\w.]+) \ ? )+ \]
    | \w+(?:\ ->\ \w+)?
    | (?: \w+= (?:"(?:[^"\\]|\\.)*" | -?[\w.]+) \ ? )+
    """
)


def _strange_statements(source: str) -> list[str]:
    return [line for line in source.splitlines() if not DOT_STATEMENT.fullmatch(line.strip())]


@pytest.mark.parametrize("text", [*HOSTILE, "x" * 10_000])
def test_text_in_dot_is_always_within_a_quoted_attribute(text: str) -> None:
    assert _strange_statements(render_dot(everywhere(text))) == []


@pytest.mark.slow
@given(st.text(max_size=40))
def test_any_text_in_dot_is_always_within_a_quoted_attribute(text: str) -> None:
    assert _strange_statements(render_dot(everywhere(text))) == []


MARKUP = [
    "*em* **strong** __strong__ _em_ ~~gone~~ `code`",
    "1. item",
    "- item",
    "# heading",
    "> quote",
    "    code",
    "two  spaces, and one at the end ",
    "![a](b) [a]: b",
    "www.example.com/a_b",
    "https://example.com/a_b",
    "a@b.example",
    "%% comment %%{init: {}}%%",
    "A --> B; end",
    "subgraph x\n---\nend",
    "|x| [x] {x} (x) ((x))",
    ":::class @{ shape: x }",
    "$$x^2$$",
    "fa:fa-car",
    "<br/> &nbsp; #quot; #35;",
    "\ufb02\u00b0\u00b058\u00b6\u00df",
    "\u3000wide\u2003spaces\u3000",
    "注文を確認する処理と在庫の引き当てと請求書の発行",
]


@pytest.mark.slow
def test_a_hostile_name_is_an_exact_label_in_mermaid() -> None:
    texts = [*HOSTILE, *MARKUP]
    boxes = tuple(Box(f"b{index}", BoxKind.STEP, (text,)) for index, text in enumerate(texts))
    labels = labels_of(mermaid_chart([Chart(("Orders",), boxes, ())]))
    assert [labels.get(box.id, []) for box in boxes] == [shown(text) for text in texts]


markup = st.text(st.sampled_from("<>&#;`*_~[](){}|\"'\\/!@%$^=+-.: ,xé9\ufb02\u00b0\u00b6\u00df\u3000"), max_size=60)


@pytest.mark.slow
@settings(max_examples=example_count(2), deadline=None)
@example(["0000000\x1f\x1f\x1f\x1f\n\x1f", " 00000000000000000000000000\u0e5c"])
@given(st.lists(st.text(max_size=40) | markup, min_size=6, max_size=10))
def test_any_text_is_an_exact_label_everywhere_in_mermaid(texts: list[str]) -> None:
    labels = labels_of(mermaid_chart([labelled_everywhere(texts)]))
    for index, text in enumerate(texts):
        for identity in (f"b{index}", f"a_b{index}"):
            assert labels.get(identity, []) == shown(text)
        assert labels.get(f"f{index}", []) == shown_title(text)


MERMAID_STATEMENT = re.compile(
    r"""(?x)
    flowchart\ TB | end | direction\ TB | subgraph\ \w+\["[^"\n]+"\]
    | \w+[\[({]+"[^"\n]+"[\])}]+:::\w+Box
    | \w+\ (?:-->|---|-\.->|-\.-)(?:\|"[^"\n]+"\|)?\ \w+
    | classDef\ \w+\ [\w:#,.\- ]+ | class\ [\w,]+\ \w+ | linkStyle\ [\d,]+\ [\w:#,\-]+
    """
)


@pytest.mark.slow
@given(st.text(max_size=40))
@example("\n".join(HOSTILE))
def test_any_text_in_mermaid_is_always_within_quotes(text: str) -> None:
    (piece,) = render_mermaid(everywhere(text)).pieces
    lines = piece.text.removeprefix(FRONT_MATTER).split("\n")
    assert [line for line in lines if line and not MERMAID_STATEMENT.fullmatch(line.strip(" "))] == []


@given(st.text(max_size=40))
def test_a_title_is_one_line_of_markdown_without_markup(text: str) -> None:
    heading = mermaid_document([MermaidPiece(text, "outline", "")]).split("\n\n```text\n")[0]
    assert re.fullmatch(r"## (?:[\w ,./()]|[^\x00-\x7f]|&#\d+;)*", heading)
    shown = unescape(heading).replace("\u200b", "")
    assert shown.replace("\xa0", " ") == f"## {visible(text)}".replace("\xa0", " ")


@pytest.mark.parametrize("text", [*HOSTILE, "x" * 10_000])
def test_only_our_own_escapes_reach_the_terminal(text: str) -> None:
    coloured = render_outline(everywhere(text), color=True, notes=[_note(text)], location=text)
    plain = render_outline(everywhere(text), color=False, notes=[_note(text)], location=text)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    assert _raw(plain) == []


@given(st.text(max_size=40), st.integers(1, 100))
def test_no_text_reaches_the_terminal_raw(text: str, width: int) -> None:
    assert _raw(render_outline(everywhere(text), color=False, notes=[_note(text)], width=width, location=text)) == []


@pytest.mark.parametrize("render", [render_dot, lambda drawn: render_outline(drawn, color=False)])
def test_every_output_can_be_encoded(render: Callable[[Graph], str]) -> None:
    assert b"\\ud800" in render(graph(do("lone \ud800 surrogate"))).encode()


def _raw(outline: str) -> list[str]:
    return [line for line in outline.split("\n") if visible(line) != line]


def _note(text: str) -> Note:
    return Note(code="unresolved-call", message=text, advice=text, span=Span(text, 1, 1, 1, 2))


def _label(source: str, statement: str, attribute: str = "label") -> str | None:
    """Return an attribute of a statement as Graphviz reads it: quotes, then escapes, then entities."""
    pattern = rf'^\s*{statement} \[.*?\b{attribute}=(?:"((?:[^"\\]|\\.)*)"|([\w.-]+))'
    if not (match := re.search(pattern, source, re.MULTILINE)):
        return None
    quoted, plain = match.groups()
    if quoted is None:
        return plain
    unquoted = re.sub(r'\\(["\\])', lambda escape: '"' if escape[1] == '"' else escape[0], quoted)
    return re.sub(r"\\(.)", r"\1", unquoted).replace("&amp;", "&")


@pytest.mark.parametrize("text", [*HOSTILE, "x" * 10_000])
def test_details_in_dot_are_always_within_a_quoted_attribute(text: str) -> None:
    assert _strange_statements(render_dot(DETAILED, View(details=details_everywhere(text)))) == []


@pytest.mark.parametrize("text", [*HOSTILE, *MARKUP])
def test_details_in_mermaid_are_always_within_quotes(text: str) -> None:
    (piece,) = render_mermaid(DETAILED, View(details=details_everywhere(text))).pieces
    lines = piece.text.removeprefix(FRONT_MATTER).split("\n")
    assert [line for line in lines if line and not MERMAID_STATEMENT.fullmatch(line.strip(" "))] == []


@pytest.mark.parametrize("text", [*HOSTILE, "x" * 10_000])
def test_no_detail_reaches_the_terminal_raw(text: str) -> None:
    assert _raw(render_outline(DETAILED, View(details=details_everywhere(text)), color=False)) == []
