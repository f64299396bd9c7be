"""What elements are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from stepgraph.diff.elements import BRANCH, CALL, FUNCTION, KEY, STEPS, Element, Tree

MOST_NAMES: Final = 3
"""How many elements are named; of more it is told how many there are."""

_NOUNS: Final = {
    "step_do": "step",
    "step_sleep": "sleep",
    "step_sleep_until": "sleep",
    "step_wait_for_event": "event wait",
    CALL: "call of",
    FUNCTION: "function",
}
_BLOCKS: Final = {"try_block": "try block", "catch_block": "handler", "finally_block": "finally"}


def name_of(tree: Tree, number: int, *, inside: Sequence[int] | None = None) -> str:
    """Return what an element is called: `step 'charge'`, or, without a name, `loop of 'charge'` by what is in it.

    With `inside`, steps and calls in it, these are named, also in what has a name.
    """
    element = tree[number]
    plain = _plain_name(tree, element)
    named = quoted(tree, islice(tree.work_in(number), 1) if inside is None else inside)
    if _says_which(element) or (inside and element.slot in _BLOCKS):
        return f"{plain} with {named}" if inside and named else plain
    return f"{plain} of {named}" if named else plain


def short_name(tree: Tree, number: int) -> str:
    """Return what an element is called beside others: the name alone if there is one."""
    element = tree[number]
    if element.kind in STEPS or element.kind == CALL:
        return f"'{element.name}'"
    return name_of(tree, number)


def names_of(tree: Tree, numbers: Sequence[int]) -> str:
    """Return what several elements are called: `steps 'a', 'b'`."""
    if len(numbers) > 1 and all(tree[number].kind == "step_do" for number in numbers):
        return f"steps {listed([short_name(tree, number) for number in numbers])}"
    return listed([name_of(tree, number) for number in numbers])


def quoted(tree: Tree, numbers: Iterable[int]) -> str:
    """Return the names of steps and calls alone."""
    return listed([short_name(tree, number) for number in numbers])


def listed(texts: Sequence[str]) -> str:
    """Return some of the texts, and how many more there are."""
    if len(texts) <= MOST_NAMES:
        return ", ".join(texts)
    return f"{', '.join(texts[:MOST_NAMES])} and {len(texts) - MOST_NAMES} more"


def condition_name(tree: Tree, branch: int) -> str:
    """Return what a branch is called among the others: by its condition, or as what is done otherwise."""
    condition = tree[branch].fields.get("condition")
    in_switch = tree[tree[branch].parent].kind == "switch"
    if condition is None:
        return "default case" if in_switch else "else"
    return f"{'case' if in_switch else 'branch'} `{condition}`"


def _says_which(element: Element) -> bool:
    """Tell whether what an element is called tells which one it is."""
    return bool(element.name) or element.kind in {"if", "switch", BRANCH, "break", "start", FUNCTION}


def _plain_name(tree: Tree, element: Element) -> str:
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
