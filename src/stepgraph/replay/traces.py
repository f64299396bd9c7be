"""The parts of a workflow that may run without an entry in the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from stepgraph.diff.tree import BRANCH, CALL, FUNCTIONS, ROOT, STEPS, Tree, functions_by_key

_TRACED: Final = "try_block"
_CHOICES: Final = frozenset({"if", "switch"})
_SEQUENCES: Final = frozenset({"block", "parallel"})


class Traces:
    """The elements of a tree that begin a step whenever they run."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._functions = functions_by_key(tree)
        self._left = frozenset(_elements_left(tree))
        self._traced: dict[int, bool] = {}

    def leaves_trace(self, number: int) -> bool:
        """Return whether a run of a branch, a pass of a loop or another element always begins a step."""
        return self._leaves_trace_in(self._tree[number].children)

    def _leaves_trace_in(self, numbers: Iterable[int]) -> bool:
        for number in numbers:
            if self._is_traced(number):
                return True
            if number in self._left:
                return False
        return False

    def _is_traced(self, number: int) -> bool:
        if number not in self._traced:
            self._traced[number] = False  # Recursive calls decide nothing.
            self._traced[number] = self._decide(number)
        return self._traced[number]

    def _decide(self, number: int) -> bool:
        element = self._tree[number]
        if element.kind in STEPS:
            return True
        if element.kind == CALL:
            function = self._functions.get(element.name)
            return function is not None and self.leaves_trace(function)
        if element.kind in _CHOICES:
            branches = [self._tree[child] for child in element.children if self._tree[child].kind == BRANCH]
            has_default = any(branch.fields.get("condition") is None for branch in branches)
            return has_default and all(self.leaves_trace(branch.number) for branch in branches)
        if element.kind == "try":
            return any(self.leaves_trace(child) for child in element.children if self._tree[child].slot == _TRACED)
        return element.kind in _SEQUENCES and self.leaves_trace(number)


def _elements_left(tree: Tree) -> Iterator[int]:
    """Yield the exits, and the elements that an exit inside may leave before their end."""
    for element in tree.elements:
        if element.kind != "break":
            continue
        is_return = element.text("kind") == "return"
        number = element.number
        while number != ROOT and tree[number].slot != FUNCTIONS and (is_return or tree[number].kind != "loop"):
            yield number
            number = tree[number].parent
