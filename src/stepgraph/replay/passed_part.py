"""The part of a version of a workflow that an instance has passed."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct

from stepgraph.diff.branch_matching import other_defaults
from stepgraph.diff.loop_heads import constant_head, has_single_pass, number_of_passes
from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import BRANCH, CALL, FUNCTIONS, KEY, ROOT, STEPS, Tree, TreeElement, calls_by_name, function_of
from stepgraph.execution.log import LogEntry
from stepgraph.replay.traces import Traces

_REPEATING: Final = frozenset({"loop", "step_do"})

RunChain: TypeAlias = tuple[int, ...]
"""The numbers of the calls around a run of a step, outermost first, and of the step."""


class PassedPart(Struct, frozen=True):
    """The part of a version that an instance has passed."""

    tree: Tree
    last: Mapping[int, int]
    """The number of the last step or call in source order that has run, by function. The workflow is one of them."""
    completed: frozenset[int]
    """The numbers of the functions that may have returned from a call."""
    entered: frozenset[int]
    """The numbers of the steps that have certainly run, and of the elements around them and their calls."""
    repeated: frozenset[int]
    """The numbers of the loops around steps that have run several times, or around their calls."""
    possible: frozenset[int]
    """The numbers of the steps and calls that may have run."""
    single: frozenset[int]
    """The numbers of the functions that an instance calls at most once."""
    only_calls: Mapping[int, int]
    """The numbers of the functions with one call in the code, by the number of the call."""
    traces: Traces
    """The elements that leave a trace in the log."""
    counts: Mapping[int, int]
    """The number of runs of each step, if the log determines it."""
    in_order: Sequence[int]
    """The numbers of the steps and calls that may have run, in source order."""

    @classmethod
    def of(
        cls,
        tree: Tree,
        entries: Sequence[LogEntry],
        runs: Sequence[Sequence[RunChain]],
        traces: Traces,
        *,
        is_reordered: bool = False,
    ) -> PassedPart:
        """Return the part with the entries of a log, whose steps may be the last ones of the `runs`.

        With `is_reordered`, this is the new version. Its order may differ from the order of the log.
        """
        places = _EnclosingElements(tree)
        counts = Counter(chain for chains in runs for chain in chains)
        last: dict[int, int] = {}
        possible = places.with_callers({number for chain in counts for number in chain})
        for number in possible:
            function = places.function_of(number)
            last[function] = max(last.get(function, ROOT), number)
        repeated = frozenset(
            loop for chain in counts if counts[chain] > 1 for each in chain for loop in places.loops(each)
        )
        completed = {*places.completed(entries, runs, counts), *places.left(counts, last, repeated)}
        if is_reordered:
            completed.update(places.followed(counts, last))
        certain = {chains[0] for chains in runs if len(set(chains)) == 1}
        entered = {number for chain in certain for number in chain}
        return cls(
            tree=tree,
            last=last,
            completed=frozenset(completed),
            entered=frozenset(entered | {outer.number for number in entered for outer in ancestors(tree, number)}),
            repeated=repeated,
            possible=frozenset(possible),
            single=frozenset(places.called_once()),
            only_calls=places.only_calls(),
            traces=traces,
            counts=_certain_counts(runs),
            in_order=sorted(possible),
        )

    def contains(self, number: int) -> bool:
        """Return whether the instance has passed an element, perhaps in an earlier pass of a loop around it."""
        function = function_of(self.tree, number)
        if function not in self.last or function in self.completed:
            return function in self.last
        loops = (outer.number for outer in ancestors(self.tree, number) if outer.number in self.repeated)
        return min(loops, default=number) < self.last[function]

    def has_passed(self, number: int, calls: Mapping[str, Sequence[int]]) -> bool:
        """Return whether the instance has passed an element, or a call of its function that has run no step.

        `calls` are the calls in the version, by the name of the called function.
        """
        pending, visited = [number], {number}
        while pending:
            element = pending.pop()
            if self.contains(element):
                return True
            function = next((outer for outer in ancestors(self.tree, element) if outer.slot == FUNCTIONS), None)
            if function is not None and function.number not in self.last:
                following = set(calls.get(function.text(KEY), ())) - visited
                visited |= following
                pending += sorted(following)
        return False

    def may_have_called(self, number: int) -> bool:
        """Return whether the instance may have called the function around an element, which may begin no step."""
        function = function_of(self.tree, number)
        return function == ROOT or function in self.last or not self.traces.leaves_trace(function)

    def may_be_pending(self, number: int, calls: Mapping[str, Sequence[int]]) -> bool:
        """Return whether an element may still run in a group that is not over, after the steps of its member so far.

        `calls` are the calls in the version, by the name of the called function.
        """
        functions: set[int] = set()
        at = number
        while at != ROOT:
            element = self.tree[at]
            if element.kind == "loop":
                return False
            if self.tree[element.parent].kind == "parallel":
                is_over = self.last.get(function_of(self.tree, at), ROOT) >= self.tree[element.parent].end
                return not is_over and not self._has_run_in(range(self.tree[number].end, element.end))
            at = element.parent
            if element.slot == FUNCTIONS:
                several = calls.get(element.text(KEY), ())
                if len(several) != 1 or element.number in functions or self.last.get(element.number, ROOT) > number:
                    return False
                functions.add(element.number)
                number = at = several[0]
        return False

    def _has_run_in(self, numbers: range) -> bool:
        """Return whether one of some consecutive elements may have run."""
        index = bisect_left(self.in_order, numbers.start)
        return index < len(self.in_order) and self.in_order[index] < numbers.stop

    def passes(self, loop: int) -> int | None:
        """Return how many passes of a loop have begun, or None if this is unknown.

        It is known if each pass begins with the same step, and the loop runs once.
        """
        first = self._first_step(loop)
        if first is None or self.is_repeated(loop):
            return None
        if first in self.counts:
            return self.counts[first]
        outer = self.tree[loop].parent
        is_certain = outer == ROOT or outer in self.entered
        return 0 if is_certain and first not in self.possible and self.contains(loop) else None

    def _first_step(self, loop: int) -> int | None:
        """Return the first step of each pass of a loop, perhaps in a function without other calls, or None."""
        first = next(iter(self.tree[loop].children), None)
        entered = {loop}
        while first is not None and first not in entered and self.tree[first].kind not in STEPS:
            entered.add(first)
            called = self.only_calls.get(first) if self.tree[first].kind == CALL else None
            is_transparent = called is not None or self.tree[first].kind in {"try", "block"}
            inside = self.tree[first if called is None else called].children if is_transparent else ()
            first = next(iter(inside), None)
        return first if first is not None and first not in entered else None

    def has_partial_pass(self, loop: int) -> bool:
        """Return whether a pass of a loop has certainly ended before a step of the loop."""
        passes = self.passes(loop)
        steps = (each for each in self.tree[loop].children if self.tree[each].kind in STEPS)
        return passes is not None and any(
            self.counts.get(each, 0) < passes for each in steps if each in self.counts or each not in self.possible
        )

    def may_have_untraced_pass(self, loop: int, step: int) -> bool:
        """Return whether a pass of a loop around a step may have begun no step, so that the log does not show it."""
        if not self.is_repeatable(self.tree[loop]) or self.traces.leaves_trace(loop):
            return False
        passes = number_of_passes(constant_head(self.tree, loop))
        return passes is None or self.is_repeated(loop) or self.counts.get(step, 0) < passes

    def has_left(self, number: int) -> bool:
        """Return whether the instance has certainly left an element of the outermost level."""
        return self.tree[number].parent == ROOT and self.last.get(ROOT, ROOT) >= self.tree[number].end

    def is_over(self, number: int) -> bool:
        """Return whether the instance has passed the end of an element, or its function may be over."""
        function = function_of(self.tree, number)
        if any(outer.number in self.repeated for outer in ancestors(self.tree, number)):
            return True  # in an earlier pass
        return function in self.completed or self.last.get(function, ROOT) >= self.tree[number].end

    def is_alternative(self, number: int) -> bool:
        """Return whether an element and the last one that has run are in different branches of a choice."""
        outside = list(ancestors(self.tree, number))
        around_last = {
            each.number for each in ancestors(self.tree, self.last.get(function_of(self.tree, number), ROOT))
        }
        branches = (outer for outer in outside if outer.kind == BRANCH and outer.parent in around_last)
        return any(branch.number not in around_last for branch in branches)

    def is_avoided(self, number: int) -> bool:
        """Return whether an element is a branch, or is inside one, that the instance has certainly not taken.

        In a loop or a function with several calls, the instance may take another branch in each run.
        """
        for element in reversed((self.tree[number], *ancestors(self.tree, number))):
            if self.is_repeatable(element):
                return False
            if element.kind == BRANCH and self._has_avoided(element):
                return True
        return False

    def is_repeated(self, number: int) -> bool:
        """Return whether an element is in a loop, or in a function that may be called several times."""
        return any(map(self.is_repeatable, ancestors(self.tree, number)))

    def is_repeatable(self, element: TreeElement) -> bool:
        """Return whether an element is a loop with several passes, or a function that may be called several times."""
        if element.kind == "loop":
            return not has_single_pass(self.tree, element.number)
        return element.slot == FUNCTIONS and element.number not in self.single

    def _has_avoided(self, branch: TreeElement) -> bool:
        """Return whether the instance has taken another branch, or has passed the choice without the first step."""
        if branch.number in self.entered:
            return False
        choice = self.tree[branch.parent]
        if not self.entered.isdisjoint(choice.children):
            return True
        first = next(iter(branch.children), None)
        if first is None or first in self.possible:
            return False
        is_return = self.tree[first].kind == "break" and self.tree[first].text("kind") == "return"
        begins_with_step = self.tree[first].kind in STEPS
        if not (begins_with_step or is_return or self._lacks_trace(branch)):
            return False
        outer = [*ancestors(self.tree, branch.number)]
        if any(each.kind == "parallel" or each.slot == FUNCTIONS for each in outer):
            return False
        if not begins_with_step and any(each.kind == "try" for each in outer):
            return False  # the last step may be from a `finally`, after an error before the first step of the branch
        return self.last.get(ROOT, ROOT) >= choice.end

    def _lacks_trace(self, branch: TreeElement) -> bool:
        """Return whether a branch would have begun a step, but has not."""
        has_begun = any(number in self.possible for number in self.tree.subtree(branch.number))
        return not has_begun and self.traces.leaves_trace(branch.number)


class _EnclosingElements:
    """The functions and loops around the elements of a tree."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._calls = calls_by_name(tree)
        self._functions: dict[int, int] = {}
        self._loops: dict[int, tuple[int, ...]] = {}

    def function_of(self, number: int) -> int:
        """Return the number of the function around an element, or that of the workflow."""
        if number not in self._functions:
            self._functions[number] = function_of(self._tree, number)
        return self._functions[number]

    def loops(self, number: int) -> tuple[int, ...]:
        """Return the numbers of the loops around an element in its function."""
        if number not in self._loops:
            outer = ancestors(self._tree, number)
            self._loops[number] = tuple(each.number for each in outer if each.kind == "loop")
        return self._loops[number]

    def only_calls(self) -> dict[int, int]:
        """Return the functions with one call in the code, by the number of the call."""
        functions = (element for element in self._tree.elements if element.slot == FUNCTIONS)
        called = ((self._calls.get(function.text(KEY), ()), function.number) for function in functions)
        return {calls[0]: number for calls, number in called if len(calls) == 1}

    def called_once(self) -> list[int]:
        """Return the functions with one call, which no loop, step or function with several calls contains."""
        inner: defaultdict[int, list[int]] = defaultdict(list)
        for element in self._tree.elements:
            calls = self._calls[element.text(KEY)] if element.slot == FUNCTIONS else []
            if len(calls) == 1 and all(each.kind not in _REPEATING for each in ancestors(self._tree, calls[0])):
                inner[self.function_of(calls[0])].append(element.number)
        functions = list(inner[ROOT])
        for function in functions:
            functions += inner[function]
        return functions

    def with_callers(self, numbers: set[int]) -> set[int]:
        """Add all calls of functions whose call is not among the elements, as another version may have inlined it."""
        result = set(numbers)
        pending = [self.function_of(number) for number in numbers]
        while pending:
            function = pending.pop()
            calls = self._calls[self._tree[function].text(KEY)] if function != ROOT else []
            if result.isdisjoint(calls):
                result.update(calls)
                pending += (self.function_of(call) for call in calls)
        return result

    def completed(
        self, entries: Sequence[LogEntry], runs: Sequence[Sequence[RunChain]], counts: Mapping[RunChain, int]
    ) -> Iterator[int]:
        """Yield the functions that may have returned: an entry began outside of the call, or the call was repeated."""
        latest: dict[tuple[int, RunChain], int] = {}
        running: set[tuple[int, RunChain]] = set()
        for index, (entry, chains) in enumerate(zip(entries, runs, strict=False)):
            calls = [call for chain in chains for call in self._calls_in(chain)]
            latest.update(dict.fromkeys(calls, index))
            if entry.outcome == "open":
                running.update(calls)
        yield from (call[0] for call, index in latest.items() if call not in running and index < len(runs) - 1)
        yield from (call[0] for chain, count in counts.items() if count > 1 for call in self._repeated_calls(chain))

    def left(self, chains: Iterable[RunChain], last: Mapping[int, int], repeated: Container[int]) -> Iterator[int]:
        """Yield the functions whose calls the other version lacks, if a step after a call has run."""
        pending = [self.function_of(chain[0]) for chain in chains]
        visited: set[int] = set()
        while pending:
            function = pending.pop()
            if function == ROOT or function in visited:
                continue
            visited.add(function)
            for call in self._calls[self._tree[function].text(KEY)]:
                if self._is_passed(call, last) or any(loop in repeated for loop in self.loops(call)):
                    yield function
                pending.append(self.function_of(call))

    def followed(self, chains: Iterable[RunChain], last: Mapping[int, int]) -> Iterator[int]:
        """Yield the functions with a call that is in front of a step that has run."""
        for chain in chains:
            for function, calls in self._calls_in(chain):
                if self._is_passed(calls[-1], last):
                    yield function

    def _is_passed(self, call: int, last: Mapping[int, int]) -> bool:
        """Return whether a step after a call has run, and no group runs both at the same time."""
        is_in_group = any(outer.kind == "parallel" for outer in ancestors(self._tree, call))
        return not is_in_group and last.get(self.function_of(call), ROOT) >= self._tree[call].end

    def _calls_in(self, chain: RunChain) -> Iterator[tuple[int, RunChain]]:
        """Yield the functions around a run, with the calls that led to each.

        A step that the other version runs outside of the function has no call.
        """
        for index, number in enumerate(chain):
            function = self.function_of(number)
            if function != ROOT and index:
                yield function, chain[:index]

    def _repeated_calls(self, chain: RunChain) -> Iterator[tuple[int, RunChain]]:
        """Yield the functions that a repeated run may have entered several times, instead of a loop inside."""
        for function, calls in self._calls_in(chain):
            if any(map(self.loops, calls)) or not any(map(self.loops, chain[len(calls) :])):
                yield function, calls


