"""The conditions under which elements run, however the branches around them are nested or written.

An element in `if a: if b:` runs under the same conditions as in `if a and b:`, and one in a `case` of a constant as in
an `if` that compares the value.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TypeAlias

from stepgraph.diff.branch_conditions import normal_decisions, own_decisions
from stepgraph.diff.sides import Side, Sides
from stepgraph.diff.tree import BRANCH, FUNCTIONS, is_work

Conditions: TypeAlias = frozenset[tuple[str, bool]]
"""The normal forms of conditions that are all true, each with whether it contains definitions."""


class KeptConditions:
    """Finds the elements that run under the same conditions in both versions."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        self._conditions_of_branches: dict[tuple[bool, int], Conditions | None] = {}
        """The conditions of each branch and of those around it, by whether it is an old one, and its number."""

    def keep(self, old: int, new: int) -> bool:
        """Return whether the branches around a matched element certainly lead to it under the same conditions."""
        before = self._conditions(self._sides.old, old)
        return before is not None and before == self._conditions(self._sides.new, new)

    def keep_choice(self, old: int, new: int) -> bool:
        """Return whether all steps, calls and exits inside two choices keep their conditions."""
        pairs = [*self._inside(self._sides.old, old), *self._inside(self._sides.new, new)]
        return all(partner is not None for _, partner in pairs) and all(
            self.keep(number, partner) for number, partner in self._inside(self._sides.old, old) if partner is not None
        )

    @staticmethod
    def _inside(side: Side, choice: int) -> Iterator[tuple[int, int | None]]:
        """Yield the steps, calls and exits inside a choice, with their partners."""
        for number in side.tree.visit_subtree(choice):
            if is_work(side.tree[number]) or side.tree[number].kind == "break":
                yield number, side.partners[number]

    def _conditions(self, side: Side, number: int) -> Conditions | None:
        """Return the conditions of the branches around an element in its function, or None if one is unknown."""
        is_old = side is self._sides.old
        conditions: Conditions | None = frozenset()
        pending: list[int] = []
        for element in chain((side.tree[number],), side.tree.ancestors(number)):
            if element.slot == FUNCTIONS:
                break
            if element.kind == BRANCH:
                if (is_old, element.number) in self._conditions_of_branches:
                    conditions = self._conditions_of_branches[is_old, element.number]
                    break
                pending.append(element.number)
        for branch in reversed(pending):
            inner = self._conditions_in_choice(side, branch)
            conditions = None if conditions is None or not inner else conditions | inner
            self._conditions_of_branches[is_old, branch] = conditions
        return conditions

    def _conditions_in_choice(self, side: Side, branch: int) -> Conditions:
        """Return the conditions of a branch in its choice, or an empty set if they are unknown."""
        renamed = self._sides.matching.renamed_text if side is self._sides.old else str
        tests = [each._replace(condition=renamed(each.condition)) for each in own_decisions(side.tree, branch)]
        return frozenset(normal_decisions(tests))
