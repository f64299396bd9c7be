"""The colours of a page: those of the drawings in it, as variables of its style sheet."""

from __future__ import annotations

from typing import Final

from stepgraph.render.svg.theme import DARK, LIGHT, Palette
from stepgraph.render.view import Theme

SCHEMES: Final[dict[Theme, str]] = {"auto": "light dark", "light": "light", "dark": "dark"}
"""What a browser is told of each theme, for scroll bars and fields."""


def colour_variables(theme: Theme) -> list[str]:
    """Return the rules that set the variables, a rule a line. As in drawings, what is printed is light."""
    if theme == "dark":
        return [_rule(DARK)]
    dark = f"@media screen and (prefers-color-scheme:dark){{{_rule(DARK)}}}"
    return [_rule(LIGHT)] if theme == "light" else [_rule(LIGHT), dark]


def _rule(palette: Palette) -> str:
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
