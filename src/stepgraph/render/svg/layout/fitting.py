"""The choice of nodes to fold, so that a picture is legible at the width at which it is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.model.walk import as_unknown, children, walk
from stepgraph.render.folding import CallExpansion
from stepgraph.render.group_order import is_ordered_group
from stepgraph.render.svg.figures.leaf import ExitPill, Leaf
from stepgraph.render.svg.layout.narrowing import MIN_GAIN, FoldCosts, Form, Narrowing, spine_width
from stepgraph.render.svg.layout.nodes import NodeLayout
from stepgraph.render.svg.lengths import value_of
from stepgraph.render.view import View

if TYPE_CHECKING:
    from stepgraph.model.payload import FunctionDef, Node

_NARROWEST: Final = 2 / 3
"""The minimum ratio of the width of a picture with narrow boxes to its width with normal boxes."""

_MOVES: Final = 16
"""The number of moves that would make a very wide picture fit, if each made it narrower by the minimum."""

_FRAME_SIDES: Final = 72
"""The width of the margins of a picture and of the sides of a frame."""

_MOST: Final = 0.5
"""The share of a picture from which on a group of dependent steps is most of it."""

_MAX_ROUNDS: Final = 6
_MAX_ATTEMPTS: Final = 16
"""The maximum number of folded nodes that are checked for whether they can be open."""


class Measurement(Struct, frozen=True):
    """The size of a picture, with its layout."""

    width: int
    """The width of the picture in pixels."""

    layout: NodeLayout


Measure: TypeAlias = Callable[[View], Measurement]


def narrower_views(view: View, max_width: int) -> tuple[View, View]:
    """Return the view with narrow boxes, and the one that also has wide choices and groups in rows below each other."""
    narrow = replace(view, narrow=True)
    return narrow, replace(narrow, compact=True, max_rows_width=max_width - _FRAME_SIDES)


def fold_to_fit(
    nodes: Sequence[Node],
    functions: Mapping[str, FunctionDef],
    view: View,
    widths: tuple[int, int],
    measure: Measure,
) -> View:
    """Return a view with narrow boxes and folded nodes, in which the picture does not exceed its maximum width.

    `widths` are the width of the picture with the view and its maximum width, in pixels.

    Wide choices and groups are in two rows, or in tiers of two rows, before anything is folded. The folds cost as
    little as possible, as `FoldCosts` defines it. If everything that helps is folded, the picture may be wider. A group
    of dependent steps that is most of the picture is not folded, because the box would hide what the picture is about.

    Folds move other figures, and may move the body of a function to a later call, so the picture is measured again
    after each round. At the end, nodes are unfolded again if there is room for them.
    """
    current_width, max_width = widths
    narrow, compact = narrower_views(view, max_width)
    may_suffice = current_width * _NARROWEST <= max_width
    if may_suffice and measure(narrow).width <= max_width:
        return narrow
    costs = _costs([nodes, *(function["nodes"] for function in functions.values())], functions)
    protected = _protected(nodes, functions, view, costs)
    folded: list[int] = []
    for _ in range(_MAX_ROUNDS):
        measurement = measure(_with_folded(compact, folded))
        new = _new_folds(nodes, measurement, costs, max_width, protected)
        folded += new
        if not new:
            break
    positions = {id(node): position for position, node in enumerate(walk([*nodes, *functions.values()]))}
    folded.sort(key=lambda node: (-costs.of_fold(node), positions[node]))
    return _with_folded(compact, _needed(compact, folded, max(max_width, measurement.width), measure))


def widened(
    nodes: Sequence[Node], normal: NodeLayout, narrow: Measurement, max_width: int, measure: Measure
) -> Measurement:
    """Return a measurement with normal boxes on the main spine, as far as the picture stays narrow enough.

    `normal` is the layout without narrow boxes.
    """
    limit = max(max_width, narrow.width)
    drawn = [node for node in nodes if id(node) in normal.figures and id(node) in narrow.layout.figures]
    left, right = (max(sides) for sides in zip(*(_sides_in(narrow.layout, node) for node in drawn), strict=True))
    room = left + right + limit - narrow.width
    wide: set[int] = set()
    for node in sorted(drawn, key=lambda node: sum(_sides_in(normal, node))):
        sides = _sides_in(normal, node)
        if max(left, sides[0]) + max(right, sides[1]) <= room:
            left, right = max(left, sides[0]), max(right, sides[1])
            wide.add(id(node))
    narrow_nodes = frozenset(id(node) for node in nodes if id(node) not in wide)
    measurement = measure(replace(narrow.layout.view, narrow=False, narrow_nodes=narrow_nodes))
    return measurement if measurement.width <= limit else measure(narrow.layout.view)


def _sides_in(layout: NodeLayout, node: Node) -> tuple[int, int]:
    """Return the extents of the figure of a node to the left and to the right, in pixels."""
    figure = layout.figures[id(node)]
    return value_of(figure.left_extent), value_of(figure.right_extent)


def _protected(
    nodes: Sequence[Node], functions: Mapping[str, FunctionDef], view: View, costs: FoldCosts
) -> frozenset[int]:
    """Return the nodes that must not be folded, with the nodes around them.

    They contain the current or failed steps of an instance, or are a group of dependent steps that is most of the
    picture.
    """
    lists = [nodes, *(function["nodes"] for function in functions.values())]
    every = [node for each in lists for node in walk(each)]
    large = costs.beyond(_MOST * costs.add(nodes))
    important = [id(node) for node in every if id(node) in large and is_ordered_group(node)]
    if (progress := view.progress) is not None:
        important += [id(node) for node in every if progress.is_important(node)]
    return containers_of(nodes, functions).closure(important) if important else frozenset()


def _new_folds(
    nodes: Sequence[Node], measurement: Measurement, costs: FoldCosts, max_width: int, protected: frozenset[int]
) -> list[int]:
    """Return nodes to fold in a picture that is too wide, or none in another picture."""
    excess, layout = measurement.width - max_width, measurement.layout
    if excess <= 0:
        return []
    narrowing = Narrowing(layout, costs, excess, protected)
    separate = [each for name, each in layout.functions.items() if layout.calls.shown.get(name) == id(each)]
    spines = [narrowing.drawn(each) for each in (nodes, *(function["nodes"] for function in separate))]
    room = max(spine_width(form for _, form in spine) for spine in spines) - excess
    forms = (form for spine in spines for form in _narrowed(narrowing, spine, room))
    return list(dict.fromkeys(node for form in forms for node in form.folded))


def _costs(lists: Iterable[Sequence[Node]], functions: Mapping[str, FunctionDef]) -> FoldCosts:
    calls = Counter(node["name"] for nodes in lists for node in walk(nodes) if node["type"] == "function_call")
    costs = FoldCosts(functions, frozenset(name for name, count in calls.items() if count > 1))
    for nodes in lists:
        costs.add(nodes)
    return costs


def _narrowed(narrowing: Narrowing, drawn: Sequence[tuple[Node, Form]], room: int) -> Iterable[Form]:
    """Return the narrower forms of nodes on one spine that need at most `room`, or as little as possible."""
    forms: dict[int, Form] = {}
    while (excess := spine_width(form for _, form in drawn) - room) > 0:
        gain = min(excess, max(MIN_GAIN, excess // _MOVES))
        moves = sorted(narrowing.moves(drawn, gain), key=lambda move: move.price(excess))
        if not moves:
            break
        forms.update(moves[0].forms)
        drawn = [(node, forms.get(id(node), form)) for node, form in drawn]
    return forms.values()


def _needed(view: View, folded: Sequence[int], width: int, measure: Measure) -> list[int]:
    """Return the folded nodes that cannot be open in a picture of this width. The first ones are opened first."""
    needed = list(folded)
    for node in folded[:_MAX_ATTEMPTS]:
        candidates = [each for each in needed if each != node]
        if measure(_with_folded(view, candidates)).width <= width:
            needed = candidates
    return needed


def _with_folded(view: View, folded: Iterable[int]) -> View:
    return replace(view, folding=replace(view.folding, nodes=view.folding.nodes | set(folded)))


class Containers(Struct, frozen=True):
    """The nodes that contain each node of a graph, identified as objects. A function is inside its calls."""

    of_node: Mapping[int, Sequence[int]]
    with_repeated_calls: frozenset[int] = frozenset()
    """The nodes that contain calls of functions that are also called elsewhere."""

    def closure(self, nodes: Iterable[int]) -> frozenset[int]:
        """Return the nodes with all nodes that contain them."""
        reached: set[int] = set()
        pending = list(nodes)
        while pending:
            if (node := pending.pop()) not in reached:
                reached.add(node)
                pending.extend(self.of_node.get(node, ()))
        return frozenset(reached)


def containers_of(nodes: Sequence[Node], functions: Mapping[str, FunctionDef]) -> Containers:
    """Return the containers of the nodes of a workflow and its functions."""
    of_node: dict[int, list[int]] = {}
    for node in walk([*nodes, *functions.values()]):
        if as_unknown(node) is None and node["type"] == "function_call" and node["name"] in functions:
            of_node.setdefault(id(functions[node["name"]]), []).append(id(node))
        for child in children(node):
            of_node.setdefault(id(child), []).append(id(node))
    containers = Containers(of_node)
    calls = [of_node.get(id(function), ()) for function in functions.values()]
    repeated = [call for calls_of_function in calls if len(calls_of_function) > 1 for call in calls_of_function]
    return replace(containers, with_repeated_calls=containers.closure(repeated))


def next_layout(layout: NodeLayout, view: View, containers: Containers) -> NodeLayout:
    """Return a layout for the view, which reuses the figures of a layout in which other nodes are folded.

    A figure is reused if nothing inside is folded or unfolded, and only a box is reused if the view is more compact.
    Nothing is reused if a different call may become the first call of a function, where the function is expanded.
    """
    changed = view.folding.nodes ^ layout.view.folding.nodes
    boxes = (view.narrow, view.narrow_nodes)
    if boxes != (layout.view.narrow, layout.view.narrow_nodes) or changed & containers.with_repeated_calls:
        return NodeLayout(CallExpansion(layout.functions, view.expand), layout.body_texts, view)
    shown: dict[str, int] = {}
    if view.compact != layout.view.compact:
        is_box = {node: isinstance(figure, (Leaf, ExitPill)) for node, figure in layout.figures.items()}
        reused = {node: figure for node, figure in layout.figures.items() if is_box[node]}
    else:
        outdated = containers.closure(changed)
        reused = {node: figure for node, figure in layout.figures.items() if node not in outdated}
        shown = {
            name: place
            for name, place in layout.calls.shown.items()
            if place not in outdated and place != id(layout.functions[name])  # functions drawn separately
        }
    calls = CallExpansion(layout.functions, view.expand, shown)
    return replace(layout, calls=calls, view=view, figures=dict(reused), reused=reused)


def is_complete(layout: NodeLayout) -> bool:
    """Return whether a layout with reused figures can be drawn, because each node has a single identity."""
    return len(set(map(id, layout.nodes_by_id.values()))) == len(layout.nodes_by_id)


def without_hidden_nodes(layout: NodeLayout) -> NodeLayout:
    """Return a layout with the same figures, but without the nodes inside nodes that were folded later."""
    folding, functions = layout.view.folding.nodes, layout.functions
    folded = [node for node in (*layout.nodes_by_id.values(), *functions.values()) if id(node) in folding]
    pending = [inner for node in folded for inner in children(node)]
    hidden: set[int] = set()
    while pending:
        node = pending.pop()
        hidden.add(id(node))
        pending += children(node)
        if node["type"] == "function_call" and layout.calls.shown.get(node["name"]) == id(node):
            pending += functions[node["name"]]["nodes"]
    shown = {identity: node for identity, node in layout.nodes_by_id.items() if id(node) not in hidden}
    drawn = layout.calls.shown.items()
    places = {name: place for name, place in drawn if place not in hidden and place != id(functions[name])}
    return replace(
        layout,
        calls=CallExpansion(functions, layout.view.expand, places),
        nodes_by_id=shown,
        frameless=layout.frameless - folding,
        reused=layout.figures,
    )
