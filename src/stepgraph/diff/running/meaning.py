"""What changes mean for instances in flight.

To resume an instance, the engine runs the code again. A step whose name and count (`charge-1`) it knows is not run: it
gives the result that it gave before. An instance is taken to be in flight where it waits: in a sleep, or for an event.
So what matters of a change is which waits come after it. Retries wait too, but minutes, not days; they are not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from stepgraph.diff.changes.clocks import beside_in
from stepgraph.diff.changes.frames import Frames, Side
from stepgraph.diff.changes.group import Action, Group
from stepgraph.diff.elements import BRANCH, FUNCTION, ROOT, STEPS, WAITS, Element
from stepgraph.diff.running.counts import Names
from stepgraph.diff.running.effect import SAFE, Meaning, breaking, late, worst
from stepgraph.diff.running.waits import is_repeated, waits_of

_TRANSPARENT: Final = frozenset({"try", "block", "parallel", FUNCTION})
_CHOICES: Final = frozenset({"if", "switch", BRANCH})


class Meanings:
    """Tells what the changes between two workflows mean."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._old, self._new = frames.old.tree, frames.new.tree
        self._old_names, self._new_names = Names(self._old), Names(self._new)
        self._known = {number for number, old in enumerate(frames.pairs.to_old) if old is not None}
        self._kept = {number for number, new in enumerate(frames.pairs.to_new) if new is not None}
        self._old_waits = waits_of(self._old)
        # An instance can wait only where there was a wait before.
        self._waits_in_both = waits_of(self._new, self._known)
        self._tellers: Mapping[Action, Callable[[Group], Iterator[Meaning]]] = {
            Action.ADDED: self._added,
            Action.REMOVED: self._removed,
            Action.RENAMED: self._renamed,
            Action.MOVED: self._moved,
            Action.REORDERED: self._reordered,
            Action.WRAPPED: self._wrapped,
            Action.FREED: self._freed,
            Action.CONCURRENT: self._concurrent,
            Action.SEQUENTIAL: self._sequential,
            Action.CHANGED: self._changed,
        }

    def of(self, group: Group) -> Meaning:
        """Return what a change means."""
        return worst(self._tellers[group.action](group))

    # What came and went

    def _added(self, group: Group) -> Iterator[Meaning]:
        for number in group.new:
            wait = self._wait_in_both(number)
            if wait is None or self._new[number].kind == FUNCTION or self._is_for_failures(number):
                continue
            if self._decides(number):
                yield breaking(f"instances waiting at {wait} may take another way when they resume")
            if self._leaves(self._frames.new, number, "break", "return"):
                yield breaking(f"instances waiting at {wait} may leave before it when they resume")
            yield from self._added_steps(number, wait)

    def _added_steps(self, number: int, wait: str) -> Iterator[Meaning]:
        for step in self._new_names.run_in(number):
            shifted = [
                other
                for other in self._new_names.counted_after(number, step, self._known)
                if self._wait_in_both(other) is not None
            ]
            if shifted:
                yield _shifted(self._new[step].name, wait)
            elif step not in self._known or number != step:
                yield late(f"runs when instances waiting at {wait} resume")

    def _removed(self, group: Group) -> Iterator[Meaning]:
        for number in group.old:
            if self._old[number].kind == FUNCTION:
                continue
            later = self._old_waits.later[number]
            for step in self._old_names.run_in(number):
                if self._old[step].kind in WAITS:
                    yield breaking(f"instances may be waiting at '{self._old[step].name}'")
                elif later is not None and self._old_names.counted_after(number, step, self._kept):
                    yield _shifted(self._old[step].name, self._old_name(later))
                elif later is not None:
                    yield breaking(f"instances waiting at {self._old_name(later)} have its result")
            if later is not None and self._leaves(self._frames.old, number, "break"):
                yield late(f"further rounds may run when instances waiting at {self._old_name(later)} resume")

    def _renamed(self, group: Group) -> Iterator[Meaning]:
        (old,) = group.old
        element = self._old[old]
        if element.kind in WAITS:
            yield breaking("instances waiting at it begin to wait anew")
        elif element.kind in STEPS and (wait := self._old_waits.at_or_after(old)) is not None:
            yield breaking(f"instances waiting at {self._old_name(wait)} run it again under the new name")

    # What is elsewhere

    def _moved(self, group: Group) -> Iterator[Meaning]:
        yield from self._displaced(group)

    def _reordered(self, group: Group) -> Iterator[Meaning]:
        if not group.others and self._is_in_group(group.new[0]):
            # They begin together, in whatever order they are written.
            return
        yield from self._displaced(group)

    def _displaced(self, group: Group) -> Iterator[Meaning]:
        for old, new in zip(group.old, group.new, strict=True):
            wait = self._old_waits.at_or_after(old)
            if wait is not None and self._old[old].kind == BRANCH:
                yield breaking(f"instances waiting at {self._old_name(wait)} may take another way when they resume")
            elif wait is not None and self._steers(old):
                yield breaking(f"instances waiting at {self._old_name(wait)} ran it in another order")
            elif (later := self._wait_in_both(new)) is not None and self._steers(old):
                yield late(f"runs when instances waiting at {later} resume")

    def _concurrent(self, group: Group) -> Iterator[Meaning]:
        for number in self._beside(group):
            if (wait := self._old_waits.inside[number]) is not None:
                yield late(f"what is beside {self._old_name(wait)} runs when instances waiting there resume")

    def _beside(self, group: Group) -> Iterator[int]:
        """Yield the old elements that run, or may now run, at the same time as those made concurrent."""
        yield from group.old
        if group.others:
            yield from (self._frames.old_of(number) for number in group.others)
        elif group.holder in self._known:
            beside = beside_in(self._new, group.holder, group.new)
            yield from (self._frames.old_of(number) for number in beside if number in self._known)

    def _sequential(self, _: Group) -> Iterator[Meaning]:
        """Yield nothing: what ran concurrently has its result, and what follows finds it."""
        yield SAFE

    # What is held otherwise

    def _wrapped(self, group: Group) -> Iterator[Meaning]:
        kind = self._new[group.holder].kind
        wait = self._first_wait(group)
        if kind in _TRANSPARENT or wait is None:
            return
        if kind == "loop":
            # Those who wait in the loop are in its first round, and have the others before them.
            later = self._old_waits.later[max(group.old)]
            yield from () if later is None else self._repeated(group, self._old_name(later))
        elif kind in _CHOICES:
            yield breaking(f"instances waiting at {wait} have run it, and may skip it when they resume")
        else:
            yield breaking(f"instances waiting at {wait} have run it by itself")

    def _repeated(self, group: Group, wait: str) -> Iterator[Meaning]:
        """Yield what further rounds mean: they come before later steps of the same names."""
        loop = group.holder
        own: set[int] = set() if is_repeated(self._new, loop) else set(self._new.within(loop))
        for step in self._new_names.run_in(loop):
            others = self._new_names.counted_after(loop, step, self._known - own)
            if any(self._wait_in_both(other) is not None for other in others):
                yield _shifted(self._new[step].name, wait)
        yield late(f"further rounds run when instances waiting at {wait} resume")

    def _freed(self, group: Group) -> Iterator[Meaning]:
        kind = self._old[group.holder].kind
        wait = self._first_wait(group)
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
        held = {branch for branch in self._old[choice].children if set(self._old.within(branch)) & set(group.old)}
        others = [branch for branch in self._old[choice].children if held != {branch}]
        waits = (self._old_waits.later[choice], *(self._old_waits.inside[branch] for branch in others))
        if (skipped := next((wait for wait in waits if wait is not None), None)) is not None:
            yield late(f"runs when instances waiting at {self._old_name(skipped)} resume, also where it was skipped")

    # What is said otherwise

    def _changed(self, group: Group) -> Iterator[Meaning]:
        (old,), (new,) = group.old, group.new
        for field in group.fields:
            yield self._field(old, new, field)

    def _field(self, old: int, new: int, field: str) -> Meaning:
        kind = self._old[old].kind
        if field in {"condition", "discriminant"}:
            wait = self._old_waits.at_or_after(old if kind == "switch" else self._old[old].parent)
            told = "" if wait is None else f"instances waiting at {self._old_name(wait)}"
            return breaking(f"{told} may take another way when they resume") if told else SAFE
        if field in {"duration", "timestamp"} and kind in WAITS:
            return late("instances at or after it may sleep again when they resume")
        if field == "options" and _event_type(self._old[old].fields) != _event_type(self._new[new].fields):
            return breaking("instances may be waiting for the event of the old type")
        if field in {"kind", "resolves"}:
            return self._awaited_otherwise(old, new, field)
        return SAFE

    def _awaited_otherwise(self, old: int, new: int, field: str) -> Meaning:
        """Return what it means that what runs in an element is waited for in another way, or no longer."""
        inside = self._old_waits.inside[old]
        if field == "kind" and (wait := self._old_waits.at_or_after(old)) is not None:
            return late(f"instances waiting at {self._old_name(wait)} may go on earlier or later when they resume")
        if field == "resolves" and inside is not None and field not in self._new[new].fields:
            return late(f"what comes after {self._old_name(inside)} may run when instances waiting there resume")
        return SAFE

    # What all of them ask

    def _wait_in_both(self, number: int) -> str | None:
        """Return the wait at or after a new element at which instances may be waiting: one that is not new itself."""
        wait = self._waits_in_both.later[number]
        wait = self._waits_in_both.inside[number] if wait is None else wait
        return None if wait is None else self._old_name(self._frames.old_of(wait))

    def _first_wait(self, group: Group) -> str | None:
        """Return the first wait at which instances may be that have run what is in both versions."""
        waits = (self._old_waits.at_or_after(number) for number in group.old)
        return next((self._old_name(wait) for wait in waits if wait is not None), None)

    def _old_name(self, wait: int) -> str:
        return f"'{self._old[wait].name}'"

    def _steers(self, old: int) -> bool:
        """Tell whether something runs in an old element, or is left or decided by it."""
        return self._old[old].kind in {"break", BRANCH} or bool(self._old_names.run_in(old))

    def _decides(self, number: int) -> bool:
        """Tell whether a new branch is asked before others of its `if` or `switch` that there were."""
        following = self._new.after(number)
        while following is not None and following not in self._known:
            following = self._new.after(following)
        return self._new[number].kind == BRANCH and following is not None

    def _leaves(self, side: Side, number: int, *kinds: str) -> bool:
        """Tell whether a way out came or went with an element, other than out of a loop that did so too."""
        exits = (side.tree[inner] for inner in side.tree.within(number) if side.is_lone(inner))
        return any(
            element.kind == "break" and element.text("kind") in kinds and _goes_beyond(side, element, number)
            for element in exits
        )

    def _is_for_failures(self, number: int) -> bool:
        """Tell whether an element is in a new handler of what would have ended an instance before.

        Then no instance that waits after it has failed there.
        """
        around = (self._new[number], *self._new.above(number))
        is_handled = any(outer.slot == "catch_block" and outer.parent not in self._known for outer in around)
        return is_handled and not any(element.kind in {"try", "parallel"} for element in self._old.elements)

    def _is_in_group(self, number: int) -> bool:
        return number != ROOT and self._new[self._new[number].parent].kind == "parallel"


def _shifted(name: str, wait: str) -> Meaning:
    return breaking(f"the count of steps named '{name}' shifts for instances waiting at {wait}")


def _goes_beyond(side: Side, way_out: Element, number: int) -> bool:
    """Tell whether a way out leads out of the element with this number, and not just out of a loop that is as new."""
    loop = next((element.number for element in side.tree.above(way_out.number) if element.kind == "loop"), None)
    return way_out.text("kind") == "return" or loop is None or (loop < number and not side.is_lone(loop))


def _event_type(fields: Mapping[str, object]) -> object:
    options = fields.get("options")
    return options.get("event_type") if isinstance(options, dict) else None
