"""The exceptions of code between steps that handlers in the same function catch. The payload has no nodes for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct

from stepgraph.diff.matching import Matching
from stepgraph.diff.raise_conditions import (
    CaughtRaise,
    RaiseConditions,
    catch_block,
    caught_raises,
    handler_around,
    matched,
)
from stepgraph.diff.raising_flow import FlowCode, RaisingFlow, raising_flow
from stepgraph.diff.tree import BRANCH, Tree, functions_by_key, is_work
from stepgraph.model.details import RaisingCode
from stepgraph.model.vocabulary import EXCEPTION

CAUGHT_RAISES: Final = "\0raises"
"""The field of a `try` with the code that raises exceptions in changes. The payload has no such field."""


def has_handlers(tree: Tree) -> bool:
    """Return whether a version has an `except` block that may catch exceptions of the code between steps."""
    return any(element.slot == "catch_block" for element in tree.elements)


def changed_raises(matching: Matching) -> Iterator[tuple[int, int]]:
    """Yield the `try` statements whose handlers catch other exceptions of code between steps, by old and new number.

    Handlers without steps and exits count only if an exception also skips steps of the body. `raise` statements in
    branches of the payload do not count.
    """
    yield from changed_managers(matching)
    changed = _changed_code(matching)
    for (before, after), skips_steps in changed.items():
        handler, new_handler = catch_block(matching.old, before), catch_block(matching.new, after)
        if handler is None or new_handler is None:
            continue
        if skips_steps or _has_effect(matching, handler, new_handler):
            yield before, after
    if not matching.has_code:
        return  # Saved graphs show no `raise` statements.
    conditions = (
        RaiseConditions.of_old(matching, in_handlers=True),
        RaiseConditions.of_new(matching, in_handlers=True),
    )
    old_raises = ((handler, matched(matching, each)) for handler, each in _raises(matching.old))
    removed = {handler for handler, each in old_raises if not conditions[1].contain(each)}
    added = {handler for handler, each in _raises(matching.new) if not conditions[0].contain(each)}
    removed.update(_handlers_of_final_raises(matching.old, matching.to_new, matching.new))
    added.update(_handlers_of_final_raises(matching.new, matching.to_old, matching.old))
    for old, new in enumerate(matching.to_new):
        if new is not None and (old in removed or new in added) and _has_effect(matching, old, new):
            number, partner = matching.old[old].parent, matching.new[new].parent
            if matching.to_new[number] == partner and (number, partner) not in changed:
                yield number, partner


def changed_managers(matching: Matching) -> Iterator[tuple[int, int]]:
    """Yield the blocks of context managers that now swallow other errors, by old and new number of the `try`."""
    pairs = ((old, matching.to_new[old]) for old in matching.old.managers)
    return ((old, new) for old, new in pairs if new is not None and has_changed_manager(matching, old, new))


def has_changed_manager(matching: Matching, old: int, new: int) -> bool:
    """Return whether the context manager around a block now swallows other errors."""
    before, after = matching.old.managers.get(old), matching.new.managers.get(new)
    return before is not None and after is not None and not matching.is_same_definition(before, after)


def has_changed_code(matching: Matching, old: int, new: int) -> bool:
    """Return whether other code than `raise` statements in the body of a `try` may raise other exceptions."""
    return _has_changed_body(matching, old, new) or any(True for _ in _changed_segments_of(matching, old, new))


def _changed_code(matching: Matching) -> dict[tuple[int, int], bool]:
    """Return the `try` statements with changed code, and whether its exceptions skip steps of the body."""
    changed = dict.fromkeys(changed_bodies(matching), False)
    for segment in changed_segments(matching):
        is_silent = is_swallowing(matching.new, segment.tries[1])
        skips_steps = is_silent and bool(segment.following or segment.new_following)
        changed[segment.tries] = changed.get(segment.tries, False) or skips_steps
    return changed


def is_swallowing(tree: Tree, number: int) -> bool:
    """Return whether the code after a `try` may run after an exception in its body."""
    handler = catch_block(tree, number)
    if handler is None or handler in tree.raises:
        return False
    choice = next((each for each in tree[handler].children if tree[each].text("discriminant") == EXCEPTION), None)
    return choice is None or not all(_ends_by_raise(tree, each) for each in tree[choice].children)


def _ends_by_raise(tree: Tree, branch: int) -> bool:
    last = tree[branch].children[-1:]
    return tree.final_raises.get(branch) is False or any(each in tree.raises for each in last)


def changed_bodies(matching: Matching) -> Iterator[tuple[int, int]]:
    """Yield the `try` statements without nodes in their bodies whose code may raise other exceptions than before."""
    pairs = ((old, matching.to_new[old]) for old in matching.old.raising_code)
    return ((old, new) for old, new in pairs if new is not None and _has_changed_body(matching, old, new))


def _has_changed_body(matching: Matching, old: int, new: int) -> bool:
    before, after = matching.old.raising_code.get(old), matching.new.raising_code.get(new)
    return before is not None and after is not None and not matching.is_same_definition(before, after)


class ChangedSegment(Struct, frozen=True):
    """Code between the steps and calls in the bodies of two `try` statements that may raise other exceptions.

    The code may also be in the functions that a body calls.
    """

    tries: tuple[int, int]
    """The numbers of the `try` statements in the old and the new version, or of the workflows."""
    common: tuple[int, int]
    """The numbers of the last common step or call in front of the code, or as in `tries` without any."""
    old_positions: frozenset[int]
    """The numbers of the last old steps and calls in front of the removed code, or of the `try` or function with it."""
    new_positions: frozenset[int]
    """The numbers of the last new steps and calls in front of the added code, as in `old_positions`."""
    following: frozenset[int]
    """The numbers of the old steps and calls behind the code in the body."""
    new_following: Sequence[int]
    """The numbers of the new steps and calls behind the code, in source order."""
    neighbors: frozenset[int]
    """The numbers of new steps and calls in the branches with the code. The `try` or function stands for code outside
    of these.
    """
    may_raise: bool
    """Whether the code may raise an exception that it has not raised before."""
    may_not_raise: bool
    """Whether the code may no longer raise an exception that it has raised before."""
    is_in_handler: bool
    """Whether all new code is in handlers, which only run after another exception."""


def changed_segments(matching: Matching) -> Iterator[ChangedSegment]:
    """Yield the code between the steps in bodies of `try` statements that may raise other exceptions than before.

    Code behind a step that only one version has counts as code behind the common step in front of it.
    """
    for old in matching.old.code_between:
        new = matching.to_new[old] if matching.old[old].kind == "try" else None
        if new is not None:
            yield from _changed_segments_of(matching, old, new)


def _changed_segments_of(matching: Matching, old: int, new: int) -> Iterator[ChangedSegment]:
    """Yield the code of one `try` as `changed_segments` does."""
    recorded = matching.old.code_between, matching.new.code_between
    if new not in recorded[1]:
        return  # Saved graphs have no code.
    yield from changed_between(matching, (old, new), recorded)


_Recorded: TypeAlias = Mapping[int, tuple[RaisingCode, ...]]


def changed_between(
    matching: Matching, pair: tuple[int, int], recorded: tuple[_Recorded, _Recorded]
) -> Iterator[ChangedSegment]:
    """Yield the changed code in two `try` statements, or in both workflows, from the recorded code of both versions."""
    old, new = pair
    before = raising_flow(matching.old, old, recorded[0], functions_by_key(matching.old), matching.renamed_text)
    after = raising_flow(matching.new, new, recorded[1], functions_by_key(matching.new))
    if not (before.codes or after.codes):
        return
    inside = set(after.works)
    partners = ((each, matching.to_new[each]) for each in before.works)
    common = {each: partner for each, partner in partners if partner is not None and partner in inside}
    deployed = _segments(before, common)
    current = _segments(after, {each: each for each in common.values()})
    earlier: set[tuple[str, int | None]] = set()
    for key in (None, *common.values()):
        old_codes, new_codes = deployed.get(key, {}), current.get(key, {})
        earlier.update((text, matching.to_new[each.neighbor]) for text, each in old_codes.items())
        removed = [each for text, each in old_codes.items() if text not in new_codes and not each.is_shown]
        added = [each for text, each in new_codes.items() if text not in old_codes and not each.is_shown]
        if not (removed or added):
            continue
        new_neighbors = (matching.to_new[each.neighbor] for each in removed)
        first = min((each.works_before for each in removed), default=len(before.works))
        behind = 0 if key is None else after.works.index(key) + 1
        default = new if key is None else key
        has_jumps = any(each.is_jump for each in (*removed, *added))
        yield ChangedSegment(
            tries=(old, new),
            common=(old if key is None else matching.to_old[key] or old, default),
            old_positions=frozenset(each.after for each in removed),
            new_positions=frozenset(each.after for each in added) or frozenset({default}),
            following=frozenset(before.works[first:]),
            new_following=after.works[behind:],
            neighbors=frozenset((*(each.neighbor for each in added), *(each or new for each in new_neighbors))),
            # Code that has run in front of the segment has raised no exception.
            may_raise=has_jumps or not earlier.issuperset((each.text, each.neighbor) for each in added),
            may_not_raise=has_jumps or bool(removed),
            is_in_handler=all(each.is_in_handler for each in added),
        )


def _segments(flow: RaisingFlow, common: Mapping[int, int]) -> Mapping[int | None, dict[str, FlowCode]]:
    """Return the code of a flow by the new number of the last common work in front of it, or None without any."""
    last_common = [None, *(common.get(each) for each in flow.works)]
    for index, each in enumerate(last_common[1:], start=1):
        last_common[index] = last_common[index - 1] if each is None else each
    segments: defaultdict[int | None, dict[str, FlowCode]] = defaultdict(dict)
    for text, code in flow.codes.items():
        segments[last_common[code.works_before]][text] = code
    return segments


def _handlers_of_final_raises(tree: Tree, partners: Sequence[int | None], other: Tree) -> Iterator[int]:
    """Yield the handlers of `raise` statements at the end of branches whose partners have none."""
    for number in sorted(tree.final_raises):
        partner = partners[number] if tree[number].kind == BRANCH else None
        handler = handler_around(tree, number, in_handlers=True)
        if partner is not None and handler is not None and not _may_raise_at_end(other, partner):
            yield handler


def _may_raise_at_end(tree: Tree, branch: int) -> bool:
    last = tree[branch].children[-1:]
    return branch in tree.final_raises or any(each in tree.raises for each in last)


def _raises(tree: Tree) -> Iterator[tuple[int, CaughtRaise]]:
    """Yield the handlers of `raise` statements without a node or branch, and these statements."""
    return (
        (each.handler, each)
        for each in caught_raises(tree, in_handlers=True)
        if each.handler is not None and not each.is_branch
    )


def _has_effect(matching: Matching, old: int, new: int) -> bool:
    pairs = (matching.old, old), (matching.new, new)
    return any(is_effect(tree, number) for tree, handler in pairs for number in tree.subtree(handler))


def is_effect(tree: Tree, number: int) -> bool:
    """Return whether an element of a handler is a step, call or exit, except for the exit of other errors."""
    if tree[number].kind != "break":
        return is_work(tree[number])
    branch = tree[tree[number].parent]
    return number not in tree.raises or branch.kind != BRANCH or bool(branch.text("condition"))
