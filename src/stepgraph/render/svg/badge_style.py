"""The colors of badges of findings. Amber marks warnings and incomplete graphs, red marks errors."""

from __future__ import annotations

from typing import Final

from stepgraph.render.findings import FindingLevel
from stepgraph.render.svg.fonts import BADGE
from stepgraph.render.svg.theme import DARK, KindColors, Palette, by_theme, scoped
from stepgraph.render.view import Theme

LIGHT_BADGES: Final[dict[FindingLevel, KindColors]] = {
    "error": KindColors("#ffffff", "#c0271f", "#ffffff"),
    "warning": KindColors("#2b1c00", "#f7b733", "#8f5a00"),
    "gap": KindColors("#6b4300", "#fff1cf", "#a66a00"),
    "note": KindColors("#37434f", "#eceff3", "#66727e"),
}
"""The colors of the text, the pill and its edge, in light pictures."""

DARK_BADGES: Final[dict[FindingLevel, KindColors]] = {
    "error": KindColors("#2a0805", "#f5938a", "#10161d"),
    "warning": KindColors("#1f1500", "#f3b94f", "#10161d"),
    "gap": KindColors("#f6cd7c", "#3a2b0c", "#b38631"),
    "note": KindColors("#c5d0da", "#26303a", "#7a8794"),
}
"""The colors in dark pictures."""

_LAYOUT: Final = [f".tally{{font-size:{BADGE.size}px;font-weight:bold}}", ".pill{stroke-width:1}"]


def badge_style(theme: Theme) -> list[str]:
    """Return the style sheet of badges, one rule per line."""
    return [*scoped(_LAYOUT), *by_theme(theme, _color_rules)]


def _color_rules(palette: Palette) -> list[str]:
    badges = DARK_BADGES if palette is DARK else LIGHT_BADGES
    rules: list[str] = []
    for level, colors in badges.items():
        rules.append(f".finding.{level} .pill{{stroke:{colors.edge};fill:{colors.fill}}}")
        rules.append(f".finding.{level} .tally{{fill:{colors.line}}}")
    return scoped(rules)
