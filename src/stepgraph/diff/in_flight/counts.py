"""The counts of steps with equal result keys. The engine identifies a result by key and count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from msgspec import Struct

from stepgraph.diff.clocks import concurrent_in
from stepgraph.diff.in_flight.effects import ResultKey, result_key
from stepgraph.diff.tree import CALL, FUNCTIONS, KEY, ROOT, STEPS, Tree, TreeElement
from stepgraph.limits import Limit

Sites: TypeAlias = dict[int, list[int]]
"""Positions at which an element runs, by function: its own position and calls that lead to it."""

_EXCLUSIVE = frozenset({"if", "switch"})


class StepCounts:
    """The steps of a workflow by result key."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._by_key: defaultdict[ResultKey, list[int]] = defaultdict(list)
        self._functions: dict[str, int] = {}
        self._calls: defaultdict[str, list[int]] = defaultdict(list)
        for element in tree.elements:
            if element.kind in STEPS:
                self._by_key[_key_of(element)].append(element.number)
            elif element.kind == CALL:
                self._calls[element.name].append(element.number)
            elif element.slot == FUNCTIONS:
                self._functions.setdefault(element.text(KEY), element.number)

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
        """Yield the steps with the key of `step` that may run after an element which runs `step`.

        Only steps and calls in `allowed` count.
        """
        first: Sites | None = None
        for candidate in self._by_key[_key_of(self._tree[step])]:
            self._tree.budget.spend(Limit.VISITS)
            if candidate in allowed:
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
        """Return the sites of an element."""
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
        """Return whether `other` may run after `number` in the same function."""
        above = [number, *(element.number for element in self._tree.ancestors(number))]
        ancestors = set(above)
        meeting = later
        while meeting not in ancestors:
            meeting = self._tree[meeting].parent
        if any(self._tree[outer].kind == "loop" for outer in above[above.index(meeting) :]):
            return True
        return self._tree[meeting].kind not in _EXCLUSIVE and later > number

    def _in_function(self, number: int) -> int:
        """Return the function of an element, ROOT outside of functions."""
        path = [number, *(element.number for element in self._tree.ancestors(number))]
        return next((outer for outer in path if self._tree[outer].slot == FUNCTIONS), ROOT)


def _key_of(element: TreeElement) -> ResultKey:
    return result_key(element.kind, element.name, element.fields.get("duration"))


class _Occurrences(Struct, frozen=True):
    """The first and last step with a key in a member of a group."""

    member: int
    """The member."""
    step: int
    """The first step."""
    first: int
    """Index of the first step among all steps of the member."""
    last: int
    """Index of the last step."""


def steps_out_of_count_order(
    tree: Tree, counts: StepCounts, group: int, changed: Container[int]
) -> Iterator[tuple[int, int]]:
    """Yield steps that start before a step with the same key in a previous, concurrent member; and their members.

    In sequence, they would start after it. One of the two members contains an element of `changed`.
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
    """Return the occurrences in a member by key."""
    occurrences: dict[ResultKey, _Occurrences] = {}
    for index, step in enumerate(counts.steps_run_by(member)):
        key = _key_of(tree[step])
        previous = occurrences.get(key)
        occurrences[key] = _Occurrences(
            member, step if previous is None else previous.step, index if previous is None else previous.first, index
        )
    return occurrences
