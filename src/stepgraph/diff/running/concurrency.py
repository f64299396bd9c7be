"""What it means for instances in flight that things run at the same time, or no longer do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stepgraph.diff.changes.clocks import beside_in
from stepgraph.diff.changes.group import Group
from stepgraph.diff.edits import Version
from stepgraph.diff.elements import CALL, STEPS, Tree
from stepgraph.diff.running.counts import Names, engine_key
from stepgraph.diff.running.effect import Meaning, breaking, late, shifted
from stepgraph.diff.running.instances import Instances

# Where a member that is not waited for by itself may be over when the group is left.
_AWAITED_TOGETHER = frozenset({"race", "any"})


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
        if group.others:
            return
        for own, other in self._pairs_beside(group):
            yield from self._beside(old_of(own), old_of(other))
            yield from self._counted_otherwise(self._new, self._instances.new_names, own, other)
        yield from (_runs_beside(wait) for number in group.old if (wait := self._rounds_beside(number)) is not None)

    def sequential(self, group: Group) -> Iterator[Meaning]:
        """Yield what it means that elements run after others from now on, which have their results."""
        yield from self.awaited_otherwise(group)
        if group.container is None or group.container.version is not Version.OLD:
            return
        for own in group.old:
            for other in beside_in(self._old, group.holder, [own]):
                yield from self._counted_otherwise(self._old, self._instances.old_names, own, other)

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
        if self._is_new_group(group) and self._instances.frames.new.is_lone(group.holder):
            yield from (number for number in self._new.within(group.holder) if number not in group.new)

    def _is_passed(self, old: int) -> bool:
        """Tell whether an instance that began an old element may be at a wait outside of it."""
        return self._instances.old_waits.later[old] is not None

    def _pairs_beside(self, group: Group) -> Iterator[tuple[int, int]]:
        """Yield each of the elements with each step or call that was there, and runs beside it from now on."""
        if not self._is_new_group(group):
            return
        for own in group.new:
            for other in beside_in(self._new, group.holder, [own]):
                element = self._new[other]
                if other in self._instances.known and (element.kind in STEPS or element.kind == CALL):
                    yield own, other

    def _is_new_group(self, group: Group) -> bool:
        return group.container is not None and group.container.version is Version.NEW

    def _beside(self, old: int, other: int) -> Iterator[Meaning]:
        """Yield that what came after a wait runs while instances are waiting there."""
        first, second = sorted((old, other))
        wait = self._instances.inside(first)
        if wait is not None and self._instances.old_names.run_in(second):
            yield _runs_beside(wait)

    def _rounds_beside(self, old: int) -> str | None:
        """Return the wait at which one round of a loop is when others begin."""
        return self._instances.inside(old) if self._old[old].kind == "loop" else None

    def _counted_otherwise(self, tree: Tree, names: Names, own: int, other: int) -> Iterator[Meaning]:
        """Yield that steps of one name begin in another order when elements run beside each other."""
        first, second = sorted((own, other))
        turns = _turns(tree, names, second)
        for place, step in enumerate(names.run_in(first)):
            turn = turns.get(engine_key(tree[step]))
            wait = self._wait_of(tree, own, other)
            if turn is not None and turn < place and wait is not None:
                yield shifted(tree[step].name, wait)

    def _wait_of(self, tree: Tree, *numbers: int) -> str | None:
        """Return a wait at which instances may be that have run some elements of either version."""
        to_old = self._instances.frames.pairs.to_old
        olds = [number if tree is self._old else to_old[number] for number in numbers]
        waits = (self._instances.at_or_after(old) for old in olds if old is not None)
        return next((wait for wait in waits if wait is not None), None)


def _runs_beside(wait: str) -> Meaning:
    return late(f"what is beside {wait} runs when instances waiting there resume")


def _turns(tree: Tree, names: Names, number: int) -> Mapping[object, int]:
    """Return for what the engine finds results by how many steps of an element run before the first with that."""
    turns: dict[object, int] = {}
    for place, step in enumerate(names.run_in(number)):
        turns.setdefault(engine_key(tree[step]), place)
    return turns


def _never_awaited(tree: Tree) -> frozenset[int]:
    """Return what is started and not waited for, at least not in all runs."""
    kinds = [""] * len(tree)
    found: set[int] = set()
    for element in tree.elements[1:]:
        around = tree[element.parent]
        kinds[element.number] = around.text("kind") if around.kind == "parallel" else kinds[element.parent]
        is_pending = "starts" in element.fields and "resolves" not in element.fields
        if is_pending and kinds[element.number] not in _AWAITED_TOGETHER:
            found.add(element.number)
    return frozenset(found)
