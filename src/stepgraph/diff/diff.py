"""The diff of two versions of a workflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, cast

from msgspec import Struct

from stepgraph.diff.applying import apply_edits
from stepgraph.diff.changes.frames import Frames, frames_of
from stepgraph.diff.changes.group import Action, Group
from stepgraph.diff.changes.grouping import group_edits
from stepgraph.diff.edits import Edit
from stepgraph.diff.elements import read_tree
from stepgraph.diff.matching.match import match_trees
from stepgraph.diff.matching.pairs import Pairs
from stepgraph.diff.matching.sequences import common_sequence
from stepgraph.diff.running.effect import SAFE, Effect, Meaning, breaking
from stepgraph.diff.running.meaning import Meanings
from stepgraph.diff.script import edit_script
from stepgraph.diff.wording.titles import title_of
from stepgraph.escaping.visible import visible
from stepgraph.limits import MAXIMUM, VISIT_SHARES, Budget, Limit, LimitExceededError
from stepgraph.model.payload import Workflow

_NOT_COMPARED: Final = breaking("not known, as it is not compared in detail")
_SIGNS: Final = {Action.ADDED: "+", Action.REMOVED: "-"}


class Change(Struct, frozen=True):
    """A change as people speak of it: what was done, a sentence that says so, what it means for instances in flight."""

    group: Group
    title: str
    meaning: Meaning

    @property
    def action(self) -> Action:
        """What was done."""
        return self.group.action

    @property
    def sign(self) -> str:
        """`+` for what was added, `-` for what was removed, `~` for all that is in both versions."""
        return _SIGNS.get(self.action, "~")

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What was edited for it."""
        return self.group.edits

    @property
    def line(self) -> str:
        """The change on one line: `~ step 'a' renamed to 'b'  breaking: instances waiting at 'c' run it again ...`.

        What would break the line or steer a terminal is spelt out.
        """
        effect = self.meaning.effect
        told = "" if effect is Effect.SAFE else f"  {effect.name.lower()}: {self.meaning.reason}"
        return visible(f"{self.sign} {self.title}{told}")


class WorkflowDiff(Struct, frozen=True):
    """What changed of a workflow that is in both versions, or in one of them only: then that is its only change.

    `unseen` are edits that change nothing which can be seen: clocks under other numbers that say the same, functions
    that are listed in another order. With those of all changes, they make the new workflow of the old one. `pairs` are
    the two as trees, whose elements the changes name by number, and which element is which. Two versions without
    `pairs` were too large to compare: that they differ is their only change.
    """

    name: str
    old: Workflow | None
    new: Workflow | None
    changes: tuple[Change, ...]
    unseen: tuple[Edit, ...] = ()
    pairs: Pairs | None = None

    @property
    def effect(self) -> Effect:
        """The worst that a change of it does to instances in flight."""
        return max((change.meaning.effect for change in self.changes), default=Effect.SAFE)

    def apply(self) -> Workflow | None:
        """Return what all edits make of the old workflow: the new one."""
        if self.pairs is None:
            return self.new
        edits = [edit for change in self.changes for edit in change.edits]
        return apply_edits(cast("Workflow", self.old), [*edits, *self.unseen])


def diff_workflows(
    old: Workflow | None, new: Workflow | None, name: str = "", budget: Budget | None = None
) -> WorkflowDiff:
    """Return the changes between two versions of a workflow; None is a missing version.

    `name` is the name of the workflow, by default that of its class. The comparison visits no more
    elements than the budget allows, by default one of its own.
    """
    either = new if new is not None else old
    name = name or (either["class_name"] if either is not None else "")
    if old is None or new is None:
        return WorkflowDiff(name, old, new, tuple(_whole(name, old, new)))
    try:
        return _compared(name, old, new, Budget() if budget is None else budget)
    except LimitExceededError as error:
        if old == new:
            return WorkflowDiff(name, old, new, ())
        title = f"workflow '{name}' changed, and is too large to compare in detail: {error.reason}"
        return WorkflowDiff(name, old, new, (Change(Group(Action.CHANGED), title, _NOT_COMPARED),))


def _compared(name: str, old: Workflow, new: Workflow, budget: Budget) -> WorkflowDiff:
    """Return what changed. Raises LimitExceededError where that takes too many visits."""
    pairs = match_trees(read_tree(old, budget), read_tree(new, budget))
    groups, unseen = group_edits(pairs, edit_script(pairs))
    frames = frames_of(pairs)
    titles = [title_of(group, frames) for group in groups]
    changes = map(Change, groups, titles, _meanings(groups, frames))
    return WorkflowDiff(name, old, new, tuple(changes), unseen, pairs)


def _meanings(groups: Sequence[Group], frames: Frames) -> list[Meaning]:
    """Return what changes mean: where that takes too many visits, that they may break what is in flight."""
    found: list[Meaning] = []
    try:
        meanings = Meanings(frames) if groups else None
        found.extend(meanings.of(group) for group in groups if meanings is not None)
    except LimitExceededError as error:
        unknown = breaking(f"not known, as it takes {error.reason}")
        found += [unknown] * (len(groups) - len(found))
    return found


def diff_graphs(old: Mapping[str, Workflow], new: Mapping[str, Workflow]) -> tuple[WorkflowDiff, ...]:
    """Return the diff of each workflow in one of two versions of a project, by name: also of those without changes.

    They are in the order of the new version, with those that are gone where they were. Each may use half of the visits
    that the others have left of twice the limit for one.
    """
    diffs: list[WorkflowDiff] = []
    left = MAXIMUM[Limit.VISITS] * VISIT_SHARES
    for name in _names(list(old), list(new)):
        share = left // VISIT_SHARES
        budget = Budget()
        budget.maximum[Limit.VISITS] = budget.left[Limit.VISITS] = share
        diffs.append(diff_workflows(old.get(name), new.get(name), name, budget))
        left -= share - max(0, budget.left[Limit.VISITS])
    return tuple(diffs)


def _names(old: list[str], new: list[str]) -> list[str]:
    names: list[str] = []
    there = frozenset(new)
    before = [(-1, -1), *common_sequence(old, new), (len(old), len(new))]
    for (old_from, new_from), (old_to, new_to) in pairwise(before):
        names += (name for name in old[old_from + 1 : old_to] if name not in there)
        names += new[new_from + 1 : new_to + 1]
    return names


def _whole(name: str, old: Workflow | None, new: Workflow | None) -> list[Change]:
    if old is not None:
        gone = breaking("its instances cannot resume")
        return [Change(Group(Action.REMOVED), f"workflow '{name}' removed", gone)]
    return [] if new is None else [Change(Group(Action.ADDED), f"workflow '{name}' added", SAFE)]
