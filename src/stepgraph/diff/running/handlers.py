"""What handlers that came or went mean for instances that failed where these catch, and went on nevertheless.

A failure is kept like a result. When an instance resumes, it is raised again, and what is nearest now meets it first.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from stepgraph.diff.changes.group import Group
from stepgraph.diff.elements import BRANCH, WAITS, is_work
from stepgraph.diff.running.effect import Meaning, breaking, late
from stepgraph.diff.running.failures import (
    Failures,
    catches,
    catches_in_silence,
    in_block,
    is_last_handler,
    tried_by,
)
from stepgraph.diff.running.instances import Instances


class Handlers:
    """Tells what changes of who meets a failure mean."""

    def __init__(self, instances: Instances) -> None:
        self._instances = instances
        self._old, self._new = instances.old, instances.new
        self._to_old, self._to_new = instances.frames.pairs.to_old, instances.frames.pairs.to_new
        self._failures = Failures(self._old)

    def is_for_failures(self, number: int) -> bool:
        """Tell whether a new element is in a new handler of what would have ended an instance before.

        Then no instance that waits after it has failed there.
        """
        holder = self._newly_catching(number)
        return holder is not None and not any(self._goes_on(outer) for outer in self._around_tried(holder))

    def added(self, number: int) -> Iterator[Meaning]:
        """Yield what it means that a new element, or what it is in, handles failures which an outer handler met."""
        holder = self._newly_catching(number)
        if holder is not None:
            yield from self._skipped(self._around_tried(holder))

    def wrapped(self, group: Group) -> Iterator[Meaning]:
        """Yield what a new `try` around what there was means, if it catches and runs no steps then."""
        if not catches_in_silence(self._new, group.holder):
            return
        around = self._around_tried(group.holder)
        yield from self._skipped(around)
        for outer in around:
            later = self._instances.later(outer)
            follows = any(step > max(group.old) for step in in_block(self._old, outer, "try_block"))
            if later is not None and follows:
                yield late(f"what comes after it may run when instances waiting at {later} resume")

    def freed(self, group: Group) -> Iterator[Meaning]:
        """Yield what it means that a `try` is gone which caught, and ran no steps then."""
        if catches_in_silence(self._old, group.holder):
            yield from self.raised(group.holder)

    def moved(self, old: int, new: int) -> Iterator[Meaning]:
        """Yield what it means that an element is tried by others than before."""
        now = {self._to_old[outer] for outer in tried_by(self._new, new) if catches(self._new, outer)}
        before = {outer for outer in tried_by(self._old, old) if catches(self._old, outer)}
        for outer in sorted(before - now):
            yield from self.raised(outer)
        if now - before:
            yield from self._skipped(self._around(self._old.within(old), ()))
        wait = self._instances.at_or_after(old)
        if wait is not None and any(self._follows(new, outer) for outer in now - before if outer is not None):
            yield breaking(f"instances waiting at {wait} may have run it, and skip it when they resume")

    def kept(self, group: int) -> Iterator[Meaning]:
        """Yield what it means that the failures in an old group no longer reach what is around it."""
        yield from self._skipped(self._around(self._old.within(group), self._new.span(self._new_of(group))))

    def raised(self, old: int) -> Iterator[Meaning]:
        """Yield what it means that the failures in an old `try` or group reach what is around it from now on."""
        later = self._instances.later(old)
        if later is not None:
            yield breaking(f"instances waiting at {later} may have failed in it, and fail again when they resume")

    def _follows(self, new: int, outer: int) -> bool:
        """Tell whether a new element comes after something that an old `try` tried, and that may have failed."""
        tried = in_block(self._new, self._new_of(outer), "try_block")
        return any(other < new and self._to_old[other] is not None for other in tried if is_work(self._new[other]))

    def _new_of(self, old: int) -> int:
        return self._instances.frames.new_of(old)

    def _newly_catching(self, number: int) -> int | None:
        """Return the new `try` in whose new handler a new element is: one that did not catch before, or not all."""
        for element in (self._new[number], *self._new.above(number)):
            if self._to_old[element.number] is not None:
                continue
            if element.slot == "catch_block" and not self._caught(element.parent):
                return element.parent
            if element.kind == BRANCH and is_last_handler(self._new, element):
                return self._new[self._new[element.parent].parent].parent
        return None

    def _caught(self, number: int) -> bool:
        """Tell whether a new `try` was one before, and caught."""
        old = self._to_old[number]
        return old is not None and catches(self._old, old)

    def _around_tried(self, holder: int) -> list[int]:
        """Return what was around what a new `try` tries, and may have met its failures."""
        tried = (self._to_old[number] for number in in_block(self._new, holder, "try_block"))
        return self._around([old for old in tried if old is not None], self._new.span(holder))

    def _around(self, numbers: Iterable[int], within: Container[int]) -> list[int]:
        """Return what may have met failures of old elements. What is `within` new ones meets them as before."""
        return [outer for outer in self._failures.met_by(numbers) if self._to_new[outer] not in within]

    def _skipped(self, around: list[int]) -> Iterator[Meaning]:
        """Yield that steps of outer handlers may have run, which do not meet the failure any more."""
        blocks = (block for outer in around for block in self._old.slots(outer).get("catch_block", ()))
        for step in (step for block in blocks for step in self._instances.old_names.run_in(block)):
            wait, name = self._instances.at_or_after(step), self._instances.quoted(step)
            if self._old[step].kind in WAITS:
                yield breaking(f"instances may be waiting at {name} in an outer handler, which is skipped now")
            elif wait is not None:
                yield breaking(
                    f"instances waiting at {wait} may have run {name} in an outer handler, which is skipped now"
                )

    def _goes_on(self, outer: int) -> bool:
        """Tell whether an instance may be in flight that failed in an old `try` or group."""
        if self._old[outer].kind == "parallel" or catches(self._old, outer):
            return True
        return any(self._instances.inside(number) is not None for number in in_block(self._old, outer, "finally_block"))
