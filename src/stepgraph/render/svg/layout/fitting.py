"""The choice of nodes to fold so that a picture is narrow enough to read where it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.model.payload import FunctionDef, Node
from stepgraph.model.walk import as_unknown, children, handlers_in, node_lists, walk
from stepgraph.render.calls import CallExpansion
from stepgraph.render.folding import loop_of_passes
from stepgraph.render.node_text import NO_BLOCK
from stepgraph.render.svg.figures.figure import Drawable
from stepgraph.render.svg.figures.guard import Guard
from stepgraph.render.svg.figures.leaf import ExitPill, Leaf
from stepgraph.render.svg.figures.stack import Stack
from stepgraph.render.svg.fonts import NAME
from stepgraph.render.svg.layout.nodes import NodeLayout
from stepgraph.render.svg.lengths import value_of
from stepgraph.render.view import View

MIN_NAME: Final = 10
"""The minimum size in pixels of the names of steps where the picture is shown."""

_MAX_ROUNDS: Final = 24
_MIN_ROUNDS: Final = 4
_MEASURED_NODES: Final = 40_000
"""The number of nodes that all rounds together measure, which bounds the time for large graphs."""

_FOLDED_WIDTH: Final = 200
"""The typical width in pixels of a folded node. Nodes that are narrower are not folded."""

_IN_COLUMNS: Final = frozenset({"if", "switch", "parallel"})
"""The types of nodes whose lists are beside each other."""


class Measurement(Struct, frozen=True):
    """The size of a picture and of its nodes."""

    width: int
    """The width of the picture in pixels."""

    figures: Mapping[int, Drawable]
    """The figure of each drawn node, by its identity as an object."""


Measure: TypeAlias = Callable[[View], Measurement]


def max_width(shown: int) -> int:
    """Return the maximum width of a picture whose step names are legible if it is scaled to the width `shown`."""
    return shown * NAME.size // MIN_NAME


def fold_to_fit(
    nodes: Sequence[Node], functions: Mapping[str, FunctionDef], view: View, width: int, measure: Measure
) -> View:
    """Return the view with narrow boxes, and nodes folded, so that the picture is at most `width` pixels wide.

    Wide choices and groups are in two rows before anything is folded. The deepest nodes of the widest parts are folded
    first. Each round measures the picture again, because the positions of figures depend on each other. If everything
    that helps is folded, the picture may be wider.
    """
    narrow = replace(view, narrow=True)
    if measure(narrow).width <= width:
        return narrow
    narrow = replace(narrow, compact=True)
    folded: list[int] = []
    measurement = measure(narrow)
    rounds = max(_MIN_ROUNDS, min(_MAX_ROUNDS, _MEASURED_NODES // max(1, len(measurement.figures))))
    lists = [nodes, *(function["nodes"] for function in functions.values())]
    for _ in range(rounds):
        if measurement.width <= width:
            return _with_folded(narrow, _needed(narrow, folded, width, measure, rounds))
        fitting = _Fitting(functions, measurement.figures)
        room = width - measurement.width + max(map(fitting.width_of, lists))
        if not sum(fitting.shrink_all(drawn, room) for drawn in lists):
            break
        folded += fitting.folded
        measurement = measure(_with_folded(narrow, folded))
    return _with_folded(narrow, _needed(narrow, folded, measurement.width, measure, rounds))


def _needed(view: View, folded: Sequence[int], width: int, measure: Measure, attempts: int) -> list[int]:
    """Return the folded nodes that cannot be open in a picture of this width."""
    needed = list(folded)
    for node in folded[:attempts]:
        others = [other for other in needed if other != node]
        if measure(_with_folded(view, others)).width <= width:
            needed = others
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

    A figure is reused if nothing inside is folded or unfolded. Nothing is reused if another call may become the first
    one of a function, at which it is expanded.
    """
    changed = view.folding.nodes ^ layout.view.folding.nodes
    is_other_style = (view.narrow, view.compact) != (layout.view.narrow, layout.view.compact)
    if is_other_style or changed & containers.with_repeated_calls:
        return NodeLayout(CallExpansion(layout.functions, view.expand), layout.body_texts, view)
    outdated = containers.closure(changed)
    reused = {node: figure for node, figure in layout.figures.items() if node not in outdated}
    shown = {
        name: place
        for name, place in layout.calls.shown.items()
        if place not in outdated and place != id(layout.functions[name])  # functions drawn separately
    }
    calls = CallExpansion(layout.functions, view.expand, shown)
    return NodeLayout(calls, layout.body_texts, view, figures=dict(reused), reused=reused)


