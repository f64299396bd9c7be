"""Steps of one name, which the engine tells apart by how many of them ran before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Hashable, Iterator
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from stepgraph.diff.elements import CALL, FUNCTIONS, KEY, ROOT, STEPS, Element, Tree
from stepgraph.json_text import canonical_json
from stepgraph.limits import Limit

Sites: TypeAlias = dict[int, list[int]]
"""Where an element runs, by function."""

_EXCLUSIVE = frozenset({"if", "switch"})


class Names:
    """The steps of a workflow by that what the engine finds their results by."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._by_key: defaultdict[Hashable, list[int]] = defaultdict(list)
        self._functions: dict[str, int] = {}
        self._calls: defaultdict[str, list[int]] = defaultdict(list)
        for element in tree.elements:
            if element.kind in STEPS:
                self._by_key[engine_key(element)].append(element.number)
            elif element.kind == CALL:
                self._calls[element.name].append(element.number)
            elif element.slot == FUNCTIONS:
                self._functions.setdefault(element.text(KEY), element.number)

    def run_in(self, number: int) -> list[int]:
        """Return the steps that run in an element, calls followed, each once."""
        found: dict[int, None] = {}
        entered = {number}
        pending = [number]
        while pending:
            for inner in self._tree.within(pending.pop()):
                element = self._tree[inner]
                if element.kind in STEPS:
                    found[inner] = None
                function = self._functions.get(element.name) if element.kind == CALL else None
                if function is not None and function not in entered:
                    entered.add(function)
                    pending.append(function)
        return list(found)

    def counted_after(self, number: int, step: int, among: AbstractSet[int]) -> Iterator[int]:
        """Yield the steps with the name of `step` that may run after the element in which it does.

        Only those `among` some elements count, and of calls too.
        """
        first: Sites | None = None
        for other in self._by_key[engine_key(self._tree[step])]:
            self._tree.budget.spend(Limit.VISITS)
            if other in among:
                first = self._sites(number, range(len(self._tree))) if first is None else first
                if self._may_follow(number, first, other, among):
                    yield other

    def _may_follow(self, number: int, first: Sites, other: int, among: AbstractSet[int]) -> bool:
        """Tell whether a step may run after an element with these sites, where either may be in called functions."""
        second = self._sites(other, among)
        return any(
            self._comes_after(site, following)
            for function, sites in first.items()
            for site in sites
            for following in second.get(function, ())
            if site != following or number == other
        )

    def _sites(self, number: int, among: Container[int]) -> Sites:
        """Return where an element runs, by function: where it stands, and the calls that lead to it."""
        sites: Sites = {}
        pending = [number]
        while pending:
            site = pending.pop()
            function = self._in_function(site)
            if function not in sites:
                name = self._tree[function].text(KEY)
                pending += (call for call in self._calls.get(name, ()) if call in among)
            sites.setdefault(function, []).append(site)
        return sites

    def _comes_after(self, number: int, other: int) -> bool:
        """Tell whether one element may run after another one of the same function."""
        above = [number, *(element.number for element in self._tree.above(number))]
        around = set(above)
        meeting = other
        while meeting not in around:
            meeting = self._tree[meeting].parent
        if any(self._tree[outer].kind == "loop" for outer in above[above.index(meeting) :]):
            return True
        return self._tree[meeting].kind not in _EXCLUSIVE and other > number

    def _in_function(self, number: int) -> int:
        """Return in which function an element is, ROOT for none."""
        path = [number, *(element.number for element in self._tree.above(number))]
        return next((outer for outer in path if self._tree[outer].slot == FUNCTIONS), ROOT)


def engine_key(element: Element) -> Hashable:
    """Return what the engine finds the result of a step by, together with the count: for a sleep its duration too."""
    duration = canonical_json(element.fields.get("duration")) if element.kind == "step_sleep" else ""
    return element.kind, element.name, duration
