"""How a partial order is drawn: in sequences and parallels, and what is neither with clocks.

An order is a list of bit sets: bit j of `before[i]` says that j is over before i begins. It has to be transitive, and
its members have to stand in an order of which it is a part. Where it cannot be drawn, less is claimed, never more. The
theory is in `docs/explanation/order.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Final, TypeAlias

from msgspec import Struct

from stepgraph.graph.bit_sets import bits

# Among more sets of predecessors and common parts of two than this, the chain that keeps most is not looked for.
MOST_COMPARED: Final = 64


class InSeries(Struct, frozen=True):
    """Parts that are over one before the next."""

    parts: tuple[Part, ...]


class Beside(Struct, frozen=True):
    """Parts with no order between them."""

    parts: tuple[Part, ...]


class ClockedMember(Struct, frozen=True):
    """A member that begins at the clock `starts` and is over at `resolves`, from 0 where its parallel begins."""

    index: int
    starts: int
    resolves: int


class Clocked(Struct, frozen=True):
    """Members that only clocks can order. `last` is the clock when all of them are over."""

    members: tuple[ClockedMember, ...]
    last: int


Part: TypeAlias = "int | InSeries | Beside | Clocked"


def drawing(before: Sequence[int], *, clocks: bool = True) -> Part:
    """Return the parts that an order consists of; a member is its index.

    It is drawn exactly if it is series-parallel, or if `clocks` may be used and it is an interval order.
    """
    return _Order(before).part((1 << len(before)) - 1, clocks=clocks)


def clocked(before: Sequence[int]) -> Clocked:
    """Return members with clocks for the whole order: exactly if it is an interval order, less of it otherwise."""
    return _Order(before).clocked((1 << len(before)) - 1)


def series(before: Sequence[int]) -> list[list[int]]:
    """Return the members part by part, of which each is over before the next."""
    return [list(bits(part)) for part in _Order(before).in_series((1 << len(before)) - 1)]


def components(before: Sequence[int]) -> list[list[int]]:
    """Return the members part by part, with no order between the parts."""
    return [list(bits(part)) for part in _Order(before).components((1 << len(before)) - 1)]


class _Order:
    def __init__(self, before: Sequence[int]) -> None:
        self.before = before
        self._drawn: dict[int, Part | None] = {}

    def part(self, members: int, *, clocks: bool) -> Part:
        """Return the drawing of some of the members."""
        drawn = self.series_parallel(members)
        if drawn is not None:
            return drawn
        if len(parts := self.in_series(members)) > 1:
            return InSeries(tuple(self.part(part, clocks=clocks) for part in parts))
        if len(parts := self.components(members)) > 1:
            return self.beside(members, parts, clocks=clocks)
        return self.clocked(members) if clocks else self.cone(members)

    def beside(self, members: int, components: list[int], *, clocks: bool) -> Part:
        """Return components side by side. Those that are no node are blocks, in which nothing carries a clock.

        One that is neither series nor parallel can be a parallel with clocks, which stand beside no others.
        """
        if clocks:
            entangled = [component for component in components if self.series_parallel(component) is None]
            alone = [component for component in entangled if len(self.in_series(component)) == 1]
            if not alone and self.is_interval_order(members):
                return self.clocked(members)
            clocks_for = alone[0] if alone else 0
            return Beside(tuple(self.part(component, clocks=component == clocks_for) for component in components))
        return Beside(tuple(self.part(component, clocks=False) for component in components))

    def series_parallel(self, members: int) -> Part | None:
        """Return the drawing in sequences and parallels alone, None where that is not all of the order."""
        if members.bit_count() == 1:
            return members.bit_length() - 1
        if members not in self._drawn:
            self._drawn[members] = self._series_parallel(members)
        return self._drawn[members]

    def _series_parallel(self, members: int) -> Part | None:
        kind: type[InSeries | Beside] = InSeries
        parts = self.in_series(members)
        if len(parts) == 1:
            kind, parts = Beside, self.components(members)
        if len(parts) == 1:
            return None
        drawn: list[Part] = []
        for part in parts:
            inner = self.series_parallel(part)
            if inner is None:
                return None
            drawn.append(inner)
        return kind(tuple(drawn))

    def in_series(self, members: int) -> list[int]:
        """Return the parts of which each is over before the next."""
        ordered = sorted(bits(members), key=lambda index: (self.before[index] & members).bit_count())
        parts: list[int] = []
        before_all = rest = upper = members
        for index in reversed(ordered):
            before_all &= self.before[index]
            rest &= ~(1 << index)
            if rest and not rest & ~before_all:
                parts.append(upper & ~rest)
                upper = rest
        return [upper, *reversed(parts)]

    def components(self, members: int) -> list[int]:
        """Return the parts with no order between them, in the order of their first members."""
        component_of: dict[int, int] = {}
        found: dict[int, int] = {}
        for index in bits(members):
            component, earlier, name = 1 << index, self.before[index] & members, index
            while earlier:
                joined = _root(component_of, (earlier & -earlier).bit_length() - 1)
                component |= found.pop(joined)
                earlier &= ~component
                component_of[name] = joined
                name = joined
            component_of[name] = name
            found[name] = component
        return sorted(found.values(), key=lambda component: component & -component)

    def is_interval_order(self, members: int) -> bool:
        """Whether clocks can say all of the order: of two members, one runs after all that the other runs after."""
        chain = self.predecessor_sets(members)
        return all(not one & ~other for one, other in pairwise(chain))

    def predecessor_sets(self, members: int) -> list[int]:
        """Return the different sets of members that run before a member, the smallest first."""
        found = dict.fromkeys(self.before[index] & members for index in bits(members))
        found.pop(0, None)
        return sorted(found, key=int.bit_count)

    def clocked(self, members: int) -> Clocked:
        """Return members with clocks: at each clock a set of them is over, larger than the one before.

        A member begins at the last clock at which all that is over runs before it.
        """
        chain = self.chain(members)
        placed: list[ClockedMember] = []
        for index in bits(members):
            starts = sum(1 for over in chain if not over & ~self.before[index])
            resolves = next((clock for clock, over in enumerate(chain, 1) if over >> index & 1), len(chain) + 1)
            placed.append(ClockedMember(index, starts, resolves))
        return Clocked(tuple(placed), len(chain) + 1)

    def chain(self, members: int) -> list[int]:
        """Return sets of which each contains the one before, such that clocks at which they are over keep much."""
        sets = self.predecessor_sets(members)
        if self.is_interval_order(members):
            return sets
        if len(sets) > MOST_COMPARED:
            return _first_chain(sets)
        sets = _with_common_parts(sets)
        later = [sum(1 for index in bits(members) if not over & ~self.before[index]) for over in sets]
        best: list[tuple[int, list[int]]] = []
        for position, over in enumerate(sets):
            ways = [(over.bit_count() * later[position], [position])]
            for kept, chain in best:
                below = sets[chain[-1]]
                if not below & ~over:
                    gained = (over.bit_count() - below.bit_count()) * later[position]
                    ways.append((kept + gained, [*chain, position]))
            best.append(max(ways, key=lambda way: way[0]))
        return [sets[position] for position in max(best, key=lambda way: way[0])[1]]

    def cone(self, members: int) -> Part:
        """Return less of an order that is neither: a last member with all before it, beside the rest."""
        followed = 0
        for index in bits(members):
            followed |= self.before[index]
        tip = max(bits(members & ~followed), key=lambda index: (self.before[index] & members).bit_count())
        below = self.before[tip] & members
        rest = members & ~below & ~(1 << tip)
        cone = InSeries((*_parts_of(self.part(below, clocks=False), InSeries), tip))
        parts = [cone, *_parts_of(self.part(rest, clocks=False), Beside)]
        return Beside(tuple(sorted(parts, key=_first)))


def _root(component_of: dict[int, int], index: int) -> int:
    while component_of[index] != index:
        component_of[index] = component_of[component_of[index]]
        index = component_of[index]
    return index


def _with_common_parts(sets: list[int]) -> list[int]:
    """Return sets and what two of them have in common, the smallest first, as far as there are not too many."""
    found = dict.fromkeys(sets)
    for one, other in combinations(sets, 2):
        if one & other and len(found) < MOST_COMPARED:
            found[one & other] = None
    return sorted(found, key=int.bit_count)


def _first_chain(sets: list[int]) -> list[int]:
    chain: list[int] = []
    for over in sets:
        if not chain or not chain[-1] & ~over:
            chain.append(over)
    return chain


def _parts_of(part: Part, kind: type[InSeries | Beside]) -> tuple[Part, ...]:
    return part.parts if isinstance(part, kind) else (part,)


def _first(part: Part) -> int:
    match part:
        case int(index):
            return index
        case Clocked(members=members):
            return members[0].index
        case InSeries(parts=parts) | Beside(parts=parts):
            return min(map(_first, parts))
