"""The diff of two versions of a workflow."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from msgspec import Struct

from stepgraph.diff.applying import apply_edits
from stepgraph.diff.changes.frames import frames_of
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
from stepgraph.model.payload import Workflow

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
    the two as trees, whose elements the changes name by number, and which element is which.
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
        if self.old is None or self.new is None:
            return self.new
        edits = [edit for change in self.changes for edit in change.edits]
        return apply_edits(self.old, [*edits, *self.unseen])


def diff_workflows(old: Workflow | None, new: Workflow | None, name: str = "") -> WorkflowDiff:
    """Return what changed between two versions of a workflow, None where there was none or is none any more.

    `name` is what the workflow is called, which is its class if nothing is given.
    """
    either = new if new is not None else old
    name = name or (either["class_name"] if either is not None else "")
    if old is None or new is None:
        return WorkflowDiff(name, old, new, tuple(_whole(name, old, new)))
    pairs = match_trees(read_tree(old), read_tree(new))
    groups, unseen = group_edits(pairs, edit_script(pairs))
    frames = frames_of(pairs)
    meanings = Meanings(frames) if groups else None
    changes = (
        Change(group, title_of(group, frames), SAFE if meanings is None else meanings.of(group)) for group in groups
    )
    return WorkflowDiff(name, old, new, tuple(changes), unseen, pairs)


def diff_graphs(old: Mapping[str, Workflow], new: Mapping[str, Workflow]) -> tuple[WorkflowDiff, ...]:
    """Return the diff of each workflow in one of two versions of a project, by name: also of those without changes.

    They are in the order of the new version, with those that are gone where they were.
    """
    return tuple(diff_workflows(old.get(name), new.get(name), name) for name in _names(list(old), list(new)))


def _names(old: list[str], new: list[str]) -> list[str]:
    names: list[str] = []
    before = [(-1, -1), *common_sequence(old, new), (len(old), len(new))]
    for (old_from, new_from), (old_to, new_to) in pairwise(before):
        names += (name for name in old[old_from + 1 : old_to] if name not in new)
        names += new[new_from + 1 : new_to + 1]
    return names


def _whole(name: str, old: Workflow | None, new: Workflow | None) -> list[Change]:
    if old is not None:
        gone = breaking("its instances cannot resume")
        return [Change(Group(Action.REMOVED), f"workflow '{name}' removed", gone)]
    return [] if new is None else [Change(Group(Action.ADDED), f"workflow '{name}' added", SAFE)]
