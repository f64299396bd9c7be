"""What new handlers mean for instances that failed where these catch, and went on because something else caught it.

A failure is kept like a result. When an instance resumes, the new handler is the first to meet it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from stepgraph.diff.changes.group import Group
from stepgraph.diff.elements import BRANCH, CALL, FUNCTIONS, KEY, ROOT, WAITS, Element, Tree
from stepgraph.diff.running.effect import Meaning, breaking, late
from stepgraph.diff.running.instances import Instances


class Handlers:
    """Tells what new handlers, and those that are gone, do to instances in which something failed before."""

    def __init__(self, instances: Instances) -> None:
        self._instances = instances
        self._old, self._new = instances.old, instances.new
        self._calls: defaultdict[str, list[int]] = defaultdict(list)
        for element in self._old.elements:
            if element.kind == CALL:
                self._calls[element.name].append(element.number)

    def is_for_failures(self, number: int) -> bool:
        """Tell whether a new element is in a new handler of what would have ended an instance before.

        Then no instance that waits after it has failed there.
        """
        holder = self._new_handler(number)
        return holder is not None and not any(self._goes_on(outer) for outer in self._around(holder))

    def added(self, number: int) -> Iterator[Meaning]:
        """Yield what it means that a new element, or what it is in, handles failures which an outer handler met."""
        holder = self._new_handler(number)
        if holder is not None:
            yield from self._instead_of_outer(holder)

    def wrapped(self, group: Group) -> Iterator[Meaning]:
        """Yield what a new `try` around what there was means, if it catches and says nothing of what it then does."""
        if not _catches_in_silence(self._new, group.holder):
            return
        yield from self._instead_of_outer(group.holder)
        last = max(group.old)
        for outer in self._around(group.holder):
            later = self._instances.later(outer)
            follows = any(step > last and not _is_in_handler(self._old, step, outer) for step in self._steps_in(outer))
            if later is not None and self._old[outer].kind == "try" and follows:
                yield late(f"what comes after it may run when instances waiting at {later} resume")

    def freed(self, group: Group) -> Iterator[Meaning]:
        """Yield what it means that a `try` is gone which caught and said nothing of what it then did."""
        later = self._instances.later(group.holder)
        if later is not None and _catches_in_silence(self._old, group.holder):
            yield breaking(f"instances waiting at {later} may have failed in it, and fail again when they resume")

    def _steps_in(self, old: int) -> list[int]:
        return self._instances.old_names.run_in(old)

    def _new_handler(self, number: int) -> int | None:
        """Return the new `try` in whose new handler a new element is: one that caught nothing, or not this, before."""
        side = self._instances.frames.new
        for element in (self._new[number], *self._new.above(number)):
            if not side.is_lone(element.number):
                continue
            if element.slot == "catch_block" and not self._caught(element.parent):
                return element.parent
            if element.kind == BRANCH and (block := _block_of_handlers(self._new, element)) is not None:
                return self._new[block].parent
        return None

    def _caught(self, number: int) -> bool:
        """Tell whether a new `try` that there was caught failures."""
        old = self._instances.frames.pairs.to_old[number]
        return old is not None and _catches(self._old, old)

    def _instead_of_outer(self, holder: int) -> Iterator[Meaning]:
        """Yield that steps of an outer handler have run which does not meet the failure again."""
        for outer in self._around(holder):
            for block in self._old.slots(outer).get("catch_block", ()):
                for step in self._steps_in(block):
                    yield from self._no_longer_met(step)

    def _no_longer_met(self, step: int) -> Iterator[Meaning]:
        wait = self._instances.at_or_after(step)
        name = self._instances.quoted(step)
        if self._old[step].kind in WAITS:
            yield breaking(f"instances may be waiting at {name} in an outer handler, which this one keeps from running")
        elif wait is not None:
            yield breaking(f"instances waiting at {wait} may have run {name} in an outer handler, which is skipped now")

    def _around(self, holder: int) -> list[int]:
        """Return what was around the elements in a new `try`, calls followed, and may have met their failures.

        What is in the `try` itself, or is it, meets them as before.
        """
        to_new = self._instances.frames.pairs.to_new
        guarded = [
            old for new in self._guarded(holder) if (old := self._instances.frames.pairs.to_old[new]) is not None
        ]
        within = self._new.within(holder)
        found: dict[int, None] = {}
        seen = set(guarded)
        while guarded:
            for element in self._meets(guarded.pop()):
                partner = to_new[element.number]
                if element.slot == FUNCTIONS:
                    calls = [call for call in self._calls[element.text(KEY)] if call not in seen]
                    seen.update(calls)
                    guarded += calls
                elif partner is None or partner not in within:
                    found[element.number] = None
        return sorted(found)

    def _guarded(self, holder: int) -> Iterator[int]:
        """Yield what is tried in a new `try`."""
        for block in self._new.slots(holder).get("try_block", ()):
            yield from self._new.within(block)

    def _meets(self, number: int) -> Iterator[Element]:
        """Yield what meets a failure of an old element: each `try` that tries it, groups, and at last the function."""
        inner = self._old[number]
        for element in self._old.above(number):
            if element.kind == "parallel" or (element.kind == "try" and inner.slot == "try_block"):
                yield element
            if element.slot == FUNCTIONS:
                yield element
                return
            inner = element

    def _goes_on(self, outer: int) -> bool:
        """Tell whether an instance may be in flight that failed in an old `try` or group."""
        if self._old[outer].kind == "parallel" or _catches(self._old, outer):
            return True
        blocks = self._old.slots(outer).get("finally_block", ())
        return any(self._instances.inside(block) is not None for block in blocks)


def _catches(tree: Tree, number: int) -> bool:
    """Tell whether a `try` has handlers. One that has nothing else has some that run no steps."""
    slots = tree.slots(number)
    return tree[number].kind == "try" and ("catch_block" in slots or "finally_block" not in slots)


def _catches_in_silence(tree: Tree, number: int) -> bool:
    return _catches(tree, number) and "catch_block" not in tree.slots(number)


def _block_of_handlers(tree: Tree, branch: Element) -> int | None:
    """Return the block of which a branch is one of several handlers."""
    switch = tree[branch.parent]
    block = tree[switch.parent]
    is_handler = switch.text("discriminant") == "exception" and block.slot == "catch_block"
    return block.number if is_handler and block.number != ROOT else None


def _is_in_handler(tree: Tree, number: int, holder: int) -> bool:
    """Tell whether an element is in a `try`, but not in what that tries."""
    tried = tree.slots(holder).get("try_block", ())
    return not any(number in tree.within(block) for block in tried)
