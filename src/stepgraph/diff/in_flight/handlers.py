"""Impact of changed exception handlers.

The engine saves failures like results: when an instance resumes, the failure is raised again and the innermost handler
of the new code catches it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from stepgraph.diff.changes import EditGroup
from stepgraph.diff.clocks import RACES
from stepgraph.diff.in_flight.effects import SAFE, Impact, breaking, early_exit, out_of_order
from stepgraph.diff.in_flight.instances import InFlightInstances, is_in_group, is_repeated
from stepgraph.diff.step_types import WAITS
from stepgraph.diff.tree import (
    BRANCH,
    FUNCTIONS,
    KEY,
    ROOT,
    TRY_BLOCK,
    Tree,
    TreeElement,
    calls_by_name,
    function_of,
    is_work,
)


class FailureHandlers:
    """The handlers of failures in a workflow: `try` statements and groups, including those around function calls."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._calls = calls_by_name(tree)

    def handlers_of(self, numbers: Iterable[int]) -> list[int]:
        """Return each `try` and group that a failure of the elements may reach."""
        handlers: set[int] = set()
        visited = set(numbers)
        pending = sorted(visited)
        while pending:
            for outer in self._handlers_in_function(pending.pop()):
                if outer.slot != FUNCTIONS:
                    handlers.add(outer.number)
                    continue
                calls = [call for call in self._calls[outer.text(KEY)] if call not in visited]
                visited.update(calls)
                pending += calls
        return sorted(handlers)

    def _handlers_in_function(self, number: int) -> Iterator[TreeElement]:
        """Yield the `try` statements and groups in an element's function that handle its failure, then the function."""
        yield from (self._tree[outer] for outer in enclosing_tries(self._tree, number))
        for element in self._tree.ancestors(number):
            if element.kind == "parallel":
                yield element
            if element.slot == FUNCTIONS:
                yield element
                return


def enclosing_tries(tree: Tree, number: int) -> Iterator[int]:
    """Yield each `try` of the function whose `try` block contains an element, innermost first."""
    inner = tree[number]
    for element in tree.ancestors(number):
        if element.kind == "try" and inner.slot == TRY_BLOCK:
            yield element.number
        if element.slot == FUNCTIONS:
            return
        inner = element


def block_elements(tree: Tree, try_number: int, slot: str) -> list[int]:
    """Return the elements in a block of a `try`, or an empty list if the block is missing."""
    return [number for block in tree.children_by_slot(try_number).get(slot, ()) for number in tree.visit_subtree(block)]


def catches(tree: Tree, number: int) -> bool:
    """Return whether an element is a `try` with handlers. Saved graphs can omit handlers without steps."""
    slots = tree.children_by_slot(number)
    return tree[number].kind == "try" and ("catch_block" in slots or "finally_block" not in slots)


def catches_silently(tree: Tree, number: int) -> bool:
    """Return whether an element is a `try` whose handlers run no steps."""
    handled = block_elements(tree, number, "catch_block")
    return catches(tree, number) and not any(is_work(tree[inner]) for inner in handled)


def is_last_handler(tree: Tree, branch: TreeElement) -> bool:
    """Return whether a branch is the last of several handlers, which receives all remaining failures."""
    switch = tree[branch.parent]
    is_handler = switch.text("discriminant") == "exception" and tree[switch.parent].slot == "catch_block"
    return is_handler and tree.next_sibling(branch.number) is None


