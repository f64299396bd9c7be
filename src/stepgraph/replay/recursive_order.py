"""Steps and recursive calls that have changed places, so that the levels of a recursion run in another order.

While a level runs a recursive call, the outer levels wait. A step behind the call has not run there yet, although it
may have run in inner levels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import pairwise
from typing import Final

from msgspec import Struct

from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import CALL, KEY, ROOT, Tree, function_of, functions_by_key, is_work
from stepgraph.limits import Limit
from stepgraph.replay.exchanges import element_text, has_literal_steps
from stepgraph.replay.passed_part import PassedPart, RunChain
from stepgraph.replay.replay import Decision

_EXCLUSIVE_OR_CONCURRENT: Final = frozenset({"if", "switch", "parallel"})


class OrderChange(Struct, frozen=True):
    """A step or call that has changed places with a recursive call in the same function."""

    function: int
    """The deployed recursive function."""
    first: int
    """The deployed element that ran before the other one."""
    new_second: int
    """The new element that now runs before the other one."""
    moved: int
    """The deployed step or call that is not the recursive call."""
    new_moved: int
    """The same one in the new version."""
    is_call_first: bool
    """Whether the recursive call ran before the other element."""
    has_shared_names: bool
    """Whether runs in different levels of the recursion have the same names."""


def order_changes(matching: Matching, old_calls: Mapping[str, Sequence[int]]) -> tuple[OrderChange, ...]:
    """Return the changes of the order in the recursive functions.

    `old_calls` are the calls in the deployed version, by the name of the called function.
    Raises LimitExceededError for functions with too many calls.
    """
    functions = functions_by_key(matching.old)
    by_function: defaultdict[int, list[int]] = defaultdict(list)
    for element in matching.old.elements:
        if is_work(element) and matching.to_new[element.number] is not None:
            by_function[function_of(matching.old, element.number)].append(element.number)
    changes: list[OrderChange] = []
    for function, work in by_function.items():
        if function == ROOT or _keeps_order(matching, work):
            continue
        callers = _callers(matching.old, old_calls, function)
        recursive = [
            number
            for number in work
            if matching.old[number].kind == CALL and functions.get(matching.old[number].name) in callers
        ]
        changes += _changes_in(matching, function, work, recursive)
    return tuple(changes)


class RecursiveOrder(Struct, frozen=True):
    """The changes of the order in recursive functions, for the run of one instance."""

    matching: Matching
    changes: Sequence[OrderChange]
    old: PassedPart
    running: frozenset[int]
    """The deployed functions around the last entry and the open entries."""

    @classmethod
    def of(
        cls,
        matching: Matching,
        changes: Sequence[OrderChange],
        old: PassedPart,
        last_runs: Iterable[Sequence[RunChain]],
    ) -> RecursiveOrder:
        """Return the changes for an instance. `last_runs` are the possible runs of its last and its open entries."""
        numbers = {number for chains in last_runs for chain in chains for number in chain} if changes else set[int]()
        return cls(matching, changes, old, frozenset(function_of(matching.old, number) for number in numbers))

    def decisions(self) -> Iterator[Decision]:
        """Yield the elements that now run before runs of other levels, and those that get results of other levels."""
        tree = self.matching.new
        for change in self.changes:
            if change.has_shared_names:
                if self._shares_results(change):
                    name = element_text(tree, change.new_moved)
                    reason = f"Another `{name}` may get stored results of `{name}`."
                    yield Decision("unknown", reason, change.new_moved)
            elif change.function in self.running and self._has_passed(change):
                reason = (
                    f"`{element_text(tree, change.new_second)}` may run when the instance resumes, before steps that "
                    "have already run."
                )
                yield Decision("out_of_order", reason, change.new_second)

    def _has_passed(self, change: OrderChange) -> bool:
        """Return whether an instance has passed the first element of a change in some level."""
        if change.is_call_first:
            return self.old.last.get(change.function, ROOT) >= change.first
        return change.first in self.old.possible

    def _shares_results(self, change: OrderChange) -> bool:
        """Return whether several levels of a recursion may have stored results under the same name."""
        if change.moved not in self.old.possible:
            return False
        return change.function in self.running or self.old.counts.get(change.moved) != 1


def _keeps_order(matching: Matching, work: Sequence[int]) -> bool:
    """Return whether steps and calls in the source order of the deployed version are also in that of the new one."""
    new = [matching.to_new[number] or ROOT for number in work]
    return all(before < after for before, after in pairwise(new))


def _callers(tree: Tree, calls: Mapping[str, Sequence[int]], function: int) -> set[int]:
    """Return the functions whose calls may lead to a function, including the function itself."""
    tree.budget.spend(Limit.VISITS, len(calls))
    callers = {function}
    pending = [function]
    while pending:
        for call in calls.get(tree[pending.pop()].text(KEY), ()):
            caller = function_of(tree, call)
            if caller != ROOT and caller not in callers:
                callers.add(caller)
                pending.append(caller)
    return callers


def _changes_in(
    matching: Matching, function: int, work: Sequence[int], recursive: Iterable[int]
) -> Iterator[OrderChange]:
    """Yield the changes of the order between the steps and calls of a function, and its recursive calls."""
    has_shared_names = cache(partial(has_literal_steps, matching.new))
    for call in recursive:
        matching.old.budget.spend(Limit.VISITS, len(work))
        for number in work:
            is_call_first = call < number
            new_call, new_number = matching.to_new[call], matching.to_new[number]
            if new_call is None or new_number is None or number == call or (new_call < new_number) == is_call_first:
                continue
            if _are_sequential(matching.old, call, number) and _are_sequential(matching.new, new_call, new_number):
                yield OrderChange(
                    function=function,
                    first=min(call, number),
                    new_second=new_number if is_call_first else new_call,
                    moved=number,
                    new_moved=new_number,
                    is_call_first=is_call_first,
                    has_shared_names=has_shared_names(new_number),
                )


def _are_sequential(tree: Tree, first: int, second: int) -> bool:
    """Return whether one of two elements of a function runs after the other one: no choice or group is around both."""
    outer = {element.number for element in tree.ancestors(first)}
    nearest = next(element for element in tree.ancestors(second) if element.number in outer)
    return nearest.number != ROOT and nearest.kind not in _EXCLUSIVE_OR_CONCURRENT
