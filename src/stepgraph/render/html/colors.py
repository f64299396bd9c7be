"""The colors of a page: those of its drawings, as CSS variables."""

from __future__ import annotations

from typing import Final

from stepgraph.render.svg.drawing import SCOPE
from stepgraph.render.svg.palettes import DARK, Palette
from stepgraph.render.svg.theme import by_theme
from stepgraph.render.view import Theme

SCHEMES: Final[dict[Theme, str]] = {"auto": "light dark", "light": "light", "dark": "dark"}
"""The CSS `color-scheme` of each theme, for scroll bars and form fields."""


def color_rules(theme: Theme) -> list[str]:
    """Return the style rules that define the variables and color folded frames. Printed pages are light."""
    return by_theme(theme, _rules)


def _rules(palette: Palette) -> list[str]:
    """Return the variables, and rules that give a folded frame the look of its band."""
    folded = (
        f".{SCOPE} .is-folded.{name}>.edge{{fill:{colors.band}}}"
        for name, colors in palette.by_kind.items()
        if colors.band
    )
    return [_variables(palette), *folded]


def _variables(palette: Palette) -> str:
    by_kind = palette.by_kind
    colors = {
        "paper": palette.paper,
        "surface": by_kind["block"].fill if palette is DARK else by_kind["finally"].fill,
        "raised": by_kind["block"].band,
        "line": by_kind["finally"].band,
        "border": by_kind["body"].line,
        "text": palette.text,
        "detail": palette.detail,
        "accent": by_kind["do"].line,
        "accent-fill": by_kind["do"].band,
        "good": by_kind["loop"].line,
        "good-fill": by_kind["loop"].band,
        "warning": by_kind["choice"].line,
        "warning-fill": by_kind["choice"].band,
    }
    return ":root{" + ";".join(f"--{name}:{color}" for name, color in colors.items()) + "}"
