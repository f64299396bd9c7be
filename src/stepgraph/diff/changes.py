"""Changes: groups of edits that a reader sees as one change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from enum import Enum
from itertools import chain
from typing import TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.diff.branch_conditions import CONDITION_VALUES
from stepgraph.diff.branch_matching import changed_values
from stepgraph.diff.caught_raises import CAUGHT_RAISES, changed_raises
from stepgraph.diff.clocks import RACES, wait_changes
from stepgraph.diff.computed_texts import COMPUTED, ComputedText, changed_texts
from stepgraph.diff.failing_code import failures_by_field
from stepgraph.diff.loop_heads import LOOP_HEAD, changed_loops
from stepgraph.diff.match import functions_of
from stepgraph.diff.matching import Matching
from stepgraph.diff.script import Delete, Edit, ElementRef, Insert, Move, TreeVersion, Update
from stepgraph.diff.sides import Run, Side, Sides, moved_runs, owners_of, reordered_runs, sides_of
from stepgraph.diff.tree import CALL, CLOCKS, COLLECTIONS, KEY, ROOT, STEPS, TreeElement
from stepgraph.diff.uncaught_raises import SWALLOWING_FINALLY, UNCAUGHT_RAISE, changed_exits, changed_finally_blocks
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
    UNWRAPPED = "unwrapped"
    """Moved out of a removed element, at the same position."""
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
    """The new or removed element around the elements, or the group in which they run. None if there is neither."""
    fields: tuple[str, ...] = ()
    """Names of the changed fields."""
    dependencies: tuple[int, ...] = ()
    """Numbers, in the new tree, of the elements that those in `new` newly wait for or no longer wait for."""
    texts: tuple[ComputedText, ...] = ()
    """The names, durations and conditions with other values."""
    edits: tuple[Edit, ...] = ()
    """The edits of the change."""

    @property
    def container_number(self) -> int:
        """Number of the container in its tree, or `ROOT` without a container."""
        return ROOT if self.container is None else self.container.number


def group_edits(matching: Matching, edits: Iterable[Edit]) -> tuple[tuple[EditGroup, ...], tuple[Edit, ...]]:
    """Return the changes that consist of `edits`, and the edits that belong to no change.

    Edits that only renumber clocks or reorder functions belong to no change.
    """
    sides = sides_of(matching)
    grouping = _Grouping(sides)
    invisible = [edit for edit in edits if not grouping.assign(edit)]
    groups = _merge_equal_groups((draft.group() for draft in grouping.drafts), sides)
    return tuple(_sort_groups(groups, sides)), tuple(invisible)


_NAMES = frozenset({"name", KEY})


class _EditGroupDraft(Struct):
    """A group under construction, with the fields of `EditGroup`."""

    action: Action
    old: tuple[int, ...] = ()
    new: tuple[int, ...] = ()
    container: ElementRef | None = None
    dependencies: tuple[int, ...] = ()
    texts: tuple[ComputedText, ...] = ()
    fields: list[str] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)

    def group(self) -> EditGroup:
        return EditGroup(
            action=self.action,
            old=self.old,
            new=self.new,
            container=self.container,
            fields=tuple(self.fields),
            dependencies=self.dependencies,
            texts=self.texts,
            edits=tuple(self.edits),
        )


class _Grouping:
    """Assigns edits to the changes between two trees."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        self._functions = functions_of(sides.old.tree)
        self._inserted: dict[int, _EditGroupDraft] = {}
        self._deleted: dict[int, _EditGroupDraft] = {}
        self._moved_elements: dict[int, _EditGroupDraft] = {}
        self._reordered: dict[int, _EditGroupDraft] = {}
        self._updated: dict[tuple[Action, int], _EditGroupDraft] = {}
        self.drafts: list[_EditGroupDraft] = []
        self._inserted |= self._draft_unmatched(sides.new)
        self._deleted |= self._draft_unmatched(sides.old)
        for run in moved_runs(sides):
            self._add_run(run, self._new_move_draft(run))
        for run in reordered_runs(sides):
            self._add_run(run, _EditGroupDraft(Action.REORDERED))
        self._add_wait_changes()
        for old, new in changed_loops(sides.matching):
            self._add(_EditGroupDraft(Action.CHANGED, (old,), (new,), fields=[LOOP_HEAD]))
        for old, new in dict.fromkeys(changed_raises(sides.matching)):
            self._add(_EditGroupDraft(Action.CHANGED, (old,), (new,), fields=[CAUGHT_RAISES]))
        for old, new, field_name in failures_by_field(sides.matching):
            self._add(_EditGroupDraft(Action.CHANGED, (old,), (new,), fields=[field_name]))
        for old, new in changed_exits(sides.matching):
            self._add(_EditGroupDraft(Action.CHANGED, (old,), (new,), fields=[UNCAUGHT_RAISE]))
        for old, new in changed_finally_blocks(sides.matching):
            self._add(_EditGroupDraft(Action.CHANGED, (old,), (new,), fields=[SWALLOWING_FINALLY]))
        branches = [*changed_values(sides.matching)]
        for old, new in branches:
            self._add(_EditGroupDraft(Action.CHANGED, (old,), (new,), fields=[CONDITION_VALUES]))
        for old, new, texts in changed_texts(sides.matching, {old for old, _ in branches}):
            self._add(_EditGroupDraft(Action.CHANGED, (old,), (new,), texts=texts, fields=[COMPUTED]))

    def assign(self, edit: Edit) -> bool:
        """Add an edit to the change that it belongs to. Return False for an edit that belongs to no change."""
        draft = self._draft_of(edit)
        if draft is not None:
            draft.edits.append(edit)
        return draft is not None

    def _draft_of(self, edit: Edit) -> _EditGroupDraft | None:
        match edit:
            case Insert():
                return self._inserted[edit.position.number]
            case Delete():
                return self._deleted[edit.old]
            case Move():
                return self._move_draft(edit.position.number)
            case Update():
                return self._update_draft(edit)

    def _move_draft(self, number: int) -> _EditGroupDraft | None:
        """Return the change that explains the new position of an element, such as a move or a wrap."""
        if number in self._moved_elements:
            return self._moved_elements[number]
        for side, side_number, drafts in self._both_sides(number):
            ancestors = side.unmatched_ancestors(side_number)
            if ancestors:
                return drafts[ancestors[0]]
        return None

    def _both_sides(self, number: int) -> Iterator[tuple[Side, int, dict[int, _EditGroupDraft]]]:
        yield self._sides.new, number, self._inserted
        yield self._sides.old, self._sides.old_of(number), self._deleted

    def _update_draft(self, update: Update) -> _EditGroupDraft | None:
        new = self._sides.new_of(update.old)
        element = self._sides.new.tree[new]
        if update.field in CLOCKS:
            return self._move_draft(new) or self._reordered.get(new) or self._await_draft(update, element)
        if update.field in COLLECTIONS:
            return None
        if update.field in _NAMES:
            return self._rename_draft(update, element)
        if update.old == ROOT and update.field == "class_name":
            return self._field_draft(Action.RENAMED, update, element)
        return self._field_draft(Action.CHANGED, update, element)

    def _await_draft(self, update: Update, element: TreeElement) -> _EditGroupDraft | None:
        """Return the change of an element in a group that is newly awaited, or no longer awaited."""
        before = self._sides.old.tree[update.old].fields
        if update.field != "resolves" or "starts" not in before or "starts" not in element.fields:
            return None
        if "resolves" in before and "resolves" in element.fields:
            return None
        return self._group_kind_draft(element) or self._field_draft(Action.CHANGED, update, element)

    def _group_kind_draft(self, element: TreeElement) -> _EditGroupDraft | None:
        """Return the change of the group around an element if the group became a race or is no longer one."""
        new, old = self._sides.new.tree, self._sides.old.tree
        group = next((outer for outer in new.ancestors(element.number) if outer.kind == "parallel"), None)
        partner = None if group is None else self._sides.matching.to_old[group.number]
        if group is None or partner is None:
            return None
        if (old[partner].text("kind") in RACES) == (group.text("kind") in RACES):
            return None
        return self._field_draft(Action.CHANGED, Update(partner, "kind", None), group)

    def _rename_draft(self, update: Update, element: TreeElement) -> _EditGroupDraft:
        """Return the renaming of an element. A call is renamed together with its function."""
        old = update.old
        if element.kind == CALL:
            old = self._functions.get(self._sides.old.tree[old].name, old)
            new = self._sides.matching.to_new[old]
            element = element if new is None else self._sides.new.tree[new]
        return self._field_draft(Action.RENAMED, Update(old, update.field, update.value), element)

    def _field_draft(self, action: Action, update: Update, element: TreeElement) -> _EditGroupDraft:
        key = (action, update.old)
        if key not in self._updated:
            self._updated[key] = self._add(_EditGroupDraft(action, (update.old,), (element.number,)))
        draft = self._updated[key]
        if update.field not in draft.fields:
            draft.fields.append(update.field)
        return draft

    def _add(self, draft: _EditGroupDraft) -> _EditGroupDraft:
        self.drafts.append(draft)
        return draft

    def _add_run(self, run: Run, draft: _EditGroupDraft) -> None:
        draft.new = run
        draft.old = tuple(self._sides.old_of(number) for number in run)
        self._moved_elements.update(dict.fromkeys(run, self._add(draft)))

    def _new_move_draft(self, run: Run) -> _EditGroupDraft:
        """Return a draft for a moved run: a concurrency change for a run that entered or left a group, else a move."""
        old, new = self._sides.old, self._sides.new
        old_host, new_host = old.hosts[self._sides.old_of(run[0])], new.hosts[run[0]]
        if new.tree[new_host].kind == "parallel" and self._sides.matching.to_old[new.hosts[new_host]] == old_host:
            return _EditGroupDraft(Action.CONCURRENT, container=new.reference(new_host))
        if old.tree[old_host].kind == "parallel" and self._sides.matching.to_new[old.hosts[old_host]] == new_host:
            return _EditGroupDraft(Action.SEQUENTIAL, container=old.reference(old_host))
        return _EditGroupDraft(Action.MOVED)

    def _draft_unmatched(self, side: Side) -> dict[int, _EditGroupDraft]:
        """Return the draft of the change of each unmatched element."""
        owners = owners_of(side, self._sides)
        drafts: dict[int, _EditGroupDraft] = {}
        for number, subjects in owners.subjects.items():
            draft = self._add(self._unmatched_draft(side, number, subjects, owners.wrapped.get(number, [])))
            drafts[number] = draft
        return {number: drafts[owner] for number, owner in owners.owner.items()}

    def _unmatched_draft(
        self, side: Side, number: int, subjects: tuple[int, ...], inside: list[int]
    ) -> _EditGroupDraft:
        is_new = side.version is TreeVersion.NEW
        container = side.reference(number) if inside else None
        if subjects:
            action = Action.ADDED if is_new else Action.REMOVED
            return _EditGroupDraft(action, () if is_new else subjects, subjects if is_new else (), container)
        if side.tree[number].kind == "parallel":
            action = Action.CONCURRENT if is_new else Action.SEQUENTIAL
        else:
            action = Action.WRAPPED if is_new else Action.UNWRAPPED
        partners = tuple(partner for inner in inside if (partner := side.partners[inner]) is not None)
        elements = tuple(inside)
        return _EditGroupDraft(action, partners if is_new else elements, elements if is_new else partners, container)

    def _add_wait_changes(self) -> None:
        """Add the elements whose dependencies changed, as one change for each group and action."""
        drafts: dict[tuple[int, Action], _EditGroupDraft] = {}
        members: dict[tuple[int, Action], list[int]] = {}
        dependencies: dict[tuple[int, Action], dict[int, None]] = {}
        for group, order in wait_changes(self._sides):
            if self._move_draft(order.number) is not None:
                continue
            action = _order_action(waits_for_more=bool(order.waits_for), waits_for_less=bool(order.no_longer))
            key = (group, action)
            if key not in drafts:
                drafts[key] = self._add(_EditGroupDraft(action, container=self._sides.new.reference(group)))
                dependencies[key] = {}
            draft = drafts[key]
            draft.fields = ["starts"]
            dependencies[key].update(dict.fromkeys([*order.waits_for, *order.no_longer]))
            self._reordered[order.number] = draft
            members.setdefault(key, []).append(order.number)
        for key, draft in drafts.items():
            draft.new = tuple(members[key])
            draft.old = tuple(self._sides.old_of(number) for number in draft.new)
            draft.dependencies = tuple(dependencies[key])


