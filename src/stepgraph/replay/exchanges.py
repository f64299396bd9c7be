"""Calls of the same function, or group members with the same name, that get stored results of each other.

The engine counts equal names in the order of the calls. The steps in a function have the same names in each call, so
the results of the first call go to the call that is the first one in the new code.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct

from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import CALL, FUNCTIONS, ROOT, STEPS, Tree, TreeElement, function_of, functions_by_key
from stepgraph.execution.engine_rules import result_key
from stepgraph.execution.names import NamePattern

_ByKey: TypeAlias = dict[Hashable, list[int]]


class Exchange(Struct, frozen=True):
    """A call or group member that may get the stored results of another one."""

    old: str
    """The deployed call or member, such as `hotel(step, "a")`."""
    new: str
    """The new call or member that gets its results."""


class Exchanges(Struct, frozen=True):
    """Finds the exchanges between two versions, for an instance that has run some of the deployed elements."""

    matching: Matching
    has_run: Callable[[int], bool]
    """Whether the instance may have run a deployed element."""
    may_run: Callable[[int], bool]
    """Whether a new call or step may run before the end of the log."""

    def find(self) -> Iterator[Exchange]:
        """Yield the first exchange for each function, and for each name in a group."""
        old, new = self.matching.old, self.matching.new
        renamed = self.matching.renamed
        old_keys = self._by_key(old, lambda each: renamed.get(each.name, each.name), lambda container: container)
        new_keys = self._by_key(new, lambda each: each.name, lambda container: self.matching.to_old[container])
        for key, before in old_keys.items():
            begun = [number for number in before if self.has_run(number)]
            after = [number for number in new_keys.get(key, ()) if self.may_run(number)]
            if begun and after and not self._has_left(begun) and has_literal_steps(self.matching.new, after[0]):
                yield from self._of(begun, after)

    def _by_key(self, tree: Tree, name_of: Callable[[TreeElement], str], in_old: Callable[[int], int | None]) -> _ByKey:
        """Return the calls and members with equal keys of results, by their container and this key."""
        keys: _ByKey = defaultdict(list)
        for element in tree.elements:
            if element.kind == CALL:
                keys[in_old(function_of(tree, element.number)), CALL, name_of(element)].append(element.number)
            elif element.kind in STEPS and tree[element.parent].kind == "parallel":
                keys[in_old(element.parent), result_key(element.kind, element.fields)].append(element.number)
        return keys

    def _has_left(self, numbers: Sequence[int]) -> bool:
        """Return whether a deployed call is now in another function, where the order of calls is not compared."""
        old, new = self.matching.old, self.matching.new
        pairs = ((number, self.matching.to_new[number]) for number in numbers)
        return any(
            partner is not None and self.matching.to_old[function_of(new, partner)] != function_of(old, number)
            for number, partner in pairs
        )

    def _of(self, begun: Sequence[int], after: Sequence[int]) -> Iterator[Exchange]:
        for old, new in zip(begun, after, strict=False):
            if self.matching.to_new[old] != new:
                yield Exchange(element_text(self.matching.old, old), element_text(self.matching.new, new))
                return
        added = (number for number in after if self.matching.to_old[number] is None)
        for new in added:
            loops = _loops_around(self.matching.new, new)
            for old in begun:
                partner = self.matching.to_new[old]
                if partner is not None and not loops.isdisjoint(_loops_around(self.matching.new, partner)):
                    yield Exchange(element_text(self.matching.old, old), element_text(self.matching.new, new))
                    return


def _loops_around(tree: Tree, number: int) -> set[int]:
    loops: set[int] = set()
    while number != ROOT and tree[number].slot != FUNCTIONS:
        number = tree[number].parent
        if tree[number].kind == "loop":
            loops.add(number)
    return loops


def has_literal_steps(tree: Tree, number: int) -> bool:
    """Return whether a step, or a step that a call runs, has the same name in each call."""
    functions = functions_by_key(tree)
    pending, entered = [number], {number}
    while pending:
        for element in (tree[inner] for inner in tree.subtree(pending.pop())):
            if element.kind in STEPS and NamePattern.of(element.name).is_literal:
                return True
            function = functions.get(element.name) if element.kind == CALL else None
            if function is not None and function not in entered:
                entered.add(function)
                pending.append(function)
    return False


def element_text(tree: Tree, number: int) -> str:
    """Return a step or call as in messages, such as `hotel(step, "a")`."""
    return f"{tree[number].name}{tree.arguments.get(number, '')}"
