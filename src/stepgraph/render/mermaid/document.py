"""The file that Mermaid is written to: the diagram itself, or Markdown around several pieces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from stepgraph.escaping.markdown import fenced, heading
from stepgraph.render.mermaid.drawing import MermaidPiece, PieceKind

_LANGUAGES: Final[dict[PieceKind, str]] = {"mermaid": "mermaid", "outline": "text"}


def mermaid_document(pieces: Sequence[MermaidPiece], *, in_markdown: bool = False) -> str:
    """Return one diagram as it is, and all else as Markdown: each piece with its title, in a block of code.

    The pieces may be those of several workflows. One diagram is Markdown too where it is to stand `in_markdown`. The
    text ends in a line break.
    """
    if is_one_diagram(pieces) and not in_markdown:
        return pieces[0].text
    return "\n".join(_section(piece) for piece in pieces)


def is_one_diagram(pieces: Sequence[MermaidPiece]) -> bool:
    """Tell whether the document is Mermaid, which is to be named `.mmd`, and not Markdown, `.md`."""
    return len(pieces) == 1 and pieces[0].kind == "mermaid"


def _section(piece: MermaidPiece) -> str:
    return f"## {heading(piece.title)}\n\n{fenced(piece.text, _LANGUAGES[piece.kind])}"
