"""From a version graph to its flow chart: the workflow from start to end, and each function by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field

from stepgraph.large_stack import run_with_large_stack
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
from stepgraph.model.walk import as_unknown, children
from stepgraph.render.flow.chart import ArrowKind, BoxKind, Chart, FrameKind
from stepgraph.render.flow.chart_builder import ChartBuilder, LooseEnd, LooseEnds
from stepgraph.render.flow.choices import draw_if, draw_switch
from stepgraph.render.flow.drawing import Exits, Place
from stepgraph.render.flow.folded import folded_exits, folded_lines
from stepgraph.render.flow.groups import draw_group, draw_parallel
from stepgraph.render.flow.loops import draw_loop
from stepgraph.render.flow.protected import draw_try
from stepgraph.render.folding import folded_title
from stepgraph.render.group_order import has_clocks
from stepgraph.render.node_text import NO_STEPS, details, payload_text, with_clock
from stepgraph.render.view import DEFAULT_VIEW, View

if TYPE_CHECKING:
    from stepgraph.render.marks import Mark

STEP_BOXES = {
    "step_do": BoxKind.STEP,
    "step_sleep": BoxKind.SLEEP,
    "step_sleep_until": BoxKind.SLEEP,
    "step_wait_for_event": BoxKind.WAIT,
}


def flow_chart(graph: Graph, view: View = DEFAULT_VIEW) -> Chart:
    """Return the chart of a graph. All in it has an identity from its place in the graph: `n_2_b0_1`, `f0_3`."""
    charts = flow_charts(graph, view)
    return Chart(
        title=charts[0].title,
        content=tuple(item for chart in charts for item in chart.content),
        arrows=tuple(arrow for chart in charts for arrow in chart.arrows),
    )


def flow_charts(graph: Graph, view: View = DEFAULT_VIEW) -> list[Chart]:
    """Return the chart of the workflow by itself, and then that of each of its functions."""
    functions = enumerate(graph["workflow"]["functions"].values())
    return [workflow_chart(graph, view), *(function_chart(function, index, view) for index, function in functions)]


def workflow_chart(graph: Graph, view: View = DEFAULT_VIEW) -> Chart:
    """Return the chart of a workflow without its functions."""
    workflow = graph["workflow"]
    drawer = FlowDrawer(view)
    run_with_large_stack(lambda: drawer.whole(workflow["nodes"], Place("n")))
    payload = (payload_text(workflow["payload"]),) if "payload" in workflow else ()
    return drawer.builder.chart((workflow["class_name"], *payload))


def function_chart(function: FunctionDef, index: int, view: View = DEFAULT_VIEW) -> Chart:
    """Return the chart of the function with this place among those of its workflow."""
    drawer = FlowDrawer(view)
    run_with_large_stack(lambda: drawer.function(function, Place(f"f{index}")))
    return drawer.builder.chart((function["name"],))


class FlowDrawer(Struct, frozen=True):
    """Draw nodes into a chart: finds out what each is and has it drawn."""

    view: View = DEFAULT_VIEW
    builder: ChartBuilder = field(default_factory=ChartBuilder)

    def whole(self, nodes: Sequence[Node], place: Place) -> Exits:
        """Draw nodes from their start to their end."""
        start = self.builder.box(f"{place.id}_start", BoxKind.START)
        exits = self.nodes(nodes, start, place)
        self.builder.box(f"{place.id}_end", BoxKind.END, entry=exits.all())
        return Exits()

    def function(self, function: FunctionDef, place: Place) -> Exits:
        """Draw a function in a frame of its own, or folded."""
        self.mark(function, place)
        if function["nodes"] and self.view.folding.folds(function, place.level):
            self.builder.box(place.id, BoxKind.FOLDED, *folded_lines(function, self.view.details))
            return Exits()
        with self.builder.frame(place.id, FrameKind.FUNCTION, function["name"]):
            return self.whole(function["nodes"], place.inner())

    def nodes(self, nodes: Sequence[Node], entry: LooseEnds, place: Place) -> Exits:
        """Draw a list of nodes: by clocks where it has any, else one after another."""
        if has_clocks(nodes, in_group=place.in_group):
            return draw_group(self, nodes, entry, place, waits=True)
        exits = Exits(entry)
        for index, node in enumerate(nodes):
            drawn = self.node(node, exits.next, place.below(index))
            exits = exits.then(drawn)
        return exits

    def mark(self, part: Mapping[str, object], place: Place) -> Mark | None:
        """Return the mark of a part of the graph, if it has one, and have what is drawn in this place bear it."""
        mark = self.view.mark(part)
        if mark is not None:
            self.builder.marks[place.id] = mark
        return mark

    def filling(self, nodes: Sequence[Node], entry: LooseEnds, place: Place, *, empty: str = NO_STEPS) -> Exits:
        """Draw a list of nodes that fills a frame: without nodes, it says what is `empty`."""
        if not nodes:
            return Exits(self.builder.box(f"{place.id}_empty", BoxKind.EMPTY, empty, entry=entry))
        return self.nodes(nodes, entry, place)

    def node(self, node: Node, entry: LooseEnds, place: Place) -> Exits:
        """Draw a node: as one box if it is folded, else open."""
        mark = self.mark(node, place)
        if mark is not None and mark.hollow:
            return Exits(self.builder.box(place.id, BoxKind.FOLDED, folded_title(node), entry=entry))
        if self.view.folding.folds(node, place.level) and children(node):
            box = self.builder.box(place.id, BoxKind.FOLDED, *folded_lines(node, self.view.details), entry=entry)
            # Drawn into a chart that nobody sees, for how it is left.
            inside = FlowDrawer().node(node, box, place)
            return folded_exits(box, inside)
        return self._open(node, entry, place.inner())

    def _open(self, node: Node, entry: LooseEnds, place: Place) -> Exits:
        """Draw a node with all that is in it, whatever its type."""
        if unknown := as_unknown(node):
            return self._unknown(unknown, entry, place)
        match node["type"]:
            case "step_do":
                return self._step_do(node, entry, place)
            case "step_sleep" | "step_sleep_until" | "step_wait_for_event":
                return self._step(node, entry, place)
            case "loop":
                return draw_loop(self, node, entry, place)
            case "parallel":
                return draw_parallel(self, node, entry, place)
            case "try":
                return draw_try(self, node, entry, place)
            case "block":
                return self._block(node, entry, place)
            case "if":
                return draw_if(self, node, entry, place)
            case "switch":
                return draw_switch(self, node, entry, place)
            case "function_call":
                return self._call(node, entry, place)
            case "function_def":
                return self._definition(node, entry, place)
            case "break":
                return self._exit(node, entry, place)
            case "start":
                return self._start(node, entry, place)

    def _step_do(self, step: StepDo, entry: LooseEnds, place: Place) -> Exits:
        """Draw a step, in one frame with the steps that run in it."""
        if not step["nodes"]:
            return self._step(step, entry, place)
        with self.builder.frame(f"{place.id}_steps", FrameKind.NESTED_STEPS):
            own = self._step(step, entry, place)
            nested = self.nodes(step["nodes"], own.next, place.apart())
        return Exits(nested.all())

    def _step(self, step: Step, entry: LooseEnds, place: Place) -> Exits:
        lines = (with_clock(step["name"], step), *details(step), *self.view.details.remarks(step))
        return Exits(self.builder.box(place.id, STEP_BOXES[step["type"]], *lines, entry=entry))

    def _call(self, call: FunctionCall, entry: LooseEnds, place: Place) -> Exits:
        lines = filter(None, (with_clock(call["name"], call), self.view.details.source(call)))
        return Exits(self.builder.box(place.id, BoxKind.CALL, *lines, entry=entry))

    def _exit(self, node: Break, entry: LooseEnds, place: Place) -> Exits:
        lines = (self.view.details.source(node) or node["kind"], *self.view.details.remarks(node))
        self.builder.box(place.id, BoxKind.EXIT, *lines, entry=entry)
        end = (LooseEnd(place.id, ArrowKind.LEAVE),)
        return Exits(returns=end) if node["kind"] == "return" else Exits(breaks=end)

    def _block(self, block: Block, entry: LooseEnds, place: Place) -> Exits:
        with self.builder.frame(place.id, FrameKind.BLOCK):
            return self.filling(block["nodes"], entry, place)

    def _definition(self, function: FunctionDef, entry: LooseEnds, place: Place) -> Exits:
        """Draw a function that stands among nodes, as if it ran there."""
        with self.builder.frame(place.id, FrameKind.FUNCTION, function["name"]):
            body = self.filling(function["nodes"], entry, place.apart())
        return Exits(body.all())

    def _start(self, start: Start, entry: LooseEnds, place: Place) -> Exits:
        """Draw a `start` as a frame around its nodes, with its functions beside them."""
        with self.builder.frame(place.id, FrameKind.START, f"start {start['class_name']}"):
            exits = self.filling(start["nodes"], entry, place.apart())
            for index, function in enumerate(start["functions"].values()):
                self.function(function, place.below(f"f{index}"))
        return exits

    def _unknown(self, unknown: UnknownNode, entry: LooseEnds, place: Place) -> Exits:
        lines = (unknown["type"], unknown.get("name", ""), "unknown type of node")
        if not unknown["nodes"]:
            return Exits(self.builder.box(place.id, BoxKind.UNKNOWN, *filter(None, lines), entry=entry))
        with self.builder.frame(f"{place.id}_nodes", FrameKind.UNKNOWN):
            box = self.builder.box(place.id, BoxKind.UNKNOWN, *filter(None, lines), entry=entry)
            return self.nodes(unknown["nodes"], box, place)
