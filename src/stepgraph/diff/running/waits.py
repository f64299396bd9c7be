"""Where an instance may be waiting after something has run: it is told from the graph alone, so it may say too much."""

from __future__ import annotations

from collections.abc import Container

from msgspec import Struct

from stepgraph.diff.elements import CALL, FUNCTIONS, KEY, ROOT, WAITS, Tree
from stepgraph.limits import Limit

_EXCLUSIVE = frozenset({"if", "switch"})


class Waits(Struct, frozen=True):
    """For each element the first wait in it, calls followed, and the first outside that may be met once it has run.

    The latter is one that comes later, one that runs concurrently, or, in a loop, one of the next round.
    """

    inside: list[int | None]
    later: list[int | None]

    def at_or_after(self, number: int) -> int | None:
        """Return a wait at which an instance may be that has run an element, or begun with it."""
        inside = self.inside[number]
        return self.later[number] if inside is None else inside


def waits_of(tree: Tree, among: Container[int] | None = None) -> Waits:
    """Return the waits of a workflow, only those `among` some elements if these are given."""
    waits = {element.number for element in tree.elements if element.kind in WAITS}
    if among is not None:
        waits = {number for number in waits if number in among}
    functions = {element.text(KEY): element.number for element in reversed(tree.elements) if element.slot == FUNCTIONS}
    calls = [
        (element.number, functions[element.name])
        for element in tree.elements
        if element.kind == CALL and element.name in functions
    ]
    inside = _inside(tree, [call for call in calls if among is None or _is_entered(call, among)], waits)
    return Waits(inside, _later(tree, calls, inside))


def _is_entered(call: tuple[int, int], among: Container[int]) -> bool:
    """Tell whether an instance may be in a function by a call: not by one that is new, if the function is not."""
    site, function = call
    return site in among or function not in among


def _inside(tree: Tree, calls: list[tuple[int, int]], waits: set[int]) -> list[int | None]:
    """Return the waits in elements: again as long as a call leads to one that was not known yet."""
    inside: list[int | None] = [number if number in waits else None for number in range(len(tree))]
    while True:
        tree.budget.spend(Limit.VISITS, len(tree))
        for element in reversed(tree.elements):
            if inside[element.number] is None:
                held = (inside[child] for child in element.children if tree[child].slot != FUNCTIONS)
                inside[element.number] = next((wait for wait in held if wait is not None), None)
        led = [(call, inside[function]) for call, function in calls if inside[call] is None]
        if all(wait is None for _, wait in led):
            return inside
        for call, wait in led:
            inside[call] = wait


def _later(tree: Tree, calls: list[tuple[int, int]], inside: list[int | None]) -> list[int | None]:
    """Return the waits after elements: again as long as what is after a call tells what is after a function."""
    later: list[int | None] = [None] * len(tree)
    left = _left_by_exits(tree)
    after_functions: dict[int, int] = {}
    while True:
        tree.budget.spend(Limit.VISITS, len(tree))
        for element in tree.elements:
            beyond = after_functions.get(element.number, later[element.number])
            later[element.number] = beyond
            if element.kind == "loop" and inside[element.number] is not None:
                beyond = inside[element.number]
            _pass_down(tree, element.number, beyond, inside, later)
            _pass_back(tree, element.number, left, inside, later)
        found = {function: wait for call, function in reversed(calls) if (wait := later[call]) is not None}
        if found.keys() == after_functions.keys():
            return later
        after_functions = found


def _pass_down(tree: Tree, number: int, beyond: int | None, inside: list[int | None], later: list[int | None]) -> None:
    """Tell the children of an element what comes after them, where `beyond` is what comes after it."""
    kind = tree[number].kind
    # A step that is over is not run again, whatever is in it.
    following = None if kind == "step_do" else beyond
    for child in reversed(tree[number].children):
        if tree[child].slot == FUNCTIONS:
            later[child] = None
            continue
        later[child] = following
        if kind not in _EXCLUSIVE and inside[child] is not None:
            following = inside[child]
    if kind == "parallel":
        _pass_across(tree, number, beyond, inside, later)


def _pass_back(
    tree: Tree, number: int, left: dict[int, int], inside: list[int | None], later: list[int | None]
) -> None:
    """Tell what stands before a way out what comes after that: what is after what it leaves, nothing after `run`."""
    children = tree[number].children
    if not children or (target := left.get(children[-1])) is None:
        return
    following = later[target]
    for child in reversed(children[:-1]):
        later[child] = following
        following = following if inside[child] is None else inside[child]


def _left_by_exits(tree: Tree) -> dict[int, int]:
    """Return what each way out leaves: a loop, a function, or the workflow.

    Those are left out before which more may come: a `finally`, or what runs concurrently.
    """
    left: dict[int, int] = {}
    by_return: list[int | None] = [ROOT]
    by_break: list[int | None] = [None]
    for element in tree.elements[1:]:
        number, parent = element.number, element.parent
        returned, broken = by_return[parent], by_break[parent]
        if element.slot == FUNCTIONS:
            returned, broken = number, None
        elif element.kind == "loop":
            broken = number
        elif element.kind in {"parallel", "step_do"} or "finally_block" in tree.slots(number):
            returned, broken = None, None
        by_return.append(returned)
        by_break.append(broken)
        target = returned if element.text("kind") == "return" else broken
        if element.kind == "break" and target is not None:
            left[number] = target
    return left


def _pass_across(
    tree: Tree, number: int, beyond: int | None, inside: list[int | None], later: list[int | None]
) -> None:
    """Tell the members of a group of waits that come before them in the program, but run beside them."""
    earlier: int | None = None
    for child in tree[number].children:
        if later[child] == beyond and earlier is not None:
            later[child] = earlier
        earlier = inside[child] if earlier is None else earlier


def is_repeated(tree: Tree, number: int) -> bool:
    """Tell whether an element is in a loop of its own function."""
    for element in tree.above(number):
        if element.slot == FUNCTIONS:
            break
        if element.kind == "loop":
            return True
    return False