class _Fitting(Struct):
    """One round: the nodes to fold in a picture with these figures."""

    functions: Mapping[str, FunctionDef]
    figures: Mapping[int, Drawable]
    folded: list[int] = field(default_factory=list)

    def width_of(self, nodes: Sequence[Node]) -> int:
        """Return the width of nodes on one spine."""
        extents = [_extents(self.figures[id(node)]) for node in nodes if id(node) in self.figures]
        return max((left for left, _ in extents), default=0) + max((right for _, right in extents), default=0)

    def shrink_all(self, nodes: Sequence[Node], room: int) -> bool:
        """Fold parts of nodes on one spine if they are wider than `room`. Return whether there was any part to fold."""
        drawn = {id(node): node for node in nodes if id(node) in self.figures}.values()
        wide = [node for node in drawn if self._width(node) > room]
        if wide:
            return sum(self._shrink(node, room) for node in wide) > 0
        excess = self.width_of(nodes) - room
        if excess <= 0 or not drawn:
            return False
        extents = [_extents(self.figures[id(node)]) for node in drawn]
        left_extent, right_extent = max(left for left, _ in extents), max(right for _, right in extents)
        edges = (
            [node for node, (left, _) in zip(drawn, extents, strict=True) if left == left_extent],
            [node for node, (_, right) in zip(drawn, extents, strict=True) if right == right_extent],
        )
        widest_first = sorted(edges, key=lambda nodes: -max(map(self._width, nodes)))
        return any(sum(self._shrink(node, self._width(node) - excess) for node in edge) for edge in widest_first)

    def _shrink(self, node: Node, room: int) -> bool:
        """Fold parts of a node or, if there are none, the node. Return whether there was any part to fold."""
        if self._is_box(node):
            return False
        lists = self._lists(node)
        widths = [self.width_of(nodes) for nodes in lists]
        excess = self._width(node) - room
        if node["type"] in _IN_COLUMNS:
            limit = _common_limit(widths, sum(widths) - excess)
            if sum(self.shrink_all(nodes, limit) for nodes in lists):
                return True
            widest_first = sorted(zip(widths, lists, strict=True), key=lambda item: -item[0])
            if any(self.shrink_all(nodes, width - excess) for width, nodes in widest_first):
                return True
        elif sum(self.shrink_all(nodes, width - excess) for width, nodes in zip(widths, lists, strict=True)):
            return True
        if isinstance(self.figures[id(node)], Stack):
            return False  # a branch without a frame
        target = self._foldable(node)
        if self._width(node) <= _FOLDED_WIDTH or not children(target) or id(target) in self.folded:
            return False
        self.folded.append(id(target))
        return True

    def _lists(self, node: Node) -> Sequence[Sequence[Node]]:
        """Return the lists of nodes in the frame of a node, each on its own spine."""
        if as_unknown(node):
            return [children(node)]
        if (loop := loop_of_passes(node)) is not None:
            return [loop["nodes"]]
        if node["type"] == "parallel":
            return [_members(member) for member in node["nodes"]]
        if node["type"] == "try" and (handlers := handlers_in(node.get("catch_block", NO_BLOCK)["nodes"])) is not None:
            body, _, *final = node_lists(node) if "try_block" in node else [[], *node_lists(node)]
            return [body, *(branch["nodes"] for branch in handlers["branches"]), *final]
        return node_lists(self._foldable(node))

    def _width(self, node: Node) -> int:
        return sum(_extents(self.figures[id(node)]))

    def _is_box(self, node: Node) -> bool:
        """Return whether a node is drawn without nodes inside, such as a step, a folded node or a later call."""
        return isinstance(self.figures[id(node)], (Leaf, ExitPill, Guard))

    def _foldable(self, node: Node) -> Node:
        """Return the node to fold: the function of a call, and otherwise the node itself."""
        return self.functions.get(node["name"], node) if node["type"] == "function_call" else node


def _extents(figure: Drawable) -> tuple[int, int]:
    return value_of(figure.left_extent), value_of(figure.right_extent)


def _members(node: Node) -> Sequence[Node]:
    """Return the nodes in the column of a member. A block has no frame in a group."""
    return node["nodes"] if node["type"] == "block" and node["nodes"] else [node]


def _common_limit(widths: Sequence[int], total: int) -> int:
    """Return the greatest width such that columns that are at most so wide have a width of at most `total`."""
    remaining = total
    for index, width in enumerate(ordered := sorted(widths)):
        share = remaining // (len(ordered) - index)
        if width > share:
            return max(0, share)
        remaining -= width
    return max(widths, default=0)
