"""Steps that are recognized by their functions, as their names may have been exchanged."""

from __future__ import annotations

from collections import Counter

from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import Tree


def match_step_functions(matching: Matching) -> bool:
    """Match the steps with the same function, in place of steps with the same name that have another function.

    Return whether the matching has changed. Functions of several steps and steps that contain others do not count.
    """
    old_steps, new_steps = _steps_by_function(matching.old), _steps_by_function(matching.new)
    pairs = [(old_steps[function], new) for function, new in new_steps.items() if function in old_steps]
    pairs = [(old, new) for old, new in pairs if _is_mismatched(matching, old, new)]
    for old, new in pairs:
        matching.remove(old, new)
    for old, new in pairs:
        matching.add(old, new)
    return bool(pairs)


def _steps_by_function(tree: Tree) -> dict[str, int]:
    """Return the steps whose function no other step of the workflow has."""
    counts = Counter(tree.step_functions.values())
    steps = {function: number for number, function in tree.step_functions.items() if counts[function] == 1}
    return {function: number for function, number in steps.items() if not tree[number].children}


def _is_mismatched(matching: Matching, old: int, new: int) -> bool:
    """Return whether one of two steps with the same function is matched with a step that has another one."""
    partners = matching.to_new[old], matching.to_old[new]
    functions = (
        None if partners[0] is None else matching.new.step_functions.get(partners[0]),
        None if partners[1] is None else matching.old.step_functions.get(partners[1]),
    )
    return partners != (new, old) and any(each is not None for each in functions)
