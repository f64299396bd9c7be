"""The parts of a page that a server keeps up to date: links to other views, problems, and the stream of changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from stepgraph.escaping.json_strings import script_data
from stepgraph.escaping.markup import html_prose, markup_text
from stepgraph.render.html.live_actions import LiveAction, action_list
from stepgraph.render.html.source import FileExcerpt
from stepgraph.render.svg.theme import SCOPE

_MAX_PROBLEMS: Final = 20
"""The maximum number of problems that a page lists."""

_STOPPED: Final = "The server has stopped. Start stepgraph serve again, and this page continues."


class PageLink(Struct, frozen=True):
    """A link to another page of the server."""

    url: str
    text: str
    is_current: bool = False
    """Whether the link leads to the page itself."""
    count: int | None = None
    """The number of items on the page, to show beside the text."""


class LiveProblem(Struct, frozen=True):
    """A reason why a file cannot be read or analyzed now."""

    location: str
    message: str
    url: str = ""
    """The URL that opens the location in an editor, or an empty string."""
    excerpt: FileExcerpt | None = None


class LivePage(Struct, frozen=True):
    """The connection of a page to its server."""

    state: str
    """The identity of the state of the project that the page shows."""
    events: str
    """The path of the stream of changes."""
    title: str
    """The heading: the title of the project or of a workflow."""
    home: PageLink | None = None
    """The link to the page of the project, or None on that page."""
    links: Sequence[PageLink] = ()
    """The links to the views of a workflow."""
    remark: str = ""
    """A remark on the view, such as the compared versions, or an empty string."""
    problems: Sequence[LiveProblem] = ()
    """The reasons why files cannot be read or analyzed now."""
    actions: Sequence[LiveAction] = ()
    """The requests that a reader can send."""
    is_old: bool = False
    """Whether the page shows an earlier state, because the file of the workflow cannot be analyzed now."""

    def header(self) -> Iterator[str]:
        """Yield the lines of the heading, the links, the problems and the actions."""
        yield '<header class="masthead">'
        if self.home is not None:
            yield f'<a class="home" href="{markup_text(self.home.url)}">{markup_text(self.home.text)}</a>'
        yield f"<h1>{markup_text(self.title)}</h1>"
        yield '<p class="status" hidden>Live</p>'
        yield "</header>"
        if self.links:
            yield '<nav class="bar" aria-label="Views">'
            yield '<div class="views">'
            yield from map(_link, self.links)
            yield "</div>"
            if self.remark:
                yield f'<p class="remark">{markup_text(self.remark)}</p>'
            yield "</nav>"
        yield f'<p class="connection" role="status" data-stopped="{_STOPPED}" hidden></p>'
        yield from self._problems()
        yield from action_list(self.actions)

    def data(self) -> str:
        """Return the element with the data for the script."""
        data = script_data({"state": self.state, "events": self.events})
        return f'<script type="application/json" id="{SCOPE}.live">{data}</script>'

    def _problems(self) -> Iterator[str]:
        if not self.problems:
            return
        css = "problems is-old" if self.is_old else "problems"
        yield f'<section class="{css}" role="alert" tabindex="0" aria-label="Problems">'
        if self.is_old:
            yield "<p>This page shows the last state without this problem:</p>"
        for problem in self.problems[:_MAX_PROBLEMS]:
            yield from _problem(problem)
        if len(self.problems) > _MAX_PROBLEMS:
            yield f"<p>{len(self.problems) - _MAX_PROBLEMS} more problems</p>"
        yield "</section>"


def location_link(location: str, url: str) -> str:
    """Return a source location, with a link that opens it in an editor if there is a URL."""
    code = f"<code>{markup_text(location)}</code>"
    if not url:
        return code
    target = ' target="_blank"' if url.startswith("http") else ""
    return f'<a class="file" href="{markup_text(url)}"{target} rel="noopener noreferrer">{code}</a>'


def _link(link: PageLink) -> str:
    current = ' aria-current="page"' if link.is_current else ""
    count = "" if link.count is None else f' <span class="number">{link.count}</span>'
    return f'<a href="{markup_text(link.url)}"{current}>{markup_text(link.text)}{count}</a>'


def _problem(problem: LiveProblem) -> Iterator[str]:
    yield '<div class="problem">'
    yield f"<p>{location_link(problem.location, problem.url)} {html_prose(problem.message)}</p>"
    if problem.excerpt is not None:
        yield from problem.excerpt.html()
    yield "</div>"
