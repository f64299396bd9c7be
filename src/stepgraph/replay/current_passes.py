"""The passes of loops that an instance is in, and the steps that the new code runs earlier in a pass.

A step that the current pass has not reached may have entries of earlier passes, so that the log seems to have its runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile

from msgspec import Struct

from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import BRANCH, Tree, TreeElement, is_work
from stepgraph.replay.passed_part import RunChain, ancestors


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
