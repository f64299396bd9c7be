"""Which ways lead out of nodes: on to what comes next, out of a loop, or out of the function."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypeAlias

from stepgraph.model.payload import If, Node, Switch, Try
from stepgraph.order.paths import CATCH, FINALLY, TRY, Path, Turn, is_concurrent, parts

Ways: TypeAlias = frozenset[Literal["on", "break", "return"]]

ON: Final[Ways] = frozenset({"on"})
_NONE: Final[Ways] = frozenset()
_EXCEPTION: Final = "exception"


def ways_through(nodes: Iterable[Node]) -> Ways:
    """Return the ways out of nodes that run one after another."""
    found = ON
    for node in nodes:
        found = _then(found, _ways_of(node))
    return found


def goes_on(path: Path, level: int, end: int) -> bool:
    """Whether a run that has come to the node of a path may come to the one at `end` of the list at a level.

    In the same pass of the loops around that list.
    """
    found = ON
    for turn in reversed(path[level + 1 :]):
        found = _out_of(turn, _then(found, _following(turn)))
    turn = path[level]
    return "on" in _then(found, ways_through(turn.nodes[turn.index + 1 : end]))


def may_swallow(protected: Try) -> bool:
    """Whether a run may go on after a `try` in whose block a step has failed.

    In saved graphs, a handler that runs no steps may be left out.
    """
    handler = protected.get("catch_block")
    if handler is None:
        return "finally_block" not in protected
    return "on" in _ways_of_handler(handler["nodes"])


def _following(turn: Turn) -> Ways:
    """Return the ways through what follows in a list."""
    return ON if is_concurrent(turn.holder) else ways_through(turn.nodes[turn.index + 1 :])


def _out_of(turn: Turn, found: Ways) -> Ways:
    """Return the ways out of what holds a list, given those out of that list."""
    holder = turn.holder
    if is_concurrent(holder):
        return found | ON
    if holder is not None and holder["type"] == "loop":
        return (found - {"break"}) | ON
    if holder is None or holder["type"] != "try":
        return found
    if turn.part == TRY:
        found |= _ways_of_handling(holder)
    return found if turn.part == FINALLY else _finally(holder, found)


def _ways_of(node: Node) -> Ways:
    match node["type"]:
        case "break":
            return frozenset({node["kind"]})
        case "if" | "switch":
            return _ways_of_choice(node)
        case "loop":
            return (ways_through(node["nodes"]) - {"break"}) | ON
        case "try":
            inner = dict(parts(node))
            return _finally(node, ways_through(inner.get(TRY, ())) | _ways_of_handling(node))
        case "block" | "start":
            return ways_through(node["nodes"])
        case _:
            return ON.union(*(ways_through(nodes) for _, nodes in parts(node)))


def _ways_of_choice(node: If | Switch) -> Ways:
    otherwise = _NONE if any(branch["condition"] is None for branch in node["branches"]) else ON
    return otherwise.union(*(ways_through(branch["nodes"]) for branch in node["branches"]))


def _ways_of_handling(protected: Try) -> Ways:
    return _ways_of_handler(dict(parts(protected)).get(CATCH, ()))


def _ways_of_handler(nodes: Sequence[Node]) -> Ways:
    """Return the ways through a handler. What none of several handlers catches does not go on."""
    if len(nodes) == 1 and nodes[0]["type"] == "switch" and nodes[0]["discriminant"] == _EXCEPTION:
        return _NONE.union(*(ways_through(branch["nodes"]) for branch in nodes[0]["branches"]))
    return ways_through(nodes)


def _finally(protected: Try, found: Ways) -> Ways:
    """Return the ways after a `finally`: those before, but where it leads out itself."""
    last = ways_through(dict(parts(protected)).get(FINALLY, ()))
    return found | (last - ON) if "on" in last else last


def _then(found: Ways, following: Ways) -> Ways:
    return (found - ON) | following if "on" in found else found
