"""Sets of small integers, represented as bit masks: bit i is set if i is a member."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence


def bits(members: int) -> Iterator[int]:
    """Yield the members of a set, in ascending order."""
    while members:
        lowest = members & -members
        yield lowest.bit_length() - 1
        members ^= lowest


def bit_set(members: Iterable[int]) -> int:
    """Return the set of the members as a bit mask."""
    result = 0
    for member in members:
        result |= 1 << member
    return result


def restrict(sets: Sequence[int], part: Sequence[int]) -> list[int]:
    """Return a relation restricted to the members in `part`, renumbered by their position in `part`.

    `sets` contains, for each member, the set of members to which it is related.
    """
    inside = bit_set(part)
    if list(part) == list(range(part[0], part[0] + len(part))):
        return [(sets[member] & inside) >> part[0] for member in part]
    position = {member: index for index, member in enumerate(part)}
    return [bit_set(position[related] for related in bits(sets[member] & inside)) for member in part]
