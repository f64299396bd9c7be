"""A version graph as an outline for the terminal: its header, its tree of rows, and its notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from stepgraph.limits import INDENTED_LEVELS
from stepgraph.model.note import Note
from stepgraph.model.walk import called_functions, count_steps, functions_of
from stepgraph.phrases import counted, incomplete_text, payload_text
from stepgraph.render.folding import BodyTexts
from stepgraph.render.outline_pieces import FindingSigns
from stepgraph.render.outline_rows import NO_STEPS, Row, RowMaker
from stepgraph.render.terminal import Ink, LinePiece, Terminal
from stepgraph.render.view import DEFAULT_VIEW, View

if TYPE_CHECKING:
    from stepgraph.model.payload import Graph, Node
    from stepgraph.render.outline_progress import ProgressPieces

FOLDED_AWAY = "Functions that are called in folded parts"
UNREACHED = "Functions that are never called"


def render_outline(
    graph: Graph,
    view: View = DEFAULT_VIEW,
    *,
    color: bool,
    notes: Sequence[Note] = (),
    width: int | None = None,
    location: str = "",
) -> str:
    """Return the outline of a graph. Only the title, the state, the folding, the details and the findings apply.

    `location` is the source location of the workflow (`src/orders.py:12`). The header reports whether the graph is
    complete, according to the state or the notes. For graphs without a location, such as saved graphs, the header
    reports only an incomplete graph. Lines except notes are clipped to `width` cells.
    """
    terminal = Terminal(color=color, width=width)
    workflow = graph["workflow"]
    lines = [terminal.line(_header(graph, view, notes, location))]
    if "payload" in workflow:
        lines.append(terminal.line([LinePiece(payload_text(workflow["payload"]), Ink.QUIET, elastic=True)]))
    lines += map(terminal.line, tree_lines(graph, view))
    lines += (Terminal(color=color, width=None).line(pieces) for pieces in _notes(notes))
    return "\n".join([*lines, ""])


def tree_lines(graph: Graph, view: View) -> Iterator[Sequence[LinePiece]]:
    """Yield the lines of an outline below its header, without notes."""
    workflow = graph["workflow"]
    functions = functions_of(workflow)
    called = called_functions(workflow["nodes"], functions)
    maker = RowMaker(
        functions,
        BodyTexts(functions),
        called,
        view.folding,
        details=view.details,
        signs=FindingSigns(view.findings),
        progress=_progress_pieces(graph, view),
    )
    yield from _tree(maker.contents(workflow, workflow["nodes"]), maker)
    yield from _separate(FOLDED_AWAY, maker.unreached(called=True), maker)
    yield from _separate(UNREACHED, maker.unreached(called=False), maker)


def _progress_pieces(graph: Graph, view: View) -> ProgressPieces | None:
    if view.progress is None:
        return None
    # Imported here because most outlines have no instance, and start-up time counts.
    from stepgraph.render.outline_progress import OutlinePhrases, ProgressPieces

    return ProgressPieces(view.progress, OutlinePhrases.of(view.progress, graph["workflow"]))


def _header(graph: Graph, view: View, notes: Sequence[Note], location: str) -> list[LinePiece]:
    workflow = graph["workflow"]
    pieces = [LinePiece(view.title_of(workflow), Ink.STRONG, elastic=True), LinePiece("  ")]
    if location:
        pieces += [LinePiece(location, Ink.QUIET, elastic=True), LinePiece("  ")]
    pieces.append(LinePiece(counted(count_steps(workflow), "step")))
    if state := view.state or incomplete_text(sum(note.incomplete for note in notes)):
        pieces += [LinePiece(" · "), LinePiece(state, Ink.WARNING)]
    elif location:
        pieces.append(LinePiece(" · complete"))
    return pieces


def _tree(below: Sequence[Row | Node], maker: RowMaker, level_of_nodes: int = 1) -> Iterator[list[LinePiece]]:
    """Yield the lines of a tree without its root."""
    if not below:
        yield [LinePiece(f"└─ {NO_STEPS}", Ink.QUIET)]
    margins = [""]
    for line in maker.lines(below, level_of_nodes):
        del margins[line.depth + 1 :]
        margin = margins[line.depth]
        branch, indent = ("└─ ", "   ") if line.is_last else ("├─ ", "│  ")
        yield [LinePiece(margin + branch, Ink.QUIET), *line.row.pieces]
        margins.append(_margin(margin + indent, line.depth + 1))


def _margin(margin: str, depth: int) -> str:
    """Return the margin of lines at a depth. It restarts at regular depths, which bounds its length."""
    return margin if depth % INDENTED_LEVELS else f"⋯{depth} "


def _separate(heading: str, rows: Iterator[Row], maker: RowMaker) -> Iterator[list[LinePiece]]:
    """Yield the lines of separate rows below a heading. Without rows, yield nothing."""
    for number, row in enumerate(rows):
        if number == 0:
            yield []
            yield [LinePiece(heading, Ink.STRONG)]
        yield list(row.pieces)
        if row.below:
            yield from _tree(row.below, maker, row.level)


def _notes(notes: Sequence[Note]) -> Iterator[list[LinePiece]]:
    for number, note in enumerate(notes, start=1):
        if number == 1:
            yield []
            yield [LinePiece("Notes", Ink.STRONG)]
        yield [LinePiece(f"{number}. "), LinePiece(note.label, Ink.WARNING), LinePiece(f"  {note.span}")]
        yield [LinePiece(f"   {note.message}")]
        if note.advice:
            yield [LinePiece(f"   {note.advice}", Ink.QUIET)]
