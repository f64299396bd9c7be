"""The file that Mermaid is written to: the diagram itself, or Markdown around several pieces."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from stepgraph.phrases.visible import visible
from stepgraph.render.mermaid.drawing import MermaidPiece, PieceKind
from stepgraph.render.mermaid.text import escaped

_LANGUAGES: Final[dict[PieceKind, str]] = {"mermaid": "mermaid", "outline": "text"}
_SHORTEST_FENCE: Final = 3


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
    fence = _fence(piece.text)
    return f"## {_heading(piece.title)}\n\n{fence}{_LANGUAGES[piece.kind]}\n{piece.text}{fence}\n"


def _heading(title: str) -> str:
    """Return a title as text that means nothing in Markdown; brackets alone do not."""
    return escaped(visible(title), "&#").replace("&#40;", "(").replace("&#41;", ")")


def _fence(text: str) -> str:
    """Return a fence that is longer than all runs of backticks in the text."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    return "`" * max(longest + 1, _SHORTEST_FENCE)
