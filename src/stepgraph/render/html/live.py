"""The parts of a page that a server keeps up to date: links to other views, problems, and the stream of changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from stepgraph.escaping.json_strings import script_data
from stepgraph.escaping.markup import html_prose, markup_text
from stepgraph.render.html.source import FileExcerpt
from stepgraph.render.svg.theme import SCOPE

Method: TypeAlias = Literal["POST", "PATCH"]
BodyKind: TypeAlias = Literal["params", "json", "fixed", "choice"]
"""The body of the request: for `params`, an object with the id and the JSON in the form; for `json`, the JSON in the
form; for `fixed`, the text of the action; for `choice`, the body of the chosen option."""


class FormOption(Struct, frozen=True):
    """An option of a form."""

    label: str
    body: str


class LiveAction(Struct, frozen=True):
    """A request that a reader of the page can send."""

    label: str
    """The text of the button: `Send event paid`."""
    method: Method
    url: str
    kind: BodyKind
    text: str = ""
    """The initial text of the form, or the body of the request for the kind `fixed`."""
    question: str = ""
    """The question to confirm the request, or an empty string for a request without one."""
    result_url: str = ""
    """The beginning of the URL to open with the id in the response, or an empty string to stay on the page."""
    choices: Sequence[FormOption] = ()
    """The options of the kind `choice`."""
    advice: str = ""
    """A sentence below the form, or an empty string."""
    is_main: bool = False
    """Whether the request is the most probable one on its page."""


def action_list(actions: Sequence[LiveAction]) -> Iterator[str]:
    """Yield the lines of the forms. Without the script, they are hidden."""
    if not actions:
        return
    yield '<section class="requests" aria-label="Actions" hidden>'
    for action in actions:
        yield from _form(action)
    yield '<p class="outcome" role="status"></p>'
    yield "</section>"


def _form(action: LiveAction) -> Iterator[str]:
    data = {
        "method": action.method,
        "url": action.url,
        "kind": action.kind,
        "question": action.question,
        "result": action.result_url,
    }
    attributes = " ".join(f'data-{name}="{markup_text(value)}"' for name, value in data.items() if value)
    label, css = markup_text(action.label), ' class="main"' if action.is_main else ""
    if action.kind == "fixed":
        yield f'<form {attributes} data-body="{markup_text(action.text)}"><button{css}>{label}</button></form>'
        return
    yield f"<details{css}><summary>{label}</summary><form {attributes}>"
    if action.kind == "choice":
        yield from _choices(action)
    else:
        yield from _fields(action)
    if action.advice:
        yield f'<p class="advice">{markup_text(action.advice)}</p>'
    yield f'<button class="main">{label}</button>'
    yield "</form></details>"


def _choices(action: LiveAction) -> Iterator[str]:
    yield '<label>Step<select name="choice">'
    for choice in action.choices:
        yield f'<option value="{markup_text(choice.body)}">{markup_text(choice.label)}</option>'
    yield "</select></label>"


def _fields(action: LiveAction) -> Iterator[str]:
    if action.kind == "params":
        yield '<label>Id<input name="id" autocomplete="off" spellcheck="false" placeholder="generated"></label>'
    title = "Parameters as JSON" if action.kind == "params" else "Payload as JSON"
    # Line breaks are part of the text, so it is not escaped as one line.
    lines = action.text.splitlines()
    text = "\n".join(map(markup_text, lines))
    yield f'<label>{title}<textarea name="json" rows="{min(max(3, len(lines) + 1), 14)}" spellcheck="false">'
    yield f"{text}</textarea></label>"


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
