"""The parts of a workflow that may run without an entry in the log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stepgraph.diff.tree import BRANCH, CALL, FUNCTIONS, STEPS, TRY_BLOCK, Tree, functions_by_key

_CHOICES: Final = frozenset({"if", "switch"})
_SEQUENTIAL: Final = frozenset({BRANCH, "block", "loop", "try"})
_SEQUENCES: Final = frozenset({"block", "parallel"})


class Traces:
    """The elements of a tree that begin a step whenever they run."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._functions = functions_by_key(tree)
        self._traced: dict[int, bool] = {}
        self._exits: dict[int, frozenset[str]] = {}
        """The kinds of the exits that may leave each element before it has begun a step."""

    def leaves_trace(self, number: int) -> bool:
        """Return whether a run of a branch, a pass of a loop or another element always begins a step."""
        for child in self._tree[number].children:
            if self._tree[child].slot == FUNCTIONS or self._untraced_exits(child):
                return False
            if self._is_traced(child):
                return True
        return False

    def _untraced_exits(self, number: int) -> frozenset[str]:
        """Return the kinds of the exits that may leave an element before it has begun a step."""
        if number not in self._exits:
            self._exits[number] = frozenset(self._exits_in(number))
        return self._exits[number]

    def _exits_in(self, number: int) -> Iterator[str]:
        element = self._tree[number]
        if element.kind == "break":
            yield "return" if element.text("kind") == "return" else "break"
        if element.kind in STEPS:
            return
        for child in element.children:
            kinds = self._untraced_exits(child)
            yield from kinds - {"break"} if element.kind == "loop" else kinds
            if element.kind in _SEQUENTIAL and self._is_traced(child):
                return

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
            return any(self.leaves_trace(child) for child in element.children if self._tree[child].slot == TRY_BLOCK)
        return element.kind in _SEQUENCES and self.leaves_trace(number)
