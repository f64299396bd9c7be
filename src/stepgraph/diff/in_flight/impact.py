"""The impact of each change on instances in flight.

`effects` describes the rules of the engine. The impact of a change depends on the waits that follow the change.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

from stepgraph.diff.branch_conditions import CONDITION_VALUES
from stepgraph.diff.branch_matching import overtakes_only_exclusive
from stepgraph.diff.caught_raises import CAUGHT_RAISES
from stepgraph.diff.changes import Action, EditGroup
from stepgraph.diff.clocks import RACES
from stepgraph.diff.computed_texts import COMPUTED
from stepgraph.diff.failing_code import FAILING_CODE, FEWER_FAILURES
from stepgraph.diff.in_flight.concurrency import (
    ConcurrencyImpact,
    keeps_execution_order,
    overtaken,
    passes_only_concurrent_members,
)
from stepgraph.diff.in_flight.conditions import KeptConditions
from stepgraph.diff.in_flight.effects import SAFE, Impact, breaking, count_shift, early_exit, out_of_order, worst
from stepgraph.diff.in_flight.handlers import HandlerImpact
from stepgraph.diff.in_flight.instances import InFlightInstances, is_in_group, is_repeated
from stepgraph.diff.loop_heads import LOOP_HEAD, constant_head, continues, has_other_passes, names_passes, trailing_exit
from stepgraph.diff.sides import Sides, changes_exit, contains_exit
from stepgraph.diff.step_functions import adjacent_namesakes
from stepgraph.diff.step_types import OTHER_EVENT, WAITS, settings_impact
from stepgraph.diff.tree import BRANCH, FUNCTION, FUNCTIONS, KEY, ROOT, STEPS, Tree, calls_by_name, loops_around
from stepgraph.diff.uncaught_raises import SWALLOWING_FINALLY, UNCAUGHT_RAISE
from stepgraph.execution.engine_rules import InFlight
from stepgraph.execution.names import NamePattern
from stepgraph.phrases import is_same_duration

_TRANSPARENT: Final = frozenset({"try", "block", "parallel", FUNCTION})
_CONDITIONS: Final = frozenset({"condition", "discriminant", CONDITION_VALUES, CAUGHT_RAISES})
_CHOICES: Final = frozenset({"if", "switch", BRANCH})


class ImpactAnalysis:
    """Computes the impact of the changes between two workflows."""

    def __init__(self, sides: Sides, in_flight: InFlight = "waits") -> None:
        self._sides = sides
        self._old, self._new = sides.old.tree, sides.new.tree
        self._instances = InFlightInstances(sides, in_flight)
        self._conditions = KeptConditions(sides)
        self._handlers, self._concurrency = HandlerImpact(self._instances), ConcurrencyImpact(self._instances)
        self._last_branches: dict[tuple[bool, int], int] = {}
        """The last branch that both versions have, by whether the statement is a new one, and its number."""
        self._rules: Mapping[Action, Callable[[EditGroup], Iterator[Impact]]] = {
            Action.ADDED: self._added,
            Action.REMOVED: self._removed,
            Action.RENAMED: self._renamed,
            Action.MOVED: self._moved,
            Action.REORDERED: self._reordered,
            Action.WRAPPED: self._wrapped,
            Action.UNWRAPPED: self._unwrapped,
            Action.CONCURRENT: self._concurrency.concurrent,
            Action.SEQUENTIAL: self._concurrency.sequential,
            Action.CHANGED: self._changed,
        }

    def of(self, group: EditGroup) -> Impact:
        """Return the impact of a change."""
        return worst(self._rules[group.action](group))

    def _added(self, group: EditGroup) -> Iterator[Impact]:
        for number in group.new:
            yield from self._handlers.added(number)
            yield from self._skipped(number)
            wait = self._instances.wait_in_both(number)
            if wait is None or self._new[number].kind == FUNCTION or self._handlers.is_for_failures(number):
                continue
            if self._precedes_branches(self._new, number, self._instances.preexisting):
                yield breaking(f"instances waiting at {wait} may take a different branch when they resume")
            if changes_exit(self._sides.new, number, "break", "return"):
                yield early_exit(wait)
            yield from self._added_steps(number, wait)

    def _skipped(self, number: int) -> Iterator[Impact]:
        """Yield the impact of a new choice around the call of a new function, which contains existing steps."""
        steps = self._instances.new_counts.steps_run_by(number) if self._new[number].kind in _CHOICES else ()
        for step in steps:
            old = self._sides.matching.to_old[step]
            if old is None or not any(
                self._new[above].kind == FUNCTION for above in self._sides.new.unmatched_ancestors(step)
            ):
                continue
            if (wait := self._instances.at_or_after(old)) is not None:
                names = self._instances.new_counts.names.quoted(step)
                yield breaking(f"instances waiting at {wait} have run {names} and may skip it when they resume")

    def _added_steps(self, number: int, wait: str) -> Iterator[Impact]:
        for step in self._instances.new_counts.steps_run_by(number):
            if self._is_extracted(step):
                continue
            later_steps = self._instances.new_counts.counted_after(number, step, self._instances.preexisting)
            if any(self._instances.wait_in_both(later) is not None for later in later_steps):
                yield count_shift(self._instances.new_counts.names.quoted(step), wait)
            else:
                yield out_of_order(f"runs when instances waiting at {wait} resume")

    def _is_extracted(self, step: int) -> bool:
        """Return whether an existing step is in a new function, whose only call is no additional run of the step."""
        old = self._sides.matching.to_old[step]
        functions = self._new_functions_around(step)
        if old is None or not functions:
            return False
        calls = calls_by_name(self._new)
        for function in functions:
            sites = calls[self._new[function].text(KEY)]
            if len(sites) != 1:
                return False
            functions += [outer for outer in self._new_functions_around(sites[0]) if outer not in functions]
        return len(loops_around(self._new, [step])) <= len(loops_around(self._old, [old]))

    def _new_functions_around(self, number: int) -> list[int]:
        above = self._sides.new.unmatched_ancestors(number)
        return [each for each in above if self._new[each].kind == FUNCTION and self._new[each].slot == FUNCTIONS]

    def _removed(self, group: EditGroup) -> Iterator[Impact]:
        for number in group.old:
            if self._old[number].kind == FUNCTION:
                continue
            later = self._instances.later(number)
            wait = self._instances.at_or_after(number)
            if wait is not None and self._precedes_branches(self._old, number, self._instances.remaining):
                yield breaking(f"instances waiting at {wait} may take a different branch when they resume")
            for step in self._instances.old_counts.steps_run_by(number):
                is_wait = self._old[step].kind in WAITS
                if is_wait and not self._is_passed(step):
                    yield breaking(f"instances waiting at {self._instances.quoted(step)} abandon the wait")
                    continue
                counted_at = self._instances.quoted(step) if is_wait else later
                is_shifted = self._is_counted_after(number, step) or adjacent_namesakes(self._sides.matching, step)
                if counted_at is not None and is_shifted:
                    yield count_shift(self._instances.quoted(step), counted_at)
            # The engine ignores results that no call reads.
            yield from self._handlers.removed(number)
            if later is not None and changes_exit(self._sides.old, number, "break"):
                yield out_of_order(f"more passes may run when instances waiting at {later} resume")

    def _precedes_branches(self, tree: Tree, number: int, matched: Container[int]) -> bool:
        """Return whether a branch is tested before branches of both versions, and may run in place of these."""
        if tree[number].kind != BRANCH:
            return False
        statement = tree[number].parent
        key = tree is self._new, statement
        if key not in self._last_branches:
            branches = (
                child
                for child in tree[statement].children
                if tree[child].kind == BRANCH and child in matched and not self._decides_equally(tree, child)
            )
            self._last_branches[key] = max(branches, default=ROOT)
        return number < self._last_branches[key]

    def _decides_equally(self, tree: Tree, branch: int) -> bool:
        """Return whether a matched branch runs under the same conditions in both versions."""
        matching = self._sides.matching
        old, new = (matching.to_old[branch], branch) if tree is self._new else (branch, matching.to_new[branch])
        return old is not None and new is not None and self._sides.has_same_decision(old, new)

    @cached_property
    def _adds_waits(self) -> bool:
        """Whether the new version has a wait that the old version lacks."""
        return any(self._new[number].kind in WAITS for number in self._sides.matching.unmatched_new())

    def _is_passed(self, wait: int) -> bool:
        """Return whether instances at a removed wait continue after it, as the new code does.

        The new version may have the wait in another call, or under another name. In a race, other members decide.
        """
        is_removed = self._sides.matching.to_new[wait] is None
        return is_removed and not self._adds_waits and not self._handlers.is_in_race(wait)

    def _is_counted_after(self, number: int, step: int) -> bool:
        """Return whether a remaining step with the key of `step` may run after an old element."""
        return any(True for _ in self._instances.old_counts.counted_after(number, step, self._instances.remaining))

    def _renamed(self, group: EditGroup) -> Iterator[Impact]:
        for old, new in zip(group.old, group.new, strict=True):
            kind, wait = self._old[old].kind, self._instances.at_or_after(old)
            if self._sides.has_same_value(old, new):
                continue
            condition = ", unless its value is the same" if self._has_same_pieces(old, new) else ""
            if wait is not None and self._instances.old_counts.contains(self._new[new]):
                yield breaking(f"instances waiting at {wait} use the result that is stored under the new name for it")
            elif kind in WAITS:
                yield breaking(f"instances waiting at it start the wait over{condition}")
            elif kind in STEPS and wait is not None:
                yield breaking(f"instances waiting at {wait} run it again under the new name{condition}")

    def _has_same_pieces(self, old: int, new: int) -> bool:
        """Return whether the names of a step differ only in expressions, which may have the same value."""
        pieces = NamePattern.of(self._old[old].name).pieces
        return len(pieces) > 1 and pieces == NamePattern.of(self._new[new].name).pieces

    def _moved(self, group: EditGroup) -> Iterator[Impact]:
        for old, new in zip(group.old, group.new, strict=True):
            if not keeps_execution_order(self._sides, old, new):
                yield from self._displaced(group)
                return
            yield from self._handlers.moved(old, new)

    def _reordered(self, group: EditGroup) -> Iterator[Impact]:
        if not group.dependencies and (self._is_member(group.new[0]) or self._was_unordered(group)):
            # The members start together, so their order matters only to the counts of equal names.
            if not all(map(self._keeps_counts, group.old, group.new)):
                yield from self._displaced(group)
            return
        if all(
            overtakes_only_exclusive(self._sides.matching, *each) for each in zip(group.old, group.new, strict=True)
        ):
            return
        if all(map(self._keeps_results, group.old, group.new)):
            yield from self._concurrency.awaited_differently(group)
            yield from self._overtaking(group)
        else:
            yield from self._displaced(group)

    def _keeps_results(self, old: int, new: int) -> bool:
        """Return whether each instance finds all results of a reordered element and of the steps that it overtakes.

        The order of calls matters to their counts, to exits, and after failures.
        """
        subtree = [*self._old.visit_subtree(old)]
        is_sibling = self._sides.matching.to_new[self._old[old].parent] == self._new[new].parent
        if not is_sibling or any(self._old[inner].kind in {"break", BRANCH} for inner in subtree):
            return False
        if self._old[self._old[old].parent].kind == "parallel" or self._handlers.may_catch(old):
            return False
        return self._keeps_counts(old, new)

    def _keeps_counts(self, old: int, new: int) -> bool:
        """Return whether a reordered element has overtaken no step with the key of one of its steps."""
        counts = self._instances.old_counts
        if counts.has_own_keys(old):
            return True
        overtaken = (step for element in self._overtaken_by(old, new) for step in counts.steps_run_by(element))
        return counts.keys(counts.steps_run_by(old)).isdisjoint(counts.keys(overtaken))

    def _overtaken_by(self, old: int, new: int) -> Iterator[int]:
        return overtaken(self._sides, old, new, self._new[new].parent)

    def _overtaking(self, group: EditGroup) -> Iterator[Impact]:
        """Yield the impact of steps that run after a wait, although steps that now follow them have already run."""
        for old, new in zip(group.old, group.new, strict=True):
            overtaken = list(self._overtaken_by(old, new))
            if not overtaken or not self._has_effect(old):
                continue
            # The elements that run first in the old version, and those that then follow.
            first, second = ([old], overtaken) if overtaken[0] > old else (overtaken, [old])
            if (wait := self._first_wait(first)) is not None:
                subject = "runs" if second == [old] else "steps that now precede it run"
                yield out_of_order(f"{subject} when instances waiting at {wait} resume")
            elif (wait := self._wait_before_steps(second)) is not None:
                yield out_of_order(f"steps after {wait} run when instances waiting there resume")

    def _first_wait(self, elements: Iterable[int]) -> str | None:
        return next((wait for each in elements if (wait := self._instances.inside(each)) is not None), None)

    def _wait_before_steps(self, elements: Iterable[int]) -> str | None:
        """Return the first wait in some elements, if one of their steps may follow it."""
        steps = [step for element in elements for step in self._instances.old_counts.steps_run_by(element)]
        for index, step in enumerate(steps):
            if self._instances.old_waits.inside[step] is not None:
                # Recursive and repeated calls run the same step several times.
                may_follow = index < len(steps) - 1 or is_repeated(self._old, step)
                return self._instances.quoted(step) if may_follow else None
        return None

    def _was_unordered(self, group: EditGroup) -> bool:
        pairs = zip(group.old, group.new, strict=True)
        return all(passes_only_concurrent_members(self._sides, old, new) for old, new in pairs)

    def _displaced(self, group: EditGroup) -> Iterator[Impact]:
        yield from self._concurrency.awaited_differently(group)
        for old, new in zip(group.old, group.new, strict=True):
            wait = self._instances.at_or_after(old)
            if self._sides.has_same_decision(old, new):
                continue
            if wait is not None and self._old[old].kind == BRANCH:
                yield breaking(f"instances waiting at {wait} may take a different branch when they resume")
            elif wait is not None and self._has_effect(old):
                yield breaking(f"instances waiting at {wait} have run it in a different order")
            elif (later := self._instances.wait_in_both(new)) is not None and self._has_effect(old):
                yield out_of_order(f"runs when instances waiting at {later} resume")
                yield from self._overtaken_counts(new, later)
            elif (wait := self._wait_after_exit(old, new)) is not None:
                yield early_exit(wait)

    def _wait_after_exit(self, old: int, new: int) -> str | None:
        """Return the first wait that was in front of an element with an exit, and is now behind it."""
        if not contains_exit(self._sides.new, new, "break", "return"):
            return None
        return self._first_wait(each for each in self._overtaken_by(old, new) if each < old)

    def _overtaken_counts(self, number: int, wait: str) -> Iterator[Impact]:
        """Yield the impact of moved steps that now run before others with their keys."""
        old, to_new = self._sides.old_of(number), self._sides.matching.to_new
        steps_outside = self._instances.preexisting - set(self._new.visit_subtree(number))
        for step in self._instances.new_counts.steps_run_by(number):
            before = self._sides.matching.to_old[step]
            if before is None:
                continue
            followers = self._instances.old_counts.counted_after(old, before, self._instances.remaining)
            new_followers = {to_new[follower] for follower in followers}
            for later in self._instances.new_counts.counted_after(number, step, steps_outside):
                if later not in new_followers and self._instances.wait_in_both(later) is not None:
                    yield count_shift(self._instances.new_counts.names.quoted(step), wait)

    def _wrapped(self, group: EditGroup) -> Iterator[Impact]:
        kind = self._new[group.container_number].kind
        wait = self._instances.first_wait(group)
        yield from self._handlers.wrapped(group)
        if kind in _TRANSPARENT or wait is None:
            return
        if kind == "loop" and (loops := self._removed_loops(group)):
            yield from self._replaced_loop([(loop, group.container_number) for loop in loops], wait)
        elif kind == "loop":
            # Instances in flight are in the first iteration. Later iterations precede the steps after the loop.
            later = None if self._repeats_only_failures(group) else self._instances.later(max(group.old))
            yield from () if later is None else self._repeated(group.container_number, later)
        elif kind not in _CHOICES:
            yield breaking(f"instances waiting at {wait} have run it on its own")
        elif not all(map(self._conditions.keep, group.old, group.new)):
            yield breaking(f"instances waiting at {wait} have run it and may skip it when they resume")

    def _repeats_only_failures(self, group: EditGroup) -> bool:
        """Return whether a new loop ends after a success, and a failure has ended the instances."""
        may_recover = any(map(self._handlers.may_recover, group.old))
        return not may_recover and trailing_exit(self._new, group.container_number) is not None

    def _removed_loops(self, group: EditGroup) -> list[int]:
        """Return the removed loops around the elements of a change, and around the calls that lead to them."""
        loops = loops_around(self._old, group.old)
        return [loop for loop in loops if self._sides.matching.to_new[loop] is None]

    def _added_loops(self, group: EditGroup) -> list[int]:
        """Return the new loops around the elements of a change, and around the calls that lead to them."""
        loops = loops_around(self._new, group.new)
        return [loop for loop in loops if self._sides.matching.to_old[loop] is None]

    def _replaced_loop(self, pairs: Sequence[tuple[int, int]], wait: str) -> Iterator[Impact]:
        """Yield the impact of a loop in place of another one. The pairs contain an old and a new loop."""
        if all(has_other_passes(self._sides.matching, old, new) for old, new in pairs):
            yield breaking(f"instances waiting at {wait} may run other passes when they resume")
        inside = next((each for old, _ in pairs if (each := self._instances.inside(old)) is not None), None)
        if inside is not None and any(is_in_group(self._old, old) or is_in_group(self._new, new) for old, new in pairs):
            yield out_of_order(f"other passes run when instances waiting at {inside} resume")

    def _repeated(self, loop: int, wait: str) -> Iterator[Impact]:
        """Yield the impact of further passes, which precede later steps with the same keys."""
        inside: set[int] = set() if is_repeated(self._new, loop) else set(self._new.visit_subtree(loop))
        allowed, counts = self._instances.preexisting - inside, self._instances.new_counts
        for step in counts.steps_run_by(loop):
            named = {step} if names_passes(self._new, loop, step) else set[int]()
            later_steps = counts.counted_after(loop, step, allowed - named)
            if any(self._instances.wait_in_both(later) is not None for later in later_steps):
                yield count_shift(counts.names.quoted(step), wait)
        yield out_of_order(f"more passes run when instances waiting at {wait} resume")

    def _unwrapped(self, group: EditGroup) -> Iterator[Impact]:
        kind = self._old[group.container_number].kind
        # No wait follows the elements inside a step, but a wait may follow the step.
        wait = self._instances.first_wait(group) or self._instances.at_or_after(group.container_number)
        yield from self._handlers.unwrapped(group)
        if kind in _TRANSPARENT or wait is None:
            return
        if kind == "loop" and (loops := self._added_loops(group)):
            yield from self._replaced_loop([(group.container_number, loop) for loop in loops], wait)
        elif kind == "loop":
            yield breaking(f"instances waiting at {wait} have stored results of later passes")
        elif kind not in _CHOICES:
            yield breaking(f"instances waiting at {wait} have run it inside a node that no longer exists")
        elif not all(map(self._conditions.keep, group.old, group.new)):
            yield from self._no_longer_chosen(group)

    def _no_longer_chosen(self, group: EditGroup) -> Iterator[Impact]:
        """Yield the impact of running previously skipped elements, for waits after the choice or in other branches."""
        container = self._old[group.container_number]
        choice = container.parent if container.kind == BRANCH else container.number
        branches, unwrapped = self._old[choice].children, set(group.old)
        affected = {branch for branch in branches if not unwrapped.isdisjoint(self._old.visit_subtree(branch))}
        other_branches = [branch for branch in branches if affected != {branch}]
        waits = (self._instances.later(choice), *(self._instances.inside(branch) for branch in other_branches))
        if (skipped := next((wait for wait in waits if wait is not None), None)) is not None:
            yield out_of_order(f"runs when instances waiting at {skipped} resume, even if they skipped it")

    def _changed(self, group: EditGroup) -> Iterator[Impact]:
        for old, new in zip(group.old, group.new, strict=True):
            for field in group.fields:
                if field == LOOP_HEAD:
                    yield from self._passes(old, new)
                elif field == COMPUTED:
                    yield from self._computed(group, old)
                else:
                    yield self._field(old, new, field)
                yield from self._kind(old, new) if field == "kind" else ()
        if "resolves" in group.fields:
            yield from self._concurrency.awaited_differently(group)

    def _passes(self, old: int, new: int) -> Iterator[Impact]:
        """Yield the impact of a changed head of a loop."""
        before, after = constant_head(self._old, old), constant_head(self._new, new)
        later, wait = self._instances.later(old), self._instances.at_or_after(old)
        if continues(after, before):
            yield from () if later is None else self._repeated(new, later)
        elif continues(before, after):
            yield from self._fewer_passes(old, later)
        elif wait is not None:
            yield breaking(f"instances waiting at {wait} may run other passes when they resume")

    def _computed(self, group: EditGroup, old: int) -> Iterator[Impact]:
        """Yield the impact of the other values that the code around a step, or the arguments of a call, computes."""
        wait = self._instances.at_or_after(old)
        for text in group.texts:
            kind = self._old[text.number].kind
            name = (text.before if text.kind == "name" else None) or text.name
            quoted = f"'{name}'" if name else self._instances.quoted(text.number)
            subject = "it" if text.number == old else quoted
            unless = ", unless its value is the same" if text.after is None else ""
            if text.kind == "duration" and not is_same_duration(text.before, text.after):
                yield breaking(f"instances at or after {subject} may sleep again when they resume{unless}")
            elif text.kind == "condition" and wait is not None:
                yield breaking(f"instances waiting at {wait} may take a different branch when they resume")
            elif text.kind == "event_type":
                yield OTHER_EVENT
            elif text.kind == "name" and kind in WAITS:
                yield breaking(f"instances waiting at {subject} start the wait over{unless}")
            elif text.kind == "name" and wait is not None:
                yield breaking(f"instances waiting at {wait} run {subject} again under the new name{unless}")

    def _fewer_passes(self, loop: int, later: str | None) -> Iterator[Impact]:
        """Yield the impact of fewer passes. The engine ignores results that no call reads."""
        if (wait := self._instances.inside(loop)) is not None:
            yield breaking(f"instances waiting at {wait} may be in a pass that no longer runs")
        if later is None:
            return
        steps_outside = self._instances.remaining - set(self._old.visit_subtree(loop))
        counts = self._instances.old_counts
        for step in counts.steps_run_by(loop):
            if any(True for _ in counts.counted_after(loop, step, steps_outside)):
                yield count_shift(self._instances.quoted(step), later)

    def _kind(self, old: int, new: int) -> Iterator[Impact]:
        """Yield the impact of a changed kind of exit or group."""
        if self._old[old].kind == "parallel":
            yield from self._group_kind(old, self._old[old].text("kind"), self._new[new].text("kind"))
        elif self._new[new].text("kind") == "return":
            loop = next((outer.number for outer in self._old.ancestors(old) if outer.kind == "loop"), ROOT)
            later = self._instances.later(loop)
            yield SAFE if later is None else early_exit(later)

    def _group_kind(self, old: int, old_kind: str, new_kind: str) -> Iterator[Impact]:
        inside, later = self._instances.inside(old), self._instances.later(old)
        if old_kind == "all_settled":
            yield from self._handlers.raised(old)
        elif old_kind == "all" and new_kind == "all_settled":
            yield from self._handlers.contained(old)
        if inside is not None or (later is not None and old_kind in RACES):
            wait = later if inside is None else inside
            yield out_of_order(f"instances waiting at {wait} may continue earlier or later when they resume")

    def _field(self, old: int, new: int, field: str) -> Impact:
        kind = self._old[old].kind
        if field == FAILING_CODE:
            return self._handlers.failing(old)
        if field == UNCAUGHT_RAISE:
            return self._handlers.raising(old, new)
        if field == SWALLOWING_FINALLY:
            return self._handlers.discarding(old, new)
        if field == "duration" and self._sides.matching.has_same_duration(old, new):
            return SAFE
        if kind in STEPS and field != FEWER_FAILURES:
            return settings_impact(kind, field, self._old[old].fields, self._new[new].fields)
        if field in _CONDITIONS and not (self._sides.has_same_value(old, new) or self._keeps_choice(old, new)):
            wait = self._instances.at_or_after(old if kind in {"switch", "try"} else self._old[old].parent)
            subject = "" if wait is None else f"instances waiting at {wait}"
            return breaking(f"{subject} may take a different branch when they resume") if subject else SAFE
        # `_kind` and `ConcurrencyImpact` have the impact of other fields that the engine uses.
        return SAFE

    def _keeps_choice(self, old: int, new: int) -> bool:
        """Return whether all that the choice of a branch decides keeps its conditions."""
        choices = self._old[old].parent, self._new[new].parent
        return self._old[old].kind == BRANCH and self._conditions.keep_choice(*choices)

    def _has_effect(self, old: int) -> bool:
        """Return whether an old element is a branch or an exit, or runs steps."""
        return self._old[old].kind in {"break", BRANCH} or bool(self._instances.old_counts.steps_run_by(old))

    def _is_member(self, number: int) -> bool:
        return number != ROOT and self._new[self._new[number].parent].kind == "parallel"
