"""The elements of the new code that an instance may have passed, because a branch or loop around them is new."""

from __future__ import annotations

from collections.abc import Mapping

from stepgraph.diff.branch_matching import other_defaults
from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import BRANCH, CALL


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
