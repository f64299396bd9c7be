"""The code of `try` statements whose errors do not come from steps in their bodies."""

from __future__ import annotations

from collections.abc import Mapping

from stepgraph.execution.parts import Path
from stepgraph.model.details import Details
from stepgraph.model.payload import Node
from stepgraph.model.walk import as_unknown


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
