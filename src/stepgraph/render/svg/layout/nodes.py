"""The figure of each type of node, and of functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.model.details import ANY_OTHER_ERROR
from stepgraph.model.walk import as_unknown, children, is_leaf_step
from stepgraph.phrases import payload_text
from stepgraph.render.folding import BodyTexts, CallExpansion, exit_kind, folded_title, loop_of_passes
from stepgraph.render.group_order import has_clocks, in_sequence
from stepgraph.render.node_text import ENDLESS_LOOPS, NO_STEPS, UNKNOWN_TYPE, CallText, call_text
from stepgraph.render.svg.figures.figure import GAP, Figure
from stepgraph.render.svg.figures.frame import FoldedForm, FrameFigure, room_above
from stepgraph.render.svg.figures.guard import Guard
from stepgraph.render.svg.figures.label import NARROW, NORMAL, TextWidths, add_remark, heading, node_label
from stepgraph.render.svg.figures.leaf import Leaf, SvgGroup
from stepgraph.render.svg.figures.stack import LOOP_TAIL, LoopBody, Stack, rejoin, rejoin_all
from stepgraph.render.svg.identities import identities
from stepgraph.render.svg.layout.labels import (
    call_title,
    continue_pill,
    empty_box,
    exit_pill,
    folded_box,
    folded_form,
    folded_style,
    step_group_and_label,
    step_leaf,
    title_line,
    unwrapped_box,
)
from stepgraph.render.svg.lengths import LengthVariables
from stepgraph.render.svg.pen import Icon
from stepgraph.render.view import NodeContext, View

if TYPE_CHECKING:
    from stepgraph.model.payload import Block, FunctionCall, FunctionDef, Loop, Node, Start, StepDo, UnknownNode
    from stepgraph.render.progress import Progress
    from stepgraph.render.svg.layout.interface import Layout
    from stepgraph.render.svg.layout.runs import Runs

TAIL: Final = 14


def unexpanded_call(call: FunctionCall, text: CallText, phrase: str, identity: str, widths: TextWidths) -> Leaf:
    """Return the box of a call without the body of its function, for the reason in `phrase`."""
    group = SvgGroup("call", identity, call_title(call, text, f"function, {phrase}"))
    phrases = [*filter(None, (text.arguments, text.steps)), phrase]
    label = node_label(Icon.FUNCTION, text.name, phrases, widths.name)
    return Leaf(group, label, stacked=True)


def measure_function(
    layout: Layout,
    function: FunctionDef,
    title: str,
    context: NodeContext,
    remark: str = "",
    call: CallText | None = None,
) -> Figure:
    """Return the frame of a function, below which its `return`s join.

    The label shows the text of the call, or else the name of the function and the remark.
    """
    text = call or CallText(function["name"])
    inside = context.inside(context.identity).in_function()
    with layout.calls.entered(function["name"]):
        body = layout.part(function, function["nodes"], inside)
    label = heading(
        Icon.FUNCTION,
        text.name,
        text.arguments or remark,
        widest=layout.widths.code,
        room=room_above(body),
        code=bool(text.arguments),
    )
    if text.steps:
        label = add_remark(label, text.steps, max(layout.widths.name, room_above(body)))
    frame = FrameFigure(
        SvgGroup("function", context.identity, title), label, body, GAP, layout.folded_form(function, context, call)
    )
    return rejoin_all(layout.marked(frame, function))


class NodeLayout(Struct):
    """Measures nodes in drawing order, so a function is expanded at its first call."""

    calls: CallExpansion
    body_texts: BodyTexts
    """The summaries of folded functions."""

    view: View
    folds: LengthVariables | None = None
    nodes_by_id: dict[str, Node] = field(default_factory=dict)
    """The nodes of all figures so far, by identity."""

    frameless: set[int] = field(default_factory=set)
    """The nodes without a figure of their own, by their identity as objects. An enclosing figure shows their contents.
    """

    folded: set[str] = field(default_factory=set)
    """The identities of the folded nodes so far."""

    figures: dict[int, Figure] = field(default_factory=dict)
    """The figure of each node so far, by the identity of the node as an object."""

    contexts: dict[int, NodeContext] = field(default_factory=dict)
    """The context of each measured node, by the identity of the node as an object."""

    narrow: set[int] = field(default_factory=set)
    """The measured nodes with narrow boxes, by their identity as objects."""

    reused: Mapping[int, Figure] = field(default_factory=dict)
    """Figures of an earlier layout, by the identity of their nodes as objects, which are not measured again.

    A node in another context, such as in a function that is now drawn separately, is measured again.
    """

    @property
    def functions(self) -> Mapping[str, FunctionDef]:
        """The functions that calls refer to, by name."""
        return self.calls.functions

    @property
    def widths(self) -> TextWidths:
        """The maximum widths of text."""
        return NARROW if self.view.narrow else NORMAL

    def stack(
        self,
        nodes: Sequence[Node],
        context: NodeContext,
        *,
        tail: int = TAIL,
        entered: bool = True,
        empty: str = NO_STEPS,
    ) -> Figure:
        """Return the figures of nodes below each other, or in columns if their clocks overlap."""
        if not nodes:
            return Stack([empty_box(f"{context.identity}.empty", self.widths, empty)], tail, entered)
        order: Sequence[int] | None = range(len(nodes))
        if has_clocks(nodes, in_group=context.in_group):
            order = in_sequence(nodes)
        if order is None:
            # Imported here and below because many workflows have no such nodes, and start-up time counts.
            from stepgraph.render.svg.layout.structures import measure_unframed

            return Stack([measure_unframed(self, nodes, context)], tail, entered)
        group = identities(nodes, context.identity)
        return Stack([self.measure(nodes[index], context.at(group[index])) for index in order], tail, entered)

    def part(
        self,
        part: Mapping[str, object],
        nodes: Sequence[Node],
        context: NodeContext,
        *,
        tail: int = TAIL,
        entered: bool = True,
        ends: bool = True,
    ) -> Figure:
        """Return the figures of the nodes of a part and, if it `ends` with them, of its jumps that have no node."""
        endings = self._endings(part, context.at("")) if ends else []
        if endings and self.view.progress is not None:
            runs = self._runs(self.view.progress)
            endings = [runs.ending(figure, part, nodes) for figure in endings]
        if not endings:
            return self.stack(nodes, context, tail=tail, entered=entered, empty=self.view.when_empty(part))
        if not nodes:
            return Stack(endings, tail, entered)
        body = self.stack(nodes, context, tail=0, entered=entered)
        return Stack([*(body.figures if isinstance(body, Stack) else [body]), *endings], tail, entered)

    def _endings(self, part: Mapping[str, object], unnamed: NodeContext) -> list[Figure]:
        detail = self.view.details.of(part)
        figures: list[Figure] = []
        for condition, statement in detail.guards:
            pill = exit_pill("raise", unnamed, self.widths, word=statement)
            is_code = condition != ANY_OTHER_ERROR
            label = heading(Icon.CHOICE, "if", condition, widest=self.widths.condition, code=is_code)
            group = SvgGroup("guard", "", title_line("if", condition))
            figures.append(Guard(group, label, pill, pill.left_extent))
        if detail.final_raise:
            figures.append(exit_pill("raise", unnamed, self.widths, word=detail.final_raise))
        if detail.returns:
            figures.append(exit_pill("return", unnamed, self.widths, word=detail.final_jump))
        elif detail.final_jump:
            figures.append(continue_pill(detail.final_jump, self.widths))
        return figures

    def marked(self, figure: Figure, part: Mapping[str, object], *, quiet: bool = False) -> Figure:
        """Return a figure with the mark of its node, branch or block, if there is one, without a sign if `quiet`.

        In a drawing of an instance, return it with the progress of the instance.
        """
        view = self.view
        if view.progress is not None:
            return self._runs(view.progress).figure(figure, part, self.widths)
        mark = None if view.marks is None else view.mark(part)
        if mark is None:
            return figure
        # Imported here because most drawings have no marks, and start-up time counts.
        from stepgraph.render.svg.figures.marks import MarkedFigure, is_marked

        return figure if is_marked(figure) else MarkedFigure(figure, replace(mark, quiet=True) if quiet else mark)

    def _runs(self, progress: Progress) -> Runs:
        # Imported here because most drawings have no instance, and start-up time counts.
        from stepgraph.render.svg.layout.runs import Runs

        return Runs(progress, self.functions)

    def measure(self, node: Node, context: NodeContext) -> Figure:
        """Return the figure of a node of any type, with its mark."""
        key, view = id(node), self.view
        if (figure := self.reused.get(key)) is not None and self.contexts[key] == context:
            return figure
        if key in view.narrow_nodes and not view.narrow:
            return replace(self, view=replace(view, narrow=True)).measure(node, context)
        self.nodes_by_id[context.identity] = node
        self.contexts[key] = context
        (self.narrow.add if view.narrow else self.narrow.discard)(key)
        if view.marks is not None and (mark := view.mark(node)) is not None and mark.unwrapped:
            return self.marked(unwrapped_box(node, context.identity, self.widths), node)
        figure = self._measure_by_type(node, context)
        if view.marks is not None or view.progress is not None:
            figure = self.marked(figure, node)
        self.figures[key] = figure
        return figure

    def _measure_by_type(self, node: Node, context: NodeContext) -> Figure:
        if unknown := as_unknown(node):
            return self._unknown(node, unknown, context)
        if not self.view.folding.is_empty and self._folds(node, context):
            return self._folded_box(node, context)
        if is_leaf_step(node):
            return step_leaf(node, context.identity, self.view.details, self.widths)
        match node["type"]:
            case "step_do":
                return self._step(node, context)
            case "loop":
                return self._loop(node, context)
            case "if" | "parallel" | "switch" | "try":
                from stepgraph.render.svg.layout.structures import measure_structure

                return measure_structure(self, node, context)
            case "block":
                return self._block(node, context)
            case "function_call":
                return self._call(node, context)
            case "function_def":
                return measure_function(self, node, f"function {node['name']}", context)
            case "break":
                details = self.view.details
                kind = exit_kind(node, details)
                return exit_pill(kind, context, self.widths, word=node["kind"], details=details.of(node))
            case "start":
                return self._start(node, context)
            case _ as never:
                assert_never(never)

    def folded_form(self, node: Node, context: NodeContext, call: CallText | None = None) -> FoldedForm | None:
        """Return the form of the frame of a node that is folded in a page, or None outside of pages."""
        if self.folds is None:
            return None
        return folded_form(self.folds, node, context, self.view.details, call)

    def folded_box(self, node: Node, context: NodeContext) -> Figure:
        """Return the box of a folded node, with the progress of an instance inside."""
        return self.marked(self._folded_box(node, context), node)

    def _folds(self, node: Node, context: NodeContext) -> bool:
        """Return whether a node is folded. A group that shares its frame with a loop is folded with it.

        A guard is never folded, because its folded box would be as large, nor a branch that has no frame.
        """
        sharing = [node, loop] if (loop := loop_of_passes(node)) else [node]
        if not any(self.view.folding.folds(part, context.level) and children(part) for part in sharing):
            return False
        from stepgraph.render.view import guard_exit, is_always_run, rest_of_guard

        if guard_exit(node, self.view) is not None or is_always_run(node, self.view):
            return False
        return rest_of_guard(node, self.view) is None

    def _folded_box(self, node: Node, context: NodeContext, text: str = "", call: CallText | None = None) -> Leaf:
        self.folded.add(context.identity)
        return folded_box(node, context, self.view.details, self.widths, text=text, call=call)

    def _step(self, step: StepDo, context: NodeContext) -> Figure:
        if not step["nodes"]:
            return step_leaf(step, context.identity, self.view.details, self.widths)
        inside = context.inside(context.identity).in_function()
        nested = self.stack(step["nodes"], inside)
        group, label = step_group_and_label(step, context.identity, self.view.details, self.widths)
        return rejoin_all(FrameFigure(group, label, nested, GAP, self.folded_form(step, context)))

    def _loop(self, loop: Loop, context: NodeContext) -> Figure:
        head = self.view.details.source(loop)
        endless = head in ENDLESS_LOOPS
        progress = self.view.progress
        repeated = progress is None or id(loop) in progress.traversals.repeated
        exited = progress is None or progress.traversals.of(loop).exited
        tail = LOOP_TAIL // 2 if endless or not exited else LOOP_TAIL
        stack = self.stack(loop["nodes"], context.inside(context.identity), tail=tail)
        body = LoopBody(stack, endless, repeated, exited)
        label = heading(Icon.LOOP, "" if head else "loop", head, widest=self.widths.code, room=room_above(body))
        group = SvgGroup("loop", context.identity, head or "loop")
        return rejoin(FrameFigure(group, label, body, GAP, self.folded_form(loop, context)), "breaks")

    def _block(self, block: Block, context: NodeContext) -> Figure:
        body = self.stack(block["nodes"], context.inside(context.identity))
        css, icon = folded_style(block, self.view.details)
        group = SvgGroup(css, context.identity, folded_title(block, self.view.details))
        return FrameFigure(group, heading(icon, group.title), body, GAP, self.folded_form(block, context))

    def _call(self, call: FunctionCall, context: NodeContext) -> Figure:
        name, text = call["name"], call_text(call, self.view.details)
        phrase = self.calls.reason_against(name)
        if phrase:
            return unexpanded_call(call, text, phrase, context.identity, self.widths)
        function = self.functions[name]
        if function["nodes"] and self.view.folding.folds(function, context.level):
            return self._folded_box(function, context, self.body_texts.of(name), text)
        with self.calls.expanded(name, id(call)):
            return measure_function(self, function, call_title(call, text, "function"), context, call=text)

    def _start(self, start: Start, context: NodeContext) -> Figure:
        """Return a `start` as a frame around its nodes. Calls anywhere may refer to its functions."""
        payload = payload_text(start["payload"]) if "payload" in start else ""
        body = self.stack(start["nodes"], context.inside(context.identity).in_body())
        room = room_above(body)
        label = heading(Icon.START, f"start {start['class_name']}", payload, widest=self.widths.code, room=room)
        group = SvgGroup("start", context.identity, title_line("start", start["class_name"], payload))
        return rejoin_all(FrameFigure(group, label, body, GAP, self.folded_form(start, context)))

    def _unknown(self, node: Node, unknown: UnknownNode, context: NodeContext) -> Figure:
        name, phrases = unknown.get("name", "") or unknown["type"], [unknown["type"], UNKNOWN_TYPE]
        label = node_label(Icon.UNKNOWN, name, phrases, self.widths.name)
        group = SvgGroup(
            "unknown",
            context.identity,
            title_line(unknown.get("name", "") or unknown["type"], unknown["type"], "unknown type"),
        )
        if not unknown["nodes"]:
            return Leaf(group, label)
        body = self.stack(unknown["nodes"], context.inside(context.identity))
        return FrameFigure(group, label, body, GAP, self.folded_form(node, context))