class HandlerImpact:
    """Computes the impact of changed handlers."""

    def __init__(self, instances: InFlightInstances) -> None:
        self._instances = instances
        self._old, self._new = instances.old, instances.new
        self._to_old, self._to_new = instances.sides.matching.to_old, instances.sides.matching.to_new
        self._failures = FailureHandlers(self._old)

    def may_catch(self, old: int) -> bool:
        """Return whether a handler may receive a failure of an old element, so that the instance continues."""
        return bool(self._failures.handlers_of([old]))

    def may_recover(self, old: int) -> bool:
        """Return whether an instance may continue after a failure in an old element, caught in it or outside of it."""
        inside = self._failures.handlers_of(self._instances.old_counts.steps_run_by(old))
        return self.may_catch(old) or any(map(self._continues_after, inside))

    def _continues_after(self, handler: int) -> bool:
        """Return whether a handler is a `try` that does not raise an exception for each failure."""
        return catches(self._old, handler) and self._old.raises.isdisjoint(self._old[handler].children)

    def is_in_race(self, old: int) -> bool:
        """Return whether an old element is in a race, perhaps in a function that is called there."""
        return any(self._old[outer].text("kind") in RACES for outer in self._failures.handlers_of([old]))

    def is_for_failures(self, number: int) -> bool:
        """Return whether a new element is in a new handler of failures that used to end the instance.

        An instance in a later wait has not failed in the `try` of this handler, because a failure would have ended it.
        """
        try_number = self._newly_catching(number)
        return try_number is not None and not any(
            self._continues_after_failure(outer) for outer in self._outer_handlers(try_number)
        )

    def added(self, number: int) -> Iterator[Impact]:
        """Yield the impact of a new handler that catches failures before they reach an outer handler."""
        try_number = self._newly_catching(number)
        if try_number is not None:
            yield from self._skipped(self._outer_handlers(try_number))

    def wrapped(self, group: EditGroup) -> Iterator[Impact]:
        """Yield the impact of a new `try` that catches silently, around existing elements."""
        if not catches_silently(self._new, group.container_number):
            return
        outer_handlers = self._outer_handlers(group.container_number)
        yield from self._skipped(outer_handlers)
        for outer in outer_handlers:
            later = self._instances.later(outer)
            follows = any(step > max(group.old) for step in block_elements(self._old, outer, TRY_BLOCK))
            if later is not None and follows:
                yield out_of_order(f"steps after it may run when instances waiting at {later} resume")

    def unwrapped(self, group: EditGroup) -> Iterator[Impact]:
        """Yield the impact of a removed `try` with handlers."""
        if catches(self._old, group.container_number):
            yield from self.raised(group.container_number)

    def moved(self, old: int, new: int) -> Iterator[Impact]:
        """Yield the impact of a move into or out of `try` blocks."""
        new_tries = {self._to_old[outer] for outer in enclosing_tries(self._new, new) if catches(self._new, outer)}
        old_tries = {outer for outer in enclosing_tries(self._old, old) if catches(self._old, outer)}
        for outer in sorted(old_tries - new_tries):
            yield from self.raised(outer)
        if new_tries - old_tries:
            yield from self._skipped(self._old_handlers(self._old.visit_subtree(old), ()))
        wait = self._instances.at_or_after(old)
        if wait is not None and any(self._follows(new, outer) for outer in new_tries - old_tries if outer is not None):
            yield breaking(f"instances waiting at {wait} may have run it and will skip it when they resume")

    def contained(self, group: int) -> Iterator[Impact]:
        """Yield the impact of an old group whose failures no longer reach outer handlers."""
        yield from self._skipped(
            self._old_handlers(self._old.visit_subtree(group), self._new.subtree(self._new_of(group)))
        )

    def removed(self, old: int) -> Iterator[Impact]:
        """Yield the impact of a removed element, whose stored failure no longer reaches its handlers."""
        later = self._instances.later(old)
        handler = self._removed_handler(old)
        if handler is not None:
            yield from self.raised(handler)
            return
        if not self._instances.old_counts.steps_run_by(old):
            return
        for outer in self._failures.handlers_of([old]):
            handled = block_elements(self._old, outer, "catch_block")
            wait = next((inner for inner in handled if self._old[inner].kind in WAITS), None)
            if wait is not None:
                name = self._instances.quoted(wait)
                yield breaking(f"instances may be waiting at {name} after a failure of it, and skip the wait")
            if later is not None and self._is_followed(old, outer):
                yield out_of_order(f"steps after it may run when instances waiting at {later} resume")

    def _removed_handler(self, old: int) -> int | None:
        """Return the `try` whose handlers, or last one of several handlers, an old element is.

        Instances do not recover in a handler that always raises an exception.
        """
        if not self._old.raises.isdisjoint(self._old[old].children):
            return None
        if self._old[old].slot == "catch_block":
            return self._old[old].parent
        if self._old[old].kind == BRANCH and is_last_handler(self._old, self._old[old]):
            return self._old[self._old[self._old[old].parent].parent].parent
        return None

    def _is_followed(self, old: int, outer: int) -> bool:
        """Return whether work may follow an old element in a `try` block, in which a function may contain it."""
        block = block_elements(self._old, outer, TRY_BLOCK)
        if old not in block or is_repeated(self._old, old):
            return bool(block)
        return any(inner >= self._old[old].end and is_work(self._old[inner]) for inner in block)

    def raised(self, old: int) -> Iterator[Impact]:
        """Yield the impact of an old `try` or group whose failures now reach outer handlers."""
        later = self._instances.later(old)
        if later is not None:
            reason = "may have recovered from a failure in it, which is no longer caught"
            yield breaking(f"instances waiting at {later} {reason}")

    def failing(self, old: int) -> Impact:
        """Return the impact of new exceptions of code behind an old step or call, or at the start of the workflow."""
        wait = self._instances.inside(ROOT) if old == ROOT else self._instances.later(old)
        return SAFE if wait is None else early_exit(wait)

    def raising(self, old: int, new: int) -> Impact:
        """Return the impact of an exit or the end of a branch or block, which now raises an exception or returns."""
        is_exit = self._old[old].kind == "break" and not is_in_group(self._old, old)
        # No instance that has taken an exit is at a later wait of the same function.
        wait = self._instances.later(function_of(self._old, old) if is_exit else old)
        if wait is None:
            return SAFE
        if self.may_catch(old):
            return breaking(f"instances waiting at {wait} may take a different branch when they resume")
        is_raise = new in self._new.raises or new in self._new.final_raises
        return early_exit(wait) if is_raise else SAFE

    def discarding(self, old: int, new: int) -> Impact:
        """Return the impact of a `finally` block that now discards errors of the `try`, or no longer does."""
        if new in self._new.unhandled:
            return next(self.raised(old), SAFE)
        wait = self._instances.later(old)
        if wait is None or not self.may_catch(old):
            return SAFE
        return breaking(f"instances waiting at {wait} may take a different branch when they resume")

    def _follows(self, new: int, outer: int) -> bool:
        """Return whether a new element follows old work in a `try` block. The old work may have failed."""
        block = block_elements(self._new, self._new_of(outer), TRY_BLOCK)
        return any(
            earlier < new and self._to_old[earlier] is not None for earlier in block if is_work(self._new[earlier])
        )

    def _new_of(self, old: int) -> int:
        return self._instances.sides.new_of(old)

    def _newly_catching(self, number: int) -> int | None:
        """Return the new `try` whose new handler contains an element, if the `try` caught nothing or less before."""
        for element in (self._new[number], *self._new.ancestors(number)):
            if self._to_old[element.number] is not None:
                continue
            if element.slot == "catch_block" and not self._caught(element.parent):
                return element.parent
            if element.kind == BRANCH and is_last_handler(self._new, element):
                return self._new[self._new[element.parent].parent].parent
        return None

    def _caught(self, number: int) -> bool:
        """Return whether a new `try` is matched with an old one that has handlers."""
        old = self._to_old[number]
        return old is not None and catches(self._old, old)

    def _outer_handlers(self, try_number: int) -> list[int]:
        """Return the old handlers, outside a new `try`, of failures in its `try` block."""
        partners = (self._to_old[number] for number in block_elements(self._new, try_number, TRY_BLOCK))
        return self._old_handlers([old for old in partners if old is not None], self._new.subtree(try_number))

    def _old_handlers(self, numbers: Iterable[int], excluded: Container[int]) -> list[int]:
        """Return the old handlers of failures of the elements, except handlers matched to `excluded` elements."""
        return [outer for outer in self._failures.handlers_of(numbers) if self._to_new[outer] not in excluded]

    def _skipped(self, outer_handlers: list[int]) -> Iterator[Impact]:
        """Yield the impact of steps in outer handlers that no longer receive the failure."""
        blocks = (
            block for outer in outer_handlers for block in self._old.children_by_slot(outer).get("catch_block", ())
        )
        for step in (step for block in blocks for step in self._instances.old_counts.steps_run_by(block)):
            wait, name = self._instances.at_or_after(step), self._instances.quoted(step)
            if self._old[step].kind in WAITS:
                yield breaking(f"instances may be waiting at {name} in an outer `except` block, which is now skipped")
            elif wait is not None:
                yield breaking(
                    f"instances waiting at {wait} may have run {name} in an outer `except` block, which is now skipped"
                )

    def _continues_after_failure(self, outer: int) -> bool:
        """Return whether an instance can be in flight after a failure in an old `try` or group."""
        if self._old[outer].kind == "parallel" or catches(self._old, outer):
            return True
        return any(
            self._instances.inside(number) is not None for number in block_elements(self._old, outer, "finally_block")
        )
