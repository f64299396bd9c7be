"""The parts of new code that an instance certainly skips, because their conditions contradict those of its steps.

If an instance has run a step in `if not a:`, it skips a branch `if a:` of the new code, and the steps after a new
`if not a: return`. All instances skip a branch with a constant that is false.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Final, NamedTuple

from stepgraph.diff.tree import BRANCH, NODES, ROOT, TreeElement
from stepgraph.model.expressions import condition_parts
from stepgraph.replay.guards import Guards
from stepgraph.replay.passed_part import PassedPart

_CALL: Final = re.compile(r"\w\(")
"""The start of a call in a condition, which may have another result in another place."""


class _Condition(NamedTuple):
    """A condition that is true whenever an element runs."""

    text: str
    choice: str
    """The key of the choice with the condition if it contains calls, so that it is compared with this choice only."""


class Contradictions:
    """Finds the parts of the new version that an instance certainly skips.

    Conditions inside loops and in functions with several calls do not count, because each run may decide differently,
    except for constants.
    """

    def __init__(self, guards: tuple[Guards, Guards] | None, old: PassedPart, new: PassedPart) -> None:
        self._guards = guards
        self._old = old
        self._new = new
        self._taken: dict[int, bool] = {}
        """Whether the instance certainly skips each branch, or the elements after each exit."""

    def skips(self, number: int) -> bool:
        """Return whether an instance certainly skips an element of the new version."""
        if self._guards is None:
            return False
        guards, is_skipped = self._guards[1], False
        for element in guards.path(number):
            if guards.is_dead(element):
                return True
            is_skipped = not self._new.is_repeatable(element) and (is_skipped or self._contradicts(guards, element))
        return is_skipped

    def _contradicts(self, guards: Guards, element: TreeElement) -> bool:
        """Return whether the conditions of an element in its parent contradict those of the steps that have run."""
        return any(
            self._is_contradicted(guards, number, branch, texts)
            for number, branch, texts in _conditions_of(guards, element)
        )

    def _is_contradicted(self, guards: Guards, number: int, branch: TreeElement, texts: Iterable[str]) -> bool:
        if number not in self._taken:
            conditions = _comparable(guards, branch, texts)
            self._taken[number] = any(self._true.issuperset(_opposite(each)) for each in conditions)
        return self._taken[number]

    @cached_property
    def _true(self) -> frozenset[_Condition]:
        """The conditions that are true because steps of the instance have certainly run."""
        if self._guards is None:
            return frozenset()
        guards, tree, old = self._guards[0], self._old.tree, self._old
        true: dict[int, list[_Condition]] = {}
        for number in old.entered:
            if number != ROOT and not old.is_repeated(number):
                for key, branch, texts in _conditions_of(guards, tree[number]):
                    if key not in true:
                        true[key] = list(_comparable(guards, branch, texts))
        return frozenset(each for conditions in true.values() for each in conditions)


def _conditions_of(guards: Guards, element: TreeElement) -> Iterator[tuple[int, TreeElement, Iterable[str]]]:
    """Yield the branches and exits that decide in a parent whether an element runs.

    Each has the number of the branch or exit, the branch, and the conditions under which the element runs.
    """
    if element.kind == BRANCH:
        yield element.number, element, guards.decision(element)
    elif element.slot == NODES:
        for exit_number, conditions in guards.after_exits(element):
            yield exit_number, guards.tree[guards.tree[exit_number].parent], conditions


def _comparable(guards: Guards, branch: TreeElement, texts: Iterable[str]) -> Iterator[_Condition]:
    """Yield the conditions that are comparable in another place: those with calls in the same choice only."""
    choice = guards.key_of(branch.parent) if branch.kind == BRANCH else ""
    for text in texts:
        if choice or not _CALL.search(text):
            yield _Condition(text, choice if _CALL.search(text) else "")


def _opposite(condition: _Condition) -> list[_Condition]:
    """Return the conditions that are all true exactly if a condition is false."""
    return [condition._replace(text=part) for part in condition_parts(condition.text, negated=True)]
