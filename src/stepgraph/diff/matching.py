"""The matching of two trees by structure and names: its pairs, and the first two phases of GumTree.

The top-down phase matches isomorphic subtrees, then elements with equal names. The bottom-up phase matches containers
of the same kind by their matched descendants.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from stepgraph.diff.branch_conditions import BranchTest, decisions, have_equal_cases, normal_decisions
from stepgraph.diff.renamed_steps import with_new_step_names
from stepgraph.diff.sequences import common_sequence
from stepgraph.diff.tree import (
    BLOCK_SLOTS,
    BRANCH,
    CALL,
    FUNCTION,
    FUNCTIONS,
    KEY,
    STEPS,
    Digester,
    Tree,
    TreeElement,
    functions_by_key,
    is_work,
)

_CALLED_NAME: Final = re.compile(r"\b[^\W\d]\w*+(?=\()")


@dataclass(slots=True)
class Matching:
    """A one-to-one matching between the elements of two trees. Each phase of `match_trees` adds pairs."""

    old: Tree
    new: Tree
    renamed: Mapping[str, str]
    """New names of renamed functions, by old name."""
    old_digests: list[int]
    """Digests of the old subtrees, computed with the new names of renamed functions."""
    new_digests: list[int]
    """Digests of the new subtrees."""
    has_code: bool = False
    """Whether the code of both versions is known, unlike that of saved graphs."""
    first_items: Mapping[str, str] = field(default_factory=dict)
    """The new definitions of the variables of loops with equal first passes, by old definition."""
    renamed_steps: Mapping[str, str] = field(default_factory=dict)
    """The new constant names of renamed steps, by old name."""
    to_new: list[int | None] = field(init=False)
    """The matched new element of each old element, or None."""
    to_old: list[int | None] = field(init=False)
    """The matched old element of each new element, or None."""

    def __post_init__(self) -> None:
        self.to_new = [None] * len(self.old)
        self.to_old = [None] * len(self.new)

    def new_name(self, function: str) -> str:
        """Return the new name of a deployed function."""
        return self.renamed.get(function, function)

    def add(self, old: int, new: int) -> None:
        """Match two unmatched elements."""
        self.to_new[old] = new
        self.to_old[new] = old

    def remove(self, old: int, new: int) -> None:
        """Remove the matches of two elements, if any."""
        if (new_partner := self.to_new[old]) is not None:
            self.to_old[new_partner] = None
        if (old_partner := self.to_old[new]) is not None:
            self.to_new[old_partner] = None
        self.to_new[old] = self.to_old[new] = None

    def add_subtrees(self, old: int, new: int) -> None:
        """Match all unmatched elements of two isomorphic subtrees."""
        for inner_old, inner_new in zip(self.old.visit_subtree(old), self.new.visit_subtree(new), strict=True):
            if self.are_unmatched(inner_old, inner_new):
                self.add(inner_old, inner_new)

    def are_unmatched(self, old: int, new: int) -> bool:
        """Return whether both elements are unmatched."""
        return self.to_new[old] is None and self.to_old[new] is None

    def are_isomorphic(self, old: int, new: int) -> bool:
        """Return whether two subtrees are equal except for clocks and the names of renamed functions."""
        return self.old_digests[old] == self.new_digests[new]

    def has_same_value(self, old: int, new: int) -> bool:
        """Return whether the text of a step, branch or loop differs only in the names of variables and functions."""
        before, after = self.old.definitions.get(old), self.new.definitions.get(new)
        if before is not None and after is not None and self.is_same_definition(before, after):
            return True
        if before is after is None and self._is_case(self.old, old) and self._is_case(self.new, new):
            return have_equal_cases(self.old[old], self.new[new])
        return self.has_same_decision(old, new)

    def has_opposite_decision(self, old: int, new: int) -> bool:
        """Return whether a branch certainly runs exactly if another one does not, each as the first one of an `if`."""
        if not self.old[old].kind == self.new[new].kind == BRANCH or self.old[old].index or self.new[new].index:
            return False
        before = self._renamed_decisions(old)
        before[-1:] = [each._replace(is_false=not each.is_false) for each in before[-1:]]
        return bool(before) and normal_decisions(before) == normal_decisions(decisions(self.new, new))

    @staticmethod
    def _is_case(tree: Tree, number: int) -> bool:
        return tree[number].kind == BRANCH and tree[tree[number].parent].kind == "switch"

    def has_same_decision(self, old: int, new: int) -> bool:
        """Return whether two branches certainly run under the same conditions, however these are written."""
        if not self.old[old].kind == self.new[new].kind == BRANCH:
            return False
        before = self._renamed_decisions(old)
        return bool(before) and normal_decisions(before) == normal_decisions(decisions(self.new, new))

    def _renamed_decisions(self, branch: int) -> list[BranchTest]:
        """Return the decisions before an old branch and its own, with the new names of renamed functions."""
        return [each._replace(condition=self.renamed_text(each.condition)) for each in decisions(self.old, branch)]

    def has_other_value(self, old: int, new: int) -> bool:
        """Return whether the text of a step, branch or loop contains other values, perhaps by the same names."""
        have_values = old in self.old.definitions and new in self.new.definitions
        return have_values and not self.has_same_value(old, new)

    def is_same_definition(self, old: str, new: str) -> bool:
        """Return whether two definitions of texts differ at most in the names of renamed functions and steps."""
        return self.renamed_text(old) == new

    def renamed_text(self, text: str) -> str:
        """Return a text of the old version with the new names of called functions and steps, and of items of loops."""
        for old, new in self.first_items.items():
            text = text.replace(old, new)
        text = with_new_step_names(text, self.renamed_steps)
        return _CALLED_NAME.sub(lambda name: self.renamed.get(name[0], name[0]), text) if self.renamed else text

    def has_same_duration(self, old: int, new: int) -> bool:
        """Return whether two sleeps certainly compute the same duration, perhaps by variables with other names."""
        before, after = self.old.durations.get(old), self.new.durations.get(new)
        return before is not None and after is not None and self.is_same_definition(before, after)

    def unmatched_old(self) -> list[int]:
        """Return the unmatched old elements."""
        return [number for number, partner in enumerate(self.to_new) if partner is None]

    def unmatched_new(self) -> list[int]:
        """Return the unmatched new elements."""
        return [number for number, partner in enumerate(self.to_old) if partner is None]


def empty_matching(old: Tree, new: Tree, renamed: Mapping[str, str]) -> Matching:
    """Return a matching without pairs."""
    digester = Digester()
    return Matching(old, new, renamed, digester.digests(old, renamed), digester.digests(new))


def is_movable(element: TreeElement) -> bool:
    """Return whether an element can move on its own, unlike branches, blocks of a `try` and functions."""
    return element.kind != BRANCH and element.slot not in {*BLOCK_SLOTS, FUNCTIONS, ""}


def work_counts(tree: Tree) -> list[int]:
    """Return the number of steps, calls and named elements in the subtree of each element."""
    work = [int(bool(element.name) or is_work(element)) for element in tree.elements]
    for element in reversed(tree.elements[1:]):
        work[element.parent] += work[element.number]
    return work


NO_KEY = None


def match_below(matching: Matching, old: int, new: int) -> list[tuple[int, int]]:
    """Match the descendants of two matched elements, in order and within the same slot. Return the new matches.

    Isomorphic children are matched first, then children with the same name or condition. The result lacks the matches
    inside isomorphic subtrees.
    """
    matches: list[tuple[int, int]] = []
    pending = [(old, new)]
    while pending:
        inner_old, inner_new = pending.pop()
        if matching.are_isomorphic(inner_old, inner_new):
            matching.add_subtrees(inner_old, inner_new)
            continue
        for pair in _match_children(matching, inner_old, inner_new):
            matches.append(pair)
            pending.append(pair)
    return matches


def _match_children(matching: Matching, old: int, new: int) -> list[tuple[int, int]]:
    matches: list[tuple[int, int]] = []
    new_slots = matching.new.children_by_slot(new)
    for slot, old_children in matching.old.children_by_slot(old).items():
        new_children = new_slots.get(slot, [])
        matches += _match_by_key(
            matching,
            {child: matching.old_digests[child] for child in old_children},
            {child: matching.new_digests[child] for child in new_children},
        )
        matches += _match_by_key(
            matching,
            {child: sibling_key(matching.old, child, matching.renamed) for child in old_children},
            {child: sibling_key(matching.new, child, {}) for child in new_children},
        )
    return matches


def _match_by_key(
    matching: Matching, old_keys: Mapping[int, Hashable], new_keys: Mapping[int, Hashable]
) -> list[tuple[int, int]]:
    """Match unmatched children with equal keys, in the order of the children that are already matched."""
    old_children, new_children = list(old_keys), list(new_keys)
    old_sequence = [_sequence_key(matching.to_new[child], key, ("old", child)) for child, key in old_keys.items()]
    new_sequence = [
        _sequence_key(None if matching.to_old[child] is None else child, key, ("new", child))
        for child, key in new_keys.items()
    ]
    matches: list[tuple[int, int]] = []
    for old_index, new_index in common_sequence(old_sequence, new_sequence):
        pair = old_children[old_index], new_children[new_index]
        if matching.are_unmatched(*pair):
            matching.add(*pair)
            matches.append(pair)
    return matches


def _sequence_key(partner: int | None, key: Hashable, unique_key: Hashable) -> Hashable:
    """Return the key of a child in the sequence of siblings. A child without partner and key matches no other child."""
    if partner is not None:
        return ("matched", partner)
    return unique_key if key is NO_KEY else ("key", key)


def sibling_key(tree: Tree, number: int, renamed: Mapping[str, str]) -> Hashable:
    """Return the identity of an element among its siblings, or NO_KEY if it has none."""
    element = tree[number]
    if element.slot in BLOCK_SLOTS:
        return element.kind
    if element.slot == FUNCTIONS:
        return element.kind, renamed.get(element.text(KEY), element.text(KEY))
    match element.kind:
        case kind if kind in STEPS or kind == FUNCTION:
            return kind, element.name
        case "function_call" as kind:
            return kind, renamed.get(element.name, element.name)
        case "branch" as kind:
            return kind, str(element.fields.get("condition"))
        case "switch" as kind:
            return kind, element.text("discriminant")
        case "if" as kind:
            return kind, tuple(str(tree[branch].fields.get("condition")) for branch in element.children)
        case kind:
            return (kind, element.name) if element.name else NO_KEY


def match_isomorphic(matching: Matching, *, unique: bool) -> None:
    """Match unmatched isomorphic subtrees that contain steps, calls or named elements, outermost first.

    With `unique`, subtrees with several candidates are skipped. Without `unique`, such subtrees are matched in order.
    """
    old_work, new_work = work_counts(matching.old), work_counts(matching.new)
    old = [n for n in matching.unmatched_old() if old_work[n] and is_movable(matching.old[n])]
    new = [n for n in matching.unmatched_new() if new_work[n] and is_movable(matching.new[n])]
    for old_number, new_number in _with_equal_keys(
        {number: matching.old_digests[number] for number in old},
        {number: matching.new_digests[number] for number in new},
        unique=unique,
    ):
        if matching.are_unmatched(old_number, new_number):
            matching.add_subtrees(old_number, new_number)


def match_same_name(matching: Matching, *, unique: bool) -> None:
    """Match unmatched elements with the same kind and name. `unique` works as in `match_isomorphic`."""
    old = [n for n in matching.unmatched_old() if _has_identity(matching.old[n])]
    new = [n for n in matching.unmatched_new() if _has_identity(matching.new[n])]
    for old_number, new_number in _with_equal_keys(
        {number: (matching.old[number].kind, matching.old[number].name) for number in old},
        {number: (matching.new[number].kind, matching.new[number].name) for number in new},
        unique=unique,
    ):
        # An earlier match may already include the element.
        if matching.are_unmatched(old_number, new_number):
            matching.add(old_number, new_number)
            match_below(matching, old_number, new_number)


def match_between_matches(matching: Matching) -> None:
    """Match unmatched elements with the same kind and name between the same matched elements.

    Elements of unmatched functions do not count, as these have no order.
    """
    old_keys, new_keys = (
        {number: (tree[number].kind, tree[number].name) for number in _ordered(tree, partners)}
        for tree, partners in ((matching.old, matching.to_new), (matching.new, matching.to_old))
    )
    for pair in _match_by_key(matching, old_keys, new_keys):
        match_below(matching, *pair)


def _ordered(tree: Tree, partners: Sequence[int | None]) -> Iterator[int]:
    """Yield the elements with a name, except those of unmatched functions."""
    number = 0
    while number < len(tree):
        element = tree[number]
        if element.slot == FUNCTIONS and partners[number] is None:
            number = element.end
            continue
        if _has_identity(element):
            yield number
        number += 1


def _has_identity(element: TreeElement) -> bool:
    """Return whether the name identifies the element. A call has the name of its function."""
    return bool(element.name) and element.kind != CALL and is_movable(element)


def _with_equal_keys(
    old_keys: Mapping[int, Hashable], new_keys: Mapping[int, Hashable], *, unique: bool
) -> list[tuple[int, int]]:
    """Return pairs of elements with equal keys, in the order of the old elements."""
    by_key: defaultdict[Hashable, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for number, key in old_keys.items():
        by_key[key][0].append(number)
    for number, key in new_keys.items():
        by_key[key][1].append(number)
    return sorted(
        pair
        for old, new in by_key.values()
        if not unique or len(old) == len(new) == 1
        for pair in zip(old, new, strict=False)
    )


MAX_DISTANCE: Final = 16
"""Maximum distance, in levels, from a container to the descendants that count. It bounds the cost of deep trees."""

MIN_OVERLAP: Final = 0.5
"""Minimum share of the smaller container's work that both containers have in common."""


