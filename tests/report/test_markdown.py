"""Reports as Markdown, rendered by GitHub's parser."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from stepgraph.checks.diagnostic import Severity
from stepgraph.escaping.markdown import cell, code, fenced, prose
from stepgraph.escaping.plain_text import log_lines, visible
from stepgraph.render.flow.mermaid import utf16_length
from stepgraph.render.flow.mermaid_document import MAX_LENGTH
from stepgraph.report.markdown import render_markdown
from tests.render.graphs import do
from tests.render.graphs import graph as graph_of
from tests.report.example import example
from tests.report.reports import HOSTILE, everywhere, finding, report, span, workflow

ANY_TEXT = st.text(alphabet=st.characters(codec=None), max_size=60)
OUR_TAGS = {"h2", "h3", "p", "strong", "a", "code", "pre", "table", "thead", "tbody", "tr", "th", "td", "ul", "li"} | {
    "details",
    "summary",
}


class Reading(HTMLParser):
    """The rendered page: text by tag, all tags and links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: set[str] = set()
        self.text = ""
        self.calling = ""
        self._open: list[str] = []
        self.feed(cmarkgfm.github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._open.append(tag)
        self.links |= {value or "" for key, value in attrs if key in {"href", "src"}}

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += data
        if not {"code", "pre", "a"} & set(self._open):
            self.calling += data


def test_realistic_report(snapshot: SnapshotAssertion) -> None:
    assert render_markdown(example()) == snapshot


def test_heading_is_the_verdict() -> None:
    assert render_markdown(report()).splitlines()[0] == "## ✅ Workflow check: no findings in 1 workflow"
    assert render_markdown(report(finding())).splitlines()[0] == "## ❌ Workflow check: 1 error in 1 workflow"
    assert render_markdown(report(workflows=[])) == (
        "## ⚠️ Workflow check: no workflow was found, so nothing was checked\n"
    )


def test_findings_are_grouped_by_severity() -> None:
    sample = report(finding(severity=Severity.WARNING), finding(), finding(severity=Severity.NOTE), finding())
    headings = [line for line in render_markdown(sample).splitlines() if line.startswith("### ")]
    assert headings == ["### 2 errors", "### 1 warning", "### 1 note"]


def test_locations_are_links_if_commit_is_known() -> None:
    sample = report(finding(at=span("a b.py")), files={"a b.py": ""}, workflows=[])
    assert "at `a b.py:4:9`" in render_markdown(sample)
    linked = render_markdown(replace(sample, source_url="https://github.com/o/r/blob/c0ffee"))
    assert "at [`a b.py:4:9`](<https://github.com/o/r/blob/c0ffee/a%20b.py#L4>)" in linked


@pytest.mark.slow
def test_quiet_omits_summary() -> None:
    text = render_markdown(example(), quiet=True)
    assert "### 2 errors" in text
    assert "| Workflow |" not in text
    assert "<details>" not in text


def test_required_graph_is_reported() -> None:
    text = render_markdown(replace(report(workflows=[workflow(has_dag=False)]), require_dag=True))
    assert "- the graph of the workflow `orders` is missing, but --require-dag requires a complete one." in text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_escaped(text: str) -> None:
    _check_reading(text)


@pytest.mark.slow
@settings(max_examples=80)
@given(ANY_TEXT)
def test_any_text_is_escaped_as_markup(text: str) -> None:
    _check_reading(text)


def _check_reading(text: str) -> None:
    markdown = render_markdown(everywhere(text, 3))
    reading = Reading(markdown)
    assert reading.tags <= OUR_TAGS
    assert all("/docs/reference/rules/SG118.md" in link for link in reading.links)
    assert re.search(r"[@#]\w", reading.calling) is None
    for number in range(3):
        assert reading.text.count(f"m{number}m ") + reading.text.count(f"m{number}m\n") == 1


@given(ANY_TEXT)
def test_prose_and_code_are_unchanged(text: str) -> None:
    shown = visible(text)
    assert _words(Reading(prose(text)).text) == _words(shown.replace("`", "") if _paired(shown) else shown)
    assert Reading(code(text)).text.removesuffix("\n") == (shown or "\xa0")
    assert _words(Reading(f"| a |\n| --- |\n| {cell(text)} |\n").text.replace("a", "", 1)) == _words(shown)


def _paired(text: str) -> bool:
    return text.count("`") % 2 == 0


def _words(text: str) -> str:
    return "".join(text.replace("\u200b", "").split())


@given(ANY_TEXT)
def test_fence_contains_any_text(text: str) -> None:
    safe = log_lines(visible(text))  # without commands for CI runners
    assert Reading(fenced(safe, "text")).text.rstrip("\n") == safe


@pytest.mark.slow
def test_diagrams_are_omitted_first() -> None:
    large = graph_of(*(do(f"a step of some length, number {number}") for number in range(300)))
    sample = report(finding(), workflows=[workflow(f"w{number}", graph=large) for number in range(4)])
    text = render_markdown(sample)
    assert utf16_length(text) < MAX_LENGTH
    assert "2 diagrams would exceed GitHub's limit. Run `stepgraph graph` to see all diagrams." in text
    assert "the step 'charge' is called" in text


@pytest.mark.slow
def test_excerpts_are_omitted_before_findings() -> None:
    source = {"src/orders.py": "\n".join(["x" * 100] * 10)}
    some = render_markdown(report(*([finding()] * 180), files=source))
    assert utf16_length(some) < MAX_LENGTH
    assert "Excerpts are omitted, because they would exceed GitHub's limit." in some
    assert some.count("the step 'charge' is called") == 180
    many = render_markdown(report(*([finding()] * 2000), files=source))
    assert utf16_length(many) < MAX_LENGTH
    count = many.count("the step 'charge' is called")
    assert (
        f"{2000 - count} more findings would exceed GitHub's limit. Run `stepgraph check` to see all findings." in many
    )


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 30])
def test_report_fits_githubs_limit(count: int) -> None:
    text = "|\\<@" * 1000
    workflows = [workflow(text, text, has_dag=False)] * count
    sample = replace(report(*([finding(text, text, at=span(text), workflow=text)] * count), workflows=workflows))
    assert utf16_length(render_markdown(replace(sample, require_dag=True))) < MAX_LENGTH
