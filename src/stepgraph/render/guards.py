"""The `if` nodes that are drawn without a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepgraph.render.node_text import always_running_branch, branch_after_jump, is_guard, only_exit
from stepgraph.render.view import Mark, View

if TYPE_CHECKING:
    from stepgraph.model.payload import Branch, Break, Node


def guard_exit(node: Node, view: View) -> Break | None:
    """Return the exit of a guard: an `if` whose only branch is an exit. None for others.

    The mark of the branch must be a part of the mark on the `if`, and the mark of the exit must fit on its corner.
    """
    if not is_guard(node) or not is_covered(view.mark(node["branches"][0]), view.mark(node)):
        return None
    only = only_exit(node["branches"][0]["nodes"])
    mark = None if only is None else view.mark(only)
    return only if mark is None or not mark.effect else None


def is_covered(mark: Mark | None, outer: Mark | None) -> bool:
    """Return whether a mark, if any, says no more than the mark of the figure around it."""
    if mark is None:
        return True
    return outer is not None and mark.kind is outer.kind and not mark.effect and not mark.remark


def is_always_run(node: Node, view: View) -> bool:
    """Return whether a node is an `if` whose branch always runs, because all paths that skip it end earlier.

    It has no frame, unless the `if` or its branch is marked.
    """
    branch = always_running_branch(node, view.details)
    return branch is not None and view.mark(node) is None and view.mark(branch) is None


def rest_of_guard(node: Node, view: View) -> Branch | None:
    """Return the `else` of an `if` whose other branch ends in a jump, unless the `if` or one of its branches is marked.

    The nodes of the `else` are drawn below the `if`, not in its frame. An `if` that only jumps is drawn as a guard.
    """
    rest = branch_after_jump(node, view.details)
    if rest is None or node["type"] != "if" or view.mark(node) is not None:
        return None
    return rest if all(view.mark(branch) is None for branch in node["branches"]) else None
