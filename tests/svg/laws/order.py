"""What the lines of a picture claim about order: all that the clocks and lists of a graph say, and no more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, permutations

from stepgraph.model.payload import Graph
from stepgraph.render.group_order import clock_span, group_order, has_clocks
from stepgraph.render.svg.identities import BETWEEN
from tests.svg.laws.boxes import is_of_passes
from tests.svg.laws.exits import is_left_early
from tests.svg.laws.lines import is_head, kind, tip_of
from tests.svg.outline import Shown, shown_lists
from tests.svg.picture import Figure, Picture
from tests.svg.ways import END, Ways, leaves


def one_waits_for_another_and_no_line_says_so(graph: Graph, picture: Picture) -> Iterator[str]:
    for shown, ways in _lists(graph, picture):
        for earlier, later in _expected(shown):
            if not set(shown.figures[later]) & ways.reached_from(shown.figures[earlier]):
                yield f"{_name(shown, later)} after {_name(shown, earlier)}"


def lines_claim_an_order_that_is_none(graph: Graph, picture: Picture) -> Iterator[str]:
    """Two that may run at the same time are never one below the other on a line."""
    for shown, ways in _lists(graph, picture):
        order = _order(shown)
        for earlier, later in permutations(range(len(shown.nodes)), 2):
            if later not in order[earlier] and set(shown.figures[later]) & ways.reached_from(shown.figures[earlier]):
                yield f"{_name(shown, later)} after {_name(shown, earlier)}"


def one_branch_leads_into_another(graph: Graph, picture: Picture) -> Iterator[str]:
    """Nor does what is protected lead into what catches its failures, but in the way of a failure."""
    branches: dict[Figure, list[list[Figure]]] = {}
    for shown in shown_lists(graph, picture):
        if "choice" in shown.frame.css:
            branches.setdefault(shown.frame, []).append([figure for figures in shown.figures for figure in figures])
    for figure in picture.whole.walk():
        if "try" in figure.css:
            branches[figure] = [[panel] for panel in figure.inner if panel.css & {"body", "catch"}]
    for frame, lists in branches.items():
        ways = Ways(frame)
        for one, other in permutations(lists, 2):
            if set(other) & ways.reached_from(one):
                yield f"in {frame.identity}"


def something_that_goes_on_leads_nowhere(picture: Picture) -> Iterator[str]:
    """What leads out of a figure gets to the end of its frame, but in groups that are left otherwise."""
    for frame in picture.whole.walk():
        ways = Ways(frame)
        for figure in frame.inner:
            reached = ways.reached_from([figure])
            last = {END} | {other for other in frame.inner if not leads_on(other)}
            if leads_on(figure) and "parallel" not in frame.css and not reached & last:
                yield figure.identity or figure.title


def something_stops_that_goes_on(picture: Picture) -> Iterator[str]:
    """Steps, calls, loops and functions always go on, exits never, other frames if anything gets to their end."""
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
    if _stands_by_itself(figure):
        return is_left_early(picture, figure)
    if figure.css & {"step", "call", "folded", "loop", "function", "start", "empty"} or is_of_passes(picture, figure):
        return True
    if "finally" in figure.css and not _is_entered(figure):
        return False
    return not figure.is_frame or _gets_to_its_end(figure)


def _stands_by_itself(figure: Figure) -> bool:
    """Tell whether a figure is a function below the workflow, not where it is called."""
    place = figure.identity.split(BETWEEN)
    return len(place) == 2 and place[1].startswith("function.") and "function" in figure.css


def _is_entered(figure: Figure) -> bool:
    """Tell whether an arrow leads to a figure: to its top, or to a side of it."""
    lines = figure.parent.lines if figure.parent else []
    tips = [tip for line in [*lines, *figure.lines] for tip in map(tip_of, line.strokes) if tip]
    return any(figure.box.touches(tip, 1) for tip in tips)


def leads_on(figure: Figure) -> bool:
    """Tell whether a line begins at the bottom of a figure, be it one of what nothing waits for."""
    around = figure.parent
    return around is not None and any(
        leaves(stroke, figure.box, around)
        for line in around.lines
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


def _lists(graph: Graph, picture: Picture) -> Iterator[tuple[Shown, Ways]]:
    for shown in shown_lists(graph, picture):
        yield shown, Ways(shown.frame)


def _order(shown: Shown) -> Sequence[set[int]]:
    """Return for each node all that run after it, whatever leaves for good in between."""
    after: list[set[int]] = [set() for _ in shown.nodes]
    for earlier, later in _pairs(shown):
        after[earlier].add(later)
    return _closed(after)


def _expected(shown: Shown) -> Iterator[tuple[int, int]]:
    """Yield the pairs of nodes of which the second comes after the first, by others that all go on."""
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
        found: set[int] = set()
        pending = [start]
        while pending:
            new = after[pending.pop()] - found
            found |= new
            pending += new
        closed.append(found)
    return closed


def _name(shown: Shown, index: int) -> str:
    return shown.figures[index][0].identity
