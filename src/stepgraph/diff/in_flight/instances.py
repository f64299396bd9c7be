"""Instances in flight: the counts of their steps with equal result keys, and the waits that they may be in.

The engine identifies a result by its key and the number of earlier steps with this key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, TypeAlias

from msgspec import Struct

from stepgraph.diff.changes import EditGroup
from stepgraph.diff.clocks import concurrent_in
from stepgraph.diff.sides import Sides
from stepgraph.diff.step_types import may_be_in_flight
from stepgraph.diff.tree import (
    CALL,
    FUNCTIONS,
    KEY,
    ROOT,
    STEPS,
    Tree,
    TreeElement,
    calls_by_name,
    function_of,
    functions_by_key,
)
from stepgraph.execution.engine_rules import InFlight, ResultKey, result_key
from stepgraph.execution.names import NamePattern
from stepgraph.limits import Limit
from stepgraph.model.details import text_of_run
from stepgraph.model.literal_texts import partial_text

Sites: TypeAlias = dict[int, list[int]]
"""Positions at which an element runs, by function: its own position, and the positions of calls that lead to it."""

_MAX_NAMES: Final = 2
"""The maximum number of names of the runs of a step in a sentence."""
_MAX_CHAINS: Final = 200
"""The maximum number of chains of calls that lead to a step."""

_Chain: TypeAlias = tuple[int, ...]
"""The calls that lead from `run` to a step, innermost first."""


class StepCounts:
    """The steps of a workflow by result key."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._functions, self._calls = functions_by_key(tree), calls_by_name(tree)
        self.names = CallNames(tree)
        self._by_key: defaultdict[ResultKey, list[int]] = defaultdict(list)
        """The steps by the keys with which they may be counted."""
        self._count_keys: dict[int, ResultKey] = {}
        """The key with which each step may be counted."""
        self._keys: set[ResultKey] = set()
        for element in tree.elements:
            if element.kind in STEPS:
                key = self._count_keys[element.number] = _count_key(element)
                self._by_key[key].append(element.number)
                self._keys.add(_key_of(element))

    def contains(self, step: TreeElement) -> bool:
        """Return whether the workflow has a step with the key of a step, perhaps of another version."""
        return _key_of(step) in self._keys

    def keys(self, steps: Iterable[int]) -> set[ResultKey]:
        """Return the keys of steps of the workflow. Keys that may be equal at run time are equal."""
        return {self._count_keys[step] for step in steps}

    def has_own_keys(self, number: int) -> bool:
        """Return whether all steps that an element runs are inside it, and no other steps may have their keys."""
        inside, steps = self._tree.subtree(number), self.steps_run_by(number)
        return all(
            key_sharer in inside for step in steps for key_sharer in (step, *self._by_key[self._count_keys[step]])
        )

    def steps_run_by(self, number: int) -> list[int]:
        """Return the steps that an element runs, including called functions."""
        steps: dict[int, None] = {}
        entered = {number}
        pending = [number]
        while pending:
            for inner in self._tree.visit_subtree(pending.pop()):
                element = self._tree[inner]
                if element.kind in STEPS:
                    steps[inner] = None
                function = self._functions.get(element.name) if element.kind == CALL else None
                if function is not None and function not in entered:
                    entered.add(function)
                    pending.append(function)
        return list(steps)

    def counted_after(self, number: int, step: int, allowed: AbstractSet[int]) -> Iterator[int]:
        """Yield the steps that may have the key of `step` and may run after an element that runs `step`.

        Only steps and calls in `allowed` count.
        """
        first: Sites | None = None
        for candidate in self._by_key[self._count_keys[step]]:
            self._tree.budget.spend(Limit.VISITS)
            if candidate in allowed and self.names.may_be_equal(number, step, candidate, allowed):
                first = self._sites(number, range(len(self._tree))) if first is None else first
                if self._may_follow(number, first, candidate, allowed):
                    yield candidate

    def _may_follow(self, number: int, first: Sites, step: int, allowed: AbstractSet[int]) -> bool:
        """Return whether a step may run after an element with the sites `first`."""
        second = self._sites(step, allowed)
        return any(
            self._comes_after(site, following)
            for function, sites in first.items()
            for site in sites
            for following in second.get(function, ())
            if site != following or number == step
        )

    def _sites(self, number: int, allowed: Container[int]) -> Sites:
        """Return the `Sites` of an element. Only calls in `allowed` count."""
        sites: Sites = {}
        pending = [number]
        while pending:
            site = pending.pop()
            function = self._in_function(site)
            if function not in sites:
                name = self._tree[function].text(KEY)
                pending += (call for call in self._calls.get(name, ()) if call in allowed)
            sites.setdefault(function, []).append(site)
        return sites

    def _comes_after(self, number: int, later: int) -> bool:
        """Return whether `later` may run after `number` in the same function."""
        above = [number, *(element.number for element in self._tree.ancestors(number))]
        ancestors = set(above)
        meeting = later
        while meeting not in ancestors:
            meeting = self._tree[meeting].parent
        if any(self._tree[outer].kind == "loop" for outer in above[above.index(meeting) :]):
            return True
        return self._tree[meeting].kind not in _EXCLUSIVE and later > number

    def _in_function(self, number: int) -> int:
        """Return the function that contains an element, or ROOT if none does."""
        path = [number, *(element.number for element in self._tree.ancestors(number))]
        return next((outer for outer in path if self._tree[outer].slot == FUNCTIONS), ROOT)


