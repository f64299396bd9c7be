"""The match of loops that run the same passes in another place of a tree, such as in a group that calls a function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import CALL, STEPS, Tree, functions_by_key


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
