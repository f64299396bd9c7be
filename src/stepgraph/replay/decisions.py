"""The decisions of an instance that may differ under new code: conditions, numbers of passes, and exits."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct, field

from stepgraph.diff.branch_matching import overtaking_branch
from stepgraph.diff.guards import ComparedGuards
from stepgraph.diff.loop_heads import (
    constant_head,
    continues,
    has_other_passes,
    has_single_pass,
    have_equal_first_passes,
    number_of_passes,
    trailing_exit,
)
from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import (
    BRANCH,
    CALL,
    FUNCTIONS,
    KEY,
    ROOT,
    TreeElement,
    function_of,
    functions_by_key,
    is_work,
)
from stepgraph.replay.exchanges import Exchanges
from stepgraph.replay.exits import AddedExits, RemovedExits, taken_raises
from stepgraph.replay.guards import Contradictions, enabled_branch
from stepgraph.replay.handlers import ChangedCode, MovedRaises, RemovedHandlers, added_raises
from stepgraph.replay.loop_passes import CurrentPass, LoopPassEffects, has_exit
from stepgraph.replay.passed_part import (
    PassedPart,
    ancestors,
    elements_around,
    loops_around,
)
from stepgraph.replay.replay import Decision
from stepgraph.replay.taken_branches import TakenBranches
from stepgraph.replay.wording import condition_change, value_change


class Decisions(Struct, frozen=True):
    """The decisions of one instance in the deployed and the new version."""

    matching: Matching
    old: PassedPart
    new: PassedPart
    may_have_raised: bool
    """Whether a step has failed, or the code between steps has raised an exception."""
    keeps_order: bool
    """Whether both versions run their common steps in the same order."""
    passes: Sequence[CurrentPass]
    """The passes around the last entry of the log, outermost first."""
    old_calls: Mapping[str, Sequence[int]]
    """The calls in the deployed version, by the name of the called function."""
    new_calls: Mapping[str, Sequence[int]]
    """The calls in the new version, by the name of the called function."""
    guards: ComparedGuards
    """The conditions under which the steps of both versions run."""
    removed_exits: RemovedExits
    """The removed exits that the instance may have taken."""
    handlers: RemovedHandlers
    """The removed `except` blocks."""
    contradictions: Contradictions
    """The parts of the new version that the instance certainly skips."""
    unsuccessful: frozenset[int]
    """The new steps that correspond to entries which are open or have failed."""
    skipped_by_failures: tuple[Container[int], Container[int]]
    """The elements of the deployed and of the new version that failures of the instance skip."""
    untraced: dict[int, bool] = field(default_factory=dict)
    """Whether each new function may have run without an entry in the log, by its number."""
    uncalled: dict[int, bool] = field(default_factory=dict)
    """Whether both versions call each new function alike, by its number."""
    excluded_functions: dict[int, bool] = field(default_factory=dict)
    """Whether all calls of each new function are in branches that the instance does not take, by its number."""

    @property
    def taken(self) -> TakenBranches:
        """The branches of the new version that the instance has taken under the deployed code."""
        return TakenBranches(self.matching, self.old.entered)

    def changed(self) -> Iterator[Decision]:
        """Yield the decisions before the last step that may differ."""
        for element in self.matching.old.elements:
            partner = self.matching.to_new[element.number]
            if partner is None or not self._has_decided(element) or self.is_excluded(partner):
                continue
            if element.kind == "loop":
                yield from self._passes(element.number, partner)
            else:
                yield from self._condition(element.number, partner)
                yield from self._reordered_branch(element.number, partner)
        yield from self._replaced_conditions()
        exits = AddedExits(
            matching=self.matching,
            old=self.old,
            new=self.new,
            may_have_raised=self.may_have_raised,
            guards=self.guards,
            contradictions=self.contradictions,
            unsuccessful=self.unsuccessful,
        )
        yield from exits.decisions(self.is_excluded)
        yield from taken_raises(self.matching, self.old, self.old_calls)
        yield from added_raises(self.matching, self.new)
        parts, failed = (self.matching, self.old, self.new), self.handlers.failed
        yield from ChangedCode(
            *parts, failed, self.may_have_raised, self._has_left, self.is_excluded, self.new_calls
        ).decisions()
        yield from MovedRaises(self.matching, self.old, failed).decisions()
        yield from self.handlers.decisions()
        yield from self._added_loops()
        yield from self._further_passes()
        yield from self._overtaken_in_pass()
        yield from self._overtaken_calls()
        for exchange in Exchanges(self.matching, self.old.possible.__contains__, self._may_have_begun).find():
            where = f"`{exchange.new}`" if exchange.new != exchange.old else f"Another `{exchange.new}`"
            yield Decision("unknown", f"{where} may get stored results of `{exchange.old}`.")

    def is_excluded(self, number: int) -> bool:
        """Return whether an element is in a branch that the instance does not take, because its decision is unchanged.

        In a loop or a function with several calls, the instance may take another branch in each run.
        """
        function = function_of(self.matching.new, number)
        if self.contradictions.skips(number) or self._is_uncalled(function) or self._has_excluded_calls(function):
            return True
        tree = self.matching.new
        is_unchanged = True
        for element in reversed((tree[number], *ancestors(tree, number))):
            if self.new.is_repeatable(element):
                return False
            if element.kind == BRANCH:
                if self.taken.excludes(element):
                    return True
                partner = self.matching.to_old[element.number]
                is_unchanged = is_unchanged and self.taken.has_same_conditions(element)
                if is_unchanged and partner is not None and self.old.is_avoided(partner):
                    return self._has_reached(partner, number)
        return False

    def _has_reached(self, branch: int, new: int) -> bool:
        """Return whether conditions around a new element decide alone that an instance did not reach a branch."""
        outside = (outer for outer in ancestors(self.matching.old, branch) if _is_conditional(outer))
        lost = [outer.number for outer in outside if outer.number not in self.old.entered]
        enclosing = elements_around(self.matching.new, self.new_calls, new) if lost else set()
        return not any(self._is_left(outer, enclosing) for outer in lost)

    def _has_left(self, number: int) -> bool:
        """Return whether the instance may have passed the end of a new element, perhaps in a call without an entry."""
        if function_of(self.matching.new, number) in self.new.last:
            return self.new.is_over(number) and not self.is_excluded(number)
        return self.new.has_passed(number, self.new_calls) and not self.is_excluded(number)

    def _is_uncalled(self, function: int) -> bool:
        """Return whether the instance has certainly not called a function, which both versions call alike."""
        partner = None if function == ROOT or function in self.new.last else self.matching.to_old[function]
        if partner is None or self.old.may_have_called(partner):
            return False
        if function not in self.uncalled:
            calls = self.new_calls.get(self.matching.new[function].text(KEY), ())
            self.uncalled[function] = not any(map(self._is_new_run, calls))
        return self.uncalled[function]

    def _has_excluded_calls(self, function: int) -> bool:
        """Return whether all calls of a function are in branches that the instance does not take."""
        if function == ROOT:
            return False
        if function not in self.excluded_functions:
            self.excluded_functions[function] = False  # Recursive calls add nothing.
            calls = self.new_calls.get(self.matching.new[function].text(KEY), ())
            self.excluded_functions[function] = bool(calls) and all(map(self.is_excluded, calls))
        return self.excluded_functions[function]

    def _is_new_run(self, call: int) -> bool:
        """Return whether a call that the instance has not made may now precede its last step."""
        return self.matching.to_old[call] is None or self.has_overtaken(call) or self.is_released(call)

    def _has_decided(self, element: TreeElement) -> bool:
        """Return whether the instance may have passed a decision."""
        if element.kind not in {BRANCH, "switch", "loop"}:
            return False
        if not self.old.has_passed(element.number, self.old_calls):
            return False
        return not self.old.is_avoided(element.parent)

    def may_run_untraced(self, number: int) -> bool:
        """Return whether a branch or loop around a new step, or its calls, may have run without an entry in the log."""
        return self.matching.to_old[number] is None and self._runs_untraced(number)

    def _runs_untraced(self, number: int) -> bool:
        for element in ancestors(self.matching.new, number):
            partner = self.matching.to_old[element.number] if element.kind in {BRANCH, "loop"} else None
            if partner is not None and self._may_have_run_untraced(partner):
                return True
            if element.slot == FUNCTIONS:
                return self._may_be_called_untraced(element)
        return False

    def _may_be_called_untraced(self, function: TreeElement) -> bool:
        """Return whether a branch or loop around a call of a new function may have run without an entry in the log."""
        if function.number not in self.untraced:
            self.untraced[function.number] = False  # Recursive calls add nothing.
            calls = self.new_calls.get(function.text(KEY), ())
            self.untraced[function.number] = any(map(self._runs_untraced, calls))
        return self.untraced[function.number]

    def _replaced_conditions(self) -> Iterator[Decision]:
        """Yield the steps and calls that some passes or calls have skipped under another condition.

        The log shows no pass that has begun no step, so the new code may also run the steps without any condition.
        """
        tree = self.matching.new
        reported: set[int] = set()
        for number in sorted(self.new.possible):
            old = self.matching.to_old[number]
            enclosing = set() if old is None else {each.number for each in ancestors(self.matching.old, old)}
            outside = (each.number for each in ancestors(tree, number) if each.kind == BRANCH)
            branch = next((each for each in outside if self.matching.to_old[each] not in enclosing), None)
            where = self._loop_with_untraced_pass(old, number) if branch is None and old is not None else branch
            if where is None or where in reported or not is_work(tree[number]) or not self.is_sporadic(number):
                continue
            reported.add(where)
            change = "was removed" if branch is None else "changed"
            reason = f"The condition of `{tree[number].name}` {change}, so it may now run where it was skipped before."
            yield Decision("unknown", reason, number if branch is None else branch)

    def _loop_with_untraced_pass(self, old: int, new: int) -> int | None:
        """Return the new loop around a step if an earlier pass without log entries may have skipped the step."""
        enclosing = elements_around(self.matching.new, self.new_calls, new)
        for loop in sorted(loops_around(self.matching.old, self.old_calls, old), reverse=True):
            partner = self.matching.to_new[loop]
            if partner in enclosing and self.old.may_have_untraced_pass(loop, old):
                return partner
        return None

    def is_released(self, number: int) -> bool:
        """Return whether a step that has not run is no longer skipped by a branch, loop, handler or exit."""
        old = self.matching.to_old[number]
        if old is None or old in self.old.possible:
            return False
        if old in self.skipped_by_failures[0] and number not in self.skipped_by_failures[1]:
            return True
        is_candidate = old in self.removed_exits.released or (
            self.old.has_passed(old, self.old_calls) and self._has_lost_condition(old, number)
        )
        return is_candidate and not self.guards.keep(old, number)

    def is_sporadic(self, number: int) -> bool:
        """Return whether branches, handlers or exits may have skipped some runs of a step, and no longer do."""
        old = self.matching.to_old[number]
        if old is None or old not in self.old.possible or not self.old.is_repeated(old):
            return False
        is_candidate = old in self.removed_exits.sporadic or self._has_lost_condition(old, number, with_loops=False)
        return is_candidate and not self.guards.keep(old, number)

    def _has_lost_condition(self, old: int, new: int, *, with_loops: bool = True) -> bool:
        outside = [self.matching.old[outer] for outer in elements_around(self.matching.old, self.old_calls, old)]
        conditional = [
            outer.number for outer in outside if _is_conditional(outer) and (with_loops or outer.kind != "loop")
        ]
        if not conditional:
            return False
        enclosing = elements_around(self.matching.new, self.new_calls, new)
        return any(self._is_left(outer, enclosing) for outer in conditional)

    def _is_left(self, outer: int, enclosing: set[int]) -> bool:
        """Return whether a deployed branch, loop or handler is not around a new step, or always runs."""
        partner = self.matching.to_new[outer]
        return partner is None or partner not in enclosing or not _is_conditional(self.matching.new[partner])

    def has_overtaken(self, number: int) -> bool:
        """Return whether a step that the instance had not reached now precedes steps that have run."""
        old = None if self.keeps_order else self.matching.to_old[number]
        return (
            old is not None
            and self.new.has_passed(number, self.new_calls)
            and (not self.old.has_passed(old, self.old_calls) or self._is_awaited_earlier(old, number))
            # The branches of a choice may change places.
            and not (self.old.is_alternative(old) and self.new.is_alternative(number))
        )

    def _is_awaited_earlier(self, old: int, new: int) -> bool:
        """Return whether the new code awaits a pending member of a deployed group before steps that have run."""
        if old in self.old.possible or self.old.is_avoided(old) or not self.old.may_be_pending(old, self.old_calls):
            return False
        return not self.new.may_be_pending(new, self.new_calls)

    def _may_have_begun(self, number: int) -> bool:
        """Return whether a new element may run before the last step of the log."""
        old = self.matching.to_old[number]
        if old is not None:
            return old in self.old.possible or self.has_overtaken(number)
        return not self.is_excluded(number)

    def _further_passes(self) -> Iterator[Decision]:
        """Yield the loops with the last step, if steps that have run now follow them, and those without their exit."""
        loops = [element.number for element in self.matching.old.elements if element.kind == "loop"]
        last = [number for number in loops if self._is_in(number)]
        enclosing_loops = [*last, *(inner.loop for inner in self.passes[1:])]
        loops_left = sorted(self.removed_exits.loops.difference(last))
        for number in dict.fromkeys((*enclosing_loops, *loops_left)):
            partner = self.matching.to_new[number]
            if partner is None or not (number in loops_left or self._is_followed(number, partner)):
                continue
            effect = LoopPassEffects(self.matching, self.old).effect_of_more(
                number, partner, has_left=number in loops_left
            )
            if effect != "resumes":
                head = self.matching.new.loop_heads.get(partner, "")
                loop = f"The loop `{head}`" if head else "A loop"
                reason = f"{loop} may have further passes, although steps after it have already begun."
                yield Decision(effect, reason, partner)

    def _overtaken_in_pass(self) -> Iterator[Decision]:
        """Yield the first step that the current pass of each loop had not reached, and that it now runs earlier."""
        for current in self.passes:
            overtaken = next(current.overtaken(self.matching), None)
            if overtaken is not None:
                yield Decision(
                    "out_of_order",
                    f"`{overtaken.name}` may run when the instance resumes, before steps of the same pass of the loop "
                    "that have already run.",
                    overtaken.number,
                )

    def _overtaken_calls(self) -> Iterator[Decision]:
        """Yield the calls that now precede steps that have run: new ones, and those of functions that have run."""
        tree = self.matching.new
        functions = functions_by_key(tree)
        for element in tree.elements:
            function = functions.get(element.name) if element.kind == CALL else None
            if function is None or self.matching.to_old[element.number] in self.old.possible:
                continue
            is_additional = self._is_additional_call(element, has_run=function in self.new.last)
            if is_additional and not self.is_excluded(element.number):
                name = f"`{element.name}{tree.arguments.get(element.number, '')}`"
                reason = f"{name} may run when the instance resumes, before steps that have already run."
                yield Decision("out_of_order", reason, element.number)

    def _is_additional_call(self, call: TreeElement, *, has_run: bool) -> bool:
        """Return whether a call that the instance has not made now precedes steps that have run.

        If no call has run the function, the steps in it show whether a deployed call does.
        """
        if has_run and (self.has_overtaken(call.number) or self.is_released(call.number)):
            return True
        if self.matching.to_old[call.number] is not None or not self.new.has_passed(call.number, self.new_calls):
            return False
        outside = list(ancestors(self.matching.new, call.number))
        if any(each.slot == "catch_block" for each in outside) and not self.may_have_raised:
            return False
        # A call may replace one that was removed. The members of a group run in any order.
        deployed = (name for name in self.old_calls if self.matching.new_name(name) == call.name)
        calls = [each for name in deployed for each in self.old_calls[name] if not has_run or each in self.old.possible]
        is_new = bool(calls) and all(self.matching.to_new[each] is not None for each in calls)
        return is_new and all(each.kind != "parallel" for each in outside)

    def _is_in(self, old: int) -> bool:
        """Return whether the last step of the instance in a function of the deployed code is in an element."""
        function, inside = function_of(self.matching.old, old), self.matching.old.subtree(old)
        return self.old.last.get(function, ROOT) in inside and function not in self.old.completed

    def _is_followed(self, old: int, new: int) -> bool:
        """Return whether steps after a loop of the new code have run, or steps of the pass around it."""
        if any(inner.loop == old and outer.has_passed(self.matching, new) for outer, inner in pairwise(self.passes)):
            return True
        end, function = self.matching.new[new].end, function_of(self.matching.new, new)
        return self._is_in(old) and self.new.last.get(function, ROOT) >= end and function not in self.new.completed

    def _may_have_run_untraced(self, number: int) -> bool:
        if not self.old.has_passed(number, self.old_calls) or self.old.is_avoided(number):
            return False
        has_run = not self.old.possible.isdisjoint(self.matching.old.subtree(number))
        return not has_run and not self.old.traces.leaves_trace(number)

    def _condition(self, old: int, new: int) -> Iterator[Decision]:
        field = "condition" if self.matching.old[old].kind == BRANCH else "discriminant"
        condition, changed = self.matching.old[old].text(field), self.matching.new[new].text(field)
        enabled = enabled_branch(self.matching, self.new, old, new)
        if enabled is not None and not self._is_in(self.matching.old[old].parent):
            yield enabled
            return
        if condition == changed and self.matching.has_other_value(old, new):
            what = value_change(self.matching, old, new)
        elif (
            condition != changed and not self.matching.has_same_value(old, new) and not self._has_same_guards(old, new)
        ):
            what = condition_change(condition, changed)
        else:
            return
        yield Decision("unknown", f"The {what}, so the instance may now take another branch.", new)

    def _has_same_guards(self, old: int, new: int) -> bool:
        """Return whether the steps and calls that two choices decide have the same guards in both versions."""
        trees = self.matching.old, self.matching.new
        pairs = [(tree[number], tree[tree[number].parent]) for tree, number in zip(trees, (old, new), strict=True)]
        if any(branch.kind != BRANCH or choice.kind != "if" for branch, choice in pairs):
            return False
        has_exit = any(
            tree[inner].kind == "break"
            for tree, number in zip(trees, (old, new), strict=True)
            for inner in tree.subtree(tree[number].parent)
        )
        decided: set[int | None] = set()
        for tree, number, is_old in zip(trees, (old, new), (True, False), strict=True):
            enclosing_function = next((each.number for each in ancestors(tree, number) if each.slot == FUNCTIONS), ROOT)
            inside = tree.subtree(enclosing_function if has_exit else tree[number].parent)
            work = (inner for inner in inside if is_work(tree[inner]))
            decided.update(self.matching.to_new[inner] if is_old else inner for inner in work)
        numbers = [number for number in decided if number is not None]
        return len(numbers) == len(decided) and self.guards.are_equal(sorted(numbers))

    def _reordered_branch(self, old: int, new: int) -> Iterator[Decision]:
        """Yield a condition that is now tested before that of a branch that the instance has taken."""
        is_taken = self.matching.old[old].kind == BRANCH and old in self.old.entered
        if not is_taken or self.matching.has_same_decision(old, new):
            return
        overtaking = overtaking_branch(self.matching, old, new)
        if overtaking is not None:
            condition = self.matching.new[overtaking].text("condition")
            reason = f"The condition `{condition}` is now tested earlier, so the instance may now take another branch."
            yield Decision("unknown", reason, overtaking)

    def _passes(self, old: int, new: int) -> Iterator[Decision]:
        if not has_other_passes(self.matching, old, new):
            return
        old_head, new_head = self.matching.old.loop_heads.get(old, ""), self.matching.new.loop_heads.get(new, "")
        passes = constant_head(self.matching.old, old), constant_head(self.matching.new, new)
        # A group has begun all passes of a loop in it.
        groups = [outer.number for outer in ancestors(self.matching.old, old) if outer.kind == "parallel"]
        is_inside = self._is_in(groups[-1] if groups else old)
        if not self.old.is_repeated(old) and is_inside and continues(passes[1], passes[0]):
            return  # The passes so far are the first ones of the new loop.
        effect = LoopPassEffects(self.matching, self.old).effect_of_number(old, new, is_inside=is_inside)
        if effect == "resumes":
            return
        has_left = have_equal_first_passes(*passes) and (self.old.has_left(old) or effect == "out_of_order")
        if (old_head == new_head or not old_head or not new_head) and not has_left:
            head = new_head or old_head
            values = f"The values in `{head}`" if head else "The values of a loop"
            yield Decision("unknown", f"{values} changed, so its passes may differ from those in the log.", new)
        elif effect is None and not has_left:
            reason = f"The loop `{old_head}` is now `{new_head}`, so its passes may differ from those in the log."
            yield Decision("unknown", reason, new)
        elif effect is not None or continues(passes[1], passes[0]):
            may = "may have" if effect == "unknown" else "has"
            reason = f"`{new_head}` {may} further passes, which run although steps after the loop have already begun."
            yield Decision(effect or "out_of_order", reason, new)

    def _added_loops(self) -> Iterator[Decision]:
        """Yield the new loops around steps that have begun under the deployed code, which ran them once."""
        for number in self.matching.unmatched_new():
            if self.matching.new[number].kind != "loop" or self.is_excluded(number):
                continue
            first = next((inner for inner in self.matching.new.subtree(number) if inner in self.new.possible), None)
            if first is not None and self._is_in_more_loops(first):
                yield from self._added_passes(number, self.matching.new[first].name)

    def _is_in_more_loops(self, new: int) -> bool:
        old = self.matching.to_old[new]
        if old is None:
            return True
        before = loops_around(self.matching.old, self.old_calls, old)
        return len(loops_around(self.matching.new, self.new_calls, new)) > len(before)

    def _added_passes(self, number: int, name: str) -> Iterator[Decision]:
        """Yield the decision of a new loop around a step or call."""
        tree = self.matching.new
        head = tree.loop_heads.get(number, "")
        count = number_of_passes(constant_head(tree, number))
        passes = None if has_exit(tree, number) else count
        if has_single_pass(tree, number) or (not self.may_have_raised and trailing_exit(tree, number) is not None):
            return
        loop = f"The new loop `{head}`" if head else "A new loop"
        if not self.new.is_over(number) and count is not None and count > 0:
            return
        if passes:
            reason = f"{loop} runs `{name}` again, although steps after it have already begun."
        else:
            reason = f"{loop} may run `{name}` any number of times: the log does not show how many."
        yield Decision("out_of_order" if passes else "unknown", reason, number)


def _is_conditional(element: TreeElement) -> bool:
    return element.kind in {BRANCH, "loop"} or element.slot == "catch_block"
