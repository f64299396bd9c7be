"""Whether what is in another place runs in the same turn as before, as what is put into a `try` beside it does."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from stepgraph.diff.changes.frames import Frames
from stepgraph.diff.elements import Element, Tree, is_work


def keeps_its_turn(frames: Frames, old: int, new: int) -> bool:
    """Tell whether an element was moved across nothing but the ends of a `try`, and past nothing that runs."""
    to_old, to_new = frames.pairs.to_old, frames.pairs.to_new
    new_above = {element.number for element in frames.new.tree.above(new)}
    meeting = next(element.number for element in frames.old.tree.above(old) if to_new[element.number] in new_above)
    crossed = [*_between(frames.old.tree, old, meeting), *_between(frames.new.tree, new, frames.new_of(meeting))]
    if frames.old.tree[meeting].kind == "parallel" or not all(map(_is_end_of_try, crossed)):
        return False
    own = frames.new.tree.within(new)
    others = (number for number in frames.new.tree.within(frames.new_of(meeting)) if number not in own)
    return all(
        (other < new) == (before < old)
        for other in others
        if is_work(frames.new.tree[other]) and (before := to_old[other]) is not None
    )


def _between(tree: Tree, number: int, outer: int) -> Iterator[Element]:
    """Return what is around an element, inside of what holds them all."""
    return takewhile(lambda element: element.number != outer, tree.above(number))


def _is_end_of_try(element: Element) -> bool:
    return element.kind == "try" or (element.kind == "block" and element.slot != "catch_block")
