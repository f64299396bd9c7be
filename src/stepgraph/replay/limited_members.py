"""The members of groups that now wait for a lock or semaphore.

When an instance resumes, a member waits for the steps of others, which then run before its steps that have already
begun.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import Tree
from stepgraph.replay.passed_part import PassedPart, RunChain, ancestors
from stepgraph.replay.replay import Decision


def limited_members(matching: Matching, old: PassedPart, runs: Sequence[Sequence[RunChain]]) -> Iterator[Decision]:
    """Yield a step or call that has begun and now waits for a lock or semaphore, in each group with several members.

    `runs` are the possible runs of the deployed steps of each entry.
    """
    tree, new = matching.old, matching.new
    begun: defaultdict[int, list[RunChain]] = defaultdict(list)
    for chains in runs if new.limited else ():
        group = _group_around(tree, chains[0])
        if group is not None and not old.is_over(group):
            begun[group].append(chains[0])
    for group, members in begun.items():
        limited = [each for chain in members if (each := _new_limit(matching, chain)) is not None]
        # Each member runs a step once, unless a loop repeats it.
        if limited and (len(set(members)) < len(members) or _has_several(tree, group, members)):
            name = new[min(limited)].name
            reason = f"`{name}` now waits for a lock or semaphore, so other steps may run before it, although it has"
            yield Decision("out_of_order", f"{reason} already begun.", min(limited))


def _new_limit(matching: Matching, chain: RunChain) -> int | None:
    """Return the new step or call around a run that waits for a lock or semaphore, unless the deployed one does."""
    partners = (matching.to_new[number] for number in chain)
    limited = next((each for each in partners if each in matching.new.limited), None)
    return None if any(number in matching.old.limited for number in chain) else limited


def _group_around(tree: Tree, chain: RunChain) -> int | None:
    """Return the innermost group around a run, or None."""
    around = (outer for number in reversed(chain) for outer in ancestors(tree, number))
    return next((outer.number for outer in around if outer.kind == "parallel"), None)


def _has_several(tree: Tree, group: int, members: Sequence[RunChain]) -> bool:
    """Return whether runs are in different children of a group."""
    inside = tree.subtree(group)
    return len({next(number for number in chain if number in inside) for chain in members}) > 1
