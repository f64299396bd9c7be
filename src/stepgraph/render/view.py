"""Options of a drawing, chosen by its reader."""

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
"""The remark on a removed node whose steps remain."""


class View(Struct, frozen=True):
    """Options of a drawing."""

    folding: Folding = UNFOLDED
    expand: Expansion = "first"
    """Which calls of a function show its body: the first, all, or none, with functions drawn separately."""

    theme: Theme = "auto"
    """`auto` follows the reader's system."""

    legend: bool = False
    marks: Marks | None = None
    """If present, only marks are colored."""

    details: Details = NO_DETAILS

    def mark(self, part: Mapping[str, object]) -> Mark | None:
        """Return the mark of a node, branch, block or function, if it has one."""
        return None if self.marks is None else self.marks.of(part)

    def when_empty(self, part: Mapping[str, object]) -> str:
        """Return the text of a part without nodes: the remarks on it, or a default."""
        mark = self.mark(part)
        if mark is not None and mark.unwrapped:
            return STEPS_STAY
        return " · ".join(self.details.remarks(part)) or NO_STEPS


DEFAULT_VIEW: Final = View()
