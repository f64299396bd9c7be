"""The outline of a workflow as a tree of source locations, for symbols.

The rows are those of `stepgraph graph`. The location of a row follows the control flow: a step is at its call. The
steps of a function are at its definition or, if another file defines the function, at its call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeGuard, cast

from lsprotocol.types import SymbolKind
from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.durations import parse_duration
from stepgraph.escaping.plain_text import visible
from stepgraph.limits import SYMBOL_LEVELS
from stepgraph.live.live_project import LiveWorkflow
from stepgraph.model.details import ANY_OTHER_ERROR, Part
from stepgraph.model.payload import Break, FunctionDef, Graph, If, Node, Workflow
from stepgraph.model.span import Span
from stepgraph.model.walk import functions_of, walk_workflow
from stepgraph.phrases import counted, duration_text, shortened
from stepgraph.render.folding import BodyTexts
from stepgraph.render.node_text import only_exit
from stepgraph.render.outline_rows import SHOWN_ABOVE, Row, RowMaker

_RUN: Final = "run"
_UNCAUGHT: Final = f"{ANY_OTHER_ERROR}: "
"""The start of the row for errors without a handler, which has no code."""
_NAME_LENGTH: Final = 200
_KINDS: Final[Mapping[object, SymbolKind]] = {
    "step_do": SymbolKind.Method,
    "step_sleep": SymbolKind.Event,
    "step_sleep_until": SymbolKind.Event,
    "step_wait_for_event": SymbolKind.Event,
    "function_call": SymbolKind.Function,
    "function_def": SymbolKind.Function,
    "parallel": SymbolKind.Array,
    "break": SymbolKind.Operator,
}
"""The kinds of parts, by type. Blocks of control flow are namespaces, because editors show these with braces."""
_CLOSED: Final = frozenset(
    {"step_do", "step_sleep", "step_sleep_until", "step_wait_for_event", "function_call", "start"}
)
"""The types of nodes whose location does not contain the rows below them, because those are declared elsewhere."""


class OutlineItem(Struct):
    """A row of the outline in a file. The span contains the selection and the spans of all items below it."""

    title: str
    kind: SymbolKind
    span: Span
    """The code of the row, or the code of the row above if its own code is unknown or in another file."""
    selection: Span
    """The part of the code to select: the call of a step, or the first line of a block."""
    detail: str = ""
    below: list[OutlineItem] = field(default_factory=list)
    part: Part | None = None
    """The part of the graph, or None for a workflow and its `run`."""


class OutlinedFile(Struct, frozen=True):
    """A file whose outline is made, for one workflow after another."""

    path: str
    lines: Sequence[str]
    outlined: set[tuple[str, Span]] = field(default_factory=set)
    """The names and the code of the functions that are in the outline, which other workflows may share."""


def outline_in(file: OutlinedFile, workflow: LiveWorkflow) -> list[OutlineItem]:
    """Return the outline of a workflow in a file: its class, and its code outside of the class."""
    analysis, subject, path = workflow.analysis, workflow.analysis.subject, file.path
    if subject is None:
        return []
    items = list(_items(file, analysis, analysis.graph)) if analysis.graph is not None else []
    place, heading = subject.program.place, analysis.span
    if place.module.path != path:
        return items
    class_item = OutlineItem(
        symbol_name(workflow.drawn.title), SymbolKind.Class, place.span, heading, _summary(workflow)
    )
    run = subject.program.run.span
    for item in [each for each in items if place.span.encloses(each.span)]:
        items.remove(item)
        class_item.below += item.below if item.part is None and item.span == run else [item]
    return [class_item, *items]


def symbol_kind(part: Part) -> SymbolKind:
    """Return the kind of symbol for a part of a graph."""
    return _KINDS.get(part.get("type"), SymbolKind.Namespace)


def _hull(first: Span, second: Span) -> Span:
    """Return the smallest span that contains two spans."""
    start = min((first.line, first.column), (second.line, second.column))
    end = max((first.end_line, first.end_column), (second.end_line, second.end_column))
    return Span(first.path, *start, *end)


def _only_exit_in(part: Part) -> Break | None:
    """Return the exit that is the only node of a branch, or None for other parts."""
    nodes = part.get("nodes")
    return only_exit(cast("list[Node]", nodes)) if isinstance(nodes, list) and "condition" in part else None


def symbol_name(text: str) -> str:
    """Return a text as the name of a symbol: on one line, not long and not blank, as the protocol demands."""
    name = shortened(visible(text), _NAME_LENGTH)
    return name if name.strip() else f'"{name}"'


def _summary(workflow: LiveWorkflow) -> str:
    if workflow.analysis.graph is None:
        return "no graph"
    steps = counted(workflow.analysis.step_count, "step")
    return f"{steps} · {workflow.drawn.state}" if workflow.drawn.state else steps


def _is_choice(node: Node) -> TypeGuard[If]:
    return node["type"] == "if" and bool(node["branches"])


class _ItemDraft(Struct):
    """An item whose span does not yet contain the items below it."""

    item: OutlineItem
    bounds: Span
    """The code that contains the code of all rows below."""
    is_located: bool
    """Whether the span is that of the row or of rows below it."""
    parent: _ItemDraft | None = None

    def extend_parent(self) -> None:
        """Extend the span of the row above, which is the item of a branch if its location is unknown."""
        if self.parent is None or not self.is_located:
            return
        above = self.parent.item
        if not self.parent.is_located:
            above.span, above.selection, self.parent.is_located = self.item.span, self.item.selection, True
        elif not above.span.encloses(self.item.span):
            above.span = _hull(above.span, self.item.span)

    def locate(self) -> None:
        """Put an item without a location at the first line of the row above."""
        if self.parent is not None and not self.is_located:
            self.item.span = self.item.selection = self.parent.item.selection


def _items(file: OutlinedFile, analysis: WorkflowAnalysis, graph: Graph) -> Iterator[OutlineItem]:
    """Yield `run`, if it is in the file, and the functions of the file, unless the outline has them already."""
    workflow, functions = graph["workflow"], functions_of(graph["workflow"])
    bodies: dict[str, tuple[Span, FunctionDef | Workflow]] = {}
    run = None if analysis.subject is None else analysis.subject.program.run
    if run is not None and run.module.path == file.path:
        bodies[_RUN] = run.span, workflow
    for name, function in functions.items():
        span = analysis.span_of(function)
        if span is not None and span.path == file.path:
            bodies[name] = span, function
    new = {name: body for name, body in bodies.items() if (name, body[0]) not in file.outlined}
    if not new:
        return
    rows = _Rows(file, analysis, graph, RowMaker(functions, BodyTexts(functions), details=analysis.details))
    rows.maker.shown.update(bodies)
    for name, (span, body) in new.items():
        file.outlined.add((name, span))
        is_run = body is workflow
        kind = SymbolKind.Method if is_run else SymbolKind.Function
        item = OutlineItem(symbol_name(name), kind, span, rows.heading(span), part=None if is_run else body)
        rows.add(item, rows.maker.contents(body, body["nodes"]))
        yield item


class _Rows:
    """The rows of the functions of a workflow that are in a file."""

    def __init__(self, file: OutlinedFile, analysis: WorkflowAnalysis, graph: Graph, maker: RowMaker) -> None:
        self.maker = maker
        self._file = file
        self._analysis = analysis
        self._first_branches = {
            id(node["branches"][0]): node for node in walk_workflow(graph["workflow"]) if _is_choice(node)
        }
        """The `if` of each first branch, by the identity of the branch."""

    def add(self, root: OutlineItem, rows: Sequence[Row | Node]) -> None:
        """Add the rows of a function below its item."""
        parents = [_ItemDraft(root, root.span, is_located=True)]
        drafts: list[_ItemDraft] = []
        for line in self.maker.lines(rows):
            part = line.row.part
            if part is None or line.row.title.startswith(_UNCAUGHT):
                continue
            depth = min(line.depth, SYMBOL_LEVELS - 1, len(parents) - 1)
            del parents[depth + 1 :]
            parent = parents[-1]
            site = self._site(part, is_direct=parent.item is root)
            is_located = site is not None and parent.bounds.encloses(site)
            span = site if site is not None and is_located else parent.item.selection
            item = OutlineItem(
                symbol_name(line.row.title),
                symbol_kind(part),
                span,
                self.heading(span),
                self._detail(line.row, part),
                part=part,
            )
            parent.item.below.append(item)
            bounds = span if is_located and part.get("type") in _CLOSED else parent.bounds
            drafts.append(_ItemDraft(item, bounds, is_located, parent))
            parents.append(drafts[-1])
        for draft in reversed(drafts):
            draft.extend_parent()
        for draft in drafts:
            draft.locate()

    def _detail(self, row: Row, part: Part) -> str:
        # The body of a function is at its definition.
        remarks = row.remarks.removesuffix(SHOWN_ABOVE).rstrip()
        duration = part.get("duration")
        reading = parse_duration(duration) if isinstance(duration, str) else None
        misread = f" = {duration_text(reading.milliseconds)}" if reading is not None and reading.unit else ""
        return shortened(visible(f"{remarks}{misread}"), _NAME_LENGTH)

    def _site(self, part: Part, *, is_direct: bool) -> Span | None:
        """Return the code of a part in the file. Of an `if`, a `try` and an `except`, it is the first line.

        A step without a call is at its declaration, except inside another part, whose location would have to contain
        the step.
        """
        opened = self._first_branches.get(id(part), part)
        span = self._analysis.locate_site(opened)
        if not is_direct and part.get("type") == "step_do" and span == self._analysis.span_of(cast("Node", part)):
            return None
        if span is None and (leaving := _only_exit_in(opened)) is not None:
            span = self._analysis.locate_site(leaving)
        if span is None or span.path != self._file.path:
            return None
        match opened.get("type"):
            case "if" | "try":
                return self.heading(span)
            case "block" | None:
                return self.heading(replace(span, column=self._indentation(span) + 1))
            case _:
                return span

    def heading(self, span: Span) -> Span:
        """Return the part of a span on its first line."""
        if span.line == span.end_line:
            return span
        return Span(span.path, span.line, span.column, span.line, len(self._line(span)) + 1)

    def _indentation(self, span: Span) -> int:
        line = self._line(span)
        return min(span.column - 1, len(line) - len(line.lstrip()))

    def _line(self, span: Span) -> str:
        return self._file.lines[span.line - 1] if span.line <= len(self._file.lines) else ""
