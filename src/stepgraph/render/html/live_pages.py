"""The pages of a server without a picture: lists of workflows and instances, findings, and text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from stepgraph.escaping.markup import html_prose, markup_text
from stepgraph.phrases import counted
from stepgraph.render.findings import LEVEL_WORDS, FindingLevel, ShownFinding
from stepgraph.render.html.document import Head, asset, document, script_of
from stepgraph.render.html.live import LivePage, location_link
from stepgraph.render.html.page import color_rules
from stepgraph.render.html.source import FileExcerpt

_MAX_SEARCHED: Final = 1
"""The maximum number of items of a list without a search field."""


class ListedItem(Struct, frozen=True):
    """A workflow or an instance in a list."""

    url: str
    name: str
    """The name of the workflow, or the id of the instance."""
    detail: str = ""
    """The name of the class, or an empty string."""
    facts: str = ""
    """Short facts: `6 steps`, or the time of the creation."""
    levels: Sequence[tuple[FindingLevel, str]] = ()
    """The numbers of findings with their levels: `2 warnings`."""
    place: str = ""
    """The source location, or an empty string."""
    state: str = ""
    """A remark on an incomplete or old graph, the status of an instance, or an empty string."""
    group: str = ""
    """The name of the group, such as a Worker. Items of a group follow each other."""


class ExcerptedFinding(Struct, frozen=True):
    """A finding with its source code."""

    finding: ShownFinding
    excerpt: FileExcerpt | None = None
    editor_url: str = ""
    """The URL that opens the location in an editor, or an empty string."""
    step: str = ""
    """The name of the step that the finding concerns, or an empty string."""
    step_url: str = ""
    """The URL of the step in the picture, or an empty string."""


class ListPage(Struct, frozen=True):
    """A list that can be searched."""

    noun: str
    """The kind of the items: `workflow`."""
    items: Sequence[ListedItem]
    empty: str
    """The explanation of an empty list."""
    filters_states: bool = False
    """Whether the items can be filtered by their state."""
    findings: Sequence[ExcerptedFinding] = ()
    """The findings about none of the items, such as those in configurations."""


def render_list(page: ListPage, live: LivePage) -> str:
    """Return the page of a list."""
    return _document(_list(page), live, "live/list")


def render_findings(findings: Sequence[ExcerptedFinding], live: LivePage) -> str:
    """Return the page of the findings of a workflow."""
    return _document(_findings(findings), live)


def render_text(text: str, live: LivePage) -> str:
    """Return a page with text, whose line breaks and spaces are kept."""
    lines = "\n".join(map(markup_text, text.splitlines()))
    return _document(["<main>", f'<pre class="text" tabindex="0">{lines}</pre>', "</main>"], live)


def render_message(text: str, live: LivePage) -> str:
    """Return a page with a message in place of a picture."""
    return _document(["<main>", f'<div class="explanation">{_paragraphs(text)}</div>', "</main>"], live)


def _document(lines: Iterable[str], live: LivePage, *scripts: str) -> str:
    style = "\n".join(["", *color_rules("auto"), asset("page.css"), asset("live.css")])
    script = script_of(["making", "live/connection", "live/actions", *scripts, "live/connect"])
    title = live.title if live.home is None else f"{live.title} · {live.home.text}"
    return document(Head(title, "auto", style, script, connects=True), [*live.header(), *lines, live.data()])


def _list(page: ListPage) -> Iterator[str]:
    yield "<main>"
    if page.items:
        yield from _searched_list(page)
    else:
        yield f'<div class="explanation">{_paragraphs(page.empty)}</div>'
    if page.findings:
        yield '<section class="general" aria-label="Findings of the project"><h2>Findings of the project</h2>'
        yield from _finding_list(page.findings)
        yield "</section>"
    yield "</main>"


def _searched_list(page: ListPage) -> Iterator[str]:
    noun, items = page.noun, page.items
    yield '<div class="list">'
    if len(items) > _MAX_SEARCHED:
        yield '<div class="narrow" hidden>'
        yield f'<input type="search" class="filter" aria-label="Search {noun}s" placeholder="Search {noun}s">'
        if page.filters_states:
            yield from _state_filter(items)
        yield "</div>"
    yield f'<p class="count" role="status">{counted(len(items), noun)}</p>'
    yield from _groups(items)
    yield "</div>"


def _state_filter(items: Sequence[ListedItem]) -> Iterator[str]:
    counts = Counter(item.state for item in items if item.state)
    yield '<select class="states" aria-label="Status">'
    yield '<option value="">All</option>'
    for state, count in counts.items():
        yield f'<option value="{markup_text(state)}">{markup_text(state)} ({count})</option>'
    yield "</select>"


def _groups(items: Sequence[ListedItem]) -> Iterator[str]:
    has_groups = len({item.group for item in items}) > 1
    group: str | None = None
    for item in items:
        if item.group != group:
            if group is not None:
                yield "</ul></section>"
            group = item.group
            yield "<section>"
            if has_groups:
                yield f"<h2>{markup_text(group or 'Without a configuration')}</h2>"
            yield "<ul>"
        yield from _item(item)
    yield "</ul></section>"


def _item(item: ListedItem) -> Iterator[str]:
    yield f'<li data-state="{markup_text(item.state)}"><a href="{markup_text(item.url)}">'
    detail = f' <span class="class">{markup_text(item.detail)}</span>' if item.detail else ""
    yield f'<span class="name">{markup_text(item.name)}</span>{detail}'
    yield '<span class="pills">'
    if item.state:
        yield f'<span class="badge" data-state="{markup_text(item.state)}">{markup_text(item.state)}</span>'
    yield from (f'<span class="level is-{level}">{text}</span>' for level, text in item.levels)
    yield "</span>"
    yield f'<span class="facts">{markup_text(item.facts)}</span>'
    if item.place:
        yield f"<code>{markup_text(item.place)}</code>"
    yield "</a></li>"


def _findings(findings: Sequence[ExcerptedFinding]) -> Iterator[str]:
    yield "<main>"
    if findings:
        yield from _finding_list(findings)
    else:
        yield '<div class="explanation"><p>No findings.</p></div>'
    yield "</main>"


def _finding_list(findings: Sequence[ExcerptedFinding]) -> Iterator[str]:
    yield '<ol class="findings">'
    for each in findings:
        yield from _finding(each)
    yield "</ol>"


def _finding(shown: ExcerptedFinding) -> Iterator[str]:
    finding = shown.finding
    yield "<li>"
    yield f'<p class="top"><span class="level is-{finding.level}">{LEVEL_WORDS[finding.level]}</span>'
    if finding.url:
        url, code = markup_text(finding.url), markup_text(finding.code)
        yield f'<a class="rule" href="{url}" target="_blank" rel="noopener noreferrer">{code}</a>'
    if finding.span is not None:
        yield location_link(str(finding.span), shown.editor_url)
    if shown.step_url:
        yield f'<a class="step" href="{markup_text(shown.step_url)}">{markup_text(shown.step)}</a>'
    yield "</p>"
    message, advice = html_prose(finding.message), html_prose(finding.advice)
    yield f'<p class="text">{message} <span class="advice">{advice}</span></p>'
    if shown.excerpt is not None:
        yield from shown.excerpt.html()
    yield "</li>"


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{html_prose(paragraph)}</p>" for paragraph in text.split("\n\n"))
