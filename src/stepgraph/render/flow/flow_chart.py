"""The flow chart of a version graph: the workflow from start to end, with functions at their first calls.

Functions that no call shows have charts of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, assert_never

from msgspec import Struct, field

from stepgraph.large_stack import run_with_large_stack
from stepgraph.model.details import Details, Part
from stepgraph.model.walk import as_unknown, called_functions, children, functions_of, is_clocked, is_leaf_step
from stepgraph.phrases import payload_text
from stepgraph.render.flow.chart import (
    BoxKind,
    Chart,
    ChartBuilder,
    FrameKind,
    LooseEnds,
    leaving_by,
)
from stepgraph.render.flow.structures import (
    DrawnExits,
    draw_endings,
    draw_exit,
    draw_group,
    draw_guarded,
    draw_if,
    draw_loop,
    draw_parallel,
    draw_switch,
    draw_try,
)
from stepgraph.render.folding import (
    CallExpansion,
    exit_kind,
    folded_node_text,
    folded_title,
    is_run,
    names_inside,
    names_within,
)
from stepgraph.render.group_order import MemberClocks, has_clocks
from stepgraph.render.node_text import (
    NO_STEPS,
    UNKNOWN_TYPE,
    call_text,
    exit_remarks,
    is_guard,
    name_text,
    node_words,
)
from stepgraph.render.step_types import StepCategory, step_style, step_text
from stepgraph.render.view import DEFAULT_VIEW, Mark, NodeContext, View, rest_of_guard

if TYPE_CHECKING:
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
    """Return the chart of the workflow, then the charts of functions that are not shown at any call.

    A function that only folded nodes call has no chart, unless all functions are drawn separately.
    """
    workflow = graph["workflow"]
    calls = CallExpansion(functions_of(workflow), view.expand)
    called = called_functions(workflow["nodes"], calls.functions)
    charts = [workflow_chart(graph, calls, view)]
    for index, (name, function) in enumerate(calls.functions.items()):
        if name not in calls.shown and (name not in called or view.expand == "none"):
            remark = "" if name in called else NEVER_CALLED
            charts.append(function_chart(function, index, calls, view, remark))
    return charts


def workflow_chart(graph: Graph, calls: CallExpansion, view: View = DEFAULT_VIEW) -> Chart:
    """Return the chart of a workflow."""
    workflow = graph["workflow"]
    drawer = FlowDrawer(view, calls)
    run_with_large_stack(lambda: drawer.whole(workflow, workflow["nodes"], NodeContext("n")))
    payload = (payload_text(workflow["payload"]),) if "payload" in workflow else ()
    return drawer.builder.chart((view.title_of(workflow), *payload, *filter(None, [view.state])))


_MAX_NAMES: Final = 60
"""The maximum length of the names of the steps in a folded node, in terminal cells."""

NEVER_CALLED: Final = "never called"


def function_chart(
    function: FunctionDef, index: int, calls: CallExpansion, view: View = DEFAULT_VIEW, remark: str = ""
) -> Chart:
    """Return the chart of the function with this index among the functions of its workflow."""
    drawer = FlowDrawer(view, calls)
    run_with_large_stack(lambda: drawer.function(function, NodeContext(f"f{index}"), remark))
    return drawer.builder.chart((function["name"],))


class FlowDrawer(Struct, frozen=True):
    """Draws nodes into a chart by their types."""

    view: View = DEFAULT_VIEW
    calls: CallExpansion = field(default_factory=CallExpansion)
    builder: ChartBuilder = field(default_factory=ChartBuilder)
    clocks: MemberClocks = field(default_factory=MemberClocks)

    def whole(self, part: Part, nodes: Sequence[Node], context: NodeContext) -> None:
        """Draw a workflow or function between a start and an end, which is omitted if no path leads to it."""
        start = self.builder.box(f"{context.identity}_start", BoxKind.START)
        ends = self.part(part, nodes, start, context).all()
        if ends:
            self.builder.box(f"{context.identity}_end", BoxKind.END, entry=ends)

    def function(self, function: FunctionDef, context: NodeContext, remark: str = "") -> None:
        """Draw a function in its own frame, or folded."""
        self.mark(function, context)
        if function["nodes"] and self.view.folding.folds(function, context.level):
            self.builder.box(context.identity, BoxKind.FOLDED, *folded_lines(function, self.view.details))
            return
        title = " · ".join(filter(None, (function["name"], remark)))
        with self.calls.drawn(function["name"]), self.builder.frame(context.identity, FrameKind.FUNCTION, title):
            self.whole(function, function["nodes"], context.deeper().in_function())

    def nodes(self, nodes: Sequence[Node], entry: LooseEnds, context: NodeContext) -> DrawnExits:
        """Draw a list of nodes in the order of their clocks, or one after another."""
        if has_clocks(nodes, in_group=context.in_group):
            return draw_group(self, nodes, entry, context)
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

    def part(
        self, part: Part, nodes: Sequence[Node], entry: LooseEnds, context: NodeContext, *, empty: str = ""
    ) -> DrawnExits:
        """Draw the nodes of a part, and the `raise` statements at its end that have no node.

        Without both, draw a box with the text `empty`, unless it is an empty string.
        """
        detail = self.view.details.of(part)
        if empty and not (detail.ends_by_raise or detail.returns):
            return self.filling(nodes, entry, context, empty=empty)
        return draw_endings(self.builder, detail, self.nodes(nodes, entry, context), context)

    def node(self, node: Node, entry: LooseEnds, context: NodeContext) -> DrawnExits:
        """Draw a node, as one box if it is folded."""
        mark = self.mark(node, context)
        if mark is not None and mark.unwrapped:
            return DrawnExits(
                self.builder.box(context.identity, BoxKind.FOLDED, name_text(node_words(node).title), entry=entry)
            )
        content = self._content(node)
        if content["type"] == "if" and (continuation := rest_of_guard(content, self.view)) is not None:
            return draw_guarded(self, content, continuation, entry, context)
        # The box of a folded guard would be as large.
        if self.view.folding.folds(content, context.level) and children(content) and not is_guard(content):
            title, *lines = folded_lines(content, self.view.details)
            title = self.clocks.append_to(title, node) if is_clocked(node) else title
            box = self.builder.box(context.identity, BoxKind.FOLDED, title, *lines, entry=entry)
            # Drawn into a temporary chart, only to determine its exits.
            inside = FlowDrawer(View(details=self.view.details)).node(content, box, context)
            return folded_exits(box, inside)
        return self._open(node, entry, context.deeper())

    def _content(self, node: Node) -> Node:
        """Return the function that a call shows, or else the node."""
        if node["type"] == "function_call" and not self.calls.reason_against(node["name"]):
            return self.calls.functions[node["name"]]
        return node

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
                return self._body(node, node["name"], entry, context)
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
            nested = self.nodes(step["nodes"], before.next, context.in_function())
        return DrawnExits(nested.all())

    def _step(self, step: Step, entry: LooseEnds, context: NodeContext) -> DrawnExits:
        lines = (
            self.clocks.append_to(name_text(step["name"]), step),
            *step_text(step).phrases,
            *self.view.details.remarks(step),
        )
        box = _step_box(step_style(step["type"]).category)
        return DrawnExits(self.builder.box(context.identity, box, *lines, entry=entry))

    def _call(self, call: FunctionCall, entry: LooseEnds, context: NodeContext) -> DrawnExits:
        """Draw a call as the frame of its function, or as a box with the reason why the function is not shown."""
        name, text = call["name"], call_text(call, self.view.details)
        if reason := self.calls.reason_against(name):
            lines = (
                self.clocks.append_to(name_text(text.name), call),
                *filter(None, (text.arguments, text.steps, reason)),
            )
            return DrawnExits(self.builder.box(context.identity, BoxKind.CALL, *lines, entry=entry))
        steps = f" · {text.steps}" if text.steps else ""
        title = self.clocks.append_to(f"{name_text(text.name)}{text.arguments}{steps}", call)
        with self.calls.expanded(name):
            return self._body(self.calls.functions[name], title, entry, context)

    def _body(self, function: FunctionDef, title: str, entry: LooseEnds, context: NodeContext) -> DrawnExits:
        """Draw a function among other nodes. Its exits join at its end."""
        self.mark(function, context)
        with self.builder.frame(context.identity, FrameKind.FUNCTION, title):
            empty = self.view.when_empty(function)
            body = self.part(function, function["nodes"], entry, context.in_function(), empty=empty)
            return DrawnExits(self.builder.join(f"{context.identity}_end", body.all()))

    def _exit(self, node: Break, entry: LooseEnds, context: NodeContext) -> DrawnExits:
        details = self.view.details
        lines = (details.source(node) or node["kind"], *exit_remarks(node, details))
        return draw_exit(self.builder, exit_kind(node, details), lines, entry, context, details.of(node))

    def _block(self, block: Block, entry: LooseEnds, context: NodeContext) -> DrawnExits:
        with self.builder.frame(context.identity, FrameKind.BLOCK):
            return self.filling(block["nodes"], entry, context)

    def _start(self, start: Start, entry: LooseEnds, context: NodeContext) -> DrawnExits:
        """Draw a `start` as a frame around its nodes. Calls anywhere may refer to its functions."""
        with self.builder.frame(context.identity, FrameKind.START, f"start {start['class_name']}"):
            return self.filling(start["nodes"], entry, context.in_body())

    def _unknown(self, unknown: UnknownNode, entry: LooseEnds, context: NodeContext) -> DrawnExits:
        lines = (unknown["type"], unknown.get("name", ""), UNKNOWN_TYPE)
        if not unknown["nodes"]:
            return DrawnExits(self.builder.box(context.identity, BoxKind.UNKNOWN, *filter(None, lines), entry=entry))
        with self.builder.frame(f"{context.identity}_nodes", FrameKind.UNKNOWN):
            box = self.builder.box(context.identity, BoxKind.UNKNOWN, *filter(None, lines), entry=entry)
            return self.nodes(unknown["nodes"], box, context)


def folded_lines(node: Node, details: Details) -> tuple[str, ...]:
    """Return the lines of a folded node: its title, the settings of a step, and a summary of its contents."""
    title, inside = name_text(folded_title(node, details)), folded_node_text(node, details)
    phrases = (*step_text(node).phrases, *details.remarks(node)) if node["type"] == "step_do" else ()
    names = "" if is_run(node, details) else names_within(names_inside(node), _MAX_NAMES)
    return (title, *phrases, *filter(None, (names, inside)))


def folded_exits(box: LooseEnds, inside: DrawnExits) -> DrawnExits:
    """Return the exits of a folded node's box from the exits of its contents.

    If every path inside breaks or returns, nothing leads from the box to the next node.
    """
    return DrawnExits(
        next=box if inside.next else (),
        breaks=leaving_by(box, "break") if inside.breaks else (),
        returns=leaving_by(box, "return") if inside.returns else (),
        raises=leaving_by(box, "raise") if inside.raises else (),
    )
