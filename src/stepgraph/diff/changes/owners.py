"""Unmatched elements that form one change, such as a loop with its steps or a `try` around existing steps."""

from __future__ import annotations

from collections import defaultdict

from msgspec import Struct

from stepgraph.diff.changes.sides import Side, Sides
from stepgraph.diff.matching import work_counts
from stepgraph.diff.tree import CALL, FUNCTION, FUNCTIONS


class Owners(Struct, frozen=True):
    """The changes that consist of unmatched elements of one version. Numbers refer to its tree."""

    owner: dict[int, int]
    """For each unmatched element the outermost element of its change."""
    wrapped: dict[int, list[int]]
    """For each wrapping element the elements inside that keep their hosts."""
    subjects: dict[int, tuple[int, ...]]
    """For each owner the added or removed elements, empty if the change is a wrap or unwrap."""


def owners_of(side: Side, sides: Sides) -> Owners:
    """Group the unmatched elements of a side by change."""
    wrapped = _wrapped_elements(side, sides)
    owner: dict[int, int] = {}
    for element in side.tree.elements:
        number, parent = element.number, element.parent
        if not side.is_unmatched(number):
            continue
        # A structural part of a matched element counts by itself.
        belongs_to_parent = parent in owner and (
            side.is_structural_part(number) or (number not in wrapped and owner[parent] not in wrapped)
        )
        owner[number] = owner[parent] if belongs_to_parent else number
    subjects: dict[int, tuple[int, ...]] = {
        number: () if number in wrapped else (number,) for number in sorted(set(owner.values()))
    }
    _join_calls(side, wrapped, owner, subjects)
    _join_members(side, wrapped, owner, subjects)
    return Owners(owner, wrapped, subjects)


def _wrapped_elements(side: Side, sides: Sides) -> dict[int, list[int]]:
    """Return for each unmatched element the elements inside that keep their hosts."""
    wrapped: defaultdict[int, list[int]] = defaultdict(list)
    for host in sorted(side.members):
        for number in side.members[host]:
            partner = side.partners[number]
            if sides.keeps_host(number if side is sides.new else partner or 0):
                for above in side.unmatched_ancestors(number):
                    wrapped[above].append(number)
    return dict(wrapped)


def _join_calls(
    side: Side, wrapped: dict[int, list[int]], owner: dict[int, int], subjects: dict[int, tuple[int, ...]]
) -> None:
    """Join the first call of an extracted function to its change."""
    extracted = {
        side.tree[number].name: number
        for number in wrapped
        if side.tree[number].kind == FUNCTION and side.tree[number].slot == FUNCTIONS
    }
    for number in [
        number for number, owner_number in owner.items() if number == owner_number and side.tree[number].kind == CALL
    ]:
        function = extracted.pop(side.tree[number].name, None)
        if function is not None:
            owner[number] = function
            del subjects[number]


def _join_members(
    side: Side, wrapped: dict[int, list[int]], owner: dict[int, int], subjects: dict[int, tuple[int, ...]]
) -> None:
    """Join members that were added to one existing element in a new group: the members are the change."""
    work = work_counts(side.tree)
    for group in [number for number, inside in wrapped.items() if len(inside) == 1]:
        if side.tree[group].kind != "parallel":
            continue
        inside = [number for number in side.tree.visit_subtree(group) if number in owner]
        added = {
            number
            for number in inside
            if owner[number] == number and owner.get(side.tree[number].parent) == group and work[number]
        }
        if added:
            subjects[group] = tuple(sorted(added))
            for number in added:
                del subjects[number]
            owner.update({number: group for number in inside if owner[number] in added})