def _certain_counts(runs: Sequence[Sequence[RunChain]]) -> Counter[int]:
    """Return the numbers of runs of the steps all of whose runs the log determines."""
    steps = [{chain[-1] for chain in chains} for chains in runs]
    uncertain = {number for several in steps if len(several) > 1 for number in several}
    return Counter(number for each in steps for number in each if number not in uncertain)


def ancestors(tree: Tree, number: int) -> Iterator[TreeElement]:
    """Yield the ancestors of an element, innermost first, without counting visits, as each log needs them."""
    while number != ROOT:
        number = tree[number].parent
        yield tree[number]


def loops_around(tree: Tree, calls: Mapping[str, Sequence[int]], number: int) -> set[int]:
    """Return the loops around an element and around the calls that may lead to it."""
    return {outer for outer in elements_around(tree, calls, number) if tree[outer].kind == "loop"}


def elements_around(tree: Tree, calls: Mapping[str, Sequence[int]], number: int) -> set[int]:
    """Return the elements around an element, and around all calls that may lead to it."""
    enclosing: set[int] = set()
    pending = [number]
    while pending:
        for outer in ancestors(tree, pending.pop()):
            if outer.slot == FUNCTIONS and outer.number not in enclosing:
                pending += calls.get(outer.text(KEY), ())
            enclosing.add(outer.number)
    return enclosing


