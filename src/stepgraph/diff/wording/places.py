"""Where elements are, in words."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from stepgraph.diff.changes.frames import Side
from stepgraph.diff.elements import BRANCH, KEY, Tree
from stepgraph.diff.wording.names import condition_name, name_of, short_name


def place_of(tree: Tree, number: int) -> str:
    """Return what an element is in (`the loop`, `branch `paid``), nothing for what `run` itself holds."""
    for element in tree.above(number):
        match element.kind:
            case "workflow" | "start":
                break
            case "branch":
                return _branch_text(tree, element.number)
            case "function_def":
                return f"function '{element.text(KEY) or element.name}'"
            case "step_do":
                return name_of(tree, element.number)
            case "block" if element.slot == "try_block":
                return "the try"
            case "block" if element.slot in {"catch_block", "finally_block"}:
                return f"the {name_of(tree, element.number).split(' of ')[0]}"
            case "block":
                # A member of a group of concurrent work, which says more.
                continue
            case "if" | "switch":
                return name_of(tree, element.number)
            case kind:
                return f"the {kind}"
    return ""


def neighbour_of(side: Side, numbers: Sequence[int], *, as_written: bool = False) -> str:
    """Return what elements that stand together come after, or before; nothing if nothing else is there.

    What is in a group of concurrent work is beside others, unless it is told `as_written`.
    """
    tree = side.tree
    first, last = numbers[0], numbers[-1]
    is_concurrent = not as_written and tree[tree[first].parent].kind == "parallel"
    before = tree.before(first)
    if before is not None:
        return f"{'beside' if is_concurrent else 'after'} {short_name(tree, before)}"
    after = _following(side, last)
    if after is not None:
        return f"{'beside' if is_concurrent else 'before'} {short_name(tree, after)}"
    return ""


def _following(side: Side, number: int) -> int | None:
    """Return what stands after an element and was there before: all else is told by what precedes it."""
    following = side.tree.after(number)
    while following is not None and all(side.is_lone(inner) for inner in side.tree.within(following)):
        following = side.tree.after(following)
    return following


def container_of(tree: Tree, container: int, inside: Sequence[int]) -> str:
    """Return what `inside` is held by, in a container that is new or gone: the branch, if all is in one."""
    element = tree[container]
    match element.kind:
        case "if" | "switch":
            within = sorted(inside)
            held = [branch for branch in element.children if _holds_any(tree, branch, within)]
            if len(held) == 1 and tree[held[0]].kind == BRANCH:
                return _branch_text(tree, held[0])
            return name_of(tree, container)
        case "branch":
            return _branch_text(tree, container)
        case "function_def" | "start":
            return name_of(tree, container)
        case kind:
            return name_of(tree, container) if element.name else kind


def _holds_any(tree: Tree, number: int, within: Sequence[int]) -> bool:
    """Tell whether an element holds any of some sorted numbers."""
    place = bisect_left(within, number)
    return place < len(within) and within[place] in tree.span(number)


def _branch_text(tree: Tree, branch: int) -> str:
    """Return a branch with what it is one of: `if `paid``, `else of if `paid``, `case `1` of switch `kind``."""
    element = tree[branch]
    parent = name_of(tree, element.parent)
    if tree[element.parent].kind == "if" and parent == f"if `{element.fields.get('condition')}`":
        return parent
    return f"{condition_name(tree, branch)} of {parent}"
