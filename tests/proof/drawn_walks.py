"""Check whether the steps of a run follow each other along the arrows of drawings."""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass, field

from stepgraph.model.walk import is_step
from stepgraph.render.flow.chart import Box, BoxKind, Chart, FrameEnd, FrameStart
from tests.acceptance.step_names import matches_name
from tests.acceptance.trace import RunTrace
from tests.svg.laws.lines import is_head, kind, tip_of
from tests.svg.paths import joined_bars
from tests.svg.picture import Figure, Line, Picture
from tests.svg.shapes import Point
from tests.svg.strokes import Stroke

_STEPS = {BoxKind.STEP, BoxKind.SLEEP, BoxKind.WAIT}
_CLOCKS = re.compile(r" \[\d*→\d*\]$")
_RACE = re.compile("parallel (any|race)")
_ARROW = re.compile(r"^\s*(\w+) (?:->|-->|---|-\.->|-\.-)(?:\|.*\|)? (\w+)(?:.* ltail=\"?cluster_(\w+))?", re.MULTILINE)
_HEAD_LENGTH = 9
"""The maximum distance in pixels between the end of a line and the tip of its arrow head."""


@dataclass(slots=True)
class DrawnWalks:
    """The walks along the arrows of a drawing in which all calls show their functions.

    A loop may have no iterations, and work without steps may end a race. No arrow shows this.
    """

    leads_to: dict[Hashable, set[Hashable]] = field(default_factory=dict)
    steps: dict[Hashable, str] = field(default_factory=dict)
    """The names of the steps."""

    outer: set[Hashable] = field(default_factory=set)
    """The steps that contain others."""

    start: Hashable = "n_start"

    def link(self, source: Hashable, target: Hashable) -> None:
        self.leads_to.setdefault(source, set()).add(target)

    def rejection(self, trace: RunTrace) -> str:
        """Return the first step to which no arrows lead from steps that are over, or an empty string."""
        over: set[Hashable] = set()
        for event in trace.events:
            nodes = {node for node, shown in self.steps.items() if matches_name(shown, event.name)}
            if event.type == "start":
                if not nodes & self._reached_through(over):
                    return str(event)
                over |= nodes & self.outer
            elif event.type in {"end", "fail"}:
                over |= nodes
        return ""

    def _reached_through(self, passed: Collection[Hashable]) -> set[Hashable]:
        """Return everything that arrows reach from the start without passing steps except those in `passed`."""
        reached: set[Hashable] = set()
        pending = [self.start]
        while pending:
            new = self.leads_to.get(pending.pop(), set()) - reached
            reached |= new
            pending += [each for each in new if each not in self.steps or each in passed]
        return reached


def walks_of_text(chart: Chart, text: str) -> DrawnWalks:
    """Return the walks along the arrows in the text of a chart for Graphviz or Mermaid."""
    walks = DrawnWalks()
    frames = _boxes_of_frames(chart)
    for tail, head, frame in _ARROW.findall(text):
        for source in frames.get(frame or tail, [tail]):
            walks.link(source, head)
    for item in chart.content:
        if isinstance(item, Box) and item.kind in _STEPS:
            walks.steps[item.id] = _CLOCKS.sub("", item.lines[0])
        elif isinstance(item, Box) and item.id.endswith("_foot"):
            walks.link(item.id.removesuffix("_foot") + "_head", item.id)
        elif isinstance(item, FrameStart) and item.id.endswith("_steps"):
            walks.outer.add(item.id.removesuffix("_steps"))
        elif isinstance(item, FrameStart) and _RACE.match(item.title):
            walks.link(f"{item.id}_fork", f"{item.id}_join")
    return walks


def _boxes_of_frames(chart: Chart) -> Mapping[str, list[str]]:
    frames: dict[str, list[str]] = {}
    opened: list[str] = []
    for item in chart.content:
        if isinstance(item, FrameStart):
            opened.append(item.id)
            frames[item.id] = []
        elif isinstance(item, FrameEnd):
            opened.pop()
        else:
            for frame in opened:
                frames[frame].append(item.id)
    return frames


def walks_of_picture(picture: Picture) -> DrawnWalks:
    """Return the walks along the lines of a picture. Figures and strokes are places on these walks."""
    walks = DrawnWalks(start="start")
    figures = [figure for figure in picture.figures if "legend" not in figure.css]
    lines = [line for line in picture.lines if "legend" not in line.figure.css]
    strokes = [(line, stroke) for line in lines for stroke in line.strokes if not (is_head(stroke) or stroke.closed)]
    tips = [tip for line in lines for tip in map(tip_of, line.strokes) if tip]
    ends = {id(stroke): [stroke.end, *_tips_after(stroke, tips)] for _, stroke in strokes}
    first_mark = min(picture.whole.marks, key=lambda mark: mark.top)
    for line, stroke in strokes:
        if first_mark.touches(stroke.begin, 1):
            walks.link("start", stroke)
        for _, second in strokes:
            if second is not stroke and (
                stroke.has(second.begin) or second.has(stroke.end) or any(second.has(p, 1.5) for p in ends[id(stroke)])
            ):
                walks.link(stroke, second)
        for figure in figures:
            _link_figure(walks, figure, line, stroke, ends[id(stroke)])
    for frame in picture.whole.walk():
        _link_bars(walks, frame, [(stroke, ends[id(stroke)]) for line, stroke in strokes if line.figure is frame])
    for figure in figures:
        node = picture.nodes.get(figure.identity)
        if node is not None and is_step(node):
            walks.steps[figure] = node["name"]
            if figure.is_frame:
                walks.outer.add(figure)
    return walks


def _tips_after(stroke: Stroke, tips: list[Point]) -> Iterator[Point]:
    """Yield the tips of the arrow heads at the end of a stroke."""
    end = stroke.end
    for tip in tips:
        across, along = sorted((abs(tip.x - end.x), abs(tip.y - end.y)))
        if across <= 1 and along <= _HEAD_LENGTH:
            yield tip


def _link_figure(walks: DrawnWalks, figure: Figure, line: Line, stroke: Stroke, ends: list[Point]) -> None:
    """Link a figure with a stroke that begins or ends at its sides, or in a frame at the top of its content."""
    if figure.is_frame and figure is line.figure:
        if abs(stroke.begin.y - (figure.band.bottom if figure.band else figure.box.top)) <= 1:
            walks.link(figure, stroke)
        return
    if figure in line.figure.parents:
        return
    if any(figure.box.touches(point, 1.5) for point in ends):
        walks.link(stroke, figure)
    if not figure.box.touches(stroke.begin, 1):
        return
    if not figure.is_frame:
        walks.link(figure, stroke)
    elif kind(line) == "failure":
        for inner in figure.walk():
            walks.link(inner, stroke)
    elif stroke.begin.y >= figure.box.bottom - 1 and _may_be_passed(figure):
        walks.link(figure, stroke)


def _may_be_passed(figure: Figure) -> bool:
    """Return whether a frame is a loop, also one whose iterations are concurrent, or a race."""
    return "loop" in figure.css or len(figure.boxes) > 1 or _RACE.match(figure.title) is not None


def _link_bars(walks: DrawnWalks, frame: Figure, strokes: list[tuple[Stroke, list[Point]]]) -> None:
    for index, pieces in enumerate(joined_bars(frame)):
        bar = (frame, index)
        for stroke, ends in strokes:
            if any(piece.has(stroke.begin) for piece in pieces):
                walks.link(bar, stroke)
            if any(piece.grown(0.5).has(end) for piece in pieces for end in ends):
                walks.link(stroke, bar)
