"""The order in which changes are told: that of the new graph, with what was removed where it was."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from stepgraph.diff.changes.frames import Frames
from stepgraph.diff.changes.group import Action, Group
from stepgraph.diff.elements import ROOT

Rank: TypeAlias = tuple[int, int, int, int]

_ACTIONS = tuple(Action)


def in_order(groups: Iterable[Group], frames: Frames) -> list[Group]:
    """Return the changes as they are to be told."""
    return sorted(groups, key=lambda group: _rank(group, frames))


def _rank(group: Group, frames: Frames) -> Rank:
    action = _ACTIONS.index(group.action)
    container = group.container
    if group.action in {Action.WRAPPED, Action.CONCURRENT} and container is not None and not group.others:
        return _new_rank(container.number, action)
    if group.new:
        return _new_rank(group.new[0], action)
    return _old_rank(group.old[0], frames)


def _new_rank(number: int, action: int) -> Rank:
    return number, 0, 0, action


def _old_rank(number: int, frames: Frames) -> Rank:
    """Return a rank after what stands before a removed element, or after the beginning of what held it."""
    tree = frames.old.tree
    parent = tree[number].parent
    siblings = tree.siblings(number)
    for before in reversed(siblings[: siblings.index(number)]):
        new = frames.pairs.to_new[before]
        if new is not None and frames.stays(new):
            return frames.new.tree[new].end - 1, 1, number, 0
    while frames.old.is_lone(parent):
        parent = tree[parent].parent
    return frames.pairs.to_new[parent] or ROOT, 1, number, 0
