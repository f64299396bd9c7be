"""Which ways lead out of a node from within it, other than to what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from stepgraph.model.payload import BreakKind, Node
from stepgraph.model.walk import as_unknown, children

_EITHER: Final[frozenset[BreakKind]] = frozenset({"break", "return"})
_NEITHER: Final[frozenset[BreakKind]] = frozenset()


def leaving(node: Node) -> frozenset[BreakKind]:
    """Return whether from within `node` a `break` may leave a loop around it, and a `return` the function it is in.

    A loop keeps its `break`s; functions, and steps with others nested in them, keep both.
    """
    found: set[BreakKind] = set()
    pending = [(node, _EITHER)]
    while pending:
        inner, free = pending.pop()
        if inner["type"] == "break" and inner["kind"] in free:
            found.add(inner["kind"])
        if free := free - _kept_by(inner):
            pending.extend((held, free) for held in _flow_of(inner))
    return frozenset(found)


def _kept_by(node: Node) -> frozenset[BreakKind]:
    if as_unknown(node):
        return _NEITHER
    match node["type"]:
        case "loop":
            return frozenset({"break"})
        case "step_do" | "function_def":
            return _EITHER
        case _:
            return _NEITHER


def _flow_of(node: Node) -> Sequence[Node]:
    """Return the nodes that a run of `node` goes through: not those of functions beside them."""
    return node["nodes"] if node["type"] == "start" else children(node)
