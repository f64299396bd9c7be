"""Laws about order: lines show exactly the order that follows from clocks and lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, permutations

from stepgraph.model.details import NO_DETAILS
from stepgraph.model.payload import Graph
from stepgraph.render.folding import may_complete
from stepgraph.render.group_order import clock_span, group_order, has_clocks
from stepgraph.render.svg.identities import BETWEEN
from tests.svg.laws.boxes import shows_all_iterations
from tests.svg.laws.exits import is_left_early
from tests.svg.laws.lines import is_head, kind, tip_of
from tests.svg.outline import Shown, shown_lists
from tests.svg.paths import END, FlowPaths, leaves
from tests.svg.picture import Figure, Picture


def order_has_no_line(graph: Graph, picture: Picture) -> Iterator[str]:
    for shown, paths in _lists(graph, picture):
        for earlier, later in _expected(shown):
            if not set(shown.figures[later]) & paths.reached_from(shown.figures[earlier]):
                yield f"{_name(shown, later)} after {_name(shown, earlier)}"


def line_has_no_order(graph: Graph, picture: Picture) -> Iterator[str]:
    """Concurrent nodes are never connected by a path."""
    for shown, paths in _lists(graph, picture):
        order = _order(shown)
        for earlier, later in permutations(range(len(shown.nodes)), 2):
            if later not in order[earlier] and set(shown.figures[later]) & paths.reached_from(shown.figures[earlier]):
                yield f"{_name(shown, later)} after {_name(shown, earlier)}"


def branch_leads_into_a_sibling(graph: Graph, picture: Picture) -> Iterator[str]:
    """Branches do not lead into each other, nor does the end of a `try` body into its `catch`."""
    branches: dict[Figure, list[list[Figure]]] = {}
    for shown in shown_lists(graph, picture):
        if "choice" in shown.frame.css:
            branches.setdefault(shown.frame, []).append([figure for figures in shown.figures for figure in figures])
    for figure in picture.whole.walk():
        if "try" in figure.css:
            by_kind = {css: panel for panel in figure.inner for css in panel.css & {"body", "else", "catch"}}
            last_of_body = "else" if "else" in by_kind else "body"
            branches[figure] = [[by_kind[css]] for css in (last_of_body, "catch") if css in by_kind]
    for frame, lists in branches.items():
        paths = FlowPaths(frame)
        for first, second in permutations(lists, 2):
            if set(second) & paths.reached_from(first):
                yield f"in {frame.identity}"


def guard_misses_its_exit(picture: Picture) -> Iterator[str]:
    """A guard leads to its exit beside it, and on."""
    for guard in picture.figures:
        if "guard" not in guard.css or guard.parent is None:
            continue
        reached = FlowPaths(guard.parent).reached_from([guard])
        pills = [inner for inner in guard.parent.inner if inner.identity.startswith(f"{guard.identity}.1{BETWEEN}")]
        if len(pills) != 1 or not set(pills) <= reached:
            yield guard.identity


def continuing_figure_leads_nowhere(picture: Picture) -> Iterator[str]:
    """Every path out of a figure reaches the end of its frame, except in groups."""
    for frame in picture.whole.walk():
        paths = FlowPaths(frame)
        for figure in frame.inner:
            reached = paths.reached_from([figure])
            last = {END} | {inner for inner in frame.inner if not leads_on(inner)}
            if leads_on(figure) and "parallel" not in frame.css and not reached & last:
                yield figure.identity or figure.title


def continuation_differs(picture: Picture) -> Iterator[str]:
    """Steps, calls, loops and functions always continue, exits never do, folded nodes do if their contents may, and
    other frames do if a path reaches their end.
    """
    for figure in picture.figures:
        if figure.css & {"condition", "legend", "shut"} or (
            figure.identity not in picture.nodes and not _is_part(figure)
        ):
            continue
        if leads_on(figure) != _should_lead_on(picture, figure):
            yield figure.identity or figure.title


def _should_lead_on(picture: Picture, figure: Figure) -> bool:
    if "exit" in figure.css:
        return False
    if _is_separate(figure):
        return is_left_early(picture, figure)
    if "folded" in figure.css and picture.nodes[figure.identity]["type"] != "function_call":
        return may_complete(picture.nodes[figure.identity], NO_DETAILS)
    if figure.css & {"step", "call", "loop", "function", "start", "empty"} or shows_all_iterations(picture, figure):
        return True
    if "finally" in figure.css and not _is_entered(figure):
        return False
    return not figure.is_frame or _gets_to_its_end(figure)


def _is_separate(figure: Figure) -> bool:
    """Return whether a figure is a function drawn separately."""
    place = figure.identity.split(BETWEEN)
    return len(place) == 2 and place[1].startswith("function.") and "function" in figure.css


def _is_entered(figure: Figure) -> bool:
    """Return whether an arrow leads to the top or a side of a figure."""
    lines = figure.parent.lines if figure.parent else []
    tips = [tip for line in [*lines, *figure.lines] for tip in map(tip_of, line.strokes) if tip]
    return any(figure.box.touches(tip, 1) for tip in tips)


def leads_on(figure: Figure) -> bool:
    """Return whether a line begins at the bottom of a figure."""
    parent = figure.parent
    return parent is not None and any(
        leaves(stroke, figure.box, parent)
        for line in parent.lines
        if kind(line) in {"line", "unawaited"}
        for stroke in line.strokes
        if not is_head(stroke)
    )


def _is_part(figure: Figure) -> bool:
    return bool(figure.css & {"body", "catch", "finally", "empty", "exit"}) or figure.identity.endswith(".concurrent")


def _gets_to_its_end(figure: Figure) -> bool:
    return any(
        stroke.end.y == figure.box.bottom
        for line in figure.lines
        if kind(line) == "line"
        for stroke in line.strokes
        if not is_head(stroke)
    )


def _lists(graph: Graph, picture: Picture) -> Iterator[tuple[Shown, FlowPaths]]:
    for shown in shown_lists(graph, picture):
        yield shown, FlowPaths(shown.frame)


def _order(shown: Shown) -> Sequence[set[int]]:
    """Return the successors of each node, including paths through nodes that exit."""
    after: list[set[int]] = [set() for _ in shown.nodes]
    for earlier, later in _pairs(shown):
        after[earlier].add(later)
    return _closed(after)


def _expected(shown: Shown) -> Iterator[tuple[int, int]]:
    """Yield the ordered pairs of nodes that are connected through nodes that go on."""
    after: list[set[int]] = [set() for _ in shown.nodes]
    for earlier, later in _pairs(shown):
        if leads_on(shown.figures[earlier][-1]):
            after[earlier].add(later)
    return ((earlier, later) for earlier, following in enumerate(_closed(after)) for later in following)


def _pairs(shown: Shown) -> Iterator[tuple[int, int]]:
    if shown.grouped or has_clocks(shown.nodes, in_group=False):
        before = group_order([clock_span(node) for node in shown.nodes]).before
        yield from ((earlier, later) for later, earliest in enumerate(before) for earlier in earliest)
    elif not has_clocks(shown.nodes, in_group=True):
        yield from pairwise(range(len(shown.nodes)))
    else:
        top = {index: figures[0].box.top for index, figures in enumerate(shown.figures)}
        yield from pairwise(sorted(top, key=lambda index: top[index]))


def _closed(after: Sequence[set[int]]) -> Sequence[set[int]]:
    """Return the transitive closure."""
    closed: list[set[int]] = []
    for start in range(len(after)):
        reached: set[int] = set()
        pending = [start]
        while pending:
            new = after[pending.pop()] - reached
            reached |= new
            pending += new
        closed.append(reached)
    return closed


def _name(shown: Shown, index: int) -> str:
    return shown.figures[index][0].identity
