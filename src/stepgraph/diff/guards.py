"""The conditions under which steps run, also those of the exits in front of them.

`if a: return` in front of a step and `if not a:` around it are the same guard. Each guard is a text, and all
guards of a step are true whenever it runs.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

from msgspec import Struct, field

from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import BRANCH, FUNCTIONS, KEY, NODES, ROOT, STEPS, Tree, TreeElement
from stepgraph.model.expressions import condition_parts, constant_truth

_MAX_EXITS: Final = 500
"""The maximum number of exits of a version whose guards are read."""

_MAX_BRANCHES: Final = 30
"""The maximum number of branches of an `if` whose conditions are read."""

_MAX_COMPARED: Final = 200
"""The maximum number of steps whose guards are compared for one decision."""

_NOT_ALL: Final = "not all of "
"""The start of a guard that holds if the guards in a list are not all true."""

_CALL_START: Final = re.compile(r"\w\(")


class ExitEnd(Struct, frozen=True):
    """An element that an exit leaves, so that the elements after it do not run."""

    parent: int
    """The number of the parent of the element."""
    index: int
    """The index of the element in its parent; -1 for the earlier passes of a loop, which precede all its elements."""
    guards: frozenset[str]
    """The guards of the elements after it: no exit has been taken."""


def has_call(condition: str) -> bool:
    """Return whether a condition contains a call, which may have another result in another place."""
    return _CALL_START.search(condition) is not None


def opposite_guards(guard: str) -> Sequence[str]:
    """Return the guards that are all true exactly if a guard is false."""
    if guard.startswith(_NOT_ALL) and guard.endswith("]"):
        return [str(each) for each in ast.literal_eval(guard.removeprefix(_NOT_ALL))]
    return condition_parts(guard, negated=True)


class ComparedGuards:
    """The guards of the steps of two versions."""

    def __init__(
        self, matching: Matching, old_calls: Mapping[str, Sequence[int]], new_calls: Mapping[str, Sequence[int]]
    ) -> None:
        self._matching = matching
        self._calls = old_calls, new_calls

    @cached_property
    def both(self) -> tuple[Guards, Guards] | None:
        """The guards of both versions, or None for versions with too many exits."""
        matching = self._matching
        exits = [sum(each.kind == "break" for each in tree.elements) for tree in (matching.old, matching.new)]
        if max(exits) > _MAX_EXITS:
            return None
        old = Guards(matching.old, self._calls[0], self._key_of_old, self._text_of_old)
        return old, Guards(matching.new, self._calls[1], str, lambda branch: _text(matching.new, branch))

    def _key_of_old(self, number: int) -> str:
        partner = self._matching.to_new[number]
        return f"deployed {number}" if partner is None else str(partner)

    def _text_of_old(self, branch: int) -> str:
        return self._matching.renamed_text(_text(self._matching.old, branch))

    def keep(self, old: int, new: int) -> bool:
        """Return whether all guards of a deployed step also guard a new one, so that it skips the same runs."""
        if self.both is None:
            return False
        pending, compared = [(old, new)], set[tuple[int, int]]()
        while pending:
            pair = pending.pop()
            if pair in compared:
                continue
            compared.add(pair)
            before, after = (guards.of(number) for guards, number in zip(self.both, pair, strict=True))
            if len(compared) > _MAX_COMPARED or not before <= after:
                return False
            calls, new_calls = (guards.callers_of(number) for guards, number in zip(self.both, pair, strict=True))
            partners = [self._matching.to_new[call] for call in calls]
            if sorted(new_calls) != sorted(partner for partner in partners if partner is not None):
                return False
            pending += zip(calls, (partner for partner in partners if partner is not None), strict=False)
        return True

    def are_equal(self, numbers: Sequence[int]) -> bool:
        """Return whether new steps and calls are matched, and have the guards of their partners.

        Those of a function that is called several times do not count beyond its calls.
        """
        if self.both is None or len(numbers) > _MAX_COMPARED:
            return False
        old, new = self.both
        partners = [(self._matching.to_old[number], number) for number in numbers]
        return all(partner is not None and old.of(partner) == new.of(number) for partner, number in partners)

    def skipped_by(self, exit_number: int, numbers: Sequence[int]) -> list[int]:
        """Return the new steps of which a new exit may skip runs that their partners have made.

        If the guards are not compared, these are all steps.
        """
        if self.both is None or len(numbers) > _MAX_COMPARED or exit_number in self._matching.new.raises:
            return list(numbers)
        added = frozenset(guard for end in self.both[1].ends_of_exit(exit_number) for guard in end.guards)
        return [number for number in numbers if self._has_guard(number, added)]

    def _has_guard(self, new: int, added: frozenset[str]) -> bool:
        """Return whether a new step or the calls that lead to it have one of some guards, which their partners lack."""
        if self.both is None:
            return True
        old, guards = self.both[0], self.both[1]
        pending, compared = [new], set[int]()
        while pending:
            number = pending.pop()
            if number in compared:
                continue
            compared.add(number)
            partner = self._matching.to_old[number]
            if partner is None or not added.isdisjoint(guards.of(number) - old.of(partner)):
                return True
            pending += guards.callers_of(number)
        return False


def _text(tree: Tree, branch: int) -> str:
    return tree.definitions.get(branch) or tree[branch].text("condition")


class Guards(Struct, frozen=True):
    """Finds the guards of the elements of a version."""

    tree: Tree
    calls: Mapping[str, Sequence[int]]
    """The calls in the version, by the name of the called function."""
    key_of: Callable[[int], str]
    """Returns a text for an element that is the same for its partner in the other version."""
    text_of: Callable[[int], str]
    """Returns the condition of a branch with the definitions of its variables, comparable with the other version."""
    _decisions: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """The conditions of each branch."""
    _dead: dict[int, bool] = field(default_factory=dict)
    """Whether each branch never runs."""
    _exits: dict[int, list[tuple[int, ExitEnd]]] = field(default_factory=dict)
    """The numbers of the exits inside of each parent, with the elements that they leave."""

    def __post_init__(self) -> None:
        for number in (element.number for element in self.tree.elements if element.kind == "break"):
            for end in self.ends_of_exit(number):
                self._exits.setdefault(end.parent, []).append((number, end))

    def of(self, number: int) -> frozenset[str]:
        """Return the guards of a step, up to the calls of a function that is called several times."""
        return frozenset(guard for element in self.path(number) for guard in self._guards_in_parent(element))

    def callers_of(self, number: int) -> Sequence[int]:
        """Return the calls of the function around a step that is called several times, or an empty list."""
        *_, outermost = self.path(number)
        return self.calls.get(outermost.text(KEY), ()) if outermost.slot == FUNCTIONS else ()

    def path(self, number: int) -> Iterator[TreeElement]:
        """Yield an element and those around it, and around the only call of its function, innermost first."""
        functions: set[int] = set()
        while number != ROOT:
            element = self.tree[number]
            yield element
            number = element.parent
            if element.slot == FUNCTIONS:
                calls = self.calls.get(element.text(KEY), ())
                if len(calls) != 1 or element.number in functions:
                    return
                functions.add(element.number)
                number = calls[0]

    def _guards_in_parent(self, element: TreeElement) -> Iterator[str]:
        """Yield the guards of an element inside its parent."""
        parent = self.tree[element.parent]
        if element.slot == FUNCTIONS:
            return
        if element.kind == BRANCH:
            yield from map(_guard, self.decision(element))
        elif parent.kind == "loop" or parent.kind in STEPS or element.slot == "catch_block":
            yield f"{element.slot} of {self.key_of(parent.number)}"
        if element.slot == NODES:
            yield from (guard for _, guards in self.after_exits(element) for guard in guards)

    def after_exits(self, element: TreeElement) -> Iterator[tuple[int, frozenset[str]]]:
        """Yield the exits in front of an element in its parent, with the guards of the element."""
        if self.tree[element.parent].kind != "parallel":
            for number, end in self._exits.get(element.parent, ()):
                if end.index < element.index:
                    yield number, end.guards

    def decision(self, branch: TreeElement) -> tuple[str, ...]:
        """Return the conditions of a branch: its own one, and the opposites of those before it."""
        if branch.number not in self._decisions:
            self._decisions[branch.number] = tuple(self._read_decision(branch))
        return self._decisions[branch.number]

    def is_dead(self, element: TreeElement) -> bool:
        """Return whether a constant in the condition of a branch, or of those before it, excludes the branch."""
        if element.kind != BRANCH:
            return False
        if element.number not in self._dead:
            self._dead[element.number] = any(constant_truth(each) is False for each in self.decision(element))
        return self._dead[element.number]

    def _read_decision(self, branch: TreeElement) -> Iterator[str]:
        choice = self.tree[branch.parent]
        if choice.kind != "if" or branch.index >= _MAX_BRANCHES:
            yield f"branch {self.key_of(branch.number)}"
            return
        for earlier in choice.children[: branch.index]:
            yield from condition_parts(self.text_of(earlier), negated=True)
        if branch.fields.get("condition") is not None:
            yield from condition_parts(self.text_of(branch.number))

    def ends_of_exit(self, exit_number: int) -> Iterator[ExitEnd]:
        """Yield the elements that an exit leaves, innermost first."""
        tree = self.tree
        leaves_function = tree[exit_number].text("kind") == "return"
        constructs: list[TreeElement] = []
        """The branches, loops and handlers around the exit."""
        number = exit_number
        while number != ROOT and tree[number].slot != FUNCTIONS and (leaves_function or tree[number].kind != "loop"):
            element = tree[number]
            if element.kind in {BRANCH, "loop"} or element.slot == "catch_block":
                constructs.append(element)
            if element.kind == "loop":
                yield ExitEnd(number, -1, frozenset(self._in_passes(number, constructs)))
            if element.slot == NODES and constructs:
                yield ExitEnd(element.parent, element.index, frozenset(self._negated(constructs)))
            number = element.parent
        if tree[number].kind == "loop":
            yield ExitEnd(number, -1, frozenset(self._in_passes(number, constructs)))

    def _in_passes(self, loop: int, constructs: Sequence[TreeElement]) -> Iterator[str]:
        """Yield the guards of all elements in a loop that an exit leaves: no earlier pass has left it."""
        for guard in self._negated(constructs) or ("nothing",):
            yield f"{guard} in earlier passes of {self.key_of(loop)}"

    def _negated(self, constructs: Sequence[TreeElement]) -> Sequence[str]:
        """Return the guards that hold if a branch, loop or handler around an exit does not lead to it."""
        if not constructs:
            return []
        parts: set[str] = set()
        for element in constructs:
            key = f"{element.kind} {self.key_of(element.number)}"
            parts.update(self.decision(element) if element.kind == BRANCH else [key])
        are_conditions = all(each.kind == BRANCH and self.tree[each.parent].kind == "if" for each in constructs)
        return _negated_parts(parts) if are_conditions else [_not_all(parts)]


def _guard(condition: str) -> str:
    """Return the guard of a condition, which is the same for an exit under its opposite."""
    opposites = condition_parts(condition, negated=True)
    return condition if len(opposites) == 1 else _not_all(opposites)


def _negated_parts(parts: Collection[str]) -> Sequence[str]:
    """Return the guards that hold if some conditions are not all true."""
    return condition_parts(next(iter(parts)), negated=True) if len(parts) == 1 else [_not_all(parts)]


def _not_all(parts: Iterable[str]) -> str:
    return f"{_NOT_ALL}{sorted(parts)}"