def match_containers_in_place(matching: Matching) -> None:
    """Match containers whose parents are matched, outermost first."""
    work = work_counts(matching.old), work_counts(matching.new)
    pending = [(old, new) for new, old in enumerate(matching.to_old) if old is not None]
    while pending:
        old, new = pending.pop()
        children = {child for child in matching.new[new].children if matching.to_old[child] is None}
        for child in matching.old[old].children if children else ():
            if _is_unmatched_container(matching, child):
                pending += _match_best(matching, child, work, children)


def match_containers(matching: Matching) -> None:
    """Match containers anywhere in the trees, innermost first."""
    work = work_counts(matching.old), work_counts(matching.new)
    for number in reversed(range(len(matching.old))):
        if _is_unmatched_container(matching, number):
            _match_best(matching, number, work)


def _is_unmatched_container(matching: Matching, old: int) -> bool:
    element = matching.old[old]
    return bool(element.children) and matching.to_new[old] is None and is_movable(element)


def _match_best(
    matching: Matching, old: int, work: tuple[list[int], list[int]], allowed: set[int] | None = None
) -> list[tuple[int, int]]:
    """Match a container with the candidate that has the largest overlap, if any. Return all new matches.

    Candidates are limited to `allowed`, if it is set.
    """
    weights: Counter[int] = Counter()
    for inner_old, inner_new in _matched_descendants(matching, old):
        for candidate in _candidates(matching, inner_new, matching.old[old].kind):
            if allowed is None or candidate in allowed:
                weights[candidate] += max(1, work[0][inner_old])
    scored = [(_overlap(weight, work[0][old], work[1][candidate]), candidate) for candidate, weight in weights.items()]
    eligible = [(dice, candidate) for (dice, containment), candidate in scored if containment >= MIN_OVERLAP]
    if not eligible:
        return []
    # Ties go to the innermost candidate, because outer candidates may match outer containers.
    _, candidate = max(eligible)
    matching.add(old, candidate)
    return [(old, candidate), *match_below(matching, old, candidate)]


