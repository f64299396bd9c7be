"""The names of the steps in folded nodes, as many as there is room for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from stepgraph.model.walk import children, is_clocked, walk
from stepgraph.render.node_text import name_text
from stepgraph.render.text_width import CELLS

if TYPE_CHECKING:
    from stepgraph.model.payload import Node

MAX_NAME_LINES: Final = 2
"""The maximum number of lines of names in a folded box."""


def names_inside(node: Node) -> list[str]:
    """Return the names of the steps and calls in a node, in order."""
    return [name_text(inner["name"]) for inner in walk(children(node)) if is_clocked(inner)]


def names_text(names: Sequence[str], fits: Callable[[str], bool]) -> str:
    """Return the first of the names that fit, and the number of the others: `reserve, charge, ship +7`.

    A name that occurs several times is shown once. At least one name is shown, even if it does not fit.
    """
    counts = Counter(names)
    text, shown = "", 0
    for name, count in counts.items():
        longer = f"{text}, {name}" if text else name
        rest = len(names) - shown - count
        if text and not fits(f"{longer} +{rest}" if rest else longer):
            break
        text, shown = longer, shown + count
    return f"{text} +{len(names) - shown}" if shown < len(names) else text


def names_within(names: Sequence[str], cells: int) -> str:
    """Return the first of the names that fit into a number of terminal cells, and the number of the others."""
    return names_text(names, lambda text: CELLS.width(text) <= cells)
