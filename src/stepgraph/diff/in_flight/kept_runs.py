"""Changes of the control flow that leave all runs of the common steps as they are.

For example, `if a: return` in front of steps replaces `if not a:` around them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import combinations
from typing import Final, TypeAlias

from stepgraph.diff.changes import Action, EditGroup
from stepgraph.diff.guards import ComparedGuards, Guards, has_call, opposite_guards
from stepgraph.diff.script import Update
from stepgraph.diff.sides import Side, Sides
from stepgraph.diff.tree import BLOCK_SLOTS, BRANCH, CLOCKS, FUNCTIONS, STEPS, Tree, calls_by_name, is_work
from stepgraph.model.expressions import condition_parts

_MAX_COMPARED: Final = 200
"""The maximum number of common steps and calls that are compared."""

_Position: TypeAlias = tuple[int, ...]
"""The numbers of an element and those around it, also around the only call of its function, outermost first."""


class KeptRuns:
    """Finds the changes that affect no run, because all common steps run under the same conditions in the same order.

    Additional steps have their own changes.
    """

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        matching = sides.matching
        self._compared = ComparedGuards(matching, calls_by_name(matching.old), calls_by_name(matching.new))

    def keep(self, group: EditGroup) -> bool:
        """Return whether a change concerns the control flow, and leaves all runs of the common steps as they are."""
        return self._is_control_flow(group) and self._keeps_runs

    def _is_control_flow(self, group: EditGroup) -> bool:
        old, new = self._sides.old, self._sides.new
        if any(isinstance(edit, Update) and edit.field in CLOCKS for edit in group.edits):
            return False
        match group.action:
            case Action.ADDED:
                return all(_decides_common_steps(new, number) for number in group.new)
            case Action.REMOVED:
                return all(_decides_common_steps(old, number) for number in group.old)
            case Action.WRAPPED:
                return _is_control_flow(new.tree, group.container_number)
            case Action.UNWRAPPED:
                return _is_control_flow(old.tree, group.container_number)
            case Action.MOVED:
                return not any(map(self._is_case, group.new))
            case Action.CHANGED:
                return group.fields == ("condition",) and not any(map(self._is_case, group.new))
            case _:
                return False

    def _is_case(self, number: int) -> bool:
        """Return whether an element of the new version is a branch that guards do not describe."""
        tree = self._sides.new.tree
        return tree[number].kind == BRANCH and not _is_control_flow(tree, number)

    @cached_property
    def _keeps_runs(self) -> bool:
        """Whether all common steps and calls, and all exceptions, have the same guards and the same order."""
        both, matching = self._compared.both, self._sides.matching
        if both is None:
            return False
        old, new = both
        pairs = [
            (partner, element.number)
            for element in matching.new.elements
            if is_work(element) and (partner := matching.to_old[element.number]) is not None
        ]
        return (
            len(pairs) <= _MAX_COMPARED
            and _evaluated_calls(old) == _evaluated_calls(new)
            and _raised(old) == _raised(new)
            and all(old.of(before) == new.of(after) for before, after in pairs)
            and all([*_constructs(old, before)] == [*_constructs(new, after)] for before, after in pairs)
            and self._keeps_order(old, new, pairs)
        )

    @staticmethod
    def _keeps_order(old: Guards, new: Guards, pairs: list[tuple[int, int]]) -> bool:
        """Return whether all steps of a function that are in another order exclude each other."""
        guards = frozenset[str]().union(*(new.of(after) for _, after in pairs))
        opposites = {each: opposite_guards(each) for each in guards if not has_call(each)}
        functions: defaultdict[str, list[tuple[_Position, _Position, int]]] = defaultdict(list)
        for before, after in pairs:
            functions[_function(new, after)].append((_position(new, after), _position(old, before), after))
        return all(
            first[1] < second[1] or _exclude(new.of(first[2]), new.of(second[2]), opposites)
            for steps in functions.values()
            for first, second in combinations(sorted(steps), 2)
        )


def _decides_common_steps(side: Side, number: int) -> bool:
    """Return whether an added or removed element decides which steps run, and contains no such steps and calls."""
    inside = (each for each in side.tree.visit_subtree(number) if is_work(side.tree[each]))
    return _is_control_flow(side.tree, number) and not any(map(side.is_unmatched, inside))


def _is_control_flow(tree: Tree, number: int) -> bool:
    """Return whether an element is an exit, an `if` or its branch. Guards describe no `case`s."""
    element = tree[number]
    return element.kind in {"if", "break"} or (element.kind == BRANCH and tree[element.parent].kind == "if")


def _position(guards: Guards, number: int) -> _Position:
    return tuple(element.number for element in guards.path(number))[::-1]


def _function(guards: Guards, number: int) -> str:
    """Return the key of the function around a step that is called several times, or an empty string in `run`."""
    *_, outermost = guards.path(number)
    return guards.key_of(outermost.number) if outermost.slot == FUNCTIONS else ""


def _constructs(guards: Guards, number: int) -> Iterator[str]:
    """Yield the loops, groups, steps and blocks of a `try` around an element."""
    for element in guards.path(number):
        parent = guards.tree[element.parent]
        if element.slot in BLOCK_SLOTS or parent.kind in {"loop", "parallel"} or parent.kind in STEPS:
            yield f"{element.slot} of {guards.key_of(parent.number)}"


def _raised(guards: Guards) -> Counter[frozenset[str]]:
    """Return the guards of all exits and handlers that raise an exception."""
    return Counter(frozenset((*guards.of(number), *_constructs(guards, number))) for number in guards.tree.raises)


def _evaluated_calls(guards: Guards) -> Counter[tuple[str, ...]]:
    """Return the conditions with calls, each of whose evaluations may have another value."""
    texts = (guards.text_of(number) for number in _branches(guards.tree))
    return Counter(min(condition_parts(text), condition_parts(text, negated=True)) for text in texts if has_call(text))


def _branches(tree: Tree) -> Iterator[int]:
    return (each.number for each in tree.elements if each.kind == BRANCH and each.text("condition"))


def _exclude(first: frozenset[str], second: frozenset[str], opposites: Mapping[str, Sequence[str]]) -> bool:
    """Return whether a condition of a step is false if those of another one are true.

    `opposites` are the conditions that are true exactly if a condition is false.
    """
    return any(second.issuperset(opposites[guard]) for guard in first if guard in opposites)