def _key_of(element: TreeElement) -> ResultKey:
    return result_key(element.kind, element.fields)


def _count_key(element: TreeElement) -> ResultKey:
    """Return the key of a step with equal expressions in its name, as different ones may have the same value."""
    pieces = NamePattern.of(element.name).pieces
    return result_key(element.kind, {**element.fields, "name": "{}".join(pieces)})


class _Occurrences(Struct, frozen=True):
    """The first and last step with a key in a member of a group."""

    member: int
    """Number of the member."""
    step: int
    """Number of the first step."""
    first: int
    """Index of the first step among all steps of the member."""
    last: int
    """Index of the last step."""


def steps_out_of_count_order(
    tree: Tree, counts: StepCounts, group: int, changed: Container[int]
) -> Iterator[tuple[int, int]]:
    """Yield steps, with their member, that start before a step with the same key in a previous concurrent member.

    In sequential code, they would start after that step. At least one of the two members contains an element of
    `changed`.
    """
    latest: dict[ResultKey, _Occurrences] = {}
    latest_changed: dict[ResultKey, _Occurrences] = {}
    for member in tree[group].children:
        is_changed = any(number in changed for number in tree.visit_subtree(member))
        for key, occurrences in _occurrences(tree, counts, member).items():
            before = (latest if is_changed else latest_changed).get(key)
            if (
                before is not None
                and occurrences.first < before.last
                and member in concurrent_in(tree, group, [before.member])
            ):
                yield occurrences.step, member
            for table in (latest, latest_changed) if is_changed else (latest,):
                table[key] = max(table.get(key, occurrences), occurrences, key=lambda each: each.last)


def _occurrences(tree: Tree, counts: StepCounts, member: int) -> dict[ResultKey, _Occurrences]:
    """Return the first and last step with each key in a member of a group."""
    occurrences: dict[ResultKey, _Occurrences] = {}
    for index, step in enumerate(counts.steps_run_by(member)):
        key = _key_of(tree[step])
        previous = occurrences.get(key)
        occurrences[key] = _Occurrences(
            member, step if previous is None else previous.step, index if previous is None else previous.first, index
        )
    return occurrences


_EXCLUSIVE = frozenset({"if", "switch"})


class Waits(Struct, frozen=True):
    """The first waits inside and after each element, by number. The graph over-approximates real executions."""

    inside: list[int | None]
    """The first wait in an element or the functions it calls."""
    later: list[int | None]
    """The first wait after an element: in program order, of a concurrent member, or of the next iteration."""

    def at_or_after(self, number: int) -> int | None:
        """Return a wait that instances may be in after they have started an element."""
        inside = self.inside[number]
        return self.later[number] if inside is None else inside


def waits_of(tree: Tree, in_flight: InFlight, allowed: Container[int] | None = None) -> Waits:
    """Return the waits of a workflow. With `allowed`, only waits in it count."""
    waits = {each.number for each in tree.elements if may_be_in_flight(each.kind, each.fields, in_flight)}
    if allowed is not None:
        waits = {number for number in waits if number in allowed}
    functions = functions_by_key(tree)
    calls = [
        (element.number, functions[element.name])
        for element in tree.elements
        if element.kind == CALL and element.name in functions
    ]
    inside = _inside(tree, [call for call in calls if allowed is None or _is_entered(call, allowed)], waits)
    return Waits(inside, _LaterWaits(tree, calls, inside).solve())


def _is_entered(call: tuple[int, int], allowed: Container[int]) -> bool:
    """Return whether an instance may have entered a function by a call.

    A new call counts only if its function is new, too, because a new function can contain existing waits.
    """
    site, function = call
    return site in allowed or function not in allowed


