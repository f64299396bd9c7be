"""The formats of workflows: what each is called, what can stand in it, and what draws it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.cli.command_error import CommandError
from stepgraph.cli.exit_code import ExitCode
from stepgraph.cli.subject import Subject
from stepgraph.cli.terminal import Look

if TYPE_CHECKING:
    from stepgraph.model.payload import Graph
    from stepgraph.render.view import View

_FOLDING: Final = frozenset({"--depth", "--collapse"})
_PICTURE: Final = _FOLDING | {"--expand", "--theme", "--legend", "--engine"}


MARKDOWN: Final = ".md"
"""The end of files of Markdown, in which charts of Mermaid can stand."""


class Style(Struct, frozen=True):
    """How a drawing is to be made: what is shown of a graph, by what it is laid out, and for what terminal.

    `in_markdown` says that the file is Markdown, whatever is drawn.
    """

    view: View
    engine: str
    look: Look
    in_markdown: bool = False


class Rendering(Struct, frozen=True):
    """A text to print or write, and what is to be said about it, a line each.

    `suffix` is that of a file for it, if it is another than that of its format.
    """

    text: str
    warnings: tuple[str, ...] = ()
    suffix: str = ""


class Format(Struct, frozen=True):
    """A format: its name, and the end of the names of files in it.

    `draw` is given workflows that have a graph, no more than one of them unless the format `holds_several`. `options`
    are those that it heeds. A format that `shows_notes` has them beside the graph. One that is the API's `answer` is
    no drawing: it has dates, and says also that there is no graph, so it is given all workflows. One that
    `shows_places` says where nodes of the graph come from.
    """

    name: str
    suffix: str
    draw: Callable[[Sequence[Subject], Style], Rendering]
    options: frozenset[str] = frozenset()
    holds_several: bool = True
    shows_notes: bool = False
    answer: bool = False
    shows_places: bool = False


# Each import below is made by the format that needs it, for start-up.


def _text(subjects: Sequence[Subject], style: Style) -> Rendering:
    """Return outlines, an empty line between them."""
    from stepgraph.render.outline.outline import render_outline

    colour, width = style.look.colour, style.look.width
    outlines = [
        render_outline(graph, _view(one, style), colour=colour, notes=one.notes, width=width, place=one.place())
        for one, graph in _with_graphs(subjects)
    ]
    return Rendering("\n".join(outlines))


def _json(subjects: Sequence[Subject], _style: Style) -> Rendering:
    """Return a version graph, or an array of them where there are several workflows."""
    from stepgraph.json_text import pretty_json

    answers = [one.answer() for one in subjects if one.answer is not None]
    return Rendering(pretty_json(answers[0] if len(answers) == 1 else answers))


def _dot(subjects: Sequence[Subject], style: Style) -> Rendering:
    """Return DOT graphs, one after another."""
    from stepgraph.render.flow.dot import render_dot

    return Rendering("".join(render_dot(graph, _view(one, style)) for one, graph in _with_graphs(subjects)))


def _svg(subjects: Sequence[Subject], style: Style) -> Rendering:
    """Return the picture of the one workflow."""
    if style.engine == "dot":
        return Rendering(_svg_of_dot(_dot(subjects, style).text))
    from stepgraph.render.svg.document import render_svg

    ((subject, graph),) = _with_graphs(subjects)
    drawing = render_svg(graph, _view(subject, style))
    return Rendering(drawing.text, (f"{subject.name}: {drawing.warning}",) if drawing.warning else ())


def _svg_of_dot(source: str) -> str:
    from stepgraph.render.flow.dot_engine import DotEngineError, svg_of

    try:
        return svg_of(source)
    except DotEngineError as error:
        raise CommandError(ExitCode.ERROR, f"{error}.") from None


def _mermaid(subjects: Sequence[Subject], style: Style) -> Rendering:
    """Return a chart or, where that does not do for one workflow or for several, a page of Markdown with charts."""
    from stepgraph.render.flow.mermaid_document import is_one_diagram, mermaid_document, render_mermaid

    drawings = [render_mermaid(graph, _view(one, style)) for one, graph in _with_graphs(subjects)]
    pieces = [piece for drawing in drawings for piece in drawing.pieces]
    messages = tuple(message for drawing in drawings for message in drawing.messages)
    text = mermaid_document(pieces, in_markdown=style.in_markdown)
    return Rendering(text, messages, "" if is_one_diagram(pieces) else MARKDOWN)


def _html(subjects: Sequence[Subject], style: Style) -> Rendering:
    """Return one page for all workflows."""
    from stepgraph.render.html.page import Page, render_page

    pages = [
        Page(
            one.graph,
            one.name,
            one.place_of,
            [str(note) for note in one.notes],
            one.complete,
            one.place(),
            one.details(),
        )
        for one in subjects
    ]
    return Rendering(render_page(pages, style.view))


def _view(subject: Subject, style: Style) -> View:
    """Return how a workflow is drawn, with the source text beside its graph."""
    return replace(style.view, details=subject.details())


def _with_graphs(subjects: Sequence[Subject]) -> Iterator[tuple[Subject, Graph]]:
    return ((one, one.graph) for one in subjects if one.graph is not None)


_ALL: Final = (
    Format("text", ".txt", _text, _FOLDING, shows_notes=True),
    Format("json", ".json", _json, answer=True),
    Format("dot", ".dot", _dot, _FOLDING),
    Format("svg", ".svg", _svg, _PICTURE, holds_several=False),
    Format("html", ".html", _html, _PICTURE - {"--engine"}, shows_notes=True, shows_places=True),
    Format("mermaid", ".mmd", _mermaid, _FOLDING),
)

FORMATS: Final = {form.name: form for form in _ALL}
DRAWINGS: Final = {form.name: form for form in _ALL if not form.answer}
