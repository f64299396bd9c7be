"""How control leaves the loops of a graph, and `try` statements whose errors do not come from steps in their bodies."""

from __future__ import annotations

from collections.abc import Mapping

from stepgraph.execution.parts import ExitKind, Path
from stepgraph.model.details import Details
from stepgraph.model.payload import Branch, Node
from stepgraph.model.vocabulary import NO_BREAK
from stepgraph.model.walk import as_unknown


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


def awaited_groups(nodes: Mapping[Path, Node]) -> dict[Path, Path]:
    """Return the innermost group around each `try` with handlers whose body runs no step."""
    groups: dict[Path, Path] = {}
    for path, node in nodes.items():
        if as_unknown(node) is not None or node["type"] != "try" or "try_block" in node:
            continue
        outer = path
        while outer and (outer == path or outer not in nodes or nodes[outer]["type"] != "parallel"):
            outer = outer.rpartition(".")[0]
        if outer:
            groups[path] = outer
    return groups


def handlers_of_own_errors(nodes: Mapping[Path, Node], details: Details) -> frozenset[Path]:
    """Return the paths of the `try` statements whose handlers may catch errors of the code between steps."""
    return frozenset(path for path, node in nodes.items() if _catches_own_errors(node, details))


def _catches_own_errors(node: Node, details: Details) -> bool:
    if as_unknown(node) is not None or node["type"] != "try":
        return False
    handlers = node.get("catch_block")
    return handlers is not None and details.of(handlers).catches_own_errors
