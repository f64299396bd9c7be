"""The ends of a loop in a graph: the `break` of its test, and its `else`."""

from __future__ import annotations

from stepgraph.execution.parts import ExitKind
from stepgraph.model.details import Details
from stepgraph.model.payload import Branch, Node
from stepgraph.model.vocabulary import NO_BREAK


def ends_of_test(node: Node, details: Details, *, in_group: bool) -> tuple[ExitKind, ...]:
    """Return how control may leave a loop at its test, or nothing for a node that is not a test.

    Saved graphs do not distinguish the test of a `while` from an `if not` with a `break`. In a group, a loop may lack
    its `else`.
    """
    if node["type"] != "if" or len(node["branches"]) != 1:
        return ()
    (branch,) = node["branches"]
    jump = branch["nodes"][0] if len(branch["nodes"]) == 1 else node
    if jump["type"] != "break" or jump["kind"] != "break":
        return ()
    if not details.items:
        return ("break", "finished") if (branch["condition"] or "").startswith("not ") else ()
    if not details.of(jump).runs_else:
        return ()
    return ("break", "finished") if in_group else ("finished",)


def else_of_loop(node: Node) -> Branch | None:
    """Return the branch of a node that is the `else` of the loop before it, or None."""
    if node["type"] != "if" or len(node["branches"]) != 1:
        return None
    (branch,) = node["branches"]
    return branch if branch["condition"] == NO_BREAK else None
