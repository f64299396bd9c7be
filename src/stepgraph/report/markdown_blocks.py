"""x."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from stepgraph.escaping.markdown import fenced, html_code, prose
from stepgraph.model.payload import Graph
from stepgraph.phrases.durations import counted
from stepgraph.render.mermaid.drawing import MermaidDrawing, MermaidPiece, render_mermaid
from stepgraph.render.view import DEFAULT_VIEW, View

LONGEST: Final = 65_000
"""In characters: GitHub takes comments of 65,536, and summaries of jobs of a megabyte."""


def length(text: str) -> int:
    """Return the length as JavaScript measures it: what is beyond the first 65,536 characters counts twice."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def fitting(texts: Sequence[str], room: int) -> int:
    """Return how many of the texts, from the first on, fit into so many characters."""
    for number, text in enumerate(texts):
        room -= length(text)
        if room < 0:
            return number
    return len(texts)


# No diagram is shorter, so that none need be drawn where there is less room.
_SHORTEST: Final = 500


def diagram(name: str, steps: int, graph: Graph, view: View = DEFAULT_VIEW) -> str:
    """Return the diagram of a workflow under its name, or several, or an outline, as Mermaid's limits allow."""
    summary = f"{html_code(name)}: {counted(steps, 'step')}"
    return f"<details>\n<summary>{summary}</summary>\n\n{_body(render_mermaid(graph, view))}\n</details>\n"


def fitting_diagrams(drawable: Sequence[Callable[[], str]], room: int, command: str) -> list[str]:
    """Return the diagrams that there is room for and, if there is none for others, how many a command draws."""
    shown: list[str] = []
    for draw in drawable:
        text = draw() if room > _SHORTEST else ""
        if text and length(text) < room:
            shown.append(text)
            room -= length(text) + 1
    left_out = len(drawable) - len(shown)
    more = f"{counted(left_out, 'diagram')} would be too long for GitHub: `{command}` draws all.\n"
    return [*shown, more] if left_out else shown


def _body(drawing: MermaidDrawing) -> str:
    titled = len(drawing.pieces) > 1
    blocks = [_piece(piece, titled=titled) for piece in drawing.pieces]
    return "\n".join([*(f"{prose(message)}\n" for message in drawing.messages), *blocks])


def _piece(piece: MermaidPiece, *, titled: bool) -> str:
    block = fenced(piece.text, "mermaid" if piece.kind == "mermaid" else "text")
    return f"**{prose(piece.title)}**\n\n{block}" if titled else block
