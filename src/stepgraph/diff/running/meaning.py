"""What changes mean for instances in flight.

To resume an instance, the engine runs the code again. A step whose name and count (`charge-1`) it knows is not run: it
gives the result that it gave before. An instance is taken to be in flight where it waits: in a sleep, or for an event.
So what matters of a change is which waits come after it. Retries wait too, but minutes, not days; they are not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from stepgraph.diff.changes.clocks import RACES
from stepgraph.diff.changes.frames import Frames, Side
from stepgraph.diff.changes.group import Action, Group
from stepgraph.diff.elements import BRANCH, FUNCTION, ROOT, STEPS, WAITS, Element
from stepgraph.diff.running.concurrency import Concurrency
from stepgraph.diff.running.effect import SAFE, Meaning, breaking, late, shifted, worst
from stepgraph.diff.running.handlers import Handlers
from stepgraph.diff.running.instances import Instances
from stepgraph.diff.running.turns import keeps_its_turn, passes_only_its_group
from stepgraph.diff.running.waits import is_repeated
from stepgraph.phrases.durations import is_same_duration

_TRANSPARENT: Final = frozenset({"try", "block", "parallel", FUNCTION})
_CHOICES: Final = frozenset({"if", "switch", BRANCH})


class Meanings:
    """Tells what the changes between two workflows mean."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._old, self._new = frames.old.tree, frames.new.tree
        self._instances = Instances(frames)
        self._handlers, self._concurrency = Handlers(self._instances), Concurrency(self._instances)
        self._tellers: Mapping[Action, Callable[[Group], Iterator[Meaning]]] = {
            Action.ADDED: self._added,
            Action.REMOVED: self._removed,
            Action.RENAMED: self._renamed,
            Action.MOVED: self._moved,
            Action.REORDERED: self._reordered,
            Action.WRAPPED: self._wrapped,
            Action.FREED: self._freed,
            Action.CONCURRENT: self._concurrency.concurrent,
            Action.SEQUENTIAL: self._concurrency.sequential,
            Action.CHANGED: self._changed,
        }

    def of(self, group: Group) -> Meaning:
        """Return what a change means."""
        return worst(self._tellers[group.action](group))

    # What came and went

    def _added(self, group: Group) -> Iterator[Meaning]:
        for number in group.new:
            yield from self._handlers.added(number)
            wait = self._instances.wait_in_both(number)
            if wait is None or self._new[number].kind == FUNCTION or self._handlers.is_for_failures(number):
                continue
            if self._decides(number):
                yield breaking(f"instances waiting at {wait} may take another way when they resume")
            if self._leaves(self._frames.new, number, "break", "return"):
                yield _leaving(wait)
            yield from self._added_steps(number, wait)

    def _added_steps(self, number: int, wait: str) -> Iterator[Meaning]:
        for step in self._instances.new_names.run_in(number):
            others = self._instances.new_names.counted_after(number, step, self._instances.known)
            if any(self._instances.wait_in_both(other) is not None for other in others):
                yield shifted(self._new[step].name, wait)
            else:
                yield late(f"runs when instances waiting at {wait} resume")

    def _removed(self, group: Group) -> Iterator[Meaning]:
        for number in group.old:
            if self._old[number].kind == FUNCTION:
                continue
            later = self._instances.later(number)
            for step in self._instances.old_names.run_in(number):
                if self._old[step].kind in WAITS:
                    yield breaking(f"instances may be waiting at '{self._old[step].name}'")
                elif later is not None and self._is_counted_after(number, step):
                    yield shifted(self._old[step].name, later)
                elif later is not None:
                    yield breaking(f"instances waiting at {later} have its result")
            if later is not None and self._leaves(self._frames.old, number, "break"):
                yield late(f"further rounds may run when instances waiting at {later} resume")

    def _is_counted_after(self, number: int, step: int) -> bool:
        """Tell whether a step of the name of an old one, which stays, may run after an old element."""
        return any(True for _ in self._instances.old_names.counted_after(number, step, self._instances.kept))

    def _renamed(self, group: Group) -> Iterator[Meaning]:
        for old in group.old:
            kind, wait = self._old[old].kind, self._instances.at_or_after(old)
            if kind in WAITS:
                yield breaking("instances waiting at it begin to wait anew")
            elif kind in STEPS and wait is not None:
                yield breaking(f"instances waiting at {wait} run it again under the new name")

    # What is elsewhere

    def _moved(self, group: Group) -> Iterator[Meaning]:
        for old, new in zip(group.old, group.new, strict=True):
            if not keeps_its_turn(self._frames, old, new):
                yield from self._displaced(group)
                return
            yield from self._handlers.moved(old, new)

    def _reordered(self, group: Group) -> Iterator[Meaning]:
        if not group.others and (self._is_in_group(group.new[0]) or self._were_unordered(group)):
            # They begin together, in whatever order they are written, or did so.
            return
        yield from self._displaced(group)

    def _were_unordered(self, group: Group) -> bool:
        pairs = zip(group.old, group.new, strict=True)
        return all(passes_only_its_group(self._frames, old, new) for old, new in pairs)

    def _displaced(self, group: Group) -> Iterator[Meaning]:
        yield from self._concurrency.awaited_otherwise(group)
        for old, new in zip(group.old, group.new, strict=True):
            wait = self._instances.at_or_after(old)
            if wait is not None and self._old[old].kind == BRANCH:
                yield breaking(f"instances waiting at {wait} may take another way when they resume")
            elif wait is not None and self._steers(old):
                yield breaking(f"instances waiting at {wait} ran it in another order")
            elif (later := self._instances.wait_in_both(new)) is not None and self._steers(old):
                yield late(f"runs when instances waiting at {later} resume")

    # What is held otherwise

    def _wrapped(self, group: Group) -> Iterator[Meaning]:
        kind = self._new[group.holder].kind
        wait = self._instances.first_wait(group)
        yield from self._handlers.wrapped(group)
        if kind in _TRANSPARENT or wait is None:
            return
        if kind == "loop":
            # Those who wait in the loop are in its first round, and have the others before them.
            later = self._instances.later(max(group.old))
            yield from () if later is None else self._repeated(group, later)
        elif kind in _CHOICES:
            yield breaking(f"instances waiting at {wait} have run it, and may skip it when they resume")
        else:
            yield breaking(f"instances waiting at {wait} have run it by itself")

    def _repeated(self, group: Group, wait: str) -> Iterator[Meaning]:
        """Yield what further rounds mean: they come before later steps of the same names."""
        loop = group.holder
        own: set[int] = set() if is_repeated(self._new, loop) else set(self._new.within(loop))
        for step in self._instances.new_names.run_in(loop):
            others = self._instances.new_names.counted_after(loop, step, self._instances.known - own)
            if any(self._instances.wait_in_both(other) is not None for other in others):
                yield shifted(self._new[step].name, wait)
        yield late(f"further rounds run when instances waiting at {wait} resume")

    def _freed(self, group: Group) -> Iterator[Meaning]:
        kind = self._old[group.holder].kind
        # What was part of a step has nothing after it, but the step has.
        wait = self._instances.first_wait(group) or self._instances.at_or_after(group.holder)
        yield from self._handlers.freed(group)
        if kind in _TRANSPARENT or wait is None:
            return
        if kind == "loop":
            yield breaking(f"instances waiting at {wait} have results of further rounds")
        elif kind in _CHOICES:
            yield from self._no_longer_chosen(group)
        else:
            yield breaking(f"instances waiting at {wait} have run it as part of another")

    def _no_longer_chosen(self, group: Group) -> Iterator[Meaning]:
        """Yield that something runs where it was skipped: at waits after the choice, or in other branches of it."""
        choice = self._old[group.holder].parent if self._old[group.holder].kind == BRANCH else group.holder
        own = set(group.old)
        held = {branch for branch in self._old[choice].children if not own.isdisjoint(self._old.within(branch))}
        others = [branch for branch in self._old[choice].children if held != {branch}]
        waits = (self._instances.later(choice), *(self._instances.inside(branch) for branch in others))
        if (skipped := next((wait for wait in waits if wait is not None), None)) is not None:
            yield late(f"runs when instances waiting at {skipped} resume, also where it was skipped")

    # What is said otherwise

    def _changed(self, group: Group) -> Iterator[Meaning]:
        for old, new in zip(group.old, group.new, strict=True):
            for field in group.fields:
                yield self._field(old, new, field)
                yield from self._kind(old, new) if field == "kind" else ()
        if "resolves" in group.fields:
            yield from self._concurrency.awaited_otherwise(group)

    def _kind(self, old: int, new: int) -> Iterator[Meaning]:
        """Yield what it means that a way out, or a group, is of another kind."""
        if self._old[old].kind == "parallel":
            yield from self._group_kind(old, self._old[old].text("kind"), self._new[new].text("kind"))
        elif self._new[new].text("kind") == "return":
            loop = next((outer.number for outer in self._old.above(old) if outer.kind == "loop"), ROOT)
            later = self._instances.later(loop)
            yield SAFE if later is None else _leaving(later)

    def _group_kind(self, old: int, before: str, now: str) -> Iterator[Meaning]:
        inside, later = self._instances.inside(old), self._instances.later(old)
        if before == "all_settled":
            yield from self._handlers.raised(old)
        elif before == "all" and now == "all_settled":
            yield from self._handlers.kept(old)
        if inside is not None or (later is not None and before in RACES):
            wait = later if inside is None else inside
            yield late(f"instances waiting at {wait} may go on earlier or later when they resume")

    def _field(self, old: int, new: int, field: str) -> Meaning:
        kind = self._old[old].kind
        if field in {"condition", "discriminant"}:
            wait = self._instances.at_or_after(old if kind == "switch" else self._old[old].parent)
            told = "" if wait is None else f"instances waiting at {wait}"
            return breaking(f"{told} may take another way when they resume") if told else SAFE
        if field in {"duration", "timestamp"} and kind in WAITS:
            if is_same_duration(self._old[old].fields.get(field), self._new[new].fields.get(field)):
                return SAFE
            return late("instances at or after it may sleep again when they resume")
        if field == "options" and _event_type(self._old[old].fields) != _event_type(self._new[new].fields):
            return breaking("instances may be waiting for the event of the old type")
        return SAFE

    # What all of them ask

    def _steers(self, old: int) -> bool:
        """Tell whether something runs in an old element, or is left or decided by it."""
        return self._old[old].kind in {"break", BRANCH} or bool(self._instances.old_names.run_in(old))

    def _decides(self, number: int) -> bool:
        """Tell whether a new branch is asked before others of its `if` or `switch` that there were."""
        following = self._new.after(number)
        while following is not None and following not in self._instances.known:
            following = self._new.after(following)
        return self._new[number].kind == BRANCH and following is not None

    def _leaves(self, side: Side, number: int, *kinds: str) -> bool:
        """Tell whether a way out came or went with an element, other than out of a loop that did so too."""
        exits = (side.tree[inner] for inner in side.tree.within(number) if side.is_lone(inner))
        return any(
            element.kind == "break" and element.text("kind") in kinds and _goes_beyond(side, element, number)
            for element in exits
        )

    def _is_in_group(self, number: int) -> bool:
        return number != ROOT and self._new[self._new[number].parent].kind == "parallel"


def _leaving(wait: str) -> Meaning:
    return breaking(f"instances waiting at {wait} may leave before it when they resume")


def _goes_beyond(side: Side, way_out: Element, number: int) -> bool:
    """Tell whether a way out leads out of the element with this number, and not just out of a loop that is as new."""
    loop = next((element.number for element in side.tree.above(way_out.number) if element.kind == "loop"), None)
    return way_out.text("kind") == "return" or loop is None or (loop < number and not side.is_lone(loop))


def _event_type(fields: Mapping[str, object]) -> object:
    options = fields.get("options")
    return options.get("event_type") if isinstance(options, dict) else None
