"""The exits that only one version has, and the steps that an instance skips by them.

An instance that returned early from a helper, or left the pass of a loop, has no entries of the steps after the exit.
Without the exit, these steps run when the instance resumes, before steps that have already run. A new exit may skip
steps that have run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from stepgraph.diff.guards import ComparedGuards
from stepgraph.diff.in_flight.handlers import FailureHandlers
from stepgraph.diff.loop_heads import trailing_exit
from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import BRANCH, CALL, FUNCTIONS, KEY, NODES, ROOT, STEPS, TRY_BLOCK, Tree, functions_by_key
from stepgraph.diff.uncaught_raises import changed_exits
from stepgraph.execution.engine_rules import result_key
from stepgraph.execution.names import NamePattern
from stepgraph.model.expressions import condition_parts
from stepgraph.phrases import enumeration
from stepgraph.replay.guards import Contradictions
from stepgraph.replay.passed_part import PassedPart, ancestors, repeated_after
from stepgraph.replay.replay import Decision
from stepgraph.replay.wording import new_exit


class RemovedExits(Struct, frozen=True):
    """The removed exits that an instance may have taken."""

    released: frozenset[int]
    """The numbers of the deployed elements that an exit may have skipped, and that have not run."""
    sporadic: frozenset[int]
    """The numbers of the elements that an exit may have skipped in some passes of a loop or some calls."""
    loops: frozenset[int]
    """The numbers of the loops that an exit may have left."""

    @classmethod
    def of(
        cls, matching: Matching, old: PassedPart, calls: Mapping[str, Sequence[int]], *, may_have_raised: bool
    ) -> RemovedExits:
        """Return the removed exits in the part of a version that an instance has passed. `calls` are those in it.

        Without an exception, the instance has taken no exit in a handler.
        """
        released: set[int] = set()
        loops: set[int] = set()
        sporadic: set[int] = set()
        exits = added_exits(matching)
        added = {text for number in exits for text in _conditions(matching.new, matching.new[number].parent)}
        for number in _removed_exits(matching):
            if not old.has_passed(number, calls) or old.is_avoided(number) or not old.may_have_called(number):
                continue
            if _is_replaced(matching, number, added):
                continue
            if not may_have_raised and any(each.slot == "catch_block" for each in ancestors(matching.old, number)):
                continue
            loops.update(_loops_left(old.tree, number))
            skipped = _with_functions(old, _skipped(matching, number))
            if skipped.isdisjoint(old.possible):
                released |= skipped
            elif old.is_repeated(number):
                sporadic |= skipped
        return cls(frozenset(released), frozenset(sporadic), frozenset(loops))


def taken_raises(matching: Matching, old: PassedPart, calls: Mapping[str, Sequence[int]]) -> Iterator[Decision]:
    """Yield the exits of functions that now raise an uncaught exception, and that an instance may have taken.

    `calls` are the calls in the old version, by the name of the called function.
    """
    handlers = FailureHandlers(matching.new)
    for number, new in changed_exits(matching):
        if old.tree[number].kind != "break" or new not in matching.new.raises or handlers.handlers_of([new]):
            continue
        if not old.has_passed(number, calls) or old.is_avoided(number) or not old.may_have_called(number):
            continue
        skipped = _with_functions(old, _skipped(matching, number))
        if skipped and (skipped.isdisjoint(old.possible) or old.is_repeated(number)):
            reason = f"{new_exit(matching.new, new)}, at a point that the instance has passed."
            yield Decision("unknown", reason, new)


class AddedExits(Struct, frozen=True):
    """The added exits before the last step of an instance, and those that were behind it."""

    matching: Matching
    old: PassedPart
    new: PassedPart
    may_have_raised: bool
    """Whether a step has failed, or the code between steps has raised an exception."""
    guards: ComparedGuards
    """The conditions under which the steps of both versions run."""
    contradictions: Contradictions
    """The parts of the new version that the instance certainly skips."""
    unsuccessful: frozenset[int]
    """The new steps that correspond to entries which are open or have failed."""

    def decisions(self, is_excluded: Callable[[int], bool]) -> Iterator[Decision]:
        """Yield the exits, except those that the new version certainly skips: `is_excluded` returns which."""
        tree = self.matching.new
        new_loops = (number for number in self.matching.unmatched_new() if tree[number].kind == "loop")
        # The deployed code ran the statements that are now the only pass of such a loop.
        exits = {trailing_exit(tree, number) for number in new_loops}
        ends_of_pass = {number for number in exits if number is not None and tree[number].text("kind") == "break"}
        steps_begun = [number for number in self.new.in_order if tree[number].kind in STEPS]
        added = added_exits(self.matching)
        for number in (*added, *self._moved_exits(frozenset(added))):
            if number in ends_of_pass or not self.new.contains(number) or is_excluded(number):
                continue
            skipped = self.guards.skipped_by(number, steps_begun)
            if _is_guard_of_entered(self.matching, self.old, number) or not skipped:
                continue
            if not self.may_have_raised and any(each.slot == "catch_block" for each in ancestors(tree, number)):
                continue
            reason = new_exit(tree, number)
            if number in tree.raises:
                yield Decision("unknown", f"{reason}, at a point that the instance has passed.", number)
                continue
            steps = list(dict.fromkeys(tree[each].name for each in skipped))
            names, verb = enumeration(steps, most=3), "has" if len(steps) == 1 else "have"
            if self._leaves_only_orphans(number, skipped):
                yield Decision("resumes", f"{reason}, and then skips calls of {names}.")
            else:
                yield Decision("unknown", f"{reason}, before {names}, which {verb} already begun.", number)

    def _moved_exits(self, added: Container[int]) -> Iterator[int]:
        """Yield the exits of both versions, except added ones, that the instance may take only in the new version.

        The instance has not passed them in the old one, or they have lost a condition.
        """
        for number, old in enumerate(self.matching.to_old):
            if self.matching.new[number].kind != "break" or number in added:
                continue
            if old is None or not self.new.contains(number):
                continue
            if not self.old.contains(old) or self._has_lost_condition(old, number):
                yield number

    def _has_lost_condition(self, old: int, new: int) -> bool:
        """Return whether a branch around a deployed exit is not around its partner, nor other equal conditions."""
        enclosing = {each.number for each in ancestors(self.matching.new, new)}
        branches = (each.number for each in ancestors(self.matching.old, old) if each.kind == BRANCH)
        is_left = any(self.matching.to_new[branch] not in enclosing for branch in branches)
        return is_left and not self.guards.keep(old, new)

    def _leaves_only_orphans(self, exit_number: int, skipped: Sequence[int]) -> bool:
        """Return whether all that an exit may do is to leave finished steps without a call.

        Its effect is known if the instance certainly takes it. Otherwise it must not skip open or failed steps, nor
        runs whose results later calls would get.
        """
        tree = self.matching.new
        if all(map(self.contradictions.skips, skipped)):
            return True
        if not self.unsuccessful.isdisjoint(skipped):
            return False
        if any(self.new.is_repeatable(each) for each in repeated_after(tree, exit_number)):
            return all(not NamePattern.of(tree[each].name).is_literal for each in skipped)
        keys = Counter(result_key(each.kind, each.fields) for each in tree.elements if each.kind in STEPS)
        return all(keys[result_key(tree[each].kind, tree[each].fields)] == 1 for each in skipped)


def added_exits(matching: Matching) -> list[int]:
    """Return the numbers of the new exits without a partner in the same branch."""
    return [
        number
        for number, old in enumerate(matching.to_old)
        if matching.new[number].kind == "break" and (old is None or _has_other_branch(matching, old, number))
    ]


def _is_guard_of_entered(matching: Matching, part: PassedPart, exit_number: int) -> bool:
    """Return whether a new exit replaces a condition that was true: `if not a: return` in place of `if a:`."""
    old, new = matching.old, matching.new
    branch = new[exit_number].parent
    if new[branch].kind != BRANCH:
        return False
    following = new.next_sibling(new[branch].parent)
    first = None if following is None else matching.to_old[following]
    outer = None if first is None else old[first].parent
    if first is None or outer is None or old[outer].kind != BRANCH or old[first].index:
        return False
    enclosing = (old[outer], *ancestors(old, outer))
    is_single = not any(map(part.is_repeatable, enclosing))
    return is_single and outer in part.entered and matching.has_opposite_decision(outer, branch)


def _removed_exits(matching: Matching) -> list[int]:
    return [
        number
        for number, new in enumerate(matching.to_new)
        if matching.old[number].kind == "break"
        and (new is None or _has_other_branch(matching, number, new) or _leaves_other_loop(matching, number, new))
    ]


def _leaves_other_loop(matching: Matching, old: int, new: int) -> bool:
    """Return whether a `break` now leaves another loop than the one that it left, which is still there."""
    if matching.old[old].text("kind") == "return":
        return False
    before, after = next(_loops_left(matching.old, old), None), next(_loops_left(matching.new, new), None)
    return before is not None and matching.to_new[before] not in {None, after}


def _has_other_branch(matching: Matching, old: int, new: int) -> bool:
    parents = matching.old[old].parent, matching.new[new].parent
    is_in_branch = BRANCH in {matching.old[parents[0]].kind, matching.new[parents[1]].kind}
    return is_in_branch and matching.to_new[parents[0]] != parents[1]


def _skipped(matching: Matching, exit_number: int) -> Iterator[int]:
    """Yield the elements after an exit that it skips: those in the same pass or call, in no other branch."""
    tree = matching.old
    is_raise = exit_number in tree.raises
    is_return = tree[exit_number].text("kind") == "return" and not is_raise
    passed: list[int] = []
    number = exit_number
    while number != ROOT:
        element = tree[number]
        outer = tree[element.parent]
        if element.slot == FUNCTIONS:
            break
        if element.slot == NODES and outer.kind != "parallel":
            passed += (each for each in outer.children[element.index + 1 :] if tree[each].slot == element.slot)
        if (outer.kind == "loop" and not (is_return or is_raise)) or (is_raise and element.slot == TRY_BLOCK):
            break
        number = element.parent
    if number == ROOT:
        return  # The instance has not ended, so it has taken no exit of `run`.
    for each in passed:
        yield from tree.subtree(each)


def _loops_left(tree: Tree, exit_number: int) -> Iterator[int]:
    """Yield the loops that an exit leaves, innermost first: one, or all of its function."""
    for outer in ancestors(tree, exit_number):
        if outer.slot == FUNCTIONS:
            return
        if outer.kind == "loop":
            yield outer.number
            if tree[exit_number].text("kind") != "return":
                return


def _with_functions(old: PassedPart, numbers: Iterator[int]) -> set[int]:
    """Return elements, with those of the functions that are called there and that have run no step."""
    functions = functions_by_key(old.tree)
    result: set[int] = set()
    pending = list(numbers)
    while pending:
        number = pending.pop()
        if number in result:
            continue
        result.add(number)
        function = functions.get(old.tree[number].name) if old.tree[number].kind == CALL else None
        if function is not None and function not in old.last:
            pending += old.tree.subtree(function)
    return result


def skipped_by_failures(part: PassedPart, calls: Mapping[str, Sequence[int]], failed: Iterable[int]) -> set[int]:
    """Return the elements after failed steps up to the end of the `try` around each, and around calls of its function.

    `calls` are the calls in the version, by the name of the called function.
    """
    skipped: list[int] = []
    pending = list(failed)
    visited = set(pending)
    while pending:
        for function in _elements_after(part.tree, pending.pop(), skipped):
            following = set(calls.get(function, ())) - visited
            visited |= following
            pending += sorted(following)
    return _with_functions(part, (number for each in skipped for number in part.tree.subtree(each)))


def _elements_after(tree: Tree, number: int, skipped: list[int]) -> Iterator[str]:
    """Add the elements after an element that its failure skips. Yield the name of the function that it leaves."""
    while number != ROOT:
        element = tree[number]
        if element.slot == FUNCTIONS:
            yield element.text(KEY)
            return
        if element.slot == NODES and tree[element.parent].kind != "parallel":
            siblings = tree[element.parent].children[element.index + 1 :]
            skipped += (each for each in siblings if tree[each].slot == element.slot)
        if element.slot == TRY_BLOCK and not _raises_again(tree, element.parent):
            return
        number = element.parent


def _raises_again(tree: Tree, number: int) -> bool:
    """Return whether the handlers of a `try` always end with an error."""
    return any(tree[child].slot == "catch_block" and child in tree.raises for child in tree[number].children)


def _is_replaced(matching: Matching, exit_number: int, added: Container[str]) -> bool:
    """Return whether the new version skips the same elements by a condition, or has the exit elsewhere.

    `added` are the conditions of new exits.
    """
    old, new = matching.old, matching.new
    branch = old[exit_number].parent
    if old[branch].kind != BRANCH:
        return False
    conditions = _conditions(old, branch)
    if any(each in added for each in conditions):
        return True
    following = old.next_sibling(old[branch].parent)
    partner = None if following is None else matching.to_new[following]
    if partner is None or new[new[partner].parent].kind != BRANCH:
        return False
    outer = new[partner].parent
    if matching.has_opposite_decision(branch, outer):
        return True
    required = {part for each in _conditions(new, outer) for part in condition_parts(each)}
    return any(required.issuperset(condition_parts(each, negated=True)) for each in conditions)


def _conditions(tree: Tree, branch: int) -> list[str]:
    """Return the condition of a branch as it is written, and with the definitions of its variables."""
    texts = (tree[branch].text("condition"), tree.definitions.get(branch, ""))
    return [text for text in texts if text]