def _inside(tree: Tree, calls: list[tuple[int, int]], waits: set[int]) -> list[int | None]:
    """Return the first wait inside each element, computed as a fixpoint over calls."""
    inside: list[int | None] = [number if number in waits else None for number in range(len(tree))]
    while True:
        tree.budget.spend(Limit.VISITS, len(tree))
        for element in reversed(tree.elements):
            if inside[element.number] is None:
                nested = (inside[child] for child in element.children if tree[child].slot != FUNCTIONS)
                inside[element.number] = next((wait for wait in nested if wait is not None), None)
        called = [(call, inside[function]) for call, function in calls if inside[call] is None]
        if all(wait is None for _, wait in called):
            return inside
        for call, wait in called:
            inside[call] = wait


class _LaterWaits:
    """The fixpoint of the first wait after each element.

    The wait after a function is the wait after the first of its calls that a wait follows.
    """

    def __init__(self, tree: Tree, calls: list[tuple[int, int]], inside: list[int | None]) -> None:
        self._tree, self._calls, self._inside = tree, calls, inside
        self._later: list[int | None] = [None] * len(tree)
        self._exit_targets = _exit_targets(tree)

    def solve(self) -> list[int | None]:
        after_functions: dict[int, int] = {}
        while True:
            self._tree.budget.spend(Limit.VISITS, len(self._tree))
            for element in self._tree.elements:
                self._visit(element, after_functions.get(element.number, self._later[element.number]))
            after_calls = {
                function: wait for call, function in reversed(self._calls) if (wait := self._later[call]) is not None
            }
            if after_calls.keys() == after_functions.keys():
                return self._later
            after_functions = after_calls

    def _visit(self, element: TreeElement, later: int | None) -> None:
        """Set the wait after an element, and the waits after its children."""
        self._later[element.number] = later
        if element.kind == "loop" and self._inside[element.number] is not None:
            later = self._inside[element.number]
        # A finished step does not run again, so nothing inside it is followed by a wait.
        following = None if element.kind == "step_do" else later
        for child in reversed(element.children):
            if self._tree[child].slot == FUNCTIONS:
                self._later[child] = None
                continue
            self._later[child] = following
            if element.kind not in _EXCLUSIVE:
                following = self._first(child, following)
        if element.kind == "parallel":
            self._add_concurrent_waits(element, later)
        self._follow_exit(element)

    def _add_concurrent_waits(self, group: TreeElement, later: int | None) -> None:
        """Count waits in previous members of a group as later waits of each member."""
        previous: int | None = None
        for child in group.children:
            if self._later[child] == later and previous is not None:
                self._later[child] = previous
            previous = self._inside[child] if previous is None else previous

    def _follow_exit(self, element: TreeElement) -> None:
        """Let the elements before an exit continue after the exit's target. No wait follows the end of `run`."""
        children = element.children
        if not children or (target := self._exit_targets.get(children[-1])) is None:
            return
        following = self._later[target]
        for child in reversed(children[:-1]):
            self._later[child] = following
            following = self._first(child, following)

    def _first(self, number: int, following: int | None) -> int | None:
        inside = self._inside[number]
        return following if inside is None else inside


def _exit_targets(tree: Tree) -> dict[int, int]:
    """Return the loop, function or workflow that each exit leaves.

    Exits through a `finally` or out of a concurrent group are omitted, because more waits may follow.
    """
    targets: dict[int, int] = {}
    return_targets: list[int | None] = [ROOT]
    break_targets: list[int | None] = [None]
    for element in tree.elements[1:]:
        number = element.number
        return_target, break_target = return_targets[element.parent], break_targets[element.parent]
        if element.slot == FUNCTIONS:
            return_target, break_target = number, None
        elif element.kind == "loop":
            break_target = number
        elif element.kind in {"parallel", "step_do"} or "finally_block" in tree.children_by_slot(number):
            return_target, break_target = None, None
        return_targets.append(return_target)
        break_targets.append(break_target)
        target = return_target if element.text("kind") == "return" else break_target
        if element.kind == "break" and target is not None:
            targets[number] = target
    return targets


def is_repeated(tree: Tree, number: int) -> bool:
    """Return whether an element is in a loop of its function."""
    for element in tree.ancestors(number):
        if element.slot == FUNCTIONS:
            break
        if element.kind == "loop":
            return True
    return False


def is_in_group(tree: Tree, number: int) -> bool:
    """Return whether a group contains an element. Functions are outside of groups."""
    return any(outer.kind == "parallel" for outer in tree.ancestors(number))


