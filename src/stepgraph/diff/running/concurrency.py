"""What it means for instances in flight that things run at the same time, or no longer do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stepgraph.diff.changes.clocks import RACES, beside_in
from stepgraph.diff.changes.group import Group
from stepgraph.diff.edits import Version
from stepgraph.diff.elements import Tree, is_work
from stepgraph.diff.running.counted_beside import begin_before_their_turn
from stepgraph.diff.running.counts import Names
from stepgraph.diff.running.effect import Meaning, breaking, late, shifted
from stepgraph.diff.running.instances import Instances


class Concurrency:
    """Tells what changes of when things run, and of what is waited for, mean."""

    def __init__(self, instances: Instances) -> None:
        self._instances = instances
        self._old, self._new = instances.old, instances.new
        self._old_pending, self._new_pending = _never_awaited(self._old), _never_awaited(self._new)

    def concurrent(self, group: Group) -> Iterator[Meaning]:
        """Yield what it means that elements run beside others from now on."""
        yield from self.awaited_otherwise(group)
        old_of = self._instances.frames.old_of
        for number in group.others:
            if (wait := self._instances.inside(old_of(number))) is not None:
                yield _runs_beside(wait)
        if self._is_in_new_group(group):
            yield from self._beside_waits(group)
            yield from self._counted_otherwise(self._new, self._instances.new_names, group.holder, group.new)

    def sequential(self, group: Group) -> Iterator[Meaning]:
        """Yield what it means that elements run after others from now on, which have their results."""
        yield from self.awaited_otherwise(group)
        if group.container is not None and group.container.version is Version.OLD:
            yield from self._counted_otherwise(self._old, self._instances.old_names, group.holder, group.old)

    def awaited_otherwise(self, group: Group) -> Iterator[Meaning]:
        """Yield what it means that waits in elements are no longer waited for, or are so from now on."""
        for new in self._concerned(group):
            old = self._instances.frames.pairs.to_old[new]
            wait = None if old is None else self._instances.inside(old)
            if old is None or wait is None:
                continue
            if new in self._new_pending and old not in self._old_pending:
                yield breaking(f"instances waiting at {wait} go on when they resume, though it may not be over")
            elif old in self._old_pending and new not in self._new_pending and self._is_passed(old):
                yield late(f"instances that went on without waiting for {wait} do so when they resume")

    def _concerned(self, group: Group) -> Iterator[int]:
        """Yield the new elements of which it may be told here whether they are waited for."""
        yield from group.new
        if self._is_in_new_group(group) and self._instances.frames.new.is_lone(group.holder):
            own = frozenset(group.new)
            yield from (number for number in self._new.within(group.holder) if number not in own)

    def _is_passed(self, old: int) -> bool:
        """Tell whether an instance that began an old element may be at a wait outside of it."""
        return self._instances.old_waits.later[old] is not None

    def _is_in_new_group(self, group: Group) -> bool:
        """Tell whether elements are in a group of the new version, and not just ordered otherwise in it."""
        return group.container is not None and group.container.version is Version.NEW and not group.others

    def _beside_waits(self, group: Group) -> Iterator[Meaning]:
        """Yield that what came after a wait runs while instances are waiting there, or further rounds do."""
        old_of, inside = self._instances.frames.old_of, self._instances.inside
        own = {inner for number in group.new for inner in self._new.within(number)}
        for number in self._known_work(self._new.within(group.holder)):
            if (wait := inside(old_of(number))) is None:
                continue
            beside = self._known_work(beside_in(self._new, group.holder, [number]))
            if any(old_of(other) > old_of(number) and (number in own or other in own) for other in beside):
                # All others would mean the same, and the first is what is told.
                yield _runs_beside(wait)
                return
        for old in group.old:
            if self._old[old].kind == "loop" and (wait := inside(old)) is not None:
                yield _runs_beside(wait)

    def _known_work(self, numbers: Iterable[int]) -> Iterator[int]:
        """Yield the steps and calls that there were among new elements."""
        return (number for number in numbers if number in self._instances.known and is_work(self._new[number]))

    def _counted_otherwise(self, tree: Tree, names: Names, group: int, own: tuple[int, ...]) -> Iterator[Meaning]:
        """Yield that steps of one name begin in another order when elements run beside each other."""
        for step, member in begin_before_their_turn(tree, names, group, frozenset(own)):
            waits = (self._wait_of(tree, number) for number in tree.within(member))
            wait = next((wait for wait in waits if wait is not None), None)
            if wait is not None:
                yield shifted(tree[step].name, wait)

    def _wait_of(self, tree: Tree, number: int) -> str | None:
        """Return a wait at which instances may be that have run an element of either version."""
        old = number if tree is self._old else self._instances.frames.pairs.to_old[number]
        return None if old is None else self._instances.at_or_after(old)


def _runs_beside(wait: str) -> Meaning:
    return late(f"what is beside {wait} runs when instances waiting there resume")


def _never_awaited(tree: Tree) -> frozenset[int]:
    """Return what is started and not waited for, at least not in all runs."""
    kinds = [""] * len(tree)
    found: set[int] = set()
    for element in tree.elements[1:]:
        around = tree[element.parent]
        kinds[element.number] = around.text("kind") if around.kind == "parallel" else kinds[element.parent]
        is_pending = "starts" in element.fields and "resolves" not in element.fields
        if is_pending and kinds[element.number] not in RACES:
            found.add(element.number)
    return frozenset(found)
