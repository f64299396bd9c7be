"""The `raise` statements that may have led an instance to a handler, and that the new code has in another place."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from stepgraph.diff.caught_raises import handler_around
from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import BRANCH, Tree, is_work
from stepgraph.replay.passed_part import PassedPart, ancestors
from stepgraph.replay.replay import Decision


class MovedRaises(Struct, frozen=True):
    """Finds the effects of moved `raise` statements on an instance."""

    matching: Matching
    old: PassedPart
    failed: frozenset[int]
    """The numbers of the deployed steps whose errors are in the log, and of the calls around them."""

    def decisions(self) -> Iterator[Decision]:
        """Yield the effects of an exception of the code that led to a handler, if the new code raises it elsewhere."""
        old = self.matching.old
        for number, texts in old.caught_raises.items():
            handler = handler_around(old, number)
            if handler is None or handler not in self.old.entered:
                continue
            if not self.failed.isdisjoint(old.subtree(old[handler].parent)):
                continue
            for condition in map(self.matching.renamed_text, texts):
                yield from self._uncaught(condition, handler)
                yield from self._postponed(condition, number, handler)

    def _uncaught(self, condition: str, handler: int) -> Iterator[Decision]:
        """Yield the new `raise` statements with a condition that no handler catches."""
        old, new = self.matching.old, self.matching.new
        name = next((old[each].name for each in old.subtree(handler) if is_work(old[each])), "")
        for number in sorted(new.raises):
            is_added = new[number].kind == "break" and self.matching.to_old[number] is None
            if name and is_added and new[new[number].parent].text("condition") == condition:
                reason = f"The exception that led to `{name}` may end the instance, because no handler catches it now."
                yield Decision("unknown", reason, number)

    def _postponed(self, condition: str, old: int, handler: int) -> Iterator[Decision]:
        """Yield the first step or call that an exception has skipped, and that now precedes its `raise` statement."""
        new = self.matching.new
        for number, texts in new.caught_raises.items():
            around = handler_around(new, number) if condition in texts else None
            if around is None or around != self.matching.to_new[handler]:
                continue
            skipped = range(_position(self.matching.old, old), handler)
            inside = range(new[around].parent, _position(new, number))
            before = (each for each in inside if is_work(new[each]) and self.matching.to_old[each] in skipped)
            for each in before:
                if self.matching.to_old[each] in self.old.possible or _is_alternative(new, each, number):
                    continue
                reason = f"`{new[each].name}` may run when the instance resumes, before steps that have already run."
                yield Decision("out_of_order", reason, each)
                return


def _position(tree: Tree, number: int) -> int:
    """Return the number of the first element that a `raise` statement skips, in a branch or at the end of a block."""
    return number if tree[number].kind == BRANCH else tree[number].end


def _is_alternative(tree: Tree, number: int, raise_number: int) -> bool:
    """Return whether an element is in another branch or handler than a `raise` statement."""
    around = {raise_number, *(each.number for each in ancestors(tree, raise_number))}
    return any(each.kind == BRANCH and each.number not in around for each in ancestors(tree, number))
