"""The section of a workflow in a page: summary, picture, notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from stepgraph.escaping.markup import markup_text
from stepgraph.model.details import NO_DETAILS, Details
from stepgraph.model.payload import Graph, Node
from stepgraph.model.walk import count_steps, functions_of
from stepgraph.phrases import counted
from stepgraph.render.folding import BodyTexts
from stepgraph.render.html.facts import facts
from stepgraph.render.html.picture import FoldablePicture

NO_GRAPH: Final = "No step of this workflow can run, so there is no graph of it."
TOO_DEEP: Final = "This workflow is nested too deeply to be drawn in a page. It can be drawn as SVG."


class Page(Struct, frozen=True):
    """A workflow for a page."""

    graph: Graph | None
    """None if the workflow has no graph; `notes` give the reason."""

    name: str
    places: Callable[[Node], str] | None = None
    """Returns the source location of a node (`src/orders.py:12`), or an empty string."""

    notes: Sequence[str] = ()
    complete: bool | None = None
    """Whether the graph is complete; None if unknown."""

    source: str = ""
    """The source location of the workflow."""

    details: Details = NO_DETAILS


class Section(Struct, frozen=True):
    """A workflow with its picture."""

    page: Page
    identity: str
    """The prefix of all identities in the section."""

    picture: FoldablePicture | None
    """None without a graph, and for graphs that are nested too deeply."""

    title: str
    """The title of the page; a section with the same name hides its own heading."""

    def lines(self) -> Iterator[str]:
        """Yield the lines of the section."""
        name = markup_text(self.page.name)
        yield f'<section class="workflow" id="{self.identity}.section" aria-labelledby="{self.identity}.heading">'
        yield '<header class="summary">'
        hidden = ' class="said"' if self.page.name == self.title else ""
        yield f'<h2{hidden} id="{self.identity}.heading">{name}</h2>'
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
        """Return the data for the script, as JSON data."""
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
