"""The parts of new code that the conditions of steps include or exclude for an instance.

If an instance has run a step in `if not a:`, it skips a branch `if a:` of the new code, and the steps after a new
`if not a: return`. All instances skip a branch with a constant that is false.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from stepgraph.diff.guards import Guards, has_call
from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import BRANCH, NODES, ROOT, STEPS, TreeElement, is_work
from stepgraph.execution.engine_rules import result_key
from stepgraph.model.expressions import condition_parts, constant_truth
from stepgraph.phrases import enumeration
from stepgraph.replay.passed_part import PassedPart
from stepgraph.replay.replay import Decision


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
        if choice or not has_call(text):
            yield _Condition(text, choice if has_call(text) else "")


def _opposite(condition: _Condition) -> list[_Condition]:
    """Return the conditions that are all true exactly if a condition is false."""
    return [condition._replace(text=part) for part in condition_parts(condition.text, negated=True)]


def enabled_branch(matching: Matching, passed: PassedPart, old: int, new: int) -> Decision | None:
    """Return the effect of a branch that the instance has passed and that now runs, or None if it is unknown.

    `passed` is the part of the new version that the instance has passed. An exit in the branch may skip steps, and a
    step in it may get the stored result of another one with the same name.
    """
    tree = matching.new
    truths = [constant_truth(each.definitions.get(number, "")) for each, number in ((matching.old, old), (tree, new))]
    if tree[new].kind != BRANCH or tree[new].index or truths != [False, True]:
        return None
    inside = [tree[number] for number in tree.subtree(new)]
    work = [f"{each.name}{tree.arguments.get(each.number, '')}" for each in inside if is_work(each)]
    keys = {result_key(element.kind, element.fields) for element in inside if element.kind in STEPS}
    steps = (tree[number] for number in passed.in_order if tree[number].kind in STEPS)
    has_namesake = any(result_key(step.kind, step.fields) in keys for step in steps)
    if not work or has_namesake or any(element.kind == "break" for element in inside):
        return None
    verb = "runs" if len(work) == 1 else "run"
    reason = f"The condition `{tree[new].text('condition')}` is now always true, so {enumeration(work, most=3)} {verb}"
    return Decision("out_of_order", f"{reason} when the instance resumes, before steps that have already run.", new)
