"""A step that stands at several places, and is changed at all of them in the same way: that is one change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from itertools import chain

from msgspec.structs import replace

from stepgraph.diff.changes.frames import Frames
from stepgraph.diff.changes.group import Action, Group
from stepgraph.diff.elements import CLOCKS, KEY, STEPS, Element
from stepgraph.json_text import canonical_json

_ALONE = frozenset({KEY, *CLOCKS})


def joined(groups: Iterable[Group], frames: Frames) -> Iterator[Group]:
    """Yield the changes, those that do the same to elements of one name as one."""
    together: defaultdict[Hashable, list[Group]] = defaultdict(list)
    for place, group in enumerate(groups):
        done = _what_is_done(group, frames)
        together[place if done is None else done].append(group)
    yield from map(_as_one, together.values())


def _what_is_done(group: Group, frames: Frames) -> Hashable:
    """Return what is done to which step or call, None for what is done in one place only.

    What has a key, or waits for others, is there once.
    """
    if group.action not in {Action.RENAMED, Action.CHANGED} or not _ALONE.isdisjoint(group.fields):
        return None
    old, new = frames.old.tree[group.old[0]], frames.new.tree[group.new[0]]
    is_named = bool(old.name) and (old.kind in STEPS or "name" in group.fields)
    return (group.action, old.kind, old.name, new.name, _values(old, group), _values(new, group)) if is_named else None


def _values(element: Element, group: Group) -> str:
    return canonical_json([[field, field in element.fields, element.fields.get(field)] for field in group.fields])


def _as_one(groups: list[Group]) -> Group:
    if len(groups) == 1:
        return groups[0]
    in_order = sorted(groups, key=lambda group: group.new)
    return replace(
        in_order[0],
        old=tuple(chain.from_iterable(group.old for group in in_order)),
        new=tuple(chain.from_iterable(group.new for group in in_order)),
        edits=tuple(chain.from_iterable(group.edits for group in in_order)),
    )
