"""Putting edits together to changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from stepgraph.diff.changes.clocks import RACES, new_orders
from stepgraph.diff.changes.frames import Frames, Side, frames_of
from stepgraph.diff.changes.group import Action, Group
from stepgraph.diff.changes.joining import joined
from stepgraph.diff.changes.order import in_order
from stepgraph.diff.changes.owners import owners_of
from stepgraph.diff.changes.runs import Run, moved_runs, reordered_runs
from stepgraph.diff.edits import Edit, Insert, Move, Reference, Remove, Update, Version
from stepgraph.diff.elements import CALL, CLOCKS, COLLECTIONS, KEY, ROOT, Element
from stepgraph.diff.matching.functions import functions_of
from stepgraph.diff.matching.pairs import Pairs

NAMES = frozenset({"name", KEY})


class _Draft(Struct):
    """A group that is being put together."""

    action: Action
    old: tuple[int, ...] = ()
    new: tuple[int, ...] = ()
    container: Reference | None = None
    others: tuple[int, ...] = ()
    fields: list[str] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)

    def group(self) -> Group:
        return Group(
            self.action, self.old, self.new, self.container, tuple(self.fields), self.others, tuple(self.edits)
        )


def group_edits(pairs: Pairs, edits: Iterable[Edit]) -> tuple[tuple[Group, ...], tuple[Edit, ...]]:
    """Return the changes that `edits` make, and the edits that change nothing which can be seen.

    These are clocks with other numbers that say the same, and functions that are listed in another order.
    """
    frames = frames_of(pairs)
    grouping = _Grouping(frames)
    unseen = [edit for edit in edits if not grouping.takes(edit)]
    groups = joined((draft.group() for draft in grouping.drafts), frames)
    return tuple(in_order(groups, frames)), tuple(unseen)


class _Grouping:
    """The changes between two trees, to which edits are given one by one."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._functions = functions_of(frames.old.tree)
        self._came: dict[int, _Draft] = {}
        self._went: dict[int, _Draft] = {}
        self._placed: dict[int, _Draft] = {}
        self._ordered: dict[int, _Draft] = {}
        self._updated: dict[tuple[Action, int], _Draft] = {}
        self.drafts: list[_Draft] = []
        self._came |= self._lone(frames.new)
        self._went |= self._lone(frames.old)
        for run in moved_runs(frames):
            self._add_run(run, self._moved(run))
        for run in reordered_runs(frames):
            self._add_run(run, _Draft(Action.REORDERED))
        self._add_orders()

    def takes(self, edit: Edit) -> bool:
        """Give an edit to the change that it is part of, if it is of one."""
        draft = self._draft_of(edit)
        if draft is not None:
            draft.edits.append(edit)
        return draft is not None

    def _draft_of(self, edit: Edit) -> _Draft | None:
        match edit:
            case Insert():
                return self._came[edit.place.number]
            case Remove():
                return self._went[edit.old]
            case Move():
                return self._placing(edit.place.number)
            case Update():
                return self._updating(edit)

    def _placing(self, number: int) -> _Draft | None:
        """Return why an element is in another place: it was moved, or something was put around it, or taken away."""
        if number in self._placed:
            return self._placed[number]
        for side, own, drafts in self._sides(number):
            above = side.lone_above(own)
            if above:
                return drafts[above[0]]
        return None

    def _sides(self, number: int) -> Iterator[tuple[Side, int, dict[int, _Draft]]]:
        yield self._frames.new, number, self._came
        yield self._frames.old, self._frames.old_of(number), self._went

    def _updating(self, update: Update) -> _Draft | None:
        new = self._frames.new_of(update.old)
        element = self._frames.new.tree[new]
        if update.field in CLOCKS:
            return self._placing(new) or self._ordered.get(new) or self._awaited(update, element)
        if update.field in COLLECTIONS:
            return None
        if update.field in NAMES:
            return self._renamed(update, element)
        if update.old == ROOT and update.field == "class_name":
            return self._field(Action.RENAMED, update, element)
        return self._field(Action.CHANGED, update, element)

    def _awaited(self, update: Update, element: Element) -> _Draft | None:
        """Return that something is waited for from now on, or no longer, where only that was changed in a group."""
        before = self._frames.old.tree[update.old].fields
        if update.field != "resolves" or "starts" not in before or "starts" not in element.fields:
            return None
        if "resolves" in before and "resolves" in element.fields:
            return None
        return self._kind_of_group(element) or self._field(Action.CHANGED, update, element)

    def _kind_of_group(self, element: Element) -> _Draft | None:
        """Return that a group has become a race, or is none any more, by which all in it is waited for otherwise."""
        new, old = self._frames.new.tree, self._frames.old.tree
        group = next((outer for outer in new.above(element.number) if outer.kind == "parallel"), None)
        partner = None if group is None else self._frames.pairs.to_old[group.number]
        if group is None or partner is None:
            return None
        if (old[partner].text("kind") in RACES) == (group.text("kind") in RACES):
            return None
        return self._field(Action.CHANGED, Update(partner, "kind", None), group)

    def _renamed(self, update: Update, element: Element) -> _Draft:
        """Return the renaming of an element; a call is renamed with its function."""
        old = update.old
        if element.kind == CALL:
            old = self._functions.get(self._frames.old.tree[old].name, old)
            new = self._frames.pairs.to_new[old]
            element = element if new is None else self._frames.new.tree[new]
        return self._field(Action.RENAMED, Update(old, update.field, update.value), element)

    def _field(self, action: Action, update: Update, element: Element) -> _Draft:
        key = (action, update.old)
        if key not in self._updated:
            self._updated[key] = self._add(_Draft(action, (update.old,), (element.number,)))
        draft = self._updated[key]
        if update.field not in draft.fields:
            draft.fields.append(update.field)
        return draft

    def _add(self, draft: _Draft) -> _Draft:
        self.drafts.append(draft)
        return draft

    def _add_run(self, run: Run, draft: _Draft) -> None:
        draft.new = run
        draft.old = tuple(self._frames.old_of(number) for number in run)
        self._placed.update(dict.fromkeys(run, self._add(draft)))

    def _moved(self, run: Run) -> _Draft:
        """Return what it is to be in another element: in or out of the group beside, it is to run otherwise."""
        old, new = self._frames.old, self._frames.new
        old_host, new_host = old.hosts[self._frames.old_of(run[0])], new.hosts[run[0]]
        if new.tree[new_host].kind == "parallel" and self._frames.pairs.to_old[new.hosts[new_host]] == old_host:
            return _Draft(Action.CONCURRENT, container=new.reference(new_host))
        if old.tree[old_host].kind == "parallel" and self._frames.pairs.to_new[old.hosts[old_host]] == new_host:
            return _Draft(Action.SEQUENTIAL, container=old.reference(old_host))
        return _Draft(Action.MOVED)

    def _lone(self, side: Side) -> dict[int, _Draft]:
        """Return for each element of one version only what it is part of."""
        owners = owners_of(side, self._frames)
        drafts: dict[int, _Draft] = {}
        for number, subjects in owners.subjects.items():
            draft = self._add(self._lone_draft(side, number, subjects, owners.around.get(number, [])))
            drafts[number] = draft
        return {number: drafts[owner] for number, owner in owners.owner.items()}

    def _lone_draft(self, side: Side, number: int, subjects: tuple[int, ...], inside: list[int]) -> _Draft:
        is_new = side.version is Version.NEW
        container = side.reference(number) if inside else None
        if subjects:
            action = Action.ADDED if is_new else Action.REMOVED
            return _Draft(action, () if is_new else subjects, subjects if is_new else (), container)
        if side.tree[number].kind == "parallel":
            action = Action.CONCURRENT if is_new else Action.SEQUENTIAL
        else:
            action = Action.WRAPPED if is_new else Action.FREED
        partners = tuple(partner for own in inside if (partner := side.partners[own]) is not None)
        own = tuple(inside)
        return _Draft(action, partners if is_new else own, own if is_new else partners, container)

    def _add_orders(self) -> None:
        """Add what waits for others than before, one change for each group and way in which it differs."""
        drafts: dict[tuple[int, Action], _Draft] = {}
        members: dict[tuple[int, Action], list[int]] = {}
        others: dict[tuple[int, Action], dict[int, None]] = {}
        for group, order in new_orders(self._frames):
            if self._placing(order.number) is not None:
                continue
            action = _order_action(bool(order.waits_for), bool(order.no_longer))
            key = (group, action)
            if key not in drafts:
                drafts[key] = self._add(_Draft(action, container=self._frames.new.reference(group)))
                others[key] = {}
            draft = drafts[key]
            draft.fields = ["starts"]
            others[key].update(dict.fromkeys([*order.waits_for, *order.no_longer]))
            self._ordered[order.number] = draft
            members.setdefault(key, []).append(order.number)
        for key, draft in drafts.items():
            draft.new = tuple(members[key])
            draft.old = tuple(self._frames.old_of(number) for number in draft.new)
            draft.others = tuple(others[key])


def _order_action(more: bool, less: bool) -> Action:  # noqa: FBT001 - both are what the name says
    if more and less:
        return Action.REORDERED
    return Action.SEQUENTIAL if more else Action.CONCURRENT