def only_calls_around(tree: Tree, calls: Mapping[str, Sequence[int]], number: int) -> list[int]:
    """Return the only calls of the functions around an element, innermost first, up to one with several calls."""
    only_calls: list[int] = []
    while (function := function_of(tree, number)) != ROOT:
        several = calls.get(tree[function].text(KEY), ())
        if len(several) != 1 or several[0] in only_calls:
            break
        number = several[0]
        only_calls.append(number)
    return only_calls


def repeated_after(tree: Tree, exit_number: int) -> Iterator[TreeElement]:
    """Yield the elements around an exit that may run again after it: its function, and loops that it stays in."""
    loops = 1 if tree[exit_number].text("kind") == "break" else len(tree)
    for outer in ancestors(tree, exit_number):
        if outer.slot == FUNCTIONS or (outer.kind == "loop" and loops <= 0):
            yield outer
        loops -= outer.kind == "loop"


def keeps_order(matching: Matching) -> bool:
    """Return whether the common elements have the same order and parents in both versions, and no call is new."""
    last = ROOT
    for element, new in zip(matching.old.elements, matching.to_new, strict=True):
        if new is None or element.number == ROOT:
            continue
        if new < last or matching.to_new[element.parent] != matching.new[new].parent:
            return False
        last = new
    return all(matching.new[number].kind != CALL for number in matching.unmatched_new())


def optional_elements(matching: Matching, functions: Mapping[str, int]) -> frozenset[int]:
    """Return the new elements in branches and loops that the deployed code lacks, or in another `else`.

    The result includes the elements of the functions called there. `functions` are the functions of the new code, by
    name.
    """
    tree, defaults = matching.new, frozenset(other_defaults(matching))
    pending = [
        element.number
        for element in reversed(tree.elements)
        if element.kind in {BRANCH, "loop"} and (matching.to_old[element.number] is None or element.number in defaults)
    ]
    optional: set[int] = set()
    while pending:
        number = pending.pop()
        for inner in tree.subtree(number) if number not in optional else ():
            optional.add(inner)
            if tree[inner].kind == CALL and tree[inner].name in functions:
                pending.append(functions[tree[inner].name])
    return frozenset(optional)
