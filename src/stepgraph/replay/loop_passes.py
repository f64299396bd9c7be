"""The passes of a loop in the log, compared with the number of passes that the new code makes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from msgspec import Struct

from stepgraph.diff.loop_heads import constant_head, continues, number_of_passes
from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import STEPS, Tree
from stepgraph.execution.engine_rules import InstanceEffect, result_key
from stepgraph.execution.names import NamePattern
from stepgraph.replay.passed_part import PassedPart, ancestors
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
