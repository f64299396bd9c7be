"""Loops with at most one pass, such as `for attempt in range(3)` with a `break` at the end of each pass."""

from __future__ import annotations

from stepgraph.diff.loop_heads import number_of_passes
from stepgraph.diff.tree import NODES, Tree

_TRY_BLOCK = "try_block"


def has_single_pass(tree: Tree, loop: int) -> bool:
    """Return whether a loop has at most one pass, also if a step in it fails."""
    head = tree.loop_heads.get(loop, "")
    leaving = trailing_exit(tree, loop)
    return number_of_passes(head) == 1 or (leaving is not None and tree[leaving].parent == loop)


def trailing_exit(tree: Tree, loop: int) -> int | None:
    """Return the exit at the end of each pass of a loop, perhaps in a `try`, or None.

    Only a failure in the `try` can lead to another pass.
    """
    inside = loop
    while True:
        nodes = [number for number in tree[inside].children if tree[number].slot in {NODES, _TRY_BLOCK}]
        if not nodes:
            return None
        inside = nodes[-1]
        if tree[inside].kind == "break":
            return inside
        if tree[inside].kind not in {"try", "block"}:
            return None
