"""The pieces of the rows of an outline."""

from __future__ import annotations

from stepgraph.render.folding import LeavingKind
from stepgraph.render.node_text import name_text
from stepgraph.render.terminal import Ink, LinePiece


def guard_pieces(condition: str, statement: str) -> tuple[LinePiece, ...]:
    """Return the pieces of a guard: `if not order: raise Declined()`."""
    return (LinePiece("if ", Ink.CHOICE), LinePiece(condition, elastic=True), LinePiece(": "), raise_piece(statement))


def raise_piece(statement: str) -> LinePiece:
    """Return the piece of a `raise` statement."""
    return LinePiece(statement, Ink.FAILURE, elastic=True)


def jump_piece(statement: str) -> LinePiece:
    """Return the piece of any other jump."""
    return LinePiece(statement, Ink.STRONG, elastic=True)


def exit_ink(kind: LeavingKind) -> Ink:
    """Return the ink of an exit."""
    return Ink.FAILURE if kind == "raise" else Ink.STRONG


def mark_piece(mark: str, ink: Ink) -> LinePiece:
    """Return the mark at the start of a row."""
    return LinePiece(f"{mark} ", ink, role="mark")


def name_piece(name: str) -> LinePiece:
    """Return the name of a step or function."""
    shown = name_text(name)
    return LinePiece(shown, Ink.STRONG if shown == name else Ink.QUIET, elastic=True)


def clock_pieces(clock: str) -> tuple[LinePiece, ...]:
    """Return the clocks of a row, if there are any."""
    return (LinePiece(f" {clock}", Ink.PARALLEL, role="remark"),) if clock else ()


def quiet_pieces(*phrases: str) -> tuple[LinePiece, ...]:
    """Return phrases at the end of a row, if there are any."""
    return (LinePiece("  " + " · ".join(phrases), Ink.QUIET, elastic=True, role="remark"),) if phrases else ()
