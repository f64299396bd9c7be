"""Match the elements of two trees, as GumTree does.

The phases follow Falleri et al., "Fine-grained and Accurate Source Code Differencing" (ASE 2014): top-down, bottom-up,
and recovery. Similarity of names is the weakest evidence and comes last. Renamed functions are matched by their bodies
before all phases.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import product
from typing import Final

from stepgraph.diff.matching import (
    Matching,
    empty_matching,
    match_below,
    match_between_matches,
    match_containers,
    match_containers_in_place,
    match_isomorphic,
    match_same_name,
)
from stepgraph.diff.recovery import recover_matches
from stepgraph.diff.tree import FUNCTIONS, KEY, ROOT, Digester, Tree, is_work
from stepgraph.limits import VISIT_SHARES, Budget, Limit


def match_trees(old: Tree, new: Tree) -> Matching:
    """Return the matching of two trees.

    Matches in place have priority over moves, and unique candidates over ambiguous ones.
    """
    matching = empty_matching(old, new, renamed_functions(old, new))
    anchors = [(ROOT, ROOT), *_function_pairs(matching)]
    for pair in anchors:
        matching.add(*pair)
    for pair in anchors:
        match_below(matching, *pair)
    for unique in (True, False):
        if not unique:
            match_between_matches(matching)
        match_isomorphic(matching, unique=unique)
        match_same_name(matching, unique=unique)
        match_containers_in_place(matching)
        match_containers(matching)
    recover_matches(matching)
    return matching


def _function_pairs(matching: Matching) -> list[tuple[int, int]]:
    """Return the pairs of functions with equal names, and of renamed functions."""
    new = functions_of(matching.new)
    named = ((number, matching.new_name(name)) for name, number in functions_of(matching.old).items())
    return [(number, new[name]) for number, name in named if name in new]


MIN_SIMILARITY: Final = 0.5
"""Minimum share of step and call names that a renamed function keeps."""


def renamed_functions(old: Tree, new: Tree) -> dict[str, str]:
    """Return the new names of renamed functions, by old name."""
    old_functions, new_functions = _unshared_functions(old, new), _unshared_functions(new, old)
    if not old_functions or not new_functions:
        return {}
    renamed = _with_equal_bodies(old, new, old_functions, new_functions)
    assigned = set(renamed.values())
    similar = _with_similar_bodies(
        {name: _names_in(old, number) for name, number in old_functions.items() if name not in renamed},
        {name: _names_in(new, number) for name, number in new_functions.items() if name not in assigned},
        old.budget,
    )
    return renamed | similar


def functions_of(tree: Tree) -> dict[str, int]:
    """Return the numbers of the workflow's functions, by key."""
    return {tree[number].text(KEY): number for number in tree.children_by_slot(ROOT).get(FUNCTIONS, ())}


def _unshared_functions(tree: Tree, candidate: Tree) -> dict[str, int]:
    names = functions_of(candidate)
    return {name: number for name, number in functions_of(tree).items() if name not in names}


def _with_equal_bodies(
    old: Tree, new: Tree, old_functions: dict[str, int], new_functions: dict[str, int]
) -> dict[str, str]:
    digester = Digester()
    # With a common name, recursive functions can be isomorphic, too.
    old_digests = digester.digests(old, dict.fromkeys(old_functions, ""))
    new_digests = digester.digests(new, dict.fromkeys(new_functions, ""))
    by_digest: defaultdict[int, list[str]] = defaultdict(list)
    for name, number in reversed(new_functions.items()):
        by_digest[new_digests[number]].append(name)
    return {
        name: by_digest[digest].pop()
        for name, number in old_functions.items()
        if by_digest.get(digest := old_digests[number])
    }


def _with_similar_bodies(old: dict[str, Counter[str]], new: dict[str, Counter[str]], budget: Budget) -> dict[str, str]:
    """Return the most similar pairs of functions with a common step or call name, each function in at most one pair."""
    old_order = {name: place for place, name in enumerate(old)}
    new_order = {name: place for place, name in enumerate(new)}
    scores = {
        (-_similarity(old[name], new[candidate]), old_order[name], new_order[candidate]): (name, candidate)
        for name, candidate in functions_sharing_steps(old, new, budget)
    }
    renamed: dict[str, str] = {}
    assigned: set[str] = set()
    for score in sorted(scores):
        name, candidate = scores[score]
        if -score[0] >= MIN_SIMILARITY and name not in renamed and candidate not in assigned:
            renamed[name] = candidate
            assigned.add(candidate)
    return renamed


def functions_sharing_steps(
    old: dict[str, Counter[str]], new: dict[str, Counter[str]], budget: Budget
) -> set[tuple[str, str]]:
    """Return the pairs of functions with a common step or call name.

    If the budget of visits does not suffice for all names, the names with the highest costs are ignored.
    """
    old_holders, new_holders = _functions_by_step(old), _functions_by_step(new)
    costs = {
        step: len(new_holders[step]) * sum(len(old[name]) for name in holders)
        + len(holders) * sum(len(new[name]) for name in new_holders[step])
        for step, holders in old_holders.items()
        if step in new_holders
    }
    pairs: set[tuple[str, str]] = set()
    available = budget.remaining[Limit.VISITS] // VISIT_SHARES
    for step in sorted(costs, key=lambda step: costs[step]):
        available -= costs[step]
        if available < 0:
            break
        budget.spend(Limit.VISITS, costs[step])
        pairs.update(product(old_holders[step], new_holders[step]))
    return pairs


def _functions_by_step(functions: dict[str, Counter[str]]) -> dict[str, list[str]]:
    """Return, for the name of each step and call, the functions that contain it."""
    holders: defaultdict[str, list[str]] = defaultdict(list)
    for name, inside in functions.items():
        for step in inside:
            holders[step].append(name)
    return dict(holders)


def _similarity(first: Counter[str], second: Counter[str]) -> float:
    return 2 * (first & second).total() / (first.total() + second.total())


def _names_in(tree: Tree, number: int) -> Counter[str]:
    inside = (tree[inner] for inner in tree.visit_subtree(number))
    return Counter(element.name for element in inside if is_work(element))