class InFlightInstances:
    """Instances that start with the old workflow and resume with the new one.

    `preexisting` contains the matched new elements, and `remaining` the matched old elements. Methods that return a
    wait return the names of its runs in quotes.
    """

    def __init__(self, sides: Sides, in_flight: InFlight) -> None:
        self.sides = sides
        self.old, self.new = sides.old.tree, sides.new.tree
        self.old_counts, self.new_counts = StepCounts(self.old), StepCounts(self.new)
        self.preexisting = {number for number, old in enumerate(sides.matching.to_old) if old is not None}
        self.remaining = {number for number, new in enumerate(sides.matching.to_new) if new is not None}
        self.old_waits = waits_of(self.old, in_flight)
        # An instance cannot be in a wait that the old version lacks.
        self._waits_in_both = waits_of(self.new, in_flight, self.preexisting)

    def wait_in_both(self, number: int) -> str | None:
        """Return a matched wait after or inside a new element, if any."""
        wait = self._waits_in_both.later[number]
        wait = self._waits_in_both.inside[number] if wait is None else wait
        return None if wait is None else self.quoted(self.sides.old_of(wait))

    def inside(self, old: int) -> str | None:
        """Return the first wait inside an old element, if any."""
        return self._quoted_wait(self.old_waits.inside[old])

    def later(self, old: int) -> str | None:
        """Return the first wait after an old element, if any."""
        return self._quoted_wait(self.old_waits.later[old])

    def at_or_after(self, old: int) -> str | None:
        """Return a wait that instances may be in after they have started an old element, if any."""
        return self._quoted_wait(self.old_waits.at_or_after(old))

    def first_wait(self, group: EditGroup) -> str | None:
        """Return a wait that instances may be in after they have started an element of the group, if any."""
        # The waits after an element lack those that an exit after it skips.
        elements = [old for old in group.old if self.old[old].kind != "break"] or group.old
        return next((wait for old in elements if (wait := self.at_or_after(old)) is not None), None)

    def quoted(self, old: int) -> str:
        """Return the names of an old step in quotes."""
        return self.old_counts.names.quoted(old)

    def _quoted_wait(self, wait: int | None) -> str | None:
        return None if wait is None else self.quoted(wait)


class CallNames:
    """The names of the runs of steps, by the calls that lead to them."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._calls = calls_by_name(tree)
        self._names: dict[int, Sequence[tuple[_Chain, str]] | None] = {}
        """The names of the runs of each step, or None for too many chains of calls."""

    def may_be_equal(self, number: int, first: int, second: int, allowed: Container[int]) -> bool:
        """Return whether a run of `first` in an element may share its name with one of `second` by allowed calls."""
        runs, runs_of_second = self._runs_of(first), self._runs_of(second)
        if not runs or not runs_of_second:
            return True
        subtree = self._tree.subtree(number)
        inside = {name for chain, name in runs if first in subtree or any(call in subtree for call in chain)}
        outside = {
            name for chain, name in runs_of_second if all(call in allowed and call not in subtree for call in chain)
        }
        return any(_may_be_equal(name, following) for name in inside for following in outside)

    def quoted(self, step: int) -> str:
        """Return the names of the runs of a step in quotes, `'a' or 'b'`, or the name of the step if there are more."""
        names = dict.fromkeys(name for _, name in self._runs_of(step) or ())
        shown = [*names] if 0 < len(names) <= _MAX_NAMES else [self._tree[step].name]
        return " or ".join(f"'{name}'" for name in shown)

    def _runs_of(self, step: int) -> Sequence[tuple[_Chain, str]] | None:
        if step not in self._names:
            chains: list[_Chain] = []
            for chain in self._chains(step):
                self._tree.budget.spend(Limit.VISITS)
                chains.append(chain)
                if len(chains) > _MAX_CHAINS:
                    break
            is_known = len(chains) <= _MAX_CHAINS
            self._names[step] = [(chain, self._name(step, chain)) for chain in chains] if is_known else None
        return self._names[step]

    def _chains(self, step: int) -> Iterator[_Chain]:
        """Yield the calls that lead to a step, in source order. A recursive call repeats the calls around it."""
        pending: list[tuple[int, _Chain]] = [(step, ())]
        while pending:
            number, chain = pending.pop()
            function = function_of(self._tree, number)
            if function == ROOT:
                yield chain
                continue
            calls = self._calls.get(self._tree[function].text(KEY), ())
            pending += ((call, (*chain, call)) for call in reversed(calls) if call not in chain)

    def _name(self, step: int, chain: _Chain) -> str:
        """Return the name of a run, with the expressions that only the run decides in braces."""
        passed: Iterator[Mapping[str, str]] = (dict(self._tree.passed.get(call, ())) for call in chain)
        text, name = self._tree.parametric_names.get(step, ""), self._tree[step].name
        return (partial_text(text_of_run(text, passed), name) if text else None) or name


def _may_be_equal(first: str, second: str) -> bool:
    patterns = NamePattern.of(first), NamePattern.of(second)
    if patterns[0].is_literal:
        return patterns[1].matches(first)
    return not patterns[1].is_literal or patterns[0].matches(second)
