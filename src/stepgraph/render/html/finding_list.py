"""The list of findings and notes below a picture. Each leads to its step and to the documentation of its rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from stepgraph.escaping.markup import html_prose, markup_text
from stepgraph.escaping.plain_text import visible
from stepgraph.model.span import Span
from stepgraph.phrases import counted
from stepgraph.render.findings import LEVEL_WORDS, LEVELS, FindingLevel, ShownFinding

MAX_OPEN: Final = 3
"""The maximum number of findings at which the list is initially open."""


class ListedFinding(Struct, frozen=True):
    """A finding with a link to its figure."""

    finding: ShownFinding
    identity: str = ""
    """The figure in the picture, or an empty string if no figure shows the finding."""

    name: str = ""
    """The text of the link."""


def finding_list(listed: Sequence[ListedFinding], source_url: Callable[[Span], str], *, checked: bool) -> Iterator[str]:
    """Yield the lines of the list, or none for an empty list. Without a check, it contains only notes.

    `source_url` returns the URL of a source location, or an empty string.
    """
    if not listed:
        return
    opened = " open" if len(listed) <= MAX_OPEN else ""
    heading = "Findings" if checked else "Notes"
    counts = " ".join(_counts([each.finding.level for each in listed]))
    yield f'<details class="notes"{opened}><summary>{heading} {counts}</summary>'
    yield "<ol>"
    for each in listed:
        yield from _item(each, source_url)
    yield "</ol>"
    yield "</details>"


def _counts(levels: Sequence[FindingLevel]) -> Iterator[str]:
    counts = Counter(levels)
    for level in LEVELS:
        if counts[level]:
            number, word = counts[level], LEVEL_WORDS[level]
            text = f"{number} {word}" if level == "gap" else counted(number, word)
            yield f'<span class="level is-{level}">{text}</span>'


def _item(listed: ListedFinding, source_url: Callable[[Span], str]) -> Iterator[str]:
    finding = listed.finding
    yield "<li>"
    yield f'<span class="level is-{finding.level}">{LEVEL_WORDS[finding.level]}</span>'
    if finding.url:
        yield _link(finding.url, _text(finding.code), "rule", "Documentation of the rule")
    message, advice = html_prose(visible(finding.message)), html_prose(visible(finding.advice))
    yield f'<p><span class="message">{message}</span> <span class="advice">{advice}</span></p>'
    if listed.identity:
        yield f'<a class="place" href="#{listed.identity}">{_text(listed.name)}</a>'
    if finding.span is not None:
        location, url = f"<code>{_location(finding.span)}</code>", source_url(finding.span)
        yield _link(url, location, "file", "Open the source code") if url else location
    yield "</li>"


def _location(span: Span) -> str:
    """Return a location in HTML, which may break before the line number."""
    path, line, column = str(span).rsplit(":", 2)
    return f"{_text(path)}<wbr>:{line}:{column}"


def _link(url: str, content: str, css: str, title: str) -> str:
    """Return a link with content in HTML. A web page opens in a new tab, and an editor beside the page."""
    target = ' target="_blank"' if url.startswith("http") else ""
    return f'<a class="{css}" href="{markup_text(url)}"{target} rel="noopener noreferrer" title="{title}">{content}</a>'


def _text(text: str) -> str:
    return markup_text(visible(text))
