"""Match the elements of two trees, as GumTree does.

The phases are those of Falleri et al., "Fine-grained and Accurate Source Code Differencing" (ASE 2014): top-down,
bottom-up, recovery. Each phase uses more evidence than similarity of names, which comes last.
"""

from __future__ import annotations

from stepgraph.diff.matching.bottom_up import match_containers, match_containers_in_place
from stepgraph.diff.matching.functions import functions_of, renamed_functions
from stepgraph.diff.matching.matching import Matching, empty_matching
from stepgraph.diff.matching.recovery import recover_matches
from stepgraph.diff.matching.top_down import match_below, match_isomorphic, match_same_name
from stepgraph.diff.tree import ROOT, Tree


def match_trees(old: Tree, new: Tree) -> Matching:
    """Return the matching of two trees.

    Positions have priority over moves, unique candidates over ambiguous ones.
    """
    matching = empty_matching(old, new, renamed_functions(old, new))
    anchors = [(ROOT, ROOT), *_function_pairs(matching)]
    for pair in anchors:
        matching.add(*pair)
    for pair in anchors:
        match_below(matching, *pair)
    for unique in (True, False):
        match_isomorphic(matching, unique=unique)
        match_same_name(matching, unique=unique)
        match_containers_in_place(matching)
        match_containers(matching)
    recover_matches(matching)
    return matching


def _function_pairs(matching: Matching) -> list[tuple[int, int]]:
    """Return the functions with equal names, and the renamed ones."""
    new = functions_of(matching.new)
    named = ((number, matching.renamed.get(name, name)) for name, number in functions_of(matching.old).items())
    return [(number, new[name]) for number, name in named if name in new]
