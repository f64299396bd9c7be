"""Changed handling of exceptions: removed `except` blocks, and new or moved `raise` statements with a handler."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from stepgraph.diff.caught_raises import (
    ChangedSegment,
    changed_bodies,
    changed_managers,
    changed_segments,
    is_effect,
    is_swallowing,
)
from stepgraph.diff.failing_code import changed_failures
from stepgraph.diff.matching import Matching
from stepgraph.diff.raise_conditions import (
    RaiseConditions,
    are_equal,
    branch_condition,
    catch_block,
    caught_raises,
    matched,
)
from stepgraph.diff.tree import BRANCH, CALL, FUNCTIONS, ROOT, TRY_BLOCK, Tree, function_of, is_work
from stepgraph.model.details import RaiseCondition
from stepgraph.model.vocabulary import EXCEPTION
from stepgraph.replay.passed_part import PassedPart, ancestors
from stepgraph.replay.replay import Decision
from stepgraph.replay.wording import new_exit

_CHANGED_CODE: Final = "because the code whose exceptions its `try` catches changed"


class RemovedHandlers(Struct, frozen=True):
    """Finds the parts of the new version that an `except` block no longer protects."""

    matching: Matching
    old: PassedPart
    new_functions: Mapping[str, int]
    """The numbers of the functions in the new version, by name."""
    failed: frozenset[int]
    """The numbers of the deployed steps whose errors are in the log, and of the calls around them."""

    def unprotected(self) -> Iterator[int]:
        """Yield the new elements that no `except` block protects any more, and those in called functions."""
        new = self.matching.new
        pending = [number for element in self._tries() for number in self._unprotected_in(element)]
        entered = set(pending)
        while pending:
            for number in new.subtree(pending.pop()):
                yield number
                function = self.new_functions.get(new[number].name) if new[number].kind == CALL else None
                if function is not None and function not in entered:
                    entered.add(function)
                    pending.append(function)

    def decisions(self) -> Iterator[Decision]:
        """Yield the `except` blocks that have caught an error, and that were removed or now catch fewer ones."""
        yield from self._removed()
        yield from self._narrowed()

    def _removed(self) -> Iterator[Decision]:
        """Yield a decision for each removed `except` block that an exception of the code has led to."""
        old = self.matching.old
        for element in self._tries():
            children = old[element].children
            handler = next(child for child in children if old[child].slot == "catch_block")
            has_failed = not self.failed.isdisjoint(old.subtree(element))
            partner = self.matching.to_new[element]
            is_removed = partner is None or not _has_handlers(self.matching.new, partner)
            if handler not in self.old.entered or has_failed or not (is_removed and self._unprotected_in(element)):
                continue
            name = _first_name(old, handler)
            reason = f"The error that led to `{name}` may end the instance, as its `except` block was removed."
            yield Decision("unknown", reason)

    def _narrowed(self) -> Iterator[Decision]:
        """Yield a decision for each `except` block that has caught an error, and now catches fewer ones."""
        old = self.matching.old
        for element in self._tries():
            if not self._is_narrowed(element):
                continue
            failed = next((each for each in old.subtree(element) if self._has_failed_in(each, element)), None)
            if failed is not None:
                reason = f"The error of `{old[failed].name}` may end the instance, as its `except` block"
                yield Decision("unknown", f"{reason} catches fewer errors.")

    def _has_failed_in(self, number: int, try_number: int) -> bool:
        """Return whether an element has failed, and a `try` has caught its error."""
        if number not in self.failed:
            return False
        inner = number
        for outer in ancestors(self.matching.old, number):
            is_body = outer.kind == "try" and self.matching.old[inner].slot == TRY_BLOCK
            if is_body and _has_handlers(self.matching.old, outer.number):
                return outer.number == try_number
            inner = outer.number
        return False

    def _is_narrowed(self, element: int) -> bool:
        """Return whether the handlers of a `try` now raise some errors again, unless one has run that is unchanged."""
        new, partner = self.matching.new, self.matching.to_new[element]
        handlers = (
            [] if partner is None else [each for each in new[partner].children if new[each].slot == "catch_block"]
        )
        inside = [number for handler in handlers for number in new.subtree(handler)]
        # The `raise` of other errors is the only element of the last branch.
        raises = (number for number in inside if number in new.raises and new[new[number].parent].kind == BRANCH)
        is_new = any(self.matching.to_old[new[number].parent] is None for number in raises if not new[number].index)
        same = (self.matching.to_old[number] for number in inside if new[number].kind == BRANCH)
        return is_new and not any(old is not None and old in self.old.entered for old in same)

    def _tries(self) -> Iterator[int]:
        """Yield the deployed `try` statements with an `except` block."""
        old = self.matching.old
        return (each.number for each in old.elements if each.kind == "try" and _has_handlers(old, each.number))

    def _unprotected_in(self, element: int) -> list[int]:
        """Return the new elements that a `try` has protected and no `except` block of their function protects."""
        old, new = self.matching.old, self.matching.new
        partner = self.matching.to_new[element]
        blocks = [] if partner is None else [each for each in new[partner].children if new[each].slot == TRY_BLOCK]
        if partner is not None and not _has_handlers(new, partner):
            return blocks
        inside = (child for child in old[element].children if old[child].slot == TRY_BLOCK)
        partners = (self.matching.to_new[number] for child in inside for number in old.subtree(child))
        function = self.matching.to_new[function_of(old, element)]
        return [
            number
            for number in partners
            if number is not None
            and not any(number in new.subtree(block) for block in blocks)
            and not _is_protected(new, number, function)
        ]


def _has_handlers(tree: Tree, number: int) -> bool:
    return any(tree[child].slot == "catch_block" for child in tree[number].children)


def _is_protected(tree: Tree, number: int, function: int | None) -> bool:
    """Return whether an element is in a `try` with an `except` block, or in another function than this one.

    The calls of another function may be in such a `try`.
    """
    inner = number
    for outer in ancestors(tree, number):
        if outer.kind == "try" and tree[inner].slot == TRY_BLOCK and _has_handlers(tree, outer.number):
            return True
        if outer.slot == FUNCTIONS:
            return outer.number != function
        inner = outer.number
    return False


def added_raises(matching: Matching, new: PassedPart) -> Iterator[Decision]:
    """Yield a step of the handler of each new `raise` statement in the part that an instance passes.

    The instance has not run this step. The payload has no nodes for `raise` statements.
    """
    tree = matching.new
    deployed = RaiseConditions.of_old(matching, in_handlers=True)
    for raised in caught_raises(tree, in_handlers=True):
        handler, number = raised.handler, raised.number
        is_passed = new.contains(number) if tree[number].kind == BRANCH else new.is_over(number)
        inner_handlers = (
            each.number for each in (tree[number], *ancestors(tree, number)) if each.slot == "catch_block"
        )
        if any(each not in new.entered for each in inner_handlers):
            continue
        if handler is None or not is_passed or deployed.contain(raised):
            continue
        step = next((each for each in tree.subtree(handler) if is_work(tree[each]) and each not in new.possible), None)
        if step is not None:
            condition = f" if `{raised.condition.text}`" if raised.condition.text else ""
            cause = f"because the new code raises an exception{condition}"
            yield Decision("out_of_order", f"`{tree[step].name}` may run when the instance resumes, {cause}.")


class ChangedCode(Struct, frozen=True):
    """Finds the effects of code in the bodies of `try` statements that now raises other exceptions.

    A handler may run although it has not, or may not run although it has.
    """

    matching: Matching
    old: PassedPart
    new: PassedPart
    failed: frozenset[int]
    """The numbers of the deployed steps whose errors are in the log, and of the calls around them."""
    may_have_raised: bool
    """Whether a step has failed, or the code between steps has raised an exception."""
    has_left: Callable[[int], bool]
    """Returns whether the instance may have passed the end of a new element."""
    is_excluded: Callable[[int], bool]
    """Returns whether a new element is in a branch that the instance does not take."""
    new_calls: Mapping[str, Sequence[int]]
    """The calls in the new version, by the name of the called function."""

    def decisions(self) -> Iterator[Decision]:
        """Yield the effects of changed code in bodies without steps, and between steps."""
        for before, after in changed_bodies(self.matching):
            handler, new_handler = catch_block(self.matching.old, before), catch_block(self.matching.new, after)
            if handler is not None and handler in self.old.entered:
                yield from self._no_exception(handler, after)
            elif new_handler is not None and self.has_left(new_handler):
                yield from self._exception(new_handler)
        for segment in changed_segments(self.matching):
            before, after = segment.tries
            handler, new_handler = catch_block(self.matching.old, before), catch_block(self.matching.new, after)
            is_entered = handler is not None and handler in self.old.entered
            if handler is not None and is_entered and self._may_have_raised(segment):
                yield from self._no_exception(handler, after)
            elif new_handler is not None and self._has_passed(segment):
                yield from self._exception(new_handler) if not is_entered or self._has_clauses(new_handler) else ()
            if not is_entered:
                yield from self._steps_behind(segment)
        yield from self._other_swallowed_errors()
        for segment in changed_failures(self.matching):
            if self._has_passed(segment) and (self.may_have_raised or not segment.is_in_handler):
                yield self._failure(segment)

    def _other_swallowed_errors(self) -> Iterator[Decision]:
        """Yield the context managers that may have swallowed an error, and that now swallow other errors."""
        for before, after in changed_managers(self.matching):
            if not self.has_left(after):
                continue
            works = [each for each in self.matching.old.subtree(before) if is_work(self.matching.old[each])]
            failed = next((each for each in works if each in self.failed), None)
            skipped = next((each for each in works if each not in self.old.possible), None)
            cause = "because its context manager changed"
            if failed is not None:
                reason = f"The error of `{self.matching.old[failed].name}` may end the instance, {cause}."
                yield Decision("unknown", reason, after)
            elif skipped is not None:
                reason = f"The error in front of `{self.matching.old[skipped].name}` may end the instance, {cause}."
                yield Decision("unknown", reason, after)

    def _failure(self, segment: ChangedSegment) -> Decision:
        """Return the effect of code that raises a new exception, and that the instance has passed."""
        name = "" if segment.common[1] == ROOT else self.matching.new[segment.common[1]].name
        where = f"after `{name}`" if name else "at its start"
        reason = f"The code {where} may raise another exception, at a point that the instance has passed."
        return Decision("unknown", reason, segment.common[1])

    def _may_have_raised(self, segment: ChangedSegment) -> bool:
        """Return whether the deployed code between steps may have raised the exception that led to the handler."""
        if not segment.may_not_raise or not self.failed.isdisjoint(self.matching.old.subtree(segment.tries[0])):
            return False
        is_repeated = any(map(self.old.is_repeated, segment.old_positions))
        return is_repeated or self.old.possible.isdisjoint(segment.following)

    def _steps_behind(self, segment: ChangedSegment) -> Iterator[Decision]:
        """Yield the first step behind code whose exception may have skipped it, without a step of a handler.

        The new code may not raise the exception.
        """
        if not is_swallowing(self.matching.new, segment.tries[1]) or not self.has_left(segment.tries[1]):
            return
        if not segment.following or not self._may_have_raised(segment) or all(map(self.is_excluded, segment.neighbors)):
            return
        steps = (each for each in segment.new_following if self.matching.to_old[each] in segment.following)
        step = next((each for each in steps if each not in self.new.possible and not self.is_excluded(each)), None)
        if step is not None:
            reason = f"`{self.matching.new[step].name}` may run when the instance resumes, {_CHANGED_CODE}."
            yield Decision("out_of_order", reason, step)

    def _has_passed(self, segment: ChangedSegment) -> bool:
        """Return whether the instance has begun steps after the code, in one of its branches."""
        is_passed = any(self.new.has_passed(each, self.new_calls) for each in segment.new_positions)
        return segment.may_raise and is_passed and not all(map(self.is_excluded, segment.neighbors))

    def _has_clauses(self, new_handler: int) -> bool:
        """Return whether several `except` clauses of a handler have effects, so that another one may run."""
        tree = self.matching.new
        clauses = (each for child in tree[new_handler].children for each in tree[child].children)
        effects = (any(is_effect(tree, each) for each in tree.subtree(clause)) for clause in clauses)
        is_choice = any(tree[each].text("discriminant") == EXCEPTION for each in tree[new_handler].children)
        return is_choice and sum(effects) > 1

    def _no_exception(self, handler: int, new: int) -> Iterator[Decision]:
        name = _first_name(self.matching.old, handler)
        yield Decision("unknown", f"`{name}` may not run when the instance resumes, {_CHANGED_CODE}.", new)

    def _exception(self, new_handler: int) -> Iterator[Decision]:
        """Yield the first step or exit of a handler that may now run."""
        tree = self.matching.new
        inside = (each for each in tree.subtree(new_handler) if is_effect(tree, each))
        effect = next((each for each in inside if each not in self.new.possible), None)
        if effect is not None and is_work(tree[effect]):
            reason = f"`{tree[effect].name}` may run when the instance resumes, {_CHANGED_CODE}."
            yield Decision("out_of_order", reason, effect)
        elif effect is not None:
            yield Decision("unknown", f"{new_exit(tree, effect)}, {_CHANGED_CODE}.", effect)


class MovedRaises(Struct, frozen=True):
    """Finds the effects of moved and removed `raise` statements on an instance."""

    matching: Matching
    old: PassedPart
    failed: frozenset[int]
    """The numbers of the deployed steps whose errors are in the log, and of the calls around them."""

    def decisions(self) -> Iterator[Decision]:
        """Yield the effects of an exception that led to a handler if the new code raises it elsewhere or not at all."""
        old = self.matching.old
        remaining = RaiseConditions.of_new(self.matching)
        for raised in caught_raises(old):
            handler = raised.handler
            if handler is None or handler not in self.old.entered:
                continue
            if not self.failed.isdisjoint(old.subtree(old[handler].parent)):
                continue
            partner = matched(self.matching, raised)
            uncaught = [*self._uncaught(partner.condition, handler)]
            yield from uncaught
            yield from self._postponed(partner.condition, raised.number, handler)
            if not (uncaught or raised.is_branch or remaining.contain(partner)):
                yield from self._removed(partner.condition, handler)

        yield from self._removed_in_handlers()

    def _removed_in_handlers(self) -> Iterator[Decision]:
        """Yield the effects of `raise` statements in entered handlers that the new code lacks."""
        old = self.matching.old
        remaining = RaiseConditions.of_new(self.matching, in_handlers=True)
        for raised in caught_raises(old, in_handlers=True):
            handler, number = raised.handler, raised.number
            if handler is None or handler not in self.old.entered or raised.is_branch:
                continue
            outside = (old[number], *ancestors(old, number))
            blocks = [each for each in outside if each.slot == "catch_block" and each.number > old[handler].parent]
            if not blocks or any(each.number not in self.old.entered for each in blocks):
                continue
            protected = old.subtree(old[handler].parent)
            others = [each for each in self.failed if each in protected and each not in old.subtree(blocks[-1].parent)]
            partner = matched(self.matching, raised)
            if not others and not remaining.contain(partner):
                yield from self._removed(partner.condition, handler)

    def _removed(self, condition: RaiseCondition, handler: int) -> Iterator[Decision]:
        """Yield the first step or call of a handler if the new code has no `raise` statement with the condition.

        Other decisions concern the conditions of branches in the payload.
        """
        old, new = self.matching.old, self.matching.new
        name = _first_name(old, handler)
        if name and old.step_functions and new.step_functions:  # Saved graphs show no `raise` statements.
            place = f"under `{condition.text}`" if condition.text else "in its `try`"
            cause = f"because the new code has no `raise` {place}"
            yield Decision("unknown", f"`{name}` may not run when the instance resumes, {cause}.")

    def _uncaught(self, condition: RaiseCondition, handler: int) -> Iterator[Decision]:
        """Yield the new `raise` statements with a condition that no handler catches."""
        old, new = self.matching.old, self.matching.new
        name = _first_name(old, handler)
        for number in sorted(new.raises):
            is_added = new[number].kind == "break" and self.matching.to_old[number] is None
            branch = new[number].parent
            is_same = new[branch].kind == BRANCH and are_equal(condition, branch_condition(new, branch))
            if name and is_added and is_same:
                reason = f"The exception that led to `{name}` may end the instance, because no handler catches it now."
                yield Decision("unknown", reason, number)

    def _postponed(self, condition: RaiseCondition, old: int, handler: int) -> Iterator[Decision]:
        """Yield the first step or call that an exception has skipped, and that now precedes its `raise` statement."""
        new = self.matching.new
        for raised in caught_raises(new):
            enclosing_handler, number = raised.handler, raised.number
            if enclosing_handler is None or enclosing_handler != self.matching.to_new[handler]:
                continue
            if not are_equal(condition, raised.condition):
                continue
            skipped = range(_position(self.matching.old, old), handler)
            inside = range(new[enclosing_handler].parent, _position(new, number))
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
    enclosing = {raise_number, *(each.number for each in ancestors(tree, raise_number))}
    return any(each.kind == BRANCH and each.number not in enclosing for each in ancestors(tree, number))


def _first_name(tree: Tree, handler: int) -> str:
    """Return the name of the first step or call in a handler, or an empty string without any."""
    return next((tree[each].name for each in tree.subtree(handler) if is_work(tree[each])), "")
