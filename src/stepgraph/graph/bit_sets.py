"""Sets of small numbers as integers: bit i says that i is in the set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence


def bits(members: int) -> Iterator[int]:
    """Yield the members of a set, in order."""
    while members:
        lowest = members & -members
        yield lowest.bit_length() - 1
        members ^= lowest


def bit_set(members: Iterable[int]) -> int:
    """Return the set of some members."""
    found = 0
    for member in members:
        found |= 1 << member
    return found


def restricted(sets: Sequence[int], part: Sequence[int]) -> list[int]:
    """Return the sets of some members, with just these in them; each is known by its position in `part` from now on."""
    inside = bit_set(part)
    if list(part) == list(range(part[0], part[0] + len(part))):
        return [(sets[member] & inside) >> part[0] for member in part]
    position = {member: new for new, member in enumerate(part)}
    return [bit_set(position[other] for other in bits(sets[member] & inside)) for member in part]
