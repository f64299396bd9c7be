"""Both trees with the matched elements around each element, and the moved and unmatched elements that form changes.

The nearest matched ancestor of an element is its host. An element with the same host was not moved, even if unmatched
elements now wrap it or no longer do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TypeAlias, cast

from msgspec import Struct

from stepgraph.diff.matching import Matching, work_counts
from stepgraph.diff.script import ElementRef, TreeVersion
from stepgraph.diff.sequences import longest_increasing
from stepgraph.diff.tree import (
    BLOCK_SLOTS,
    BRANCH,
    CALL,
    FUNCTION,
    FUNCTIONS,
    KEY,
    ROOT,
    Tree,
    TreeElement,
    is_work,
)


class Side(Struct, frozen=True):
    """One of the two trees."""

    version: TreeVersion
    tree: Tree
    partners: list[int | None]
    """The matched element of the other tree for each element, or None."""
    hosts: list[int]
    """The host of each element."""
    members: dict[int, list[int]]
    """The matched elements of each host, in program order."""
    called: frozenset[int]
    """The unmatched functions whose bodies are at their first call in this order."""

    def reference(self, number: int) -> ElementRef:
        """Return the reference to an element of this side."""
        return ElementRef(self.version, number)

    def is_unmatched(self, number: int) -> bool:
        """Return whether only this version contains an element."""
        return self.partners[number] is None

    def unmatched_ancestors(self, number: int) -> list[int]:
        """Return the ancestors of an element below its host, innermost first."""
        above = (element.number for element in self.tree.ancestors(number))
        return list(takewhile(self.is_unmatched, above))

    def is_structural_part(self, number: int) -> bool:
        """Return whether an element is part of its parent: a branch, a block of a `try`, or a `block` in a group."""
        element = self.tree[number]
        is_member = element.kind == "block" and self.tree[element.parent].kind == "parallel"
        return is_member or element.kind == BRANCH or element.slot in BLOCK_SLOTS


def side_of(tree: Tree, partners: list[int | None], version: TreeVersion) -> Side:
    """Return the side of a tree, with the hosts of its elements."""
    hosts = [ROOT] * len(tree)
    members: defaultdict[int, list[int]] = defaultdict(list)
    called: set[int] = set()
    for number, parent in _in_program_order(tree, partners):
        hosts[number] = parent if partners[parent] is not None else hosts[parent]
        if partners[number] is not None:
            members[hosts[number]].append(number)
        elif tree[number].slot == FUNCTIONS and parent != ROOT:
            called.add(number)
    return Side(version, tree, partners, hosts, dict(members), frozenset(called))


def _in_program_order(tree: Tree, partners: Sequence[int | None]) -> Iterator[tuple[int, int]]:
    """Yield the elements below the root, each with the element around it.

    An unmatched function is inside its first call, as if its body were there.
    """
    bodies = {
        tree[number].text(KEY): number
        for number in tree[ROOT].children
        if tree[number].slot == FUNCTIONS and partners[number] is None
    }
    called = set(bodies.values())
    yield from _with_bodies(tree, [number for number in tree[ROOT].children if number not in called], bodies)
    while bodies:  # Without a call from the other functions.
        yield from _with_bodies(tree, [bodies.pop(next(iter(bodies)))], bodies)


def _with_bodies(tree: Tree, numbers: Sequence[int], bodies: dict[str, int]) -> Iterator[tuple[int, int]]:
    """Yield children of the root and their descendants, and in calls the `bodies` of functions, which are removed."""
    pending = [(number, ROOT) for number in reversed(numbers)]
    while pending:
        number, parent = pending.pop()
        yield number, parent
        element = tree[number]
        pending += ((child, number) for child in reversed(element.children))
        if element.kind == CALL and element.name in bodies:
            pending.append((bodies.pop(element.name), number))


class Sides(Struct, frozen=True):
    """Both sides of a diff."""

    matching: Matching
    """The matching of the two trees."""
    old: Side
    new: Side

    def keeps_host(self, new: int) -> bool:
        """Return whether a new element is matched and its host matches the host of its partner."""
        old = self.matching.to_old[new]
        return old is not None and self.matching.to_old[self.new.hosts[new]] == self.old.hosts[old]

    def has_same_value(self, old: int, new: int) -> bool:
        """Return whether the text of a step, branch or loop differs only in the names of variables."""
        return self.matching.has_same_value(old, new)

    def has_same_decision(self, old: int, new: int) -> bool:
        """Return whether two branches certainly run under the same conditions."""
        return self.matching.has_same_decision(old, new)

    def old_of(self, new: int) -> int:
        """Return the partner of a matched new element."""
        return cast("int", self.matching.to_old[new])

    def new_of(self, old: int) -> int:
        """Return the partner of a matched old element."""
        return cast("int", self.matching.to_new[old])


def sides_of(matching: Matching) -> Sides:
    """Return both sides of a diff."""
    return Sides(
        matching,
        side_of(matching.old, matching.to_new, TreeVersion.OLD),
        side_of(matching.new, matching.to_old, TreeVersion.NEW),
    )


Run: TypeAlias = tuple[int, ...]


def reordered_runs(sides: Sides) -> Iterator[Run]:
    """Yield the runs of elements that keep their host but not their order, by new number.

    Functions have no order.
    """
    positions = _old_positions(sides)
    for host in sorted(sides.new.members):
        shared = [
            number for number in sides.new.members[host] if sides.keeps_host(number) and _has_order(sides, number)
        ]
        before = [positions[sides.old_of(number)] for number in shared]
        in_order = set(longest_increasing(before))
        ranks = {position: rank for rank, position in enumerate(sorted(before))}
        yield from _runs(
            [number for position, number in enumerate(shared) if position not in in_order],
            {number: position for position, number in enumerate(shared)},
            {number: (0, ranks[position]) for number, position in zip(shared, before, strict=True)},
        )


def moved_runs(sides: Sides) -> Iterator[Run]:
    """Yield the runs of elements that change their host, by new number."""
    positions = _old_positions(sides)
    for host in sorted(sides.new.members):
        inside = sides.new.members[host]
        arrived = [number for number in inside if not sides.keeps_host(number)]
        yield from _runs(
            arrived,
            {number: position for position, number in enumerate(inside)},
            {number: (sides.old.hosts[sides.old_of(number)], positions[sides.old_of(number)]) for number in arrived},
        )


def _old_positions(sides: Sides) -> dict[int, int]:
    """Return the positions of old elements among the members of their host."""
    return {number: position for inside in sides.old.members.values() for position, number in enumerate(inside)}


def _runs(
    numbers: Sequence[int], new_positions: dict[int, int], old_positions: dict[int, tuple[int, int]]
) -> Iterator[Run]:
    """Yield `numbers` in runs that are contiguous in both versions. An old position is a host and an index."""
    run: list[int] = []
    for number in numbers:
        follows = run and new_positions[number] == new_positions[run[-1]] + 1
        if not follows or not _is_next(old_positions[run[-1]], old_positions[number]):
            if run:
                yield tuple(run)
            run = []
        run.append(number)
    if run:
        yield tuple(run)


def _is_next(first: tuple[int, int], second: tuple[int, int]) -> bool:
    return first[0] == second[0] and first[1] + 1 == second[1]


def _has_order(sides: Sides, number: int) -> bool:
    """Return whether an element is executed at its position, unlike a function without a call, and its contents."""
    return not any(
        side.tree[inner].slot == FUNCTIONS and inner not in side.called
        for side, side_number in ((sides.new, number), (sides.old, sides.old_of(number)))
        for inner in (side_number, *_functions_above(side, side_number))
    )


def _functions_above(side: Side, number: int) -> list[int]:
    return [above for above in side.unmatched_ancestors(number) if side.tree[above].kind == FUNCTION]


class Owners(Struct, frozen=True):
    """The changes that consist of unmatched elements of one version.

    Elements are identified by their numbers in the tree of that version.
    """

    owner: dict[int, int]
    """For each unmatched element, the outermost element of its change."""
    wrapped: dict[int, list[int]]
    """For each wrapping element, the elements inside it that keep their hosts."""
    subjects: dict[int, tuple[int, ...]]
    """The added or removed elements of each owner, or none if the change is a wrap or unwrap."""


def owners_of(side: Side, sides: Sides) -> Owners:
    """Group the unmatched elements of a side by change."""
    wrapped = _wrapped_elements(side, sides)
    owner: dict[int, int] = {}
    for element in side.tree.elements:
        number, parent = element.number, element.parent
        if not side.is_unmatched(number):
            continue
        # An unmatched structural part of a matched element is a change of its own.
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
    """Return, for each unmatched element, the elements inside it that keep their hosts."""
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
    """Join the first call of an extracted or inlined function to the change of the function."""
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
    """Turn an unmatched group around one matched element into one change with its unmatched members as subjects."""
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


def changes_exit(side: Side, number: int, *kinds: str) -> bool:
    """Return whether an exit of a kind was added or removed with an element, but not the code that it leaves."""
    elements = (side.tree[inner] for inner in side.tree.visit_subtree(number) if side.is_unmatched(inner))
    return any(_is_exit_of(side, each, number, kinds) for each in elements)


def contains_exit(side: Side, number: int, *kinds: str) -> bool:
    """Return whether an exit of a kind in an element leaves the element."""
    elements = (side.tree[inner] for inner in side.tree.visit_subtree(number))
    return any(_is_exit_of(side, each, number, kinds) for each in elements)


def _is_exit_of(side: Side, element: TreeElement, number: int, kinds: Sequence[str]) -> bool:
    """Return whether an element is an exit of a kind that leaves the element with this number."""
    is_exit = element.kind == "break" and element.text("kind") in kinds
    return is_exit and _leaves_element(side, element, number) and not _only_ends_function(side, element)


def _leaves_element(side: Side, exit_: TreeElement, number: int) -> bool:
    """Return whether an exit leaves the element with this number, and not only an unmatched loop inside."""
    loop = next((element.number for element in side.tree.ancestors(exit_.number) if element.kind == "loop"), None)
    return exit_.text("kind") == "return" or loop is None or (loop < number and not side.is_unmatched(loop))


def _only_ends_function(side: Side, exit_: TreeElement) -> bool:
    """Return whether an exit ends a function, so that its callers continue, and skips nothing of the other version."""
    tree = side.tree
    if exit_.text("kind") != "return" or exit_.number in tree.raises:
        return False
    for outer in tree.ancestors(exit_.number):
        if outer.slot == FUNCTIONS:
            later = range(exit_.number, outer.end)
            return not any(is_work(tree[each]) and not side.is_unmatched(each) for each in later)
        if outer.kind == "loop" and not side.is_unmatched(outer.number):
            return False
    return False