def _order_action(*, waits_for_more: bool, waits_for_less: bool) -> Action:
    if waits_for_more and waits_for_less:
        return Action.REORDERED
    return Action.SEQUENTIAL if waits_for_more else Action.CONCURRENT


def _merge_equal_groups(groups: Iterable[EditGroup], sides: Sides) -> Iterator[EditGroup]:
    """Yield the groups, merging equal changes of elements with the same name."""
    by_key: defaultdict[Hashable, list[EditGroup]] = defaultdict(list)
    for index, group in enumerate(groups):
        key = _merge_key(group, sides)
        by_key[index if key is None else key].append(group)
    yield from map(_merged_group, by_key.values())


_UNIQUE_FIELDS = frozenset({KEY, COMPUTED, *CLOCKS})


def _merge_key(group: EditGroup, sides: Sides) -> Hashable:
    """Return a key that is equal for equal changes, or None for a change that is never merged.

    Changes of functions, computed texts and clocks are never merged.
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


def _sort_groups(groups: Iterable[EditGroup], sides: Sides) -> list[EditGroup]:
    """Return the groups in the order of the report: new program order, with removals at their old positions."""
    anchors = _anchors(sides)
    return sorted(groups, key=lambda group: _rank(group, anchors))


Rank: TypeAlias = tuple[int, int, int, int]

_ACTIONS = tuple(Action)


def _rank(group: EditGroup, anchors: Sequence[int]) -> Rank:
    """Return the sort key of a change: at a new element, or after the new element that the removed elements follow."""
    action = _ACTIONS.index(group.action)
    container = group.container
    if group.action in {Action.WRAPPED, Action.CONCURRENT} and container is not None and not group.dependencies:
        return container.number, 0, 0, action
    if group.new:
        return group.new[0], 0, 0, action
    return anchors[group.old[0]], 1, group.old[0], action


def _anchors(sides: Sides) -> list[int]:
    """Return, for each old element, the new element that it follows: a sibling that keeps its host, or the parent."""
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
