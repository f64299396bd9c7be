"""A version graph as an outline for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from stepgraph.limits import INDENTED_LEVELS
from stepgraph.model.note import Note
from stepgraph.model.payload import Graph, Node
from stepgraph.model.walk import called_functions, count_steps, functions_of
from stepgraph.phrases import counted
from stepgraph.render.folding import BodyTexts
from stepgraph.render.node_text import payload_text
from stepgraph.render.outline.rows import NO_STEPS, Row, RowMaker
from stepgraph.render.terminal import Ink, Piece, Terminal
from stepgraph.render.view import DEFAULT_VIEW, View

FOLDED_AWAY = "Functions that are called in what is folded"
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
    """Return the outline of a graph. Of the view, the folding and the details apply.

    `location` is the source location of the workflow (`src/orders.py:12`). The header reports completeness, by the
    notes; for graphs without a location, such as saved ones, only incompleteness. Lines except notes are clipped to
    `width` cells.
    """
    terminal = Terminal(color=color, width=width)
    workflow = graph["workflow"]
    functions = functions_of(workflow)
    called = called_functions(workflow["nodes"], functions)
    maker = RowMaker(functions, BodyTexts(functions), called, view.folding, details=view.details)
    lines = [terminal.line(_header(graph, notes, location))]
    if "payload" in workflow:
        lines.append(terminal.line([Piece(payload_text(workflow["payload"]), Ink.QUIET, elastic=True)]))
    lines += (terminal.line(pieces) for pieces in _tree(workflow["nodes"], maker))
    lines += (terminal.line(pieces) for pieces in _separate(FOLDED_AWAY, maker.unreached(called=True), maker))
    lines += (terminal.line(pieces) for pieces in _separate(UNREACHED, maker.unreached(called=False), maker))
    lines += (Terminal(color=color, width=None).line(pieces) for pieces in _notes(notes))
    return "\n".join([*lines, ""])


def _header(graph: Graph, notes: Sequence[Note], location: str) -> list[Piece]:
    workflow = graph["workflow"]
    pieces = [Piece(workflow["class_name"], Ink.STRONG, elastic=True), Piece("  ")]
    if location:
        pieces += [Piece(location, Ink.QUIET, elastic=True), Piece("  ")]
    pieces.append(Piece(counted(count_steps(workflow), "step")))
    if any(note.incomplete for note in notes):
        pieces += [Piece(" · "), Piece("incomplete", Ink.WARNING)]
    elif location:
        pieces.append(Piece(" · complete"))
    return pieces


class _Level(Struct):
    """Siblings yet to be printed."""

    indent: str
    """The beginning of their lines."""

    pending: list[Row | Node]
    """The next one is last."""

    level: int
    """The level of the nodes among them."""


def _tree(below: Sequence[Row | Node], maker: RowMaker, level_of_nodes: int = 1) -> Iterator[list[Piece]]:
    """Yield the lines of a tree without its root."""
    if not below:
        yield [Piece(f"└─ {NO_STEPS}", Ink.QUIET)]
    levels = [_Level("", list(reversed(below)), level_of_nodes)]
    while levels:
        level = levels[-1]
        if not level.pending:
            levels.pop()
            continue
        item = level.pending.pop()
        if not isinstance(item, Row):
            # Rows are made lazily, because their order decides which call shows the body of a function.
            level.pending.extend(reversed(maker.rows(item, level.level)))
            continue
        branch, indent = ("├─ ", "│  ") if level.pending else ("└─ ", "   ")
        yield [Piece(level.indent + branch, Ink.QUIET), *item.pieces]
        levels.append(_Level(_margin(level.indent + indent, len(levels)), list(reversed(item.below)), item.level))


def _margin(margin: str, depth: int) -> str:
    """Return the margin of lines at a depth, which restarts at regular depths to bound its length."""
    return margin if depth % INDENTED_LEVELS else f"⋯{depth} "


def _separate(heading: str, rows: Iterator[Row], maker: RowMaker) -> Iterator[list[Piece]]:
    """Yield the lines of separate rows below a heading; none without rows."""
    for number, row in enumerate(rows):
        if number == 0:
            yield []
            yield [Piece(heading, Ink.STRONG)]
        yield list(row.pieces)
        if row.below:
            yield from _tree(row.below, maker, row.level)


def _notes(notes: Sequence[Note]) -> Iterator[list[Piece]]:
    for number, note in enumerate(notes, start=1):
        if number == 1:
            yield []
            yield [Piece("Notes", Ink.STRONG)]
        state = Piece("incomplete", Ink.WARNING) if note.incomplete else Piece("note", Ink.STRONG)
        yield [Piece(f"{number}. "), state, Piece(f"  {note.span}  "), Piece(note.code, Ink.QUIET)]
        yield [Piece(f"   {note.message}")]
        if note.advice:
            yield [Piece(f"   {note.advice}", Ink.QUIET)]
