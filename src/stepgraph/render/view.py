"""How a graph is to be drawn: what the person who looks at it decides, and what is pointed out to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from msgspec import Struct

from stepgraph.model.details import NO_DETAILS, Details
from stepgraph.render.folding import UNFOLDED, Folding
from stepgraph.render.node_text import NO_STEPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepgraph.render.marks import Mark, Marks

Expansion: TypeAlias = Literal["first", "all", "none"]
EXPANSIONS: Final[tuple[Expansion, ...]] = ("first", "all", "none")
Theme: TypeAlias = Literal["auto", "light", "dark"]
THEMES: Final[tuple[Theme, ...]] = ("auto", "light", "dark")
STEPS_STAY: Final = "its steps stay"
"""What is said of what held steps that are elsewhere now."""


class View(Struct, frozen=True):
    """What is folded, where functions show their bodies, the colours, and whether there is a legend.

    `expand` says which calls of a function show its body: the first of each function, all, or none, in which case the
    functions stand by themselves. The theme `auto` follows the reader's system. Where there are `marks`, nothing else
    has a colour.
    """

    folding: Folding = UNFOLDED
    expand: Expansion = "first"
    theme: Theme = "auto"
    legend: bool = False
    marks: Marks | None = None
    details: Details = NO_DETAILS

    def mark(self, part: Mapping[str, object]) -> Mark | None:
        """Return the mark of a part of the graph, if it has one."""
        return None if self.marks is None else self.marks.of(part)

    def when_empty(self, part: Mapping[str, object]) -> str:
        """Return the text of a part of the graph without nodes: the remarks on it, or a default."""
        mark = self.mark(part)
        if mark is not None and mark.unwrapped:
            return STEPS_STAY
        return " · ".join(self.details.remarks(part)) or NO_STEPS


DEFAULT_VIEW: Final = View()
