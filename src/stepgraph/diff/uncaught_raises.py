"""The `raise` statements that no handler in their function catches, and the exits that replace them.

The payload shows such a `raise` as a `return`, and omits both at the end of `run`. It also omits a `return` in a
`finally` block, which discards errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stepgraph.diff.matching import Matching
from stepgraph.diff.raise_conditions import catch_block, handler_around
from stepgraph.diff.tree import BRANCH, ROOT, Tree, function_of

UNCAUGHT_RAISE: Final = "\0uncaught"
"""The field in changes of an exit, branch or block that now raises an exception, or no longer does."""

SWALLOWING_FINALLY: Final = "\0finally"
"""The field in changes of a `try` whose `finally` block now discards errors by a jump, or no longer does."""

_ENDS: Final = frozenset({"catch_block", "finally_block"})


def has_exits(tree: Tree) -> bool:
    """Return whether a version has an exit, which may be a `raise`, or a `try`, whose `finally` may have one."""
    return any(element.kind in {"break", "try"} for element in tree.elements)


def changed_exits(matching: Matching) -> Iterator[tuple[int, int]]:
    """Yield the exits, branches and blocks that end with a `raise` in one version only, by old and new number."""
    if not matching.has_code:
        return  # Saved graphs show no `raise` statements.
    for old, new in enumerate(matching.to_new):
        if new is not None and (_is_other_exit(matching, old, new) or _has_other_end(matching, old, new)):
            yield old, new


def changed_finally_blocks(matching: Matching) -> Iterator[tuple[int, int]]:
    """Yield the `try` statements without handlers whose `finally` discards errors in one version only."""
    if not matching.has_code:
        return
    for old, new in enumerate(matching.to_new):
        if new is None or (old in matching.old.unhandled) == (new in matching.new.unhandled):
            continue
        if _has_only_finally(matching.old, old) and _has_only_finally(matching.new, new):
            yield old, new


def _has_only_finally(tree: Tree, number: int) -> bool:
    """Return whether an element is a `try` without handlers. The block of a context manager may swallow errors."""
    return tree[number].kind == "try" and number not in tree.managers and catch_block(tree, number) is None


def _is_other_exit(matching: Matching, old: int, new: int) -> bool:
    """Return whether one of two exits of the same kind is a `raise`."""
    before, after = matching.old[old], matching.new[new]
    is_exit = before.kind == "break" and before.text("kind") == after.text("kind")
    return is_exit and (old in matching.old.raises) != (new in matching.new.raises)


def _has_other_end(matching: Matching, old: int, new: int) -> bool:
    """Return whether a branch or block of `run` now ends with a `raise` without a node, or no longer does."""
    if (old in matching.old.final_raises) == (new in matching.new.final_raises):
        return False
    return _is_uncaught(matching.old, old) and _is_uncaught(matching.new, new)


def _is_uncaught(tree: Tree, number: int) -> bool:
    """Return whether no `try` catches an exception at the end of a branch or block, which is in `run`."""
    element = tree[number]
    is_end = element.kind == BRANCH or element.slot in _ENDS
    return is_end and function_of(tree, number) == ROOT and handler_around(tree, number, in_handlers=True) is None
