"""The colours of a page: those of the drawings in it, as variables of its style sheet."""

from __future__ import annotations

from typing import Final

from stepgraph.render.svg.drawing import SCOPE
from stepgraph.render.svg.theme import DARK, Palette, by_theme
from stepgraph.render.view import Theme

SCHEMES: Final[dict[Theme, str]] = {"auto": "light dark", "light": "light", "dark": "dark"}
"""What a browser is told of each theme, for scroll bars and fields."""


def colour_rules(theme: Theme) -> list[str]:
    """Return the rules that set the variables, and colour what is folded. As in drawings, what is printed is light."""
    return by_theme(theme, _rules)


def _rules(palette: Palette) -> list[str]:
    """Return the variables, and rules by which a folded frame looks like its band, whose lower corners are square."""
    folded = (f".{SCOPE} .is-folded.{name}>.edge{{fill:{hue.band}}}" for name, hue in palette.hues.items() if hue.band)
    return [_variables(palette), *folded]


def _variables(palette: Palette) -> str:
    hues = palette.hues
    colours = {
        "paper": palette.paper,
        "surface": hues["block"].fill if palette is DARK else hues["finally"].fill,
        "raised": hues["block"].band,
        "line": hues["finally"].band,
        "border": hues["body"].line,
        "text": palette.text,
        "detail": palette.detail,
        "accent": hues["do"].line,
        "accent-fill": hues["do"].band,
        "good": hues["loop"].line,
        "good-fill": hues["loop"].band,
        "warning": hues["choice"].line,
        "warning-fill": hues["choice"].band,
    }
    return ":root{" + ";".join(f"--{name}:{colour}" for name, colour in colours.items()) + "}"
