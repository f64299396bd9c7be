"""What was put in, or taken away, as one: a loop with all its steps, or a `try` around steps that there were."""

from __future__ import annotations

from collections import defaultdict

from msgspec import Struct

from stepgraph.diff.changes.frames import Frames, Side
from stepgraph.diff.elements import CALL, FUNCTION, FUNCTIONS
from stepgraph.diff.matching.pairs import work_in


class Owners(Struct, frozen=True):
    """For each element of one version only the one that it came or went with, itself included.

    `around` are those that were put around what there was, or taken from around what stays, with that: numbers of this
    side. `subjects` are for each owner what is said to be added or removed; none where something was wrapped or freed.
    """

    owner: dict[int, int]
    around: dict[int, list[int]]
    subjects: dict[int, tuple[int, ...]]


def owners_of(side: Side, frames: Frames) -> Owners:
    """Return what came or went together."""
    around = _around(side, frames)
    owner: dict[int, int] = {}
    for element in side.tree.elements:
        number, parent = element.number, element.parent
        if not side.is_lone(number):
            continue
        # Where what holds it is in both versions, a part of that counts for itself.
        joins = parent in owner and (side.is_shell(number) or (number not in around and owner[parent] not in around))
        owner[number] = owner[parent] if joins else number
    subjects: dict[int, tuple[int, ...]] = {
        number: () if number in around else (number,) for number in sorted(set(owner.values()))
    }
    _join_calls(side, around, owner, subjects)
    _join_members(side, around, owner, subjects)
    return Owners(owner, around, subjects)


def _around(side: Side, frames: Frames) -> dict[int, list[int]]:
    """Return for each element of this version only those in it that stay where they were."""
    around: defaultdict[int, list[int]] = defaultdict(list)
    for host in sorted(side.members):
        for number in side.members[host]:
            partner = side.partners[number]
            if frames.stays(number if side is frames.new else partner or 0):
                for above in side.lone_above(number):
                    around[above].append(number)
    return dict(around)


def _join_calls(
    side: Side, around: dict[int, list[int]], owner: dict[int, int], subjects: dict[int, tuple[int, ...]]
) -> None:
    """Join the first call of a function to it that was made of steps which there were."""
    made = {
        side.tree[number].name: number
        for number in around
        if side.tree[number].kind == FUNCTION and side.tree[number].slot == FUNCTIONS
    }
    for number in [number for number, of in owner.items() if number == of and side.tree[number].kind == CALL]:
        function = made.pop(side.tree[number].name, None)
        if function is not None:
            owner[number] = function
            del subjects[number]


def _join_members(
    side: Side, around: dict[int, list[int]], owner: dict[int, int], subjects: dict[int, tuple[int, ...]]
) -> None:
    """Join what came to run beside one thing that there was to the group: it is what came, not the group."""
    work = work_in(side.tree)
    for group in [number for number, inside in around.items() if len(inside) == 1]:
        if side.tree[group].kind != "parallel":
            continue
        inside = [number for number in side.tree.within(group) if number in owner]
        came = {
            number
            for number in inside
            if owner[number] == number and owner.get(side.tree[number].parent) == group and work[number]
        }
        if came:
            subjects[group] = tuple(sorted(came))
            for number in came:
                del subjects[number]
            owner.update({number: group for number in inside if owner[number] in came})
