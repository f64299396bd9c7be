"""The maximum numbers of passes of loops, and of runs of the steps in loops with a constant number of passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stepgraph.diff.loop_heads import constant_head, number_of_passes
from stepgraph.diff.tree import FUNCTIONS, KEY, ROOT, STEPS, Tree


class RunLimits:
    """Finds how often the steps of a version can run in one instance."""

    def __init__(self, tree: Tree, calls: Mapping[str, Sequence[int]]) -> None:
        self._tree = tree
        self._calls = calls
        self._of_function: dict[int, int | None] = {}

    def of(self, number: int) -> int | None:
        """Return the maximum number of runs of an element, or None if it is unknown."""
        runs = 1
        while number != ROOT:
            number = self._tree[number].parent
            outer = self._tree[number]
            if outer.kind == "loop":
                passes = number_of_passes(constant_head(self._tree, number))
            elif outer.slot == FUNCTIONS:
                passes = self._calls_of(number)
            else:
                passes = None if outer.kind in STEPS else 1  # the body of a step is retried
            if passes is None:
                return None
            runs *= passes
            if outer.slot == FUNCTIONS:
                break
        return runs

    def _calls_of(self, function: int) -> int | None:
        """Return the maximum number of calls of a function, or None for a recursive one."""
        if function not in self._of_function:
            self._of_function[function] = None
            calls = [self.of(call) for call in self._calls.get(self._tree[function].text(KEY), ())]
            self._of_function[function] = None if None in calls else sum(filter(None, calls))
        return self._of_function[function]
