"""The match of branches that run under the same conditions, and the branches whose conditions have changed.

The branches of `if a: ... else: ...` and `if not a: ... else: ...` have exchanged places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from stepgraph.diff.branch_conditions import MAX_BRANCHES, decisions, normal_decisions, own_test
from stepgraph.diff.call_values import CallValues
from stepgraph.diff.computed_texts import depends_on_calls, has_other_parameters
from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import BRANCH, Tree, function_of, is_work
from stepgraph.model.exception_types import are_unrelated
from stepgraph.model.expressions import are_exclusive
from stepgraph.model.vocabulary import EXCEPTION

_MAX_NESTED_BRANCHES: Final = 200
"""The maximum number of branches of a workflow that are compared with those of other `if` nodes."""


def changed_values(matching: Matching) -> Iterator[tuple[int, int]]:
    """Yield the branches and `switch` nodes of both versions whose conditions are equal, but not the values in them.

    The pairs are the old and the new number. The arguments of calls do not count.
    """
    call_values = CallValues(matching)
    for element in matching.old.elements:
        new = matching.to_new[element.number] if element.kind in {BRANCH, "switch"} else None
        if new is None or matching.new[new].kind != element.kind:
            continue
        field = "condition" if element.kind == BRANCH else "discriminant"
        text = element.text(field)
        if not text or text != matching.new[new].text(field):
            continue
        may_differ = matching.has_other_value(element.number, new) or has_other_parameters(
            matching, element.number, new
        )
        if may_differ and not depends_on_calls(call_values, element.number, new):
            yield element.number, new


def overtaking_branch(matching: Matching, old: int, new: int) -> int | None:
    """Return a branch that the new code tests before a matched branch, and the old code after it or not, or None.

    New branches of an `if` do not count, nor branches that cannot both run.
    """
    choices = matching.old[matching.old[old].parent], matching.new[matching.new[new].parent]
    kinds = {each.kind for each in choices}
    if kinds not in ({"if"}, {"switch"}) or max(len(each.children) for each in choices) > MAX_BRANCHES:
        return None
    before = {matching.to_new[each] for each in choices[0].children if each < old}
    later = {matching.to_new[each] for each in choices[0].children if each > old}
    is_switch = kinds == {"switch"} and choices[0].text("discriminant") == choices[1].text("discriminant")
    earlier = [
        each for each in choices[1].children if each < new and each not in before and (is_switch or each in later)
    ]
    return next((each for each in earlier if not exclude_each_other(matching.new, new, each)), None)


def overtakes_only_exclusive(matching: Matching, old: int, new: int) -> bool:
    """Return whether a branch has changed places only with branches of its choice that certainly cannot run with it."""
    if matching.new[new].kind != BRANCH or matching.to_new[matching.old[old].parent] != matching.new[new].parent:
        return False
    siblings = matching.new[matching.new[new].parent].children
    pairs = [(partner, each) for each in siblings if (partner := matching.to_old[each]) is not None]
    overtaken = [each for partner, each in pairs if (partner < old) != (each < new)]
    return all(exclude_each_other(matching.new, new, each) for each in overtaken)


def exclude_each_other(tree: Tree, first: int, second: int) -> bool:
    """Return whether two branches of a choice certainly cannot both run, whichever is tested first."""
    choice = tree[tree[first].parent]
    if choice.text("discriminant") == EXCEPTION:
        return are_unrelated(tree[first].text("condition"), tree[second].text("condition"))
    tests = [own_test(tree, each) for each in (first, second)]
    return all(tests) and are_exclusive(*tests)


def other_defaults(matching: Matching) -> Iterator[int]:
    """Yield each `else` of the new code that runs under other conditions than the `else` it is matched with."""
    for element in matching.new.elements:
        old = matching.to_old[element.number]
        if element.kind != BRANCH or element.text("condition") or old is None or matching.old[old].kind != BRANCH:
            continue
        are_known = decisions(matching.old, old) and decisions(matching.new, element.number)
        is_default = not matching.old[old].text("condition")
        if is_default and are_known and not matching.has_same_decision(old, element.number):
            yield element.number


def match_branches(matching: Matching) -> bool:
    """Match the branches that run under the same conditions, and none that run under opposite conditions.

    A new `if not a: return` may take the place of `if a:`. Return whether the matching has changed.
    """
    has_changed = False
    for element in matching.old.elements:
        new = matching.to_new[element.number] if element.kind == "if" else None
        if new is None or matching.new[new].kind != "if" or not _may_differ(matching, element.number, new):
            continue
        for pair in list(_mismatched(matching, element.number, new)):
            matching.remove(*pair)
            matching.add(*pair)
            has_changed = True
        for old in matching.old[element.number].children:
            partner = matching.to_new[old]
            if partner is not None and matching.has_opposite_decision(old, partner):
                matching.remove(old, partner)
                has_changed = True
    return has_changed


def match_nested_branches(matching: Matching) -> None:
    """Match the branches of different `if` nodes that run under the same conditions, if no others do.

    `if a and b:` and `if a: if b:` are not in the same place of a tree, so that a diff does not match them.
    """
    new_branches = _by_decision(matching.new, str)
    for key, old in _by_decision(matching.old, matching.renamed_text).items():
        new = new_branches.get(key)
        if old is None or new is None or matching.to_new[old] == new:
            continue
        exits = _equal_exits(matching, old, new)
        if exits is None and not _have_common_work(matching, old, new):
            continue
        partners = matching.to_new[old], matching.to_old[new]
        is_same = (partners[0] is not None and matching.has_same_value(old, partners[0])) or (
            partners[1] is not None and matching.has_same_value(partners[1], new)
        )
        if not is_same:
            for pair in ((old, new), *([] if exits is None else [exits])):
                matching.remove(*pair)
                matching.add(*pair)


def _equal_exits(matching: Matching, old: int, new: int) -> tuple[int, int] | None:
    """Return the only elements of two branches if they are the same exit, after the same step or call, or None."""
    branches = matching.old[old], matching.new[new]
    if any(len(each.children) != 1 for each in branches):
        return None
    (before,), (after,) = (each.children for each in branches)
    is_exit = matching.old[before].kind == matching.new[after].kind == "break"
    if not is_exit or matching.old[before].text("kind") != matching.new[after].text("kind"):
        return None
    if (before in matching.old.raises) != (after in matching.new.raises):
        return None
    partners = matching.to_new, matching.to_old
    preceding, new_preceding = map(_last_common_work, (matching.old, matching.new), partners, (old, new))
    return (before, after) if matching.to_new[preceding] == new_preceding else None


def _last_common_work(tree: Tree, partners: Sequence[int | None], number: int) -> int:
    """Return the last step or call with a partner in front of an element in its function, or else the function."""
    function = function_of(tree, number)
    numbers = range(number - 1, function, -1)
    return next((each for each in numbers if is_work(tree[each]) and partners[each] is not None), function)


def _have_common_work(matching: Matching, old: int, new: int) -> bool:
    """Return whether a step or call of a branch is in another branch of the new version."""
    inside = matching.new.subtree(new)
    steps = (number for number in matching.old.visit_subtree(old) if is_work(matching.old[number]))
    return any(matching.to_new[number] in inside for number in steps)


def _by_decision(tree: Tree, renamed: Callable[[str], str]) -> dict[tuple[tuple[str, bool], ...], int | None]:
    """Return the branches by the normal form of their conditions, or None for several branches."""
    branches: dict[tuple[tuple[str, bool], ...], int | None] = {}
    numbers = [each.number for each in tree.elements if each.kind == BRANCH]
    for number in numbers if len(numbers) <= _MAX_NESTED_BRANCHES else ():
        conditions = [each._replace(condition=renamed(each.condition)) for each in decisions(tree, number)]
        if conditions:
            key = tuple(normal_decisions(conditions))
            branches[key] = None if key in branches else number
    return branches


def _may_differ(matching: Matching, old: int, new: int) -> bool:
    branches = matching.old[old].children, matching.new[new].children
    if max(map(len, branches)) > MAX_BRANCHES:
        return False
    old_conditions = [matching.old[each].text("condition") for each in branches[0]]
    return old_conditions != [matching.new[each].text("condition") for each in branches[1]]


def _mismatched(matching: Matching, old: int, new: int) -> Iterator[tuple[int, int]]:
    """Yield the branches of two choices that run under the same conditions, and are not matched with each other.

    A branch that is the only one left on each side, because its partner has another one, follows.
    """
    old_branches = [each for each in matching.old[old].children if matching.old[each].kind == BRANCH]
    new_branches = [each for each in matching.new[new].children if matching.new[each].kind == BRANCH]
    pairs = [
        next(((old, new) for new in new_branches if matching.has_same_decision(old, new)), None) for old in old_branches
    ]
    equal = [pair for pair in pairs if pair is not None]
    if all(matching.to_new[old] == new for old, new in equal):
        return
    yield from equal
    others = [
        [each for each in branches if each not in matched]
        for branches, matched in zip((old_branches, new_branches), zip(*equal, strict=True), strict=True)
    ]
    if len(others[0]) == len(others[1]) == 1:
        yield others[0][0], others[1][0]
