"""Names and positions of elements in English."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from stepgraph.diff.changes.sides import Side
from stepgraph.diff.tree import BRANCH, KEY, Tree, TreeElement, is_work

MAX_NAMES: Final = 3
"""Maximum number of names in a list; the rest is counted."""

_NOUNS: Final = {
    "step_do": "step",
    "step_sleep": "sleep",
    "step_sleep_until": "sleep",
    "step_wait_for_event": "event wait",
    "function_call": "call of",
    "function_def": "function",
}
_BLOCKS: Final = {"try_block": "try block", "catch_block": "handler", "finally_block": "finally"}


def name_of(tree: Tree, number: int, *, inside: Sequence[int] | None = None) -> str:
    """Return the name of an element: `step 'charge'`, or `loop of 'charge'` by its first step.

    `inside` are steps and calls to name instead, also for elements with a name.
    """
    element = tree[number]
    plain = _plain_name(tree, element)
    contents = quoted(tree, islice(tree.visit_work(number), 1) if inside is None else inside)
    if _is_identified(element) or (inside and element.slot in _BLOCKS):
        return f"{plain} with {contents}" if inside and contents else plain
    return f"{plain} of {contents}" if contents else plain


def short_name(tree: Tree, number: int) -> str:
    """Return the quoted name of a step or call, and the full name of other elements."""
    element = tree[number]
    if is_work(element):
        return f"'{element.name}'"
    return name_of(tree, number)


def names_of(tree: Tree, numbers: Sequence[int]) -> str:
    """Return the names of several elements: `steps 'a', 'b'`."""
    if len(numbers) > 1 and all(tree[number].kind == "step_do" for number in numbers):
        return f"steps {join_names([short_name(tree, number) for number in numbers])}"
    return join_names([name_of(tree, number) for number in numbers])


def quoted(tree: Tree, numbers: Iterable[int]) -> str:
    """Return the short names of elements."""
    return join_names([short_name(tree, number) for number in numbers])


def join_names(texts: Sequence[str]) -> str:
    """Return the first names and the number of others."""
    if len(texts) <= MAX_NAMES:
        return ", ".join(texts)
    return f"{', '.join(texts[:MAX_NAMES])} and {len(texts) - MAX_NAMES} more"


def condition_name(tree: Tree, branch: int) -> str:
    """Return the name of a branch among its siblings: its condition, `else` or `default case`."""
    condition = tree[branch].fields.get("condition")
    in_switch = tree[tree[branch].parent].kind == "switch"
    if condition is None:
        return "default case" if in_switch else "else"
    return f"{'case' if in_switch else 'branch'} `{condition}`"


def _is_identified(element: TreeElement) -> bool:
    """Return whether the plain name identifies an element without its contents."""
    return bool(element.name) or element.kind in {"if", "switch", "branch", "break", "start", "function_def"}


def _plain_name(tree: Tree, element: TreeElement) -> str:
    match element.kind:
        case "branch":
            return condition_name(tree, element.number)
        case "if":
            first = (tree[child].fields.get("condition") for child in element.children)
            return next((f"if `{condition}`" for condition in first if condition is not None), "if")
        case "switch":
            return f"switch `{element.text('discriminant')}`"
        case "break":
            return element.text("kind") or "break"
        case "start":
            return f"start of '{element.text('class_name')}'"
        case "block" if element.slot in _BLOCKS:
            return _BLOCKS[element.slot]
        case "function_def":
            return f"function '{element.text(KEY) or element.name}'"
        case kind if kind in _NOUNS:
            return f"{_NOUNS[kind]} '{element.name}'"
        case kind:
            return f"{kind} '{element.name}'" if element.name else kind


def location_phrase(tree: Tree, number: int) -> str:
    """Return the phrase for the parent of an element, such as `the loop` or a branch; empty directly in `run`."""
    for element in tree.ancestors(number):
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
                # The group itself says more.
                continue
            case "if" | "switch":
                return name_of(tree, element.number)
            case kind:
                return f"the {kind}"
    return ""


def neighbor_phrase(side: Side, numbers: Sequence[int], *, as_written: bool = False) -> str:
    """Return `after` or `before` a neighbor of adjacent elements; empty without neighbors.

    Members of a concurrent group are `beside` each other, unless `as_written`.
    """
    tree = side.tree
    first, last = numbers[0], numbers[-1]
    is_concurrent = not as_written and tree[tree[first].parent].kind == "parallel"
    before = tree.previous_sibling(first)
    if before is not None:
        return f"{'beside' if is_concurrent else 'after'} {short_name(tree, before)}"
    after = _following(side, last)
    if after is not None:
        return f"{'beside' if is_concurrent else 'before'} {short_name(tree, after)}"
    return ""


def _following(side: Side, number: int) -> int | None:
    """Return the next sibling that both versions contain in part. New siblings are described by their predecessors."""
    following = side.tree.next_sibling(number)
    while following is not None and all(side.is_unmatched(inner) for inner in side.tree.visit_subtree(following)):
        following = side.tree.next_sibling(following)
    return following


def container_phrase(tree: Tree, container: int, inside: Sequence[int]) -> str:
    """Return the phrase for the new or removed container of `inside`: a single branch if it contains all of them."""
    element = tree[container]
    match element.kind:
        case "if" | "switch":
            contents = sorted(inside)
            branches = [branch for branch in element.children if _contains_any(tree, branch, contents)]
            if len(branches) == 1 and tree[branches[0]].kind == BRANCH:
                return _branch_text(tree, branches[0])
            return name_of(tree, container)
        case "branch":
            return _branch_text(tree, container)
        case "function_def" | "start":
            return name_of(tree, container)
        case kind:
            return name_of(tree, container) if element.name else kind


def _contains_any(tree: Tree, number: int, contents: Sequence[int]) -> bool:
    """Return whether an element contains one of the sorted numbers."""
    index = bisect_left(contents, number)
    return index < len(contents) and contents[index] in tree.subtree(number)


def _branch_text(tree: Tree, branch: int) -> str:
    """Return a branch with its parent: an `if` with its condition, `else of ...`, `case ... of switch ...`."""
    element = tree[branch]
    parent = name_of(tree, element.parent)
    if tree[element.parent].kind == "if" and parent == f"if `{element.fields.get('condition')}`":
        return parent
    return f"{condition_name(tree, branch)} of {parent}"
