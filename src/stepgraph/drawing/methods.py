"""The methods of the library that draw a graph."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from stepgraph.checks.diagnostic import Finding
    from stepgraph.drawing.workflow import DrawnWorkflow
    from stepgraph.render.view import Theme, View


_NOTEBOOK_WIDTH: Final = 800
"""The usual width in pixels of the output of a cell."""


class GraphDrawing:
    """Methods that draw the graph of a workflow.

    All except `html` raise ValueError for a workflow without a graph, and all for an invalid argument. In a notebook,
    the picture is the output of a cell.
    """

    __slots__ = ()

    def svg(
        self,
        *,
        theme: Theme = "auto",
        depth: int | None = None,
        fit: int | None = None,
        findings: Iterable[Finding] | None = None,
    ) -> str:
        """Return a picture as a self-contained SVG document.

        `theme` is `light`, `dark`, or `auto` for the colors of the viewer's system. With `depth`, only this number of
        levels of nested nodes is drawn. With `fit`, nodes are folded until names are legible at a width of `fit`
        pixels. `findings` are shown as badges at their steps; those of other workflows are ignored.
        """
        return self._drawn_with(findings).text("svg", _view(depth, theme, fit))

    def html(
        self, *, theme: Theme = "auto", depth: int | None = None, findings: Iterable[Finding] | None = None
    ) -> str:
        """Return a page with a foldable picture, the details of each step, and the findings and notes.

        The arguments work as in `svg`. `depth` is only the initial state of the page.
        """
        from stepgraph.render.html.page import render_page

        return render_page([self._drawn_with(findings).page()], _view(depth, theme))

    def mermaid(self, *, depth: int | None = None) -> str:
        """Return a Mermaid flowchart or, for a large graph, Markdown with several. `depth` works as in `svg`."""
        return self._drawn().text("mermaid", _view(depth))

    def dot(self, *, depth: int | None = None) -> str:
        """Return a graph in DOT, the language of Graphviz. `depth` works as in `svg`."""
        return self._drawn().text("dot", _view(depth))

    def outline(self, *, depth: int | None = None) -> str:
        """Return the text that `stepgraph graph` prints, without colors. `depth` works as in `svg`."""
        return self._drawn().text("outline", _view(depth))

    def _repr_svg_(self) -> str | None:
        """Return the picture that a notebook shows, or None for a workflow without a graph."""
        return None if self._drawn().graph is None else self.svg(fit=_NOTEBOOK_WIDTH)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:  # noqa: ARG002
        """Return the forms of the graph that a notebook chooses from: a picture, and text for a terminal."""
        picture = self._repr_svg_()
        return {"text/plain": repr(self)} | ({} if picture is None else {"image/svg+xml": picture})

    def _drawn_with(self, findings: Iterable[Finding] | None) -> DrawnWorkflow:
        drawn = self._drawn()
        return drawn if findings is None else drawn.with_findings(findings)

    def _drawn(self) -> DrawnWorkflow:
        """Return the workflow to draw."""
        raise NotImplementedError


def _view(depth: int | None, theme: Theme = "auto", fit: int | None = None) -> View:
    from stepgraph.render.folding import Folding
    from stepgraph.render.view import THEMES, View

    if theme not in THEMES:
        raise ValueError(f"invalid theme `{theme}`. Available: {', '.join(THEMES)}.")
    for name, value in (("depth", depth), ("fit", fit)):
        if value is not None and value < 1:
            raise ValueError(f"`{name}` must be at least 1, got {value}.")
    return View(Folding(depth), theme=theme, fit=fit)
