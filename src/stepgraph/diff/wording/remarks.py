"""What was done with an element, in words that stand beside it in a picture."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

from stepgraph.diff.changes.group import Action, Group
from stepgraph.diff.elements import BRANCH, KEY, Element
from stepgraph.diff.matching.pairs import Pairs
from stepgraph.diff.wording.settings import changes_of

_PLAIN: Final = {
    Action.MOVED: "moved",
    Action.REORDERED: "reordered",
    Action.CONCURRENT: "made concurrent",
    Action.SEQUENTIAL: "made sequential",
}


def remarks_on(group: Group, pairs: Pairs) -> Iterator[tuple[int, str]]:
    """Yield the elements, by their numbers in the new tree, beside which something is to be said, and what.

    What came, what went and what was put around others speaks for itself.
    """
    if group.action in _PLAIN:
        yield from ((number, _PLAIN[group.action]) for number in group.new)
    elif group.action in {Action.RENAMED, Action.CHANGED}:
        for old, new in zip(group.old, group.new, strict=True):
            yield new, _was(pairs.old[old], pairs.new[new], group)


def _was(old: Element, new: Element, group: Group) -> str:
    if group.action is Action.RENAMED:
        return f"was '{old.text(KEY) or old.name or old.text('class_name')}'"
    if old.kind == BRANCH:
        condition = old.fields.get("condition")
        return "was else" if condition is None else f"was {condition}"
    if old.kind in {"switch", "break"}:
        return f"was {old.text('discriminant') or old.text('kind')}"
    return ", ".join(chain.from_iterable(changes_of(old, new, field) for field in group.fields))
