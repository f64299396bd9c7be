"""What meets a failure: each `try` around it, groups of concurrent work, and those around the calls of a function."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from stepgraph.diff.elements import CALL, FUNCTIONS, KEY, Element, Tree, is_work


class Failures:
    """The ways of failures in a workflow."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._calls: defaultdict[str, list[int]] = defaultdict(list)
        for element in tree.elements:
            if element.kind == CALL:
                self._calls[element.name].append(element.number)

    def met_by(self, numbers: Iterable[int]) -> list[int]:
        """Return each `try` and each group that may meet a failure of some elements, calls followed."""
        found: set[int] = set()
        seen = set(numbers)
        pending = sorted(seen)
        while pending:
            for outer in self._met_in_function(pending.pop()):
                if outer.slot != FUNCTIONS:
                    found.add(outer.number)
                    continue
                calls = [call for call in self._calls[outer.text(KEY)] if call not in seen]
                seen.update(calls)
                pending += calls
        return sorted(found)

    def _met_in_function(self, number: int) -> Iterator[Element]:
        """Yield what meets a failure where it stands, from the inside out, at last the function if it is in one."""
        yield from (self._tree[outer] for outer in tried_by(self._tree, number))
        for element in self._tree.above(number):
            if element.kind == "parallel":
                yield element
            if element.slot == FUNCTIONS:
                yield element
                return


def tried_by(tree: Tree, number: int) -> Iterator[int]:
    """Yield each `try` of the same function that tries an element, the innermost first."""
    inner = tree[number]
    for element in tree.above(number):
        if element.kind == "try" and inner.slot == "try_block":
            yield element.number
        if element.slot == FUNCTIONS:
            return
        inner = element


def in_block(tree: Tree, holder: int, slot: str) -> list[int]:
    """Return what is in a block of a `try`, nothing if it has none of these."""
    return [number for block in tree.slots(holder).get(slot, ()) for number in tree.within(block)]


def catches(tree: Tree, number: int) -> bool:
    """Tell whether an element is a `try` with handlers. In saved graphs, those that run no steps may be left out."""
    slots = tree.slots(number)
    return tree[number].kind == "try" and ("catch_block" in slots or "finally_block" not in slots)


def catches_in_silence(tree: Tree, number: int) -> bool:
    """Tell whether an element is a `try` whose handlers run no steps."""
    handled = in_block(tree, number, "catch_block")
    return catches(tree, number) and not any(is_work(tree[inner]) for inner in handled)


def is_last_handler(tree: Tree, branch: Element) -> bool:
    """Tell whether a branch is the last of several handlers, which meets what the others do not."""
    switch = tree[branch.parent]
    is_handler = switch.text("discriminant") == "exception" and tree[switch.parent].slot == "catch_block"
    return is_handler and tree.after(branch.number) is None
