"""Finding out what each node is, and having its figure planned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct, field

from stepgraph.model.payload import Block, FunctionCall, FunctionDef, Loop, Node, Start, StepDo, UnknownNode
from stepgraph.model.walk import as_unknown, children
from stepgraph.render.folding import BodyTexts
from stepgraph.render.group_order import has_clocks
from stepgraph.render.node_text import NO_STEPS, payload_text
from stepgraph.render.svg import icons
from stepgraph.render.svg.captions import call_title, told
from stepgraph.render.svg.figures.figure import GAP, Figure
from stepgraph.render.svg.figures.frame import Frame
from stepgraph.render.svg.figures.label import heading, node_label
from stepgraph.render.svg.figures.leaf import Leaf, Named
from stepgraph.render.svg.figures.looped import TAIL as LOOP_TAIL
from stepgraph.render.svg.figures.looped import Looped
from stepgraph.render.svg.figures.rejoined import enclosed, rejoined
from stepgraph.render.svg.figures.stack import Stack
from stepgraph.render.svg.identities import identities
from stepgraph.render.svg.lengths import Variables
from stepgraph.render.svg.planning.calls import NOT_THERE, RECURSIVE, SHOWN_APART, SHOWN_BEFORE, by_name, plan_function
from stepgraph.render.svg.planning.choices import plan_if, plan_switch
from stepgraph.render.svg.planning.groups import in_sequence, loop_of_passes, plan_parallel, plan_unframed
from stepgraph.render.svg.planning.labels import (
    exit_pill,
    folded,
    hollow,
    nothing,
    step_label,
    step_leaf,
    step_named,
)
from stepgraph.render.svg.planning.place import OpenFunctions, Place
from stepgraph.render.svg.planning.protection import plan_try
from stepgraph.render.view import View

TAIL: Final = 14
MOST_BODIES: Final = 2000
"""How many bodies of functions are drawn at most: functions may call each other exponentially often."""


class NodePlanner(Struct):
    """Plan figures in the order in which they are drawn: a function is expanded where it is called first.

    `planned` holds the nodes of all figures by their identities.
    """

    functions: Mapping[str, FunctionDef]
    view: View
    folds: Variables | None = None
    planned: dict[str, Node] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)
    bodies: int = 0
    texts: BodyTexts | None = None
    open_functions: OpenFunctions = field(default_factory=OpenFunctions)

    def stack(
        self, nodes: Sequence[Node], place: Place, *, tail: int = TAIL, entered: bool = True, empty: str = NO_STEPS
    ) -> Figure:
        """Return the figures of nodes one below the other, unless their clocks tell that they run at the same time."""
        if not nodes:
            return Stack([nothing(f"{place.identity}.empty", empty)], tail, entered)
        order: Sequence[int] | None = range(len(nodes))
        if has_clocks(nodes, in_group=place.in_group):
            order = in_sequence(nodes)
        if order is None:
            return Stack([plan_unframed(self, nodes, place)], tail, entered)
        named = identities(nodes, place.identity)
        figures: list[Figure] = []
        for index in order:
            figures.append(self.figure(nodes[index], place.at(named[index])))
        return Stack(figures, tail, entered)

    def marked(self, figure: Figure, part: Mapping[str, object]) -> Figure:
        """Return the figure of a part of the graph with its mark, if the part has one."""
        mark = self.view.mark(part)
        if mark is None:
            return figure
        # Imported here for start-up: most drawings have no marks.
        from stepgraph.render.svg.figures.marked import Marked, is_marked

        return figure if is_marked(figure) else Marked(figure, mark)

    def figure(self, node: Node, place: Place) -> Figure:
        """Return the figure of a node, whatever its type, with its mark."""
        self.planned[place.identity] = node
        if (mark := self.view.mark(node)) is not None and mark.hollow:
            return self.marked(hollow(node, place.identity), node)
        return self.marked(self._unmarked(node, place), node)

    def _unmarked(self, node: Node, place: Place) -> Figure:
        if unknown := as_unknown(node):
            return self._unknown(unknown, place)
        if self._folds(node, place):
            head = self.view.details.source(node) if node["type"] == "loop" else ""
            return folded(node, place.identity, head=head)
        match node["type"]:
            case "step_do":
                return self._step(node, place)
            case "step_sleep" | "step_sleep_until" | "step_wait_for_event":
                return step_leaf(node, place.identity, self.view.details)
            case "loop":
                return self._loop(node, place)
            case "parallel":
                return plan_parallel(self, node, place)
            case "try":
                return plan_try(self, node, place)
            case "block":
                return self._block(node, place)
            case "if":
                return plan_if(self, node, place)
            case "switch":
                return plan_switch(self, node, place)
            case "function_call":
                return self._call(node, place)
            case "function_def":
                return plan_function(self, node, f"function {node['name']}", place)
            case "break":
                return exit_pill(node["kind"], place.identity, node["kind"], self.view.details.of(node))
            case "start":
                return self._start(node, place)

    def _folds(self, node: Node, place: Place) -> bool:
        """Tell whether a node is drawn folded: a group that shares its frame with a loop is if either would be."""
        sharing = [node, loop] if (loop := loop_of_passes(node)) else [node]
        return any(self.view.folding.folds(one, place.level) and children(one) for one in sharing)

    def _step(self, step: StepDo, place: Place) -> Figure:
        if not step["nodes"]:
            return step_leaf(step, place.identity, self.view.details)
        inside = place.within(place.identity).apart()
        nested = self.stack(step["nodes"], inside)
        named = step_named(step, place.identity, self.view.details)
        return enclosed(Frame(named, step_label(step, self.view.details), nested, GAP, self.folds))

    def _loop(self, loop: Loop, place: Place) -> Figure:
        body = self.stack(loop["nodes"], place.within(place.identity), tail=LOOP_TAIL)
        head = self.view.details.source(loop)
        label = heading(icons.LOOP, "" if head else "loop", head)
        frame = Frame(Named("loop", place.identity, head or "loop"), label, Looped(body), GAP, self.folds)
        return rejoined(frame, "breaks")

    def _block(self, block: Block, place: Place) -> Figure:
        body = self.stack(block["nodes"], place.within(place.identity))
        return Frame(Named("block", place.identity, "block"), heading(icons.BLOCK, "block"), body, GAP, self.folds)

    def _call(self, call: FunctionCall, place: Place) -> Figure:
        name, arguments = call["name"], self.view.details.source(call)
        phrase = self._why_by_name(name)
        if phrase:
            return by_name(call, arguments, phrase, place.identity)
        function = self.functions[name]
        if function["nodes"] and self.view.folding.folds(function, place.level):
            self.texts = BodyTexts(self.functions) if self.texts is None else self.texts
            return folded(function, place.identity, self.texts.of(name))
        self.shown.add(name)
        self.bodies += 1
        with self.open_functions.within(name):
            return plan_function(self, function, call_title(call, "function"), place, arguments=arguments)

    def _why_by_name(self, name: str) -> str:
        """Return why a call is drawn without the body of its function, empty if it is drawn with it."""
        if name not in self.functions:
            return NOT_THERE
        if name in self.open_functions:
            return RECURSIVE
        if self.view.expand == "none":
            return SHOWN_APART
        return (
            SHOWN_BEFORE if name in self.shown and (self.view.expand == "first" or self.bodies >= MOST_BODIES) else ""
        )

    def _start(self, start: Start, place: Place) -> Figure:
        """Return a `start` as a frame around its nodes. Its functions are among those that calls may mean."""
        payload = payload_text(start["payload"]) if "payload" in start else ""
        label = heading(icons.START, f"start {start['class_name']}", payload)
        body = self.stack(start["nodes"], place.within(place.identity).apart())
        named = Named("start", place.identity, told("start", start["class_name"], payload))
        return enclosed(Frame(named, label, body, GAP, self.folds))

    def _unknown(self, unknown: UnknownNode, place: Place) -> Figure:
        label = node_label(
            icons.UNKNOWN, unknown.get("name", "") or unknown["type"], [unknown["type"], "unknown type of node"]
        )
        named = Named(
            "unknown", place.identity, told(unknown.get("name", "") or unknown["type"], unknown["type"], "unknown type")
        )
        if not unknown["nodes"]:
            return Leaf(named, label)
        body = self.stack(unknown["nodes"], place.within(place.identity))
        return Frame(named, label, body, GAP, self.folds)
