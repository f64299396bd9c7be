"""Forms of a live page that send requests to the API of the server, such as an event for a waiting instance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from stepgraph.escaping.markup import markup_text

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
