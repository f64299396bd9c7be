"""A workflow to draw, in each format. The command, the library and snapshots draw through this class."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.model.details import NO_DETAILS, ComparableDetails, Details, Part
from stepgraph.model.note import Note, missing_graph_reason
from stepgraph.model.span import Span, no_location
from stepgraph.phrases import incomplete_text, workflow_title

if TYPE_CHECKING:
    from stepgraph.checks.diagnostic import Finding
    from stepgraph.execution.instance import Instance
    from stepgraph.model.payload import Graph, Node
    from stepgraph.model.span import Code
    from stepgraph.render.findings import ShownFinding
    from stepgraph.render.flow.mermaid_document import MermaidDrawing
    from stepgraph.render.html.section import Page
    from stepgraph.render.progress import Progress
    from stepgraph.render.svg.drawing import Picture
    from stepgraph.render.terminal import LinePiece
    from stepgraph.render.view import View

TextForm: TypeAlias = Literal["outline", "mermaid", "dot", "svg"]
"""The forms in which a workflow is drawn as text."""


def _unknown_location() -> str:
    return ""


class DrawnWorkflow(Struct, frozen=True, kw_only=True):
    """A workflow to draw. Fields with defaults are unknown for saved graphs.

    Each method imports its own renderer, because a run needs only one and start-up time counts. Methods that return a
    drawing raise ValueError for a workflow without a graph.
    """

    name: str
    class_name: str
    graph: Graph | None
    notes: tuple[Note, ...] = ()
    location: Callable[[], str] = _unknown_location
    """Returns the location of the class: `src/orders.py:12`."""
    node_location: Callable[[Node], str] | None = None
    """Returns the location of a node of the graph."""
    node_span: Callable[[Part], Span | None] = no_location
    """Returns the source location of a node, a block or a branch of the graph."""
    code: Callable[[Node], Code | None] = no_location
    """Returns the lines of code of a node of the graph."""
    find_node: Callable[[Span], Node | None] = no_location
    """Returns the innermost node whose code contains a location."""
    complete: bool | None = None
    """Whether everything was resolved."""
    details: Callable[[], Details] = lambda: NO_DETAILS
    comparable_details: Callable[[], ComparableDetails] = lambda: NO_DETAILS
    """Returns the details that comparisons and logs need."""
    findings: tuple[Finding, ...] | None = None
    """The findings to show, or None if the workflow is drawn without a check."""
    instance: Instance | None = None
    """The instance whose progress is shown, which was matched with `graph`."""

    @property
    def state(self) -> str:
        """A remark on an incomplete graph, such as `incomplete: 2 notes`, or an empty string."""
        return incomplete_text(sum(note.incomplete for note in self.notes))

    @property
    def title(self) -> str:
        """The title of the workflow: `orders (Orders)`."""
        return workflow_title(self.name, self.class_name)

    def with_findings(self, findings: Iterable[Finding]) -> DrawnWorkflow:
        """Return the workflow with those of the findings that are about it."""
        about = (finding for finding in findings if self.name in (finding.workflow, *finding.other_workflows))
        return replace(self, findings=tuple(about))

    def outline(self, view: View, *, color: bool = False, width: int | None = None) -> str:
        """Return the outline with the notes. With `color`, it is for a terminal with lines of `width` cells."""
        from stepgraph.render.outline import render_outline

        graph, location = self._graph(), self.location()
        return render_outline(graph, self._view(view), color=color, notes=self.notes, width=width, location=location)

    def tree(self, view: View) -> Iterable[Sequence[LinePiece]]:
        """Return the lines of the outline below its header, without notes, for a `Terminal`."""
        from stepgraph.render.outline import tree_lines

        return tree_lines(self._graph(), self._view(view))

    def dot(self, view: View) -> str:
        """Return the graph in DOT, the language of Graphviz."""
        from stepgraph.render.flow.dot import render_dot

        return render_dot(self._graph(), self._view(view))

    def mermaid(self, view: View) -> MermaidDrawing:
        """Return the graph as one or several Mermaid diagrams."""
        from stepgraph.render.flow.mermaid_document import render_mermaid

        return render_mermaid(self._graph(), self._view(view))

    def svg(self, view: View) -> Picture:
        """Return the picture."""
        from stepgraph.render.svg.drawing import render_svg

        return render_svg(self._graph(), self._view(view))

    def text(self, form: TextForm, view: View) -> str:
        """Return the drawing in a form, with a final line break. A large graph as Mermaid is Markdown."""
        match form:
            case "outline":
                return self.outline(view)
            case "mermaid":
                from stepgraph.render.flow.mermaid_document import mermaid_document

                return mermaid_document(self.mermaid(view).pieces)
            case "dot":
                return self.dot(view)
            case "svg":
                return self.svg(view).text
            case _ as never:
                assert_never(never)

    def page(self) -> Page:
        """Return the section of the workflow in a page."""
        from stepgraph.drawing.placement import place_findings, place_notes
        from stepgraph.render.html.section import Page

        if self.findings is None:
            shown = place_notes(self.notes, self.find_node)
        else:
            shown = place_findings(self.findings, self.notes, self.find_node)
        return Page(
            graph=self.graph,
            name=self.title,
            places=self.node_location,
            findings=shown,
            complete=self.complete,
            source=self.location(),
            details=self.details(),
            code=self.code,
            state=self.state,
            checked=self.findings is not None,
            progress=self._progress(),
        )

    def _graph(self) -> Graph:
        if self.graph is None:
            raise ValueError(f"`{self.name}` has no graph: {missing_graph_reason(self.notes)}.")
        return self.graph

    def _view(self, view: View) -> View:
        """Return the view with the title, the state, the details, the findings and the progress of the workflow."""
        return replace(
            view,
            details=self.details(),
            title=self.title,
            state=self.state,
            findings=self._shown(),
            progress=self._progress(),
        )

    def _progress(self) -> Progress | None:
        if self.instance is None or self.graph is None:
            return None
        from stepgraph.render.progress import progress_of

        return progress_of(self.instance, self.graph["workflow"])

    def _shown(self) -> list[ShownFinding]:
        if self.findings is None and not self.state:
            return []
        from stepgraph.drawing.placement import place_findings

        return place_findings(self.findings or (), self.notes, self.find_node)
