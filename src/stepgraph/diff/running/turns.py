"""Whether what is in another place runs in the same turn as before, or has only passed what had no turn."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from stepgraph.diff.changes.clocks import beside_in
from stepgraph.diff.changes.frames import Frames
from stepgraph.diff.elements import Element, Tree, is_work


def keeps_its_turn(frames: Frames, old: int, new: int) -> bool:
    """Tell whether an element was moved across nothing but the ends of a `try`, and past nothing that runs."""
    to_new = frames.pairs.to_new
    new_above = {element.number for element in frames.new.tree.above(new)}
    meeting = next(element.number for element in frames.old.tree.above(old) if to_new[element.number] in new_above)
    crossed = [*_between(frames.old.tree, old, meeting), *_between(frames.new.tree, new, frames.new_of(meeting))]
    if frames.old.tree[meeting].kind == "parallel" or not all(map(_is_end_of_try, crossed)):
        return False
    return next(_passed(frames, old, new, frames.new_of(meeting)), None) is None


def passes_only_its_group(frames: Frames, old: int, new: int) -> bool:
    """Tell whether an element of a group is now before or after some that it ran at the same time as, and no others."""
    group = frames.old.tree[old].parent
    if frames.old.tree[group].kind != "parallel":
        return False
    beside = set(beside_in(frames.old.tree, group, [old]))
    return all(number in beside for number in _passed(frames, old, new, frames.new.tree[new].parent))


def _passed(frames: Frames, old: int, new: int, holder: int) -> Iterator[int]:
    """Yield the old numbers of what runs in a new element, and was on the other side of an element that is in it."""
    own = frames.new.tree.span(new)
    for other in frames.new.tree.within(holder):
        before = frames.pairs.to_old[other]
        if other in own or before is None or not is_work(frames.new.tree[other]):
            continue
        if (other < new) != (before < old):
            yield before


def _between(tree: Tree, number: int, outer: int) -> Iterator[Element]:
    """Return what is around an element, inside of what holds them all."""
    return takewhile(lambda element: element.number != outer, tree.above(number))


def _is_end_of_try(element: Element) -> bool:
    return element.kind == "try" or (element.kind == "block" and element.slot != "catch_block")
