"""A workflow drawn by Mermaid, folded until its reader asks for it."""

from __future__ import annotations

from stepgraph.phrases.durations import counted
from stepgraph.render.mermaid.drawing import MermaidDrawing, MermaidPiece, render_mermaid
from stepgraph.report.markdown.text import fenced, html_code, prose
from stepgraph.report.report import WorkflowSummary


def diagram(workflow: WorkflowSummary) -> str:
    """Return a workflow's diagram, or several, or an outline, as Mermaid's limits allow; nothing without a graph."""
    if workflow.graph is None:
        return ""
    drawing = render_mermaid(workflow.graph)
    summary = f"{html_code(workflow.name)}: {counted(workflow.steps, 'step')}"
    return f"<details>\n<summary>{summary}</summary>\n\n{_body(drawing)}\n</details>\n"


def _body(drawing: MermaidDrawing) -> str:
    titled = len(drawing.pieces) > 1
    blocks = [_piece(piece, titled=titled) for piece in drawing.pieces]
    return "\n".join([*(f"{prose(message)}\n" for message in drawing.messages), *blocks])


def _piece(piece: MermaidPiece, *, titled: bool) -> str:
    block = fenced(piece.text, "mermaid" if piece.kind == "mermaid" else "text")
    return f"**{prose(piece.title)}**\n\n{block}" if titled else block
