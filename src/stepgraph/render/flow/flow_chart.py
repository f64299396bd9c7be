"""The flow chart of a version graph: the workflow from start to end, and each function on its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from msgspec import Struct, field

from stepgraph.large_stack import run_with_large_stack
from stepgraph.model.details import Details
from stepgraph.model.payload import (
    Block,
    Break,
    FunctionCall,
    FunctionDef,
    Graph,
    Node,
    Start,
    Step,
    StepDo,
    UnknownNode,
)
from stepgraph.model.walk import as_unknown, children, is_leaf_step
from stepgraph.phrases import payload_text
from stepgraph.render.flow.chart import (
    ArrowKind,
    BoxKind,
    Chart,
    ChartBuilder,
    FrameKind,
    LooseEnd,
    LooseEnds,
    leaving_by,
)
from stepgraph.render.flow.structures import (
    DrawnExits,
    draw_group,
    draw_if,
    draw_loop,
    draw_parallel,
    draw_switch,
    draw_try,
)
from stepgraph.render.folding import exit_kind, folded_node_text, folded_title
from stepgraph.render.group_order import has_clocks
from stepgraph.render.node_text import NO_STEPS, UNKNOWN_TYPE, node_words, with_clock
from stepgraph.render.step_types import StepCategory, step_style, step_text
from stepgraph.render.view import DEFAULT_VIEW, Mark, NodeContext, View


def _step_box(category: StepCategory) -> BoxKind:
    match category:
        case "do":
            return BoxKind.STEP
        case "sleep":
            return BoxKind.SLEEP
        case "wait":
            return BoxKind.WAIT
        case _ as never:
            assert_never(never)


def flow_chart(graph: Graph, view: View = DEFAULT_VIEW) -> Chart:
    """Return the chart of a graph. Identities are positions in the graph, such as `n_2_b0_1` or `f0_3`."""
    charts = flow_charts(graph, view)
    return Chart(
        title=charts[0].title,
        content=tuple(item for chart in charts for item in chart.content),
        arrows=tuple(arrow for chart in charts for arrow in chart.arrows),
    )


def flow_charts(graph: Graph, view: View = DEFAULT_VIEW) -> list[Chart]:
    """Return the chart of the workflow, then the charts of its functions.

    Functions that a comparison folds are omitted: boxes without contents beside the workflow would say nothing.
    """
    functions = enumerate(graph["workflow"]["functions"].values())
    shown = ((index, function) for index, function in functions if id(function) not in view.folding.nodes)
    return [workflow_chart(graph, view), *(function_chart(function, index, view) for index, function in shown)]


def workflow_chart(graph: Graph, view: View = DEFAULT_VIEW) -> Chart:
    """Return the chart of a workflow without its functions."""
    workflow = graph["workflow"]
    drawer = FlowDrawer(view)
    run_with_large_stack(lambda: drawer.whole(workflow["nodes"], NodeContext("n")))
    payload = (payload_text(workflow["payload"]),) if "payload" in workflow else ()
    return drawer.builder.chart((view.title_of(workflow), *payload, *filter(None, [view.state])))


def function_chart(function: FunctionDef, index: int, view: View = DEFAULT_VIEW) -> Chart:
    """Return the chart of the function with this index in its workflow."""
    drawer = FlowDrawer(view)
    run_with_large_stack(lambda: drawer.function(function, NodeContext(f"f{index}")))
    return drawer.builder.chart((function["name"],))


class FlowDrawer(Struct, frozen=True):
    """Draws nodes into a chart by their types."""

    view: View = DEFAULT_VIEW
    builder: ChartBuilder = field(default_factory=ChartBuilder)

    def whole(self, nodes: Sequence[Node], context: NodeContext) -> None:
        """Draw nodes between a start and an end."""
        start = self.builder.box(f"{context.identity}_start", BoxKind.START)
        exits = self.nodes(nodes, start, context)
        self.builder.box(f"{context.identity}_end", BoxKind.END, entry=exits.all())

    def function(self, function: FunctionDef, context: NodeContext) -> None:
        """Draw a function in its own frame, or folded."""
        self.mark(function, context)
        if function["nodes"] and self.view.folding.folds(function, context.level):
            self.builder.box(context.identity, BoxKind.FOLDED, *folded_lines(function, self.view.details))
            return
        with self.builder.frame(context.identity, FrameKind.FUNCTION, function["name"]):
            self.whole(function["nodes"], context.deeper())

    def nodes(self, nodes: Sequence[Node], entry: LooseEnds, context: NodeContext) -> DrawnExits:
        """Draw a list of nodes in the order of their clocks, or one after another."""
        if has_clocks(nodes, in_group=context.in_group):
            return draw_group(self, nodes, entry, context, waits=True)
        exits = DrawnExits(entry)
        for index, node in enumerate(nodes):
            drawn = self.node(node, exits.next, context.child(index))
            exits = exits.then(drawn)
        return exits

    def mark(self, part: Mapping[str, object], context: NodeContext) -> Mark | None:
        """Return the mark of a node, branch or block, and add it to the box or frame of this context."""
        mark = self.view.mark(part)
        if mark is not None:
            self.builder.marks[context.identity] = mark
        return mark

    def filling(
        self, nodes: Sequence[Node], entry: LooseEnds, context: NodeContext, *, empty: str = NO_STEPS
    ) -> DrawnExits:
        """Draw the contents of a frame or, without nodes, a box with the text `empty`."""
        if not nodes:
            return DrawnExits(self.builder.box(f"{context.identity}_empty", BoxKind.EMPTY, empty, entry=entry))
        return self.nodes(nodes, entry, context)

    def node(self, node: Node, entry: LooseEnds, context: NodeContext) -> DrawnExits:
        """Draw a node, as one box if it is folded."""
        mark = self.mark(node, context)
        if mark is not None and mark.unwrapped:
            return DrawnExits(self.builder.box(context.identity, BoxKind.FOLDED, node_words(node).title, entry=entry))
        if self.view.folding.folds(node, context.level) and children(node):
            box = self.builder.box(
                context.identity, BoxKind.FOLDED, *folded_lines(node, self.view.details), entry=entry
            )
            # Drawn into a temporary chart, only to determine its exits.
            inside = FlowDrawer().node(node, box, context)
            return folded_exits(box, inside)
        return self._open(node, entry, context.deeper())

    def _open(self, node: Node, entry: LooseEnds, context: NodeContext) -> DrawnExits:
        """Draw a node of any type with its contents."""
        if unknown := as_unknown(node):
            return self._unknown(unknown, entry, context)
        if is_leaf_step(node):
            return self._step(node, entry, context)
        match node["type"]:
            case "step_do":
                return self._step_do(node, entry, context)
            case "loop":
                return draw_loop(self, node, entry, context)
            case "parallel":
                return draw_parallel(self, node, entry, context)
            case "try":
                return draw_try(self, node, entry, context)
            case "block":
                return self._block(node, entry, context)
            case "if":
                return draw_if(self, node, entry, context)
            case "switch":
                return draw_switch(self, node, entry, context)
            case "function_call":
                return self._call(node, entry, context)
            case "function_def":
                return self._definition(node, entry, context)
            case "break":
                return self._exit(node, entry, context)
            case "start":
                return self._start(node, entry, context)
            case _ as never:
                assert_never(never)

    def _step_do(self, step: StepDo, entry: LooseEnds, context: NodeContext) -> DrawnExits:
        """Draw a step, in one frame with its nested steps."""
        if not step["nodes"]:
            return self._step(step, entry, context)
        with self.builder.frame(f"{context.identity}_steps", FrameKind.NESTED_STEPS):
            before = self._step(step, entry, context)
            nested = self.nodes(step["nodes"], before.next, context.in_body())
        return DrawnExits(nested.all())

    def _step(self, step: Step, entry: LooseEnds, context: NodeContext) -> DrawnExits:
        lines = (with_clock(step["name"], step), *step_text(step).phrases, *self.view.details.remarks(step))
        box = _step_box(step_style(step["type"]).category)
        return DrawnExits(self.builder.box(context.identity, box, *lines, entry=entry))

    def _call(self, call: FunctionCall, entry: LooseEnds, context: NodeContext) -> DrawnExits:
        lines = filter(None, (with_clock(call["name"], call), self.view.details.source(call)))
        return DrawnExits(self.builder.box(context.identity, BoxKind.CALL, *lines, entry=entry))

    def _exit(self, node: Break, entry: LooseEnds, context: NodeContext) -> DrawnExits:
        lines = (self.view.details.source(node) or node["kind"], *self.view.details.remarks(node))
        fails = exit_kind(node, self.view.details) == "raise"
        self.builder.box(context.identity, BoxKind.RAISE if fails else BoxKind.EXIT, *lines, entry=entry)
        if fails and context.exits != "finally":
            return DrawnExits()
        end = (LooseEnd(context.identity, ArrowKind.LEAVE),)
        return DrawnExits(returns=end) if node["kind"] == "return" else DrawnExits(breaks=end)

    def _block(self, block: Block, entry: LooseEnds, context: NodeContext) -> DrawnExits:
        with self.builder.frame(context.identity, FrameKind.BLOCK):
            return self.filling(block["nodes"], entry, context)

    def _definition(self, function: FunctionDef, entry: LooseEnds, context: NodeContext) -> DrawnExits:
        """Draw a function definition among nodes as if it ran there."""
        with self.builder.frame(context.identity, FrameKind.FUNCTION, function["name"]):
            body = self.filling(function["nodes"], entry, context.in_body())
        return DrawnExits(body.all())

    def _start(self, start: Start, entry: LooseEnds, context: NodeContext) -> DrawnExits:
        """Draw a `start` as a frame around its nodes, with its functions beside them."""
        with self.builder.frame(context.identity, FrameKind.START, f"start {start['class_name']}"):
            exits = self.filling(start["nodes"], entry, context.in_body())
            for index, function in enumerate(start["functions"].values()):
                self.function(function, context.child(f"f{index}"))
        return exits

    def _unknown(self, unknown: UnknownNode, entry: LooseEnds, context: NodeContext) -> DrawnExits:
        lines = (unknown["type"], unknown.get("name", ""), UNKNOWN_TYPE)
        if not unknown["nodes"]:
            return DrawnExits(self.builder.box(context.identity, BoxKind.UNKNOWN, *filter(None, lines), entry=entry))
        with self.builder.frame(f"{context.identity}_nodes", FrameKind.UNKNOWN):
            box = self.builder.box(context.identity, BoxKind.UNKNOWN, *filter(None, lines), entry=entry)
            return self.nodes(unknown["nodes"], box, context)


def folded_lines(node: Node, details: Details) -> tuple[str, ...]:
    """Return the lines of a folded node: its title, the settings of a step, and a summary of its contents."""
    title, inside = folded_title(node, details), folded_node_text(node, details)
    if node["type"] == "step_do":
        return (with_clock(title, node), *step_text(node).phrases, *details.remarks(node), inside)
    return (title, inside) if inside else (title,)


def folded_exits(box: LooseEnds, inside: DrawnExits) -> DrawnExits:
    """Return the exits of a folded node's box from the exits of its contents.

    If every path inside breaks or returns, nothing leads from the box to the next node.
    """
    return DrawnExits(
        next=box if inside.next else (),
        breaks=leaving_by(box, "break") if inside.breaks else (),
        returns=leaving_by(box, "return") if inside.returns else (),
    )
