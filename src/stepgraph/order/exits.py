"""Exits of nodes: to the next node, out of the loop (`break`), or out of the function (`return`).

One transfer function, `exits_through`, maps the exits of a list of nodes to the exits of the node that contains it. It
serves both directions: from a node into its lists (`exits_of`), and from a position in a list outward (`may_continue`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypeAlias

from stepgraph.model.payload import Node, Try
from stepgraph.order.structure import CATCH, FINALLY, TRY, executed_lists, is_concurrent

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

    Saved graphs may omit a handler without steps.
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
    """Return the exits of a node through one of its lists with these exits."""
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
    if len(nodes) == 1 and nodes[0]["type"] == "switch" and nodes[0]["discriminant"] == "exception":
        return _NONE.union(*(exits_of(branch["nodes"]) for branch in nodes[0]["branches"]))
    return exits_of(nodes)


def exits_then(exits: Exits, next_exits: Exits) -> Exits:
    """Return the exits of nodes with these exits that others follow."""
    return (exits - NEXT) | next_exits if "next" in exits else exits
