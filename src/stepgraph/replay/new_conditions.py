"""The conditions that only the new version has around steps and calls, which may skip them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import BRANCH, FUNCTIONS, KEY, TreeElement
from stepgraph.model.expressions import constant_truth
from stepgraph.model.vocabulary import NO_BREAK, NO_CONTINUE, NO_EXCEPTION
from stepgraph.replay.deployed import CallCondition
from stepgraph.replay.passed_part import RunChain, ancestors

_SKIPS: Final = {
    NO_BREAK: "a `break` leaves the loop",
    NO_CONTINUE: "a `continue` ends the pass",
    NO_EXCEPTION: "an exception is raised",
}
"""The clauses for conditions that are not in the code."""


class NewConditions(Struct, frozen=True):
    """Finds the new conditions of steps and calls."""

    matching: Matching
    new_calls: Mapping[str, Sequence[int]]
    """The calls in the new version, by the name of the called function."""

    def of_steps(self, sites: Mapping[int, int]) -> dict[int, str]:
        """Return when new conditions skip the new steps, by the numbers that `sites` has for their elements."""
        by_function: dict[str, str] = {}
        conditions = ((number, self._new_condition(each, by_function)) for each, number in sites.items())
        return {number: condition for number, condition in conditions if condition}

    def _new_condition(self, element: int, by_function: dict[str, str]) -> str:
        """Return when the innermost new condition around an element, or around all calls of it, skips the element."""
        condition, function = self._condition_in_function(element)
        if condition or not function:
            return condition
        if function not in by_function:
            by_function[function] = ""  # Recursive calls add no condition.
            calls = [self._new_condition(call, by_function) for call in self.new_calls.get(function, ())]
            by_function[function] = calls[0] if calls and all(calls) else ""
        return by_function[function]

    def _condition_in_function(self, element: int) -> tuple[str, str]:
        """Return when the innermost new condition in its function skips an element, and the name of the function."""
        for outer in ancestors(self.matching.new, element):
            is_new = self.matching.to_old[outer.number] is None
            if is_new and outer.kind == BRANCH and (clause := self._skips(outer)):
                return clause, ""
            if outer.slot == FUNCTIONS:
                return "", outer.text(KEY)
        return "", ""

    def of_calls(
        self, runs: Sequence[Sequence[RunChain]], sites: Sequence[Sequence[int | None]]
    ) -> dict[int, CallCondition]:
        """Return the new conditions of the calls of functions around entries with these possible runs and steps."""
        by_chain: dict[RunChain, CallCondition | None] = {}
        conditions: dict[int, CallCondition] = {}
        for number, chains in enumerate(runs):
            if None in sites[number]:
                continue
            for chain in chains:
                if chain not in by_chain:
                    by_chain[chain] = self._call_condition(chain)
            certain = [condition for chain in chains if (condition := by_chain[chain]) is not None]
            if len(certain) == len(chains):
                conditions[number] = certain[0]
        return conditions

    def _call_condition(self, chain: RunChain) -> CallCondition | None:
        """Return the innermost new condition of a call of a function around a deployed step, or None."""
        has_others = False
        for call in reversed(chain[:-1]):
            calls = self.new_calls.get(self.matching.new_name(self.matching.old[call].name), ())
            has_others = has_others or len(calls) > 1
            new = self.matching.to_new[call]
            condition = "" if new is None else self._condition_in_function(new)[0]
            if condition:
                return CallCondition(condition, has_others)
        return None

    def _skips(self, branch: TreeElement) -> str:
        """Return when a new branch does not run, as a clause.

        Return an empty string for an `else` of several branches, and for a condition with a constant value.
        """
        tree = self.matching.new
        first, *others = tree[branch.parent].children
        is_decided = constant_truth(tree.definitions.get(first, "")) is not None
        if condition := branch.text("condition"):
            is_always = is_decided and branch.number == first
            return "" if is_always else _SKIPS.get(condition, f"`{condition}` is false")
        condition = tree[first].text("condition")
        return f"`{condition}` is true" if condition and others == [branch.number] and not is_decided else ""
