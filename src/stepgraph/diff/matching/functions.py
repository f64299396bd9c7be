"""Which functions are the same: those of one name, and renamed ones that do much the same."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import product
from typing import Final

from stepgraph.diff.digests import Digester
from stepgraph.diff.elements import CALL, FUNCTIONS, KEY, ROOT, STEPS, Tree
from stepgraph.limits import VISIT_SHARES, Budget, Limit

LEAST_LIKENESS: Final = 0.5
"""Of the names in two functions, how many they must share for the one to be the other under a new name."""


def renamed_functions(old: Tree, new: Tree) -> dict[str, str]:
    """Return the new names of functions whose names are gone, as far as new functions are like them."""
    old_left, new_left = _apart(old, new), _apart(new, old)
    if not old_left or not new_left:
        return {}
    renamed = _with_equal_bodies(old, new, old_left, new_left)
    taken = set(renamed.values())
    like = _with_like_bodies(
        {name: _names_in(old, number) for name, number in old_left.items() if name not in renamed},
        {name: _names_in(new, number) for name, number in new_left.items() if name not in taken},
        old.budget,
    )
    return renamed | like


def functions_of(tree: Tree) -> dict[str, int]:
    """Return the functions of the workflow by key."""
    return {tree[number].text(KEY): number for number in tree.slots(ROOT).get(FUNCTIONS, ())}


def _apart(tree: Tree, other: Tree) -> dict[str, int]:
    names = functions_of(other)
    return {name: number for name, number in functions_of(tree).items() if name not in names}


def _with_equal_bodies(old: Tree, new: Tree, old_left: dict[str, int], new_left: dict[str, int]) -> dict[str, str]:
    digester = Digester()
    # Under one name, so that functions which call themselves are alike.
    old_digests = digester.digests(old, dict.fromkeys(old_left, ""))
    new_digests = digester.digests(new, dict.fromkeys(new_left, ""))
    by_digest: defaultdict[int, list[str]] = defaultdict(list)
    for name, number in reversed(new_left.items()):
        by_digest[new_digests[number]].append(name)
    return {
        name: by_digest[digest].pop()
        for name, number in old_left.items()
        if by_digest.get(digest := old_digests[number])
    }


def _with_like_bodies(old: dict[str, Counter[str]], new: dict[str, Counter[str]], budget: Budget) -> dict[str, str]:
    """Return the most alike of those that share a name of a step, each function once."""
    old_places = {name: place for place, name in enumerate(old)}
    new_places = {name: place for place, name in enumerate(new)}
    scores = {
        (-_likeness(old[name], new[other]), old_places[name], new_places[other]): (name, other)
        for name, other in sharing_a_step(old, new, budget)
    }
    renamed: dict[str, str] = {}
    taken: set[str] = set()
    for score in sorted(scores):
        name, other = scores[score]
        if -score[0] >= LEAST_LIKENESS and name not in renamed and other not in taken:
            renamed[name] = other
            taken.add(other)
    return renamed


def sharing_a_step(old: dict[str, Counter[str]], new: dict[str, Counter[str]], budget: Budget) -> set[tuple[str, str]]:
    """Return the functions that share a name of a step: by the rarest names, as far as they may all be compared."""
    old_holders, new_holders = _holders(old), _holders(new)
    costs = {
        step: len(new_holders[step]) * sum(len(old[name]) for name in holders)
        + len(holders) * sum(len(new[name]) for name in new_holders[step])
        for step, holders in old_holders.items()
        if step in new_holders
    }
    pairs: set[tuple[str, str]] = set()
    left = budget.left[Limit.VISITS] // VISIT_SHARES
    for step in sorted(costs, key=lambda step: costs[step]):
        left -= costs[step]
        if left < 0:
            break
        budget.spend(Limit.VISITS, costs[step])
        pairs.update(product(old_holders[step], new_holders[step]))
    return pairs


def _holders(functions: dict[str, Counter[str]]) -> dict[str, list[str]]:
    """Return the functions that hold a step or call, by its name."""
    holders: defaultdict[str, list[str]] = defaultdict(list)
    for name, inside in functions.items():
        for step in inside:
            holders[step].append(name)
    return dict(holders)


def _likeness(first: Counter[str], second: Counter[str]) -> float:
    return 2 * (first & second).total() / (first.total() + second.total())


def _names_in(tree: Tree, number: int) -> Counter[str]:
    inside = (tree[inner] for inner in tree.within(number))
    return Counter(element.name for element in inside if element.kind in STEPS or element.kind == CALL)
