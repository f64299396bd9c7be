"""The figures of nodes with the progress of an instance: signs, texts, and traversals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, cast

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from stepgraph.execution.instance import NodeState
from stepgraph.model.walk import as_unknown, is_step, walk
from stepgraph.render.node_text import name_text
from stepgraph.render.progress import CURRENT, REACHED, STATES, Progress
from stepgraph.render.progress_text import StepFacts, count_text, state_counts, step_facts
from stepgraph.render.svg.figures.figure import Figure
from stepgraph.render.svg.figures.frame import FrameFigure, room_above
from stepgraph.render.svg.figures.guard import Guard
from stepgraph.render.svg.figures.label import TextWidths, add_facts, add_heading_fact, without_phrases
from stepgraph.render.svg.figures.leaf import ExitPill, Leaf, SvgGroup, label_room
from stepgraph.render.svg.figures.stack import ExitJoin, rejoin
from stepgraph.render.svg.figures.state_signs import FigureRun, Sign
from stepgraph.render.svg.layout.labels import title_line
from stepgraph.render.traversal import NOT_ENTERED, TRAVERSED, Traversal

if TYPE_CHECKING:
    from stepgraph.model.payload import FunctionDef, Node, Step

_ENDED: Final[frozenset[NodeState]] = frozenset({"done", "failed"})


class Runs(Struct, frozen=True):
    """Adds the progress of an instance to figures."""

    progress: Progress
    functions: Mapping[str, FunctionDef]

    def figure(self, figure: Figure, part: Mapping[str, object], widths: TextWidths) -> Figure:
        """Return the figure of a node, block or function with its progress."""
        if isinstance(figure, ExitJoin):
            return rejoin(self.figure(figure.figure, part, widths), figure.kind)
        if isinstance(figure, Leaf):
            return self._box(figure, cast("Node", part), widths)
        if isinstance(figure, FrameFigure):
            return self._frame(figure, cast("Node", part), widths)
        if isinstance(figure, (ExitPill, Guard)):
            return replace(figure, group=replace(figure.group, run=FigureRun(self.progress.traversals.of(part))))
        return figure

    def ending(self, figure: Figure, part: Mapping[str, object], nodes: Sequence[Node]) -> Figure:
        """Return the figure of a jump at the end of a part with these nodes, which is taken if the last one is done."""
        if not isinstance(figure, (ExitPill, Guard)):
            return figure
        last = nodes[-1] if nodes else part
        traversal = self.progress.traversals.of(last)
        has_ended = self.progress.instance.log.has_ended or self.progress.state(part) == "failed"
        is_taken = traversal.exited or (has_ended and self.progress.state(last) == "done")
        run = FigureRun(TRAVERSED if is_taken else NOT_ENTERED)
        if isinstance(figure, Guard):
            pill = cast("ExitPill", figure.exit)
            pill = replace(pill, group=replace(pill.group, run=FigureRun(NOT_ENTERED)))
            return replace(figure, exit=pill, group=replace(figure.group, run=run))
        return replace(figure, group=replace(figure.group, run=run))

    def _box(self, box: Leaf, node: Node, widths: TextWidths) -> Leaf:
        if as_unknown(node) is None and is_step(node) and not box.stacked:
            facts = step_facts(self.progress, node)
            label = without_phrases(box.label) if self.progress.state(node) in _ENDED else box.label
            label = add_facts(label, facts.phrases, facts.error, label_room(label), widths.name)
            return replace(box, label=label, group=self._step_group(box.group, node, facts))
        inside = self._steps_inside(box, node)
        counts = [text for text in (count_text(self.progress, node), *state_counts(self.progress, inside)) if text]
        sign, css = self._summary(node, inside)
        label = add_facts(box.label, counts, "", label_room(box.label), widths.name)
        run = FigureRun(self.progress.traversals.of(node), sign)
        title = title_line(box.group.title, *counts)
        return replace(box, label=label, group=SvgGroup(f"{box.group.css} {css}", box.group.identity, title, run))

    def _steps_inside(self, box: Leaf, node: Node) -> list[Node]:
        """Return the steps in a folded box. The box of a call without the body of its function has none."""
        return self._steps_in(node) if "folded" in box.group.css.split() else []

    def _steps_in(self, node: Node) -> list[Node]:
        """Return a node, if it is a step, and the steps inside."""
        nodes = [node]
        if node["type"] == "function_call" and node["name"] in self.functions:
            nodes = self.functions[node["name"]]["nodes"]
        return [each for each in walk(nodes) if is_step(each)]

    def _summary(self, node: Node, inside: Sequence[Node]) -> tuple[Sign | None, str]:
        """Return the sign of a folded box and its class, for the most important state of the steps inside."""
        states = [self.progress.state(step) for step in inside]
        state = min(states, key=STATES.index, default=self.progress.state(node))
        if state not in CURRENT and any(map(self.progress.is_next, inside)):
            return "next", "next"
        return (None if state == "not_reached" else state), state.replace("_", "-")

    def _step_group(self, group: SvgGroup, step: Step, facts: StepFacts) -> SvgGroup:
        state = self.progress.state(step)
        traversal = self.progress.traversals.of(step)
        is_next = self.progress.is_next(step) and state not in REACHED
        sign: Sign | None = "next" if is_next else None if state == "not_reached" else state
        if (node_progress := self.progress.of(step)) is not None and node_progress.is_uncertain:
            sign = "uncertain"
        log = self.progress.instance.log
        halo = self._is_fatal(step) or (state in CURRENT and not log.has_ended)
        css = f"{group.css} {(sign or state).replace('_', '-')}{' strong' if halo else ''}"
        name = name_text(step["name"])
        title = title_line(name, facts.state, *facts.phrases, facts.error) + group.title.removeprefix(name)
        return SvgGroup(css, group.identity, title, FigureRun(traversal, sign, halo))

    def _is_fatal(self, step: Step) -> bool:
        """Return whether the failure of a step ended the instance."""
        failure, node_progress = self.progress.failure, self.progress.of(step)
        return (
            failure is not None
            and node_progress is not None
            and any(run.log.index == failure for run in node_progress.entries)
        )

    def _frame(self, frame: FrameFigure, node: Node, widths: TextWidths) -> FrameFigure:
        traversal, group = self.progress.traversals.of(node), frame.group
        if group.run is not None:
            # The body of a function shows all its calls, so it may be entered by a call that is drawn elsewhere.
            is_entered = group.run.traversal.entered or traversal.entered
            run = replace(group.run, traversal=Traversal(is_entered, traversal.exited))
            return _with_group(frame, replace(group, run=run))
        if as_unknown(node) is None and node["type"] == "step_do" and frame.label is not None:
            facts = step_facts(self.progress, node)
            label = add_facts(frame.label, facts.phrases, facts.error, 0, widths.name)
            return replace(frame, label=label, group=self._step_group(group, node, facts))
        count = "" if as_unknown(node) else count_text(self.progress, node)
        inner = None if frame.folded is None else self._summary(node, self._steps_in(node))[0]
        group = SvgGroup(group.css, group.identity, title_line(group.title, count), FigureRun(traversal, inner=inner))
        if not count or frame.label is None:
            return _with_group(frame, group)
        widest = max(widths.code, room_above(frame.content))
        return replace(frame, label=add_heading_fact(frame.label, count, widest), group=group)


def with_traversal(figure: Figure, traversal: Traversal) -> Figure:
    """Return the figure of a part of a node with the traversal of this part."""
    if not isinstance(figure, (Leaf, FrameFigure)):
        return figure
    run = FigureRun(traversal) if figure.group.run is None else replace(figure.group.run, traversal=traversal)
    group = replace(figure.group, run=run)
    return replace(figure, group=group) if isinstance(figure, Leaf) else _with_group(figure, group)


def _with_group(frame: FrameFigure, group: SvgGroup) -> FrameFigure:
    """Return a new frame with another group, which does not change its size."""
    force_setattr(frame, "group", group)
    return frame
