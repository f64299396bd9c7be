"""Groups of edits: each group is one change for the reader."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from enum import Enum
from itertools import chain
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.diff.changes.sides import Sides
from stepgraph.diff.script import Edit, ElementRef
from stepgraph.diff.tree import CLOCKS, KEY, ROOT, STEPS, TreeElement
from stepgraph.json_text import canonical_json


class Action(Enum):
    """The kind of change."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    MOVED = "moved"
    """Moved to a different element that both versions contain."""
    REORDERED = "reordered"
    """Moved among its siblings."""
    WRAPPED = "wrapped"
    """Enclosed in a new element, at the same position."""
    UNWRAPPED = "freed"
    """Kept at the same position, without a removed element around it."""
    CONCURRENT = "made concurrent"
    SEQUENTIAL = "made sequential"
    CHANGED = "changed"


class EditGroup(Struct, frozen=True):
    """The elements and edits of one change. Elements of both versions are in `old` and `new` in the same order."""

    action: Action
    """The kind of change."""
    old: tuple[int, ...] = ()
    """Numbers of the elements in the old tree."""
    new: tuple[int, ...] = ()
    """Numbers of the elements in the new tree."""
    container: ElementRef | None = None
    """The new or removed element around the elements, or the group in which they run."""
    fields: tuple[str, ...] = ()
    """Names of the changed fields."""
    dependencies: tuple[int, ...] = ()
    """Numbers in the new tree: elements that `new` waits for from now on, or no longer."""
    edits: tuple[Edit, ...] = ()
    """The edits of the change."""

    @property
    def container_number(self) -> int:
        """Number of the container in its tree, `ROOT` without a container."""
        return ROOT if self.container is None else self.container.number


_UNIQUE_FIELDS = frozenset({KEY, *CLOCKS})


def merge_equal_groups(groups: Iterable[EditGroup], sides: Sides) -> Iterator[EditGroup]:
    """Yield the groups, with equal changes of elements of the same name merged into one."""
    by_key: defaultdict[Hashable, list[EditGroup]] = defaultdict(list)
    for index, group in enumerate(groups):
        key = _merge_key(group, sides)
        by_key[index if key is None else key].append(group)
    yield from map(_merged_group, by_key.values())


def _merge_key(group: EditGroup, sides: Sides) -> Hashable:
    """Return the key of equal changes, None for a change that is never merged.

    Functions and clocks are not merged.
    """
    if group.action not in {Action.RENAMED, Action.CHANGED} or not _UNIQUE_FIELDS.isdisjoint(group.fields):
        return None
    old, new = sides.old.tree[group.old[0]], sides.new.tree[group.new[0]]
    is_named = bool(old.name) and (old.kind in STEPS or "name" in group.fields)
    return (group.action, old.kind, old.name, new.name, _values(old, group), _values(new, group)) if is_named else None


def _values(element: TreeElement, group: EditGroup) -> str:
    return canonical_json([[field, field in element.fields, element.fields.get(field)] for field in group.fields])


def _merged_group(groups: list[EditGroup]) -> EditGroup:
    if len(groups) == 1:
        return groups[0]
    ordered = sorted(groups, key=lambda group: group.new)
    return replace(
        ordered[0],
        old=tuple(chain.from_iterable(group.old for group in ordered)),
        new=tuple(chain.from_iterable(group.new for group in ordered)),
        edits=tuple(chain.from_iterable(group.edits for group in ordered)),
    )


Rank: TypeAlias = tuple[int, int, int, int]

_ACTIONS = tuple(Action)


def sort_groups(groups: Iterable[EditGroup], sides: Sides) -> list[EditGroup]:
    """Return the groups in the order of the report: new program order, with removals at their old positions."""
    anchors = _anchors(sides)
    return sorted(groups, key=lambda group: _rank(group, anchors))


def _rank(group: EditGroup, anchors: Sequence[int]) -> Rank:
    """Return the sort key of a group: at a new element, or after one in old program order."""
    action = _ACTIONS.index(group.action)
    container = group.container
    if group.action in {Action.WRAPPED, Action.CONCURRENT} and container is not None and not group.dependencies:
        return container.number, 0, 0, action
    if group.new:
        return group.new[0], 0, 0, action
    return anchors[group.old[0]], 1, group.old[0], action


def _anchors(sides: Sides) -> list[int]:
    """Return for each old element the new one that it follows: a sibling that keeps its host, or else the parent."""
    tree = sides.old.tree
    anchors = [ROOT] * len(tree)
    for element in tree.elements[1:]:
        before = tree.previous_sibling(element.number)
        anchor = element.parent if before is None else before
        new = sides.matching.to_new[anchor]
        if new is None or (before is not None and not sides.keeps_host(new)):
            anchors[element.number] = anchors[anchor]
        else:
            anchors[element.number] = new if before is None else sides.new.tree[new].end - 1
    return anchors
