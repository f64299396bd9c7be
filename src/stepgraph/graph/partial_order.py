"""Decomposition of a partial order into series, parallels and clocks.

A partial order is a list of bit sets: bit j of `before[i]` means that member j is done before member i begins. This
relation must be transitive, and the indices must be a linear extension of it. An order that cannot be drawn exactly
loses relations but never gains any. The theory is in `docs/explanation/order.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Final, TypeAlias

from msgspec import Struct

from stepgraph.bit_sets import bits

# The limit on predecessor sets and their intersections in the search for the best chain.
MAX_COMPARED_SETS: Final = 64


class InSeries(Struct, frozen=True):
    """Parts in sequence: each is done before the next begins."""

    parts: tuple[OrderPart, ...]


class InParallel(Struct, frozen=True):
    """Parts in parallel, with no order between them."""

    parts: tuple[OrderPart, ...]


class ClockedMember(Struct, frozen=True):
    """A member with clock values, relative to the start of its `parallel`."""

    index: int
    starts: int
    """The clock at its start."""
    resolves: int
    """The clock at its completion."""


class Clocked(Struct, frozen=True):
    """Members in parallel that are ordered by clocks."""

    members: tuple[ClockedMember, ...]
    last: int
    """The clock at the completion of all members."""


OrderPart: TypeAlias = "int | InSeries | InParallel | Clocked"


def decompose(before: Sequence[int], *, clocks: bool = True) -> OrderPart:
    """Return the decomposition of an order, with each member represented by its index.

    The result is exact for a series-parallel order and, with `clocks`, for an interval order.
    """
    return _Order(before).part((1 << len(before)) - 1, clocks=clocks)


def assign_clocks(before: Sequence[int]) -> Clocked:
    """Return the members of an order with clocks. The result is exact for an interval order, otherwise less strict."""
    return _Order(before).clocked((1 << len(before)) - 1)


def series_parts(before: Sequence[int]) -> list[list[int]]:
    """Return the members of each part of a series, in order."""
    return [list(bits(part)) for part in _Order(before).in_series((1 << len(before)) - 1)]


def components(before: Sequence[int]) -> list[list[int]]:
    """Return the members of each connected component."""
    return [list(bits(part)) for part in _Order(before).components((1 << len(before)) - 1)]


class _Order:
    """A partial order, with a memo of the series-parallel decompositions of its subsets."""

    def __init__(self, before: Sequence[int]) -> None:
        self.before = before
        self._decompositions: dict[int, OrderPart | None] = {}

    def part(self, members: int, *, clocks: bool) -> OrderPart:
        """Return the decomposition of a subset, given as a bit set."""
        exact = self.series_parallel(members)
        if exact is not None:
            return exact
        if len(parts := self.in_series(members)) > 1:
            return InSeries(tuple(self.part(part, clocks=clocks) for part in parts))
        if len(parts := self.components(members)) > 1:
            return self.in_parallel(members, parts, clocks=clocks)
        return self.clocked(members) if clocks else self.cone(members)

    def in_parallel(self, members: int, components: list[int], *, clocks: bool) -> OrderPart:
        """Return the decomposition of components in parallel. A component that becomes a block carries no clocks.

        At most one component uses clocks, because clocks in two components would imply an order between them.
        """
        if clocks:
            not_series_parallel = [component for component in components if self.series_parallel(component) is None]
            indecomposable = [component for component in not_series_parallel if len(self.in_series(component)) == 1]
            if not indecomposable and self.is_interval_order(members):
                return self.clocked(members)
            with_clocks = indecomposable[0] if indecomposable else 0
            return InParallel(tuple(self.part(component, clocks=component == with_clocks) for component in components))
        return InParallel(tuple(self.part(component, clocks=False) for component in components))

    def series_parallel(self, members: int) -> OrderPart | None:
        """Return the decomposition into series and parallels, or None if the order is not series-parallel."""
        if members.bit_count() == 1:
            return members.bit_length() - 1
        if members not in self._decompositions:
            self._decompositions[members] = self._series_parallel(members)
        return self._decompositions[members]

    def _series_parallel(self, members: int) -> OrderPart | None:
        kind: type[InSeries | InParallel] = InSeries
        parts = self.in_series(members)
        if len(parts) == 1:
            kind, parts = InParallel, self.components(members)
        if len(parts) == 1:
            return None
        decompositions: list[OrderPart] = []
        for part in parts:
            inner = self.series_parallel(part)
            if inner is None:
                return None
            decompositions.append(inner)
        return kind(tuple(decompositions))

    def in_series(self, members: int) -> list[int]:
        """Return the parts of a series in order, or a single part if the order is not a series."""
        ordered = sorted(bits(members), key=lambda index: (self.before[index] & members).bit_count())
        parts: list[int] = []
        before_all = earlier_members = upper = members
        for index in reversed(ordered):
            before_all &= self.before[index]
            earlier_members &= ~(1 << index)
            if earlier_members and not earlier_members & ~before_all:
                parts.append(upper & ~earlier_members)
                upper = earlier_members
        return [upper, *reversed(parts)]

    def components(self, members: int) -> list[int]:
        """Return the connected components, ordered by their first members (union-find)."""
        parents: dict[int, int] = {}
        component_of: dict[int, int] = {}
        for index in bits(members):
            component, predecessors, root = 1 << index, self.before[index] & members, index
            while predecessors:
                other_root = _root(parents, (predecessors & -predecessors).bit_length() - 1)
                component |= component_of.pop(other_root)
                predecessors &= ~component
                parents[root] = other_root
                root = other_root
            parents[root] = root
            component_of[root] = component
        return sorted(component_of.values(), key=lambda component: component & -component)

    def is_interval_order(self, members: int) -> bool:
        """Return whether clocks represent the order exactly: its predecessor sets form a chain under inclusion."""
        chain = self.predecessor_sets(members)
        return all(not smaller & ~larger for smaller, larger in pairwise(chain))

    def predecessor_sets(self, members: int) -> list[int]:
        """Return the distinct nonempty predecessor sets of the members, smallest first."""
        sets = dict.fromkeys(self.before[index] & members for index in bits(members))
        sets.pop(0, None)
        return sorted(sets, key=int.bit_count)

    def clocked(self, members: int) -> Clocked:
        """Return members with clocks, one clock for each set in a chain of completed members.

        A member begins at the last clock whose completed members all precede it.
        """
        chain = self.chain(members)
        clocked_members: list[ClockedMember] = []
        for index in bits(members):
            starts = sum(1 for completed in chain if not completed & ~self.before[index])
            resolves = next(
                (clock for clock, completed in enumerate(chain, 1) if completed >> index & 1), len(chain) + 1
            )
            clocked_members.append(ClockedMember(index, starts, resolves))
        return Clocked(tuple(clocked_members), len(chain) + 1)

    def chain(self, members: int) -> list[int]:
        """Return the completed members at each clock, as a chain of sets that preserves many relations.

        Dynamic programming over the predecessor sets and their intersections maximizes the number of ordered pairs. For
        more than `MAX_COMPARED_SETS` sets, a greedy algorithm chooses the chain.
        """
        sets = self.predecessor_sets(members)
        if self.is_interval_order(members):
            return sets
        if len(sets) > MAX_COMPARED_SETS:
            return _greedy_chain(sets)
        sets = _with_intersections(sets)
        successor_counts = [sum(1 for index in bits(members) if not done & ~self.before[index]) for done in sets]
        best: list[tuple[int, list[int]]] = []
        for position, completed in enumerate(sets):
            candidates = [(completed.bit_count() * successor_counts[position], [position])]
            for score, chain in best:
                previous = sets[chain[-1]]
                if not previous & ~completed:
                    gain = (completed.bit_count() - previous.bit_count()) * successor_counts[position]
                    candidates.append((score + gain, [*chain, position]))
            best.append(max(candidates, key=lambda candidate: candidate[0]))
        return [sets[position] for position in max(best, key=lambda candidate: candidate[0])[1]]

    def cone(self, members: int) -> OrderPart:
        """Return an approximation without clocks: one maximal member after its predecessors, parallel to the rest."""
        predecessors = 0
        for index in bits(members):
            predecessors |= self.before[index]
        tip = max(bits(members & ~predecessors), key=lambda index: (self.before[index] & members).bit_count())
        below = self.before[tip] & members
        parallel_members = members & ~below & ~(1 << tip)
        cone = InSeries((*_flattened(self.part(below, clocks=False), InSeries), tip))
        parts = [cone, *_flattened(self.part(parallel_members, clocks=False), InParallel)]
        return InParallel(tuple(sorted(parts, key=_first_member)))


def _root(parents: dict[int, int], index: int) -> int:
    while parents[index] != index:
        parents[index] = parents[parents[index]]
        index = parents[index]
    return index


def _with_intersections(sets: list[int]) -> list[int]:
    """Return sets and their pairwise intersections, smallest first, up to `MAX_COMPARED_SETS` sets."""
    extended = dict.fromkeys(sets)
    for first, second in combinations(sets, 2):
        if first & second and len(extended) < MAX_COMPARED_SETS:
            extended[first & second] = None
    return sorted(extended, key=int.bit_count)


def _greedy_chain(sets: list[int]) -> list[int]:
    chain: list[int] = []
    for completed in sets:
        if not chain or not chain[-1] & ~completed:
            chain.append(completed)
    return chain


def _flattened(part: OrderPart, kind: type[InSeries | InParallel]) -> tuple[OrderPart, ...]:
    return part.parts if isinstance(part, kind) else (part,)


def _first_member(part: OrderPart) -> int:
    match part:
        case int(index):
            return index
        case Clocked(members=members):
            return members[0].index
        case InSeries(parts=parts) | InParallel(parts=parts):
            return min(map(_first_member, parts))