def _overlap(weight: int, old_work: int, new_work: int) -> tuple[float, float]:
    """Return the Dice coefficient of two containers, and the shared fraction of the smaller one."""
    return 2 * weight / max(1, old_work + new_work), weight / max(1, min(old_work, new_work))


def _matched_descendants(matching: Matching, number: int) -> Iterator[tuple[int, int]]:
    """Yield the outermost matches inside an old element."""
    pending = [(child, 1) for child in matching.old[number].children]
    while pending:
        inner, level = pending.pop()
        partner = matching.to_new[inner]
        if partner is not None:
            yield inner, partner
        elif level < MAX_DISTANCE:
            pending += ((child, level + 1) for child in matching.old[inner].children)


def _candidates(matching: Matching, number: int, kind: str) -> Iterator[int]:
    """Yield the unmatched ancestors of a new element that are of the given kind."""
    for element in islice(matching.new.ancestors(number), MAX_DISTANCE):
        if element.kind == kind and matching.to_old[element.number] is None and is_movable(element):
            yield element.number


def match_moved_loops(matching: Matching) -> None:
    """Match unmatched loops over the same values, if no others are, and a step of one is now in the other."""
    new_loops = _by_definition(matching.new, matching.to_old, str)
    old_loops = _by_definition(matching.old, matching.to_new, matching.renamed_text)
    functions = functions_by_key(matching.old), functions_by_key(matching.new)
    for definition, old in old_loops.items():
        new = new_loops.get(definition)
        if old is None or new is None:
            continue
        inside = frozenset(_steps_of(matching.new, new, functions[1]))
        if any(matching.to_new[each] in inside for each in _steps_of(matching.old, old, functions[0])):
            matching.add(old, new)


def _by_definition(tree: Tree, partners: list[int | None], renamed: Callable[[str], str]) -> dict[str, int | None]:
    """Return the unmatched loops by their definition, or None for several loops."""
    loops: dict[str, int | None] = {}
    for element in tree.elements:
        definition = tree.definitions.get(element.number, "") if element.kind == "loop" else ""
        if definition and partners[element.number] is None:
            key = renamed(definition)
            loops[key] = None if key in loops else element.number
    return loops


def _steps_of(tree: Tree, loop: int, functions: Mapping[str, int]) -> Iterator[int]:
    """Yield the steps in a loop, and in the functions that it calls."""
    called = (functions.get(tree[each].name) for each in tree.visit_subtree(loop) if tree[each].kind == CALL)
    for element in dict.fromkeys((loop, *called)):
        if element is not None:
            yield from (each for each in tree.visit_subtree(element) if tree[each].kind in STEPS)
