"""The passes of loops in a log, compared with those that the new code makes, and the current passes of an instance.

A step that the current pass has not reached may have entries of earlier passes, so that the log seems to have its runs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile

from msgspec import Struct

from stepgraph.diff.loop_heads import constant_head, continues, number_of_passes
from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import BRANCH, FUNCTIONS, KEY, ROOT, STEPS, Tree, TreeElement, is_work
from stepgraph.execution.engine_rules import InstanceEffect, result_key
from stepgraph.execution.names import NamePattern
from stepgraph.replay.passed_part import PassedPart, RunChain, ancestors
from stepgraph.replay.replay import Decision


class LoopPassEffects(Struct, frozen=True):
    """Finds the effects of the numbers of passes of loops on an instance."""

    matching: Matching
    old: PassedPart

    def effect_of_more(self, old: int, new: int, *, has_left: bool) -> InstanceEffect:
        """Return the effect of a loop that steps which have run follow. An exit that was removed may have left it.

        The log may not show whether the exit or the last pass has ended the loop.
        """
        passes = number_of_passes(constant_head(self.matching.new, new))
        if passes == 1:
            return "resumes"
        if not has_left or self.old.has_partial_pass(old):
            return "out_of_order"
        begun = self.old.passes(old)
        if passes is None or begun is None:
            return "unknown"
        return "resumes" if begun >= passes else "out_of_order"

    def effect_of_number(self, old: int, new: int, *, is_inside: bool) -> InstanceEffect | None:
        """Return the effect of a constant number of passes, or None if the log does not determine it.

        Surplus passes leave their entries without a call. If the loop could have had more passes, an exit has ended it.
        `is_inside` tells whether the instance is in the loop.
        """
        heads = constant_head(self.matching.old, old), constant_head(self.matching.new, new)
        (before, passes), begun = map(number_of_passes, heads), self.old.passes(old)
        trees = (self.matching.old, old), (self.matching.new, new)
        may_leave = any(has_exit(*each) for each in trees)
        if passes is None:
            may_continue = may_leave and continues(heads[1], heads[0]) and self.old.has_left(old)
            return "unknown" if may_continue else None
        if any(_is_in_group(*each) for each in trees):
            is_over = continues(heads[1], heads[0]) and not (is_inside or may_leave or self.old.is_repeated(old))
            return "out_of_order" if is_over else None
        if begun is None:
            return "unknown" if may_leave and continues(heads[1], heads[0]) and self.old.has_left(old) else None
        if begun > passes:
            return "resumes" if self._has_only_full_passes(old, begun) else None
        if begun == passes or is_inside:
            return "resumes"
        if not may_leave:
            return "out_of_order"
        has_left = old in self.matching.old.infinite or (before is not None and begun < before)
        return "resumes" if has_left else "unknown"

    def _has_only_full_passes(self, loop: int, begun: int) -> bool:
        """Return whether each pass of a loop has run the same steps, perhaps except for the last one."""
        pending, entered = [loop], {loop}
        while pending:
            for number in self.matching.old.subtree(pending.pop()):
                if number not in self.old.possible or number in entered:
                    continue
                entered.add(number)
                called = self.old.only_calls.get(number)
                if called is not None:
                    pending.append(called)
                elif not begun - 1 <= self.old.counts.get(number, 0) <= begun:
                    return False
        return True


def results_of_later_steps(matching: Matching, passed: PassedPart, decisions: Iterable[Decision]) -> Iterator[Decision]:
    """Yield the steps in further passes of loops that get stored results of later steps with the same name.

    `passed` is the part of the new version that the instance has passed.
    """
    tree = matching.new
    for decision in decisions:
        if decision.effect != "out_of_order" or decision.element is None or tree[decision.element].kind != "loop":
            continue
        loop = tree[decision.element]
        later = {
            result_key(tree[each].kind, tree[each].fields)
            for each in passed.in_order[bisect_left(passed.in_order, loop.end) :]
            if tree[each].kind in STEPS and NamePattern.of(tree[each].name).is_literal
        }
        for inner in map(tree.__getitem__, tree.subtree(loop.number)):
            if inner.kind in STEPS and result_key(inner.kind, inner.fields) in later:
                reason = f"`{inner.name}` in further passes of a loop may get stored results of a later `{inner.name}`."
                yield Decision("unknown", reason, inner.number)
                break


def has_exit(tree: Tree, number: int) -> bool:
    """Return whether an exit may leave an element."""
    return any(tree[inner].kind == "break" for inner in tree.subtree(number))


def _is_in_group(tree: Tree, number: int) -> bool:
    return any(outer.kind == "parallel" for outer in ancestors(tree, number))


class CurrentPass(Struct, frozen=True):
    """The pass of a deployed loop with the last entry of a log."""

    loop: int
    """The number of the loop."""
    run: frozenset[int]
    """The numbers of the steps and calls that the pass has run, and of the elements around them in the loop."""

    def overtaken(self, matching: Matching) -> Iterator[TreeElement]:
        """Yield the new steps and calls that the pass has not reached, and that are now in front of some it has run."""
        loop, moved = matching.to_new[self.loop], self.moved(matching)
        if loop is None:
            return
        last_old = max((number for number in self.run if is_work(matching.old[number])), default=self.loop)
        last_new = max((number for number in moved if is_work(matching.new[number])), default=loop)
        for number in range(matching.old[last_old].end, matching.old[self.loop].end):
            new = matching.to_new[number]
            if new is None or not loop < new < last_new or not is_work(matching.new[new]):
                continue
            may_follow = _may_follow(matching.old, number, self.loop, self.run)
            if may_follow and _may_follow(matching.new, new, loop, moved):
                yield matching.new[new]

    def has_passed(self, matching: Matching, new: int) -> bool:
        """Return whether the pass has run steps that follow an element of the new loop."""
        loop = matching.to_new[self.loop]
        is_inside = loop is not None and new in matching.new.subtree(loop)
        return is_inside and any(number >= matching.new[new].end for number in self.moved(matching))

    def moved(self, matching: Matching) -> set[int]:
        """Return the numbers of the elements that the pass has run, in the new code."""
        loop = matching.to_new[self.loop]
        inside = range(0) if loop is None else matching.new.subtree(loop)
        partners = (matching.to_new[number] for number in self.run)
        return {number for number in partners if number is not None and number in inside}


def current_passes(tree: Tree, runs: Sequence[Sequence[RunChain]]) -> Iterator[CurrentPass]:
    """Yield the passes around the last entry of a log, outermost first, if the log determines its step.

    `runs` are the possible runs of the deployed steps of each entry.
    """
    if not runs or len(set(runs[-1])) != 1:
        return
    for each in runs[-1][0]:
        loops = [outer.number for outer in ancestors(tree, each) if outer.kind == "loop"]
        for loop in reversed(loops):
            run = set(_run_in_pass(tree, loop, runs))
            yield CurrentPass(loop, frozenset(run | {outer for number in run for outer in _inside(tree, number, loop)}))


def _run_in_pass(tree: Tree, loop: int, runs: Sequence[Sequence[RunChain]]) -> Iterator[int]:
    """Yield the steps and calls in a loop since its last pass has certainly begun, with an earlier part of the loop."""
    inside = tree.subtree(loop)
    first = inside.stop
    for chains in reversed(runs):
        numbers = [number for chain in chains for number in chain if number in inside]
        parts = [_part_of(tree, number, loop) for number in numbers]
        if parts and min(parts) > first:
            return
        first = min((first, *parts))
        yield from numbers


def _part_of(tree: Tree, number: int, loop: int) -> int:
    """Return the number of the part of a loop that contains an element."""
    return next(reversed([number, *_inside(tree, number, loop)]))


def _inside(tree: Tree, number: int, loop: int) -> Iterator[int]:
    """Yield the elements around an element in a loop, innermost first."""
    outer = (element.number for element in ancestors(tree, number))
    return takewhile(lambda each: each != loop, outer)


def _may_follow(tree: Tree, number: int, loop: int, run: frozenset[int] | set[int]) -> bool:
    """Return whether a pass that has run some elements may run another one after them, without a failure."""
    path = [number, *_inside(tree, number, loop)]
    for each in path:
        element = tree[each]
        if each in run:
            return True
        if element.slot == "catch_block" or tree[element.parent].kind in {"parallel", "step_do"}:
            return False
        if element.kind == BRANCH and not run.isdisjoint(tree[element.parent].children):
            return False
    return True


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
