"""Finding out which elements of two workflows are the same."""

from __future__ import annotations

from stepgraph.diff.elements import ROOT, Tree
from stepgraph.diff.matching.containers import pair_containers, pair_in_place
from stepgraph.diff.matching.elsewhere import pair_alike, pair_named
from stepgraph.diff.matching.functions import functions_of, renamed_functions
from stepgraph.diff.matching.pairs import Pairs, start_pairs
from stepgraph.diff.matching.renames import pair_renamed
from stepgraph.diff.matching.siblings import pair_below


def match_trees(old: Tree, new: Tree) -> Pairs:
    """Return which elements of `old` and `new` are the same.

    What stayed in its place comes before what was moved, and what is certain before what is likely: names last.
    """
    pairs = start_pairs(old, new, renamed_functions(old, new))
    pairs.pair(ROOT, ROOT)
    _pair_functions(pairs)
    pair_below(pairs, ROOT, ROOT)
    for old_number, new_number in _functions(pairs):
        pair_below(pairs, old_number, new_number)
    for once in (True, False):
        pair_alike(pairs, once=once)
        pair_named(pairs, once=once)
        pair_in_place(pairs)
        pair_containers(pairs)
    pair_renamed(pairs)
    return pairs


def _pair_functions(pairs: Pairs) -> None:
    for pair in _functions(pairs):
        pairs.pair(*pair)


def _functions(pairs: Pairs) -> list[tuple[int, int]]:
    new = functions_of(pairs.new)
    named = ((number, pairs.renamed.get(name, name)) for name, number in functions_of(pairs.old).items())
    return [(number, new[name]) for number, name in named if name in new]
