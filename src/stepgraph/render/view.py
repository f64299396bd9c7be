"""How a graph is to be drawn, as far as the person who looks at it decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from stepgraph.render.folding import UNFOLDED, Folding

Expansion: TypeAlias = Literal["first", "all", "none"]
EXPANSIONS: Final[tuple[Expansion, ...]] = ("first", "all", "none")
Theme: TypeAlias = Literal["auto", "light", "dark"]
THEMES: Final[tuple[Theme, ...]] = ("auto", "light", "dark")


@dataclass(frozen=True, slots=True)
class View:
    """What is folded, where functions show their bodies, the colours, and whether there is a legend.

    `expand` says which calls of a function show its body: the first of each function, all, or none, in which case the
    functions stand by themselves. The theme `auto` follows the reader's system.
    """

    folding: Folding = UNFOLDED
    expand: Expansion = "first"
    theme: Theme = "auto"
    legend: bool = False


DEFAULT_VIEW: Final = View()
