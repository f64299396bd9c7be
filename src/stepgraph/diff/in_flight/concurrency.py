"""The impact of changed concurrency, changed order and changed awaits on instances in flight."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import takewhile

from stepgraph.diff.changes import EditGroup
from stepgraph.diff.clocks import RACES, concurrent_in
from stepgraph.diff.in_flight.effects import Impact, breaking, count_shift, out_of_order
from stepgraph.diff.in_flight.instances import InFlightInstances, StepCounts, steps_out_of_count_order
from stepgraph.diff.script import TreeVersion
from stepgraph.diff.sides import Sides
from stepgraph.diff.step_types import WAITS
from stepgraph.diff.tree import Tree, TreeElement, is_work


class ConcurrencyImpact:
    """Computes the impact of changed concurrency and changed awaits."""

    def __init__(self, instances: InFlightInstances) -> None:
        self._instances = instances
        self._old, self._new = instances.old, instances.new
        self._old_pending, self._new_pending = _never_awaited(self._old), _never_awaited(self._new)

    def concurrent(self, group: EditGroup) -> Iterator[Impact]:
        """Yield the impact of elements that become concurrent."""
        yield from self.awaited_differently(group)
        old_of = self._instances.sides.old_of
        for number in group.dependencies:
            if (wait := self._instances.inside(old_of(number))) is not None:
                yield _runs_during_wait(wait)
        if self._is_in_new_group(group):
            yield from self._concurrent_with_waits(group)
            yield from self._counted_differently(
                self._new, self._instances.new_counts, group.container_number, group.new
            )

    def sequential(self, group: EditGroup) -> Iterator[Impact]:
        """Yield the impact of elements that become sequential."""
        yield from self.awaited_differently(group)
        if group.container is not None and group.container.version is TreeVersion.OLD:
            yield from self._no_longer_concurrent(group)
            yield from self._counted_differently(
                self._old, self._instances.old_counts, group.container_number, group.old
            )

    def _no_longer_concurrent(self, group: EditGroup) -> Iterator[Impact]:
        """Yield the impact of steps that now precede others, which instances in a wait of the group have begun."""
        preceding = 0
        for old in group.old:
            wait, steps = self._instances.inside(old), self._instances.old_counts.steps_run_by(old)
            if wait is not None and preceding > 1:
                yield out_of_order(f"steps concurrent with {wait}, which now precede it, run when instances resume")
            if wait is not None and old != group.old[-1] and any(self._old[step].kind in WAITS for step in steps[:-1]):
                yield out_of_order(f"steps that follow {wait} run when instances waiting there resume")
            # The first step of each member has begun before the wait.
            preceding = max(preceding, len(steps))

    def awaited_differently(self, group: EditGroup) -> Iterator[Impact]:
        """Yield the impact of waits that are newly awaited, or no longer awaited."""
        for new in self._affected(group):
            old = self._instances.sides.matching.to_old[new]
            wait = None if old is None else self._instances.inside(old)
            if old is None or wait is None:
                continue
            if new in self._new_pending and old not in self._old_pending:
                yield breaking(f"instances waiting at {wait} no longer wait for it when they resume")
            elif old in self._old_pending and new not in self._new_pending and self._has_later_wait(old):
                yield out_of_order(f"instances that continued without waiting for {wait} wait for it when they resume")

    def _affected(self, group: EditGroup) -> Iterator[int]:
        """Yield the new elements of a change whose awaits may differ."""
        yield from group.new
        if self._is_in_new_group(group) and self._instances.sides.new.is_unmatched(group.container_number):
            moved = frozenset(group.new)
            yield from (number for number in self._new.visit_subtree(group.container_number) if number not in moved)

    def _has_later_wait(self, old: int) -> bool:
        """Return whether an instance that started an old element may be in a wait outside the element."""
        return self._instances.old_waits.later[old] is not None

    def _is_in_new_group(self, group: EditGroup) -> bool:
        """Return whether the change put elements into a group, rather than reordering a group."""
        return group.container is not None and group.container.version is TreeVersion.NEW and not group.dependencies

    def _concurrent_with_waits(self, group: EditGroup) -> Iterator[Impact]:
        """Yield the impact of elements that now run during a wait that they followed in the old version."""
        old_of, inside = self._instances.sides.old_of, self._instances.inside
        moved = {inner for number in group.new for inner in self._new.visit_subtree(number)}
        for number in self._preexisting_work(self._new.visit_subtree(group.container_number)):
            if (wait := inside(old_of(number))) is None:
                continue
            concurrent = self._preexisting_work(concurrent_in(self._new, group.container_number, [number]))
            if any(old_of(member) > old_of(number) and (number in moved or member in moved) for member in concurrent):
                # Further pairs have the same impact.
                yield _runs_during_wait(wait)
                return
        for old in group.old:
            if self._old[old].kind == "loop" and (wait := inside(old)) is not None:
                yield _runs_during_wait(wait)

    def _preexisting_work(self, numbers: Iterable[int]) -> Iterator[int]:
        """Yield the steps and calls among new elements that are matched with old ones."""
        return (number for number in numbers if number in self._instances.preexisting and is_work(self._new[number]))

    def _counted_differently(
        self, tree: Tree, counts: StepCounts, group: int, moved: tuple[int, ...]
    ) -> Iterator[Impact]:
        """Yield the impact of steps with equal keys that start in a different order."""
        for step, member in steps_out_of_count_order(tree, counts, group, frozenset(moved)):
            waits = (self._wait_of(tree, number) for number in tree.visit_subtree(member))
            wait = next((wait for wait in waits if wait is not None), None)
            if wait is not None:
                yield count_shift(counts.names.quoted(step), wait)

    def _wait_of(self, tree: Tree, number: int) -> str | None:
        """Return a wait that instances may be in after they have started an element of either tree."""
        old = number if tree is self._old else self._instances.sides.matching.to_old[number]
        return None if old is None else self._instances.at_or_after(old)


def _runs_during_wait(wait: str) -> Impact:
    return out_of_order(f"steps concurrent with {wait} run when instances waiting there resume")


def _never_awaited(tree: Tree) -> frozenset[int]:
    """Return the elements that are started but not awaited on every path."""
    kinds = [""] * len(tree)
    pending: set[int] = set()
    for element in tree.elements[1:]:
        parent = tree[element.parent]
        kinds[element.number] = parent.text("kind") if parent.kind == "parallel" else kinds[element.parent]
        is_pending = "starts" in element.fields and "resolves" not in element.fields
        if is_pending and kinds[element.number] not in RACES:
            pending.add(element.number)
    return frozenset(pending)


def keeps_execution_order(sides: Sides, old: int, new: int) -> bool:
    """Return whether a moved element only crosses boundaries of `try` statements, and overtakes no work."""
    to_new = sides.matching.to_new
    new_above = {element.number for element in sides.new.tree.ancestors(new)}
    common = next(element.number for element in sides.old.tree.ancestors(old) if to_new[element.number] in new_above)
    boundaries = [*_between(sides.old.tree, old, common), *_between(sides.new.tree, new, sides.new_of(common))]
    if sides.old.tree[common].kind == "parallel" or not all(map(_is_try_boundary, boundaries)):
        return False
    return next(overtaken(sides, old, new, sides.new_of(common)), None) is None


def passes_only_concurrent_members(sides: Sides, old: int, new: int) -> bool:
    """Return whether a moved member of a group overtakes only members that ran concurrently with it."""
    group = sides.old.tree[old].parent
    if sides.old.tree[group].kind != "parallel":
        return False
    concurrent = set(concurrent_in(sides.old.tree, group, [old]))
    return all(number in concurrent for number in overtaken(sides, old, new, sides.new.tree[new].parent))


def overtaken(sides: Sides, old: int, new: int, container: int) -> Iterator[int]:
    """Yield the old numbers of work in `container` that is now on the other side of the element."""
    moved = sides.new.tree.subtree(new)
    for sibling in sides.new.tree.visit_subtree(container):
        before = sides.matching.to_old[sibling]
        if sibling in moved or before is None or not is_work(sides.new.tree[sibling]):
            continue
        if (sibling < new) != (before < old):
            yield before


def _between(tree: Tree, number: int, outer: int) -> Iterator[TreeElement]:
    """Yield the ancestors of an element below `outer`."""
    return takewhile(lambda element: element.number != outer, tree.ancestors(number))


def _is_try_boundary(element: TreeElement) -> bool:
    return element.kind == "try" or (element.kind == "block" and element.slot != "catch_block")
