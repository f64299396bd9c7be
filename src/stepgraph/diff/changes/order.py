"""The order in which changes are told: that of the new graph, with what was removed where it was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from stepgraph.diff.changes.frames import Frames
from stepgraph.diff.changes.group import Action, Group
from stepgraph.diff.elements import ROOT

Rank: TypeAlias = tuple[int, int, int, int]

_ACTIONS = tuple(Action)


def in_order(groups: Iterable[Group], frames: Frames) -> list[Group]:
    """Return the changes as they are to be told."""
    anchors = _anchors(frames)
    return sorted(groups, key=lambda group: _rank(group, anchors))


def _rank(group: Group, anchors: Sequence[int]) -> Rank:
    """Return where a change is told: at a new element, or after one, there in the order of the old ones."""
    action = _ACTIONS.index(group.action)
    container = group.container
    if group.action in {Action.WRAPPED, Action.CONCURRENT} and container is not None and not group.others:
        return container.number, 0, 0, action
    if group.new:
        return group.new[0], 0, 0, action
    return anchors[group.old[0]], 1, group.old[0], action


def _anchors(frames: Frames) -> list[int]:
    """Return for each old element the new one after which it was: one before it that stayed, or else what held it."""
    tree = frames.old.tree
    anchors = [ROOT] * len(tree)
    for element in tree.elements[1:]:
        before = tree.before(element.number)
        around = element.parent if before is None else before
        new = frames.pairs.to_new[around]
        if new is None or (before is not None and not frames.stays(new)):
            anchors[element.number] = anchors[around]
        else:
            anchors[element.number] = new if before is None else frames.new.tree[new].end - 1
    return anchors
