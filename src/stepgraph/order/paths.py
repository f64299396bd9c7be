"""Paths to the nodes of a body, and the exits by which control leaves nodes.

A path leads through the lists of nodes around a node (`executed_lists`). An exit leads to the next node, out of the
loop (`break`), or out of the function (`return`). One transfer function, `exits_through`, maps the exits of a list of
nodes to the exits of the node that contains it. The function serves both directions: from a node into its lists
(`exits_of`), and from a position in a list outward (`may_continue`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, TypeAlias, TypedDict, assert_never, cast

from msgspec import Struct

from stepgraph.model.payload import Node, Number, Try
from stepgraph.model.walk import as_unknown, handlers_in, is_step

TRY: Final = 0
CATCH: Final = 1
FINALLY: Final = 2
"""The parts of a `try` in the order of execution."""

_BLOCKS: Final = ((TRY, "try_block"), (CATCH, "catch_block"), (FINALLY, "finally_block"))
_SEQUENCES: Final = frozenset({"loop", "block", "start"})


class NodeClocks(TypedDict, total=False):
    """The clocks at which a node starts and resolves. Either can be absent."""

    starts: Number
    resolves: Number


def executed_lists(node: Node) -> list[tuple[int, Sequence[Node]]]:
    """Return the lists of nodes that run as part of a node, each with its `PathSegment.part`.

    The nodes nested in a step, and the nodes of a function, are separate bodies and not included.
    """
    if unknown := as_unknown(node):
        return [(0, unknown["nodes"])]
    if is_step(node):
        return []
    match node["type"]:
        case "loop" | "parallel" | "block" | "start":
            return [(0, node["nodes"])]
        case "if" | "switch":
            return [(number, branch["nodes"]) for number, branch in enumerate(node["branches"])]
        case "try":
            return [(part, node[key]["nodes"]) for part, key in _BLOCKS if key in node]  # type: ignore[literal-required]
        case "function_call" | "function_def" | "break":
            return []
        case _ as never:
            assert_never(never)


def may_end_early(node: Node | None) -> bool:
    """Return whether a node may end before its contents: it is a race, or its type is unknown."""
    if node is None or node["type"] in {*_SEQUENCES, "if", "switch", "try"}:
        return False
    return node["type"] != "parallel" or node["kind"] in {"any", "race"}


def is_concurrent(node: Node | None) -> bool:
    """Return whether the direct contents of a node may run concurrently, unless clocks order them."""
    return may_end_early(node) or (node is not None and node["type"] == "parallel")


def clocks_of(node: Node) -> NodeClocks:
    """Return the clocks of a node, which are empty for a node without clocks."""
    fields = cast("NodeClocks", node)
    clocks: NodeClocks = {}
    if "starts" in fields:
        clocks["starts"] = fields["starts"]
    if "resolves" in fields:
        clocks["resolves"] = fields["resolves"]
    return clocks


Exits: TypeAlias = frozenset[Literal["next", "break", "return"]]

NEXT: Final[Exits] = frozenset({"next"})
_NONE: Final[Exits] = frozenset()


def exits_of(nodes: Iterable[Node]) -> Exits:
    """Return the exits of nodes that run in sequence."""
    exits = NEXT
    for node in nodes:
        exits = exits_then(exits, _exits_of_node(node))
    return exits


def may_swallow(try_node: Try) -> bool:
    """Return whether control may continue after a `try` in which a step has failed.

    Saved graphs can omit a handler without steps, so a `try` with neither a handler nor a `finally` counts as one with
    a handler.
    """
    handler = try_node.get("catch_block")
    if handler is None:
        return "finally_block" not in try_node
    return "next" in _exits_of_handler(handler["nodes"])


def _exits_of_node(node: Node) -> Exits:
    if node["type"] == "break":
        return frozenset({node["kind"]})
    lists = dict(executed_lists(node))
    if node["type"] == "try":
        return exits_through(node, TRY, exits_of(lists.get(TRY, ())))
    if node["type"] == "if" or node["type"] == "switch":
        is_exhaustive = any(branch["condition"] is None for branch in node["branches"])
        return (_NONE if is_exhaustive else NEXT).union(*map(exits_of, lists.values()))
    if not lists:
        return NEXT
    return _NONE.union(*(exits_through(node, part, exits_of(nodes)) for part, nodes in lists.items()))


def exits_through(parent: Node | None, part: int, exits: Exits) -> Exits:
    """Return the exits of `parent` when control runs its list `part`, which has the exits `exits`."""
    if is_concurrent(parent):
        return exits | NEXT
    if parent is None:
        return exits
    if parent["type"] == "loop":
        return (exits - {"break"}) | NEXT
    if parent["type"] != "try":
        return exits
    lists = dict(executed_lists(parent))
    if part == TRY:
        exits |= _exits_of_handler(lists.get(CATCH, ()))
    if part == FINALLY:
        return exits
    finally_exits = exits_of(lists.get(FINALLY, ()))
    return exits | (finally_exits - NEXT) if "next" in finally_exits else finally_exits


def _exits_of_handler(nodes: Sequence[Node]) -> Exits:
    """Return the exits of a handler. Control does not continue after an exception that no branch catches."""
    if (handlers := handlers_in(nodes)) is not None:
        return _NONE.union(*(exits_of(branch["nodes"]) for branch in handlers["branches"]))
    return exits_of(nodes)


def exits_then(exits: Exits, next_exits: Exits) -> Exits:
    """Return the exits of two lists that run in sequence, from the exits of each."""
    return (exits - NEXT) | next_exits if "next" in exits else exits


@dataclass(frozen=True, eq=False)
class NodeList:
    """A list of nodes. Results that require a pass over the list are computed once, for all pairs of its nodes."""

    nodes: Sequence[Node]

    @cached_property
    def has_clocks(self) -> bool:
        """Whether clocks order the nodes. Nested groups have separate clocks."""
        pending = list(self.nodes)
        while pending:
            node = pending.pop()
            if clocks_of(node):
                return True
            if not is_concurrent(node):
                pending.extend(inner for _, nested in executed_lists(node) for inner in nested)
        return False

    def exits_from(self, index: int) -> Exits:
        """Return the exits of the nodes from `index` to the end of the list, which run in sequence."""
        return self._suffix_exits[index]

    def may_pass(self, begin: int, end: int) -> bool:
        """Return whether control may pass all nodes from `begin` up to, but not including, `end`."""
        return self._first_barriers[begin] >= end

    @cached_property
    def _node_exits(self) -> list[Exits]:
        return [exits_of((node,)) for node in self.nodes]

    @cached_property
    def _suffix_exits(self) -> list[Exits]:
        """For each index, the exits of the nodes from that index to the end of the list."""
        suffixes = [NEXT]
        for exits in reversed(self._node_exits):
            suffixes.append(exits_then(exits, suffixes[-1]))
        return suffixes[::-1]

    @cached_property
    def _first_barriers(self) -> list[int]:
        """For each index, the first index from there on that control never passes, or the length of the list."""
        size = len(self.nodes)
        barriers = [size]
        for index in reversed(range(size)):
            barriers.append(barriers[-1] if "next" in self._node_exits[index] else index)
        return barriers[::-1]


class PathSegment(Struct, frozen=True, eq=False):
    """A list of nodes on a path, and an index in it."""

    parent: Node | None
    """The node that contains the list, or None for the body itself."""
    part: int
    """Identity of the list in its parent: the number of a branch, `TRY`, `CATCH` or `FINALLY`, otherwise 0."""
    list: NodeList
    """The node list, an object that all paths through the list share."""
    index: int
    """Index of the next node on the path."""

    @property
    def node(self) -> Node:
        """The next node on the path."""
        return self.list.nodes[self.index]


Path: TypeAlias = tuple[PathSegment, ...]


def node_at(path: Path) -> Node:
    """Return the node at the end of a path."""
    return path[-1].node


def may_continue(path: Path, level: int, end: int) -> bool:
    """Return whether control may get from the end of a path to the node at index `end` of the list at `level`.

    Only the current pass of the loops around that list counts.
    """
    exits = NEXT
    for segment in reversed(path[level + 1 :]):
        later_exits = NEXT if is_concurrent(segment.parent) else segment.list.exits_from(segment.index + 1)
        exits = exits_through(segment.parent, segment.part, exits_then(exits, later_exits))
    segment = path[level]
    return "next" in exits and segment.list.may_pass(segment.index + 1, end)


def paths(body: Sequence[Node]) -> Iterator[Path]:
    """Yield the path to each node of a body in program order."""
    whole = NodeList(body)
    pending: list[Path] = [(PathSegment(None, 0, whole, index),) for index in reversed(range(len(body)))]
    while pending:
        path = pending.pop()
        yield path
        node = node_at(path)
        inner = [
            PathSegment(node, part, nodes, index)
            for part, nodes in ((part, NodeList(nodes)) for part, nodes in executed_lists(node))
            for index in range(len(nodes.nodes))
        ]
        pending.extend((*path, segment) for segment in reversed(inner))
