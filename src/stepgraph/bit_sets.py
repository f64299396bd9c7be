"""Sets of small integers, represented as bit masks: bit i is set if i is a member."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

_MAX_CHANGES: Final = 32
"""The maximum mean number of differences between adjacent rows of a matrix that is transposed by differences."""
_BLOCK: Final = 512
"""The number of rows that are transposed together in all other matrices."""


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


def transposed(rows: Sequence[int]) -> list[int]:
    """Return, for each number, the set of the rows that contain it. `rows` is a square matrix of bits."""
    changes = [row ^ previous for row, previous in zip([*rows, 0], [0, *rows], strict=True)]
    if sum(map(int.bit_count, changes)) > _MAX_CHANGES * len(rows):
        return _transposed_in_blocks(rows)
    columns, begins = [0] * len(rows), [0] * len(rows)
    for number, (row, changed) in enumerate(zip([*rows, 0], changes, strict=True)):
        for column in bits(changed):
            if row >> column & 1:
                begins[column] = number
            else:
                columns[column] |= (1 << number) - (1 << begins[column])
    return columns


def _transposed_in_blocks(rows: Sequence[int]) -> list[int]:
    """Return the result of `transposed` for rows that differ much, by way of strings, which are faster."""
    size = len(rows)
    columns = [0] * size
    for first in range(0, size, _BLOCK):
        block = [f"{row:0{size}b}" for row in reversed(rows[first : first + _BLOCK])]
        for number, column in enumerate(zip(*block, strict=True)):
            columns[size - 1 - number] |= int("".join(column), 2) << first
    return columns
