"""Where nodes stand in a body: the lists on the way down to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias, cast

from msgspec import Struct

from stepgraph.model.payload import Node

TRY: Final = 0
CATCH: Final = 1
FINALLY: Final = 2
"""The parts of a `try`, in the order in which they run."""

_BLOCKS: Final = ((TRY, "try_block"), (CATCH, "catch_block"), (FINALLY, "finally_block"))
_LEAVES: Final = frozenset(
    {
        "step_do",
        "step_sleep",
        "step_sleep_until",
        "step_wait_for_event",
        "function_call",
        "function_def",
        "break",
    }
)
_SEQUENCES: Final = frozenset({"loop", "block", "start"})


class Turn(Struct, frozen=True, eq=False):
    """A list on the way down to a node, and where in it the way goes on.

    `holder` is the node that the list is of, None for the body itself. `part` tells its lists apart: the number of a
    branch, or one of `TRY`, `CATCH` and `FINALLY`.
    """

    holder: Node | None
    part: int
    nodes: Sequence[Node]
    index: int

    @property
    def node(self) -> Node:
        """The node that the way leads to or through."""
        return self.nodes[self.index]


Path: TypeAlias = tuple[Turn, ...]


def node_at(path: Path) -> Node:
    """Return the node that a path leads to."""
    return path[-1].node


def parts(node: Node) -> list[tuple[int, Sequence[Node]]]:
    """Return the lists that run as part of a node, each with what tells it apart.

    What is nested in a step, or stands in a function, has a body of its own.
    """
    if node["type"] == "if" or node["type"] == "switch":
        return [(number, branch["nodes"]) for number, branch in enumerate(node["branches"])]
    if node["type"] == "try":
        return [(part, node[key]["nodes"]) for part, key in _BLOCKS if key in node]  # type: ignore[literal-required]
    if node["type"] in _LEAVES:
        return []
    # All others have one list: those of types that are not known, too.
    nodes = cast("dict[str, object]", node).get("nodes")
    return [(0, cast("list[Node]", nodes))] if isinstance(nodes, list) else []


def is_loose(holder: Node | None) -> bool:
    """Whether a node may be over before all that it holds is: with the first of it, or for reasons not known."""
    if holder is None or holder["type"] in {*_SEQUENCES, "if", "switch", "try"}:
        return False
    return holder["type"] != "parallel" or holder["kind"] in {"any", "race"}


def is_concurrent(holder: Node | None) -> bool:
    """Whether the nodes that a node holds may run at the same time, as far as no clocks order them."""
    return is_loose(holder) or (holder is not None and holder["type"] == "parallel")


def paths(body: Sequence[Node]) -> Iterator[Path]:
    """Yield the way to each node of a body, in the order in which they are written."""
    pending: list[Path] = [(Turn(None, 0, body, index),) for index in reversed(range(len(body)))]
    while pending:
        path = pending.pop()
        yield path
        node = node_at(path)
        below = [Turn(node, part, nodes, index) for part, nodes in parts(node) for index in range(len(nodes))]
        pending.extend((*path, turn) for turn in reversed(below))
