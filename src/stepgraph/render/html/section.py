"""The section of a page for one workflow: what it is, its picture, and notes on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from stepgraph.escaping.markup import markup_text
from stepgraph.model.details import NO_DETAILS, Details
from stepgraph.model.payload import Graph, Node
from stepgraph.model.walk import count_steps, functions_of
from stepgraph.phrases.durations import counted
from stepgraph.render.folding import BodyTexts
from stepgraph.render.html.facts import facts
from stepgraph.render.html.picture import FoldablePicture

NO_GRAPH: Final = "No step of this workflow can run, so there is no graph of it."
TOO_DEEP: Final = "This workflow is nested too deeply to be drawn in a page. It can be drawn as SVG."


class Page(Struct, frozen=True):
    """A workflow as a page shows it. `graph` is None where there is none; `notes` say why.

    `places` gives where a node of the graph comes from (`src/orders.py:12`), or nothing; `source` is where the workflow
    itself stands. Whether the graph is complete is said if it is known.
    """

    graph: Graph | None
    name: str
    places: Callable[[Node], str] | None = None
    notes: Sequence[str] = ()
    complete: bool | None = None
    source: str = ""
    details: Details = NO_DETAILS


class Section(Struct, frozen=True):
    """A workflow, the identity of its picture, which all others in the section begin with, and the picture, if any.

    `title` is that of the page: a name that it says already is not shown once more.
    """

    page: Page
    identity: str
    picture: FoldablePicture | None
    title: str

    def lines(self) -> Iterator[str]:
        """Yield the lines of the section."""
        name = markup_text(self.page.name)
        yield f'<section class="workflow" id="{self.identity}.section" aria-labelledby="{self.identity}.heading">'
        yield '<header class="summary">'
        said = ' class="said"' if self.page.name == self.title else ""
        yield f'<h2{said} id="{self.identity}.heading">{name}</h2>'
        yield from self._summary()
        yield "</header>"
        if self.picture is None:
            yield f'<p class="nothing" id="{self.identity}">{TOO_DEEP if self.page.graph else NO_GRAPH}</p>'
        else:
            yield f'<div class="viewport" tabindex="0" role="region" aria-label="Picture of {name}">'
            yield from self.picture.lines
            yield "</div>"
        yield from self._notes()
        yield "</section>"

    def data(self) -> dict[str, object]:
        """Return what the script has to know of the workflow, as JSON data."""
        if self.page.graph is None or self.picture is None:
            return {"identity": self.identity, "definitions": [], "folded": [], "nodes": {}}
        bodies, places = BodyTexts(functions_of(self.page.graph["workflow"])), self.page.places
        return {
            "identity": self.identity,
            "definitions": self.picture.definitions,
            "folded": self.picture.folded,
            "nodes": {
                identity: facts(node, bodies, self.page.details.of(node)).as_json(places(node) if places else "")
                for identity, node in self.picture.nodes.items()
            },
        }

    def _summary(self) -> Iterator[str]:
        page = self.page
        yield "<ul>"
        if page.graph is not None:
            workflow = page.graph["workflow"]
            if workflow["class_name"] != page.name:
                yield f"<li><code>{markup_text(workflow['class_name'])}</code></li>"
            yield f"<li>{counted(count_steps(workflow), 'step')}</li>"
        if page.source:
            yield f"<li><code>{markup_text(page.source)}</code></li>"
        if page.complete is not None:
            word = "complete" if page.complete else "incomplete"
            yield f'<li><strong class="badge {word}">{word}</strong></li>'
        yield "</ul>"

    def _notes(self) -> Iterator[str]:
        notes = [*self.page.notes, *self._own_notes()]
        if notes:
            yield f'<details class="notes"><summary>Notes <span class="count">{len(notes)}</span></summary>'
            yield "<ol>"
            yield from (f"<li>{markup_text(note)}</li>" for note in notes)
            yield "</ol>"
            yield "</details>"

    def _own_notes(self) -> Iterator[str]:
        if self.picture and self.picture.depth is not None:
            yield f"Below {counted(self.picture.depth, 'level')}, all is drawn folded: a page cannot hold more of them."
