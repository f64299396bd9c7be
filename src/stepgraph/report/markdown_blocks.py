"""Diagrams in GitHub Markdown, and its length limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from stepgraph.escaping.markdown import fenced, html_code, prose
from stepgraph.model.payload import Graph
from stepgraph.phrases import counted
from stepgraph.render.flow.mermaid_document import MermaidDrawing, MermaidPiece, render_mermaid
from stepgraph.render.view import DEFAULT_VIEW, View

MAX_LENGTH: Final = 65_000
"""Maximum length in characters. GitHub's limit for comments is 65,536, for job summaries one megabyte."""


def length(text: str) -> int:
    """Return the length in UTF-16 code units, as JavaScript measures it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def count_fitting(texts: Sequence[str], space: int) -> int:
    """Return how many of the first texts fit into the space."""
    for number, text in enumerate(texts):
        space -= length(text)
        if space < 0:
            return number
    return len(texts)


_MIN_DIAGRAM_LENGTH: Final = 500
"""Below this space, diagrams are not drawn at all."""


def diagram(name: str, steps: int, graph: Graph, view: View = DEFAULT_VIEW) -> str:
    """Return the folded Mermaid diagram of a workflow; several or an outline if Mermaid's limits require it."""
    summary = f"{html_code(name)}: {counted(steps, 'step')}"
    return f"<details>\n<summary>{summary}</summary>\n\n{_body(render_mermaid(graph, view))}\n</details>\n"


def fitting_diagrams(drawable: Sequence[Callable[[], str]], space: int, command: str) -> list[str]:
    """Return the diagrams that fit, and a note with the command that draws the others."""
    diagrams: list[str] = []
    for draw in drawable:
        text = draw() if space > _MIN_DIAGRAM_LENGTH else ""
        if text and length(text) < space:
            diagrams.append(text)
            space -= length(text) + 1
    omitted = len(drawable) - len(diagrams)
    more = f"{counted(omitted, 'diagram')} would be too long for GitHub: `{command}` draws all.\n"
    return [*diagrams, more] if omitted else diagrams


def _body(drawing: MermaidDrawing) -> str:
    titled = len(drawing.pieces) > 1
    blocks = [_piece(piece, titled=titled) for piece in drawing.pieces]
    return "\n".join([*(f"{prose(message)}\n" for message in drawing.messages), *blocks])


def _piece(piece: MermaidPiece, *, titled: bool) -> str:
    block = fenced(piece.text, "mermaid" if piece.kind == "mermaid" else "text")
    return f"**{prose(piece.title)}**\n\n{block}" if titled else block
