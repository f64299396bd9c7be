"""Light and dark color palettes."""

from __future__ import annotations

from typing import Final

from msgspec import Struct


class KindColors(Struct, frozen=True):
    """The colors of one kind of figure.

    Steps have edges in their full color and frames in fainter ones, so that steps attract attention first.
    """

    line: str
    """Icons and words."""

    fill: str
    edge: str
    band: str = ""
    """The band of a frame with a label; empty for other figures."""


class Palette(Struct, frozen=True):
    """The colors of a theme. Red is for failures only."""

    paper: str
    line: str
    text: str
    detail: str
    exit: str
    again: str
    failure: str
    bar: str
    by_kind: dict[str, KindColors]
    """By the class of the figure in the style sheet."""


LIGHT: Final = Palette(
    paper="#ffffff",
    line="#4b5b6b",
    text="#16202a",
    detail="#4d5b69",
    exit="#22303c",
    again="#0b7350",
    failure="#b3261e",
    bar="#7a2fa8",
    by_kind={
        "do": KindColors("#2f6fb0", "#ecf4fd", "#2f6fb0", "#dcebfa"),
        "sleep": KindColors("#647388", "#f2f4f7", "#647388"),
        "wait": KindColors("#0f7680", "#e5f6f7", "#0f7680"),
        "call": KindColors("#4b51b5", "#f3f3fe", "#4b51b5"),
        "function": KindColors("#4b51b5", "#fcfcff", "#8286cc", "#eaebfc"),
        "loop": KindColors("#0b7350", "#f6fcf9", "#4d997f", "#def3ea"),
        "parallel": KindColors("#7a2fa8", "#fcf9fe", "#a978c7", "#f1e4f8"),
        "choice": KindColors("#a04f00", "#fffbf4", "#ba7f44", "#fdeed7"),
        "condition": KindColors("#a04f00", "#fff3e0", "#b5762f"),
        "try": KindColors("#b3261e", "#fffafa", "#ce716c", "#fde6e4"),
        "body": KindColors("#7b8794", "#ffffff", "#818d9a"),
        "catch": KindColors("#b3261e", "#fdf0ef", "#cd6d67", "#fadedb"),
        "finally": KindColors("#55616e", "#f5f6f8", "#848d97", "#e6e9ed"),
        "block": KindColors("#55616e", "#ffffff", "#838d98", "#eef0f3"),
        "start": KindColors("#37474f", "#fdfdfd", "#828d91", "#e9edef"),
        "exit": KindColors("#ffffff", "#22303c", "#22303c"),
        "empty": KindColors("#7b8794", "#ffffff", "#818d9a"),
        "unknown": KindColors("#5f5f5f", "#f6f6f6", "#808080", "#e9e9e9"),
        "legend": KindColors("#7b8794", "#ffffff", "#8a96a3"),
    },
)
DARK: Final = Palette(
    paper="#10161d",
    line="#9aabbb",
    text="#e9eff5",
    detail="#b0becb",
    exit="#d5dee7",
    again="#4cc896",
    failure="#f5938a",
    bar="#a873c9",
    by_kind={
        "do": KindColors("#5ea6e6", "#142a3f", "#5ea6e6", "#1b3753"),
        "sleep": KindColors("#93a3b5", "#1e2731", "#93a3b5"),
        "wait": KindColors("#43bfc9", "#0f2e32", "#43bfc9"),
        "call": KindColors("#a3a8f7", "#1d2140", "#a3a8f7"),
        "function": KindColors("#a3a8f7", "#141826", "#696ea3", "#1f243f"),
        "loop": KindColors("#4cc896", "#121d1a", "#328060", "#172d24"),
        "parallel": KindColors("#cb95ea", "#191521", "#89649f", "#2a1e36"),
        "choice": KindColors("#f0ab57", "#1b1813", "#936a38", "#2e2416"),
        "condition": KindColors("#f0ab57", "#2d2312", "#996a2e"),
        "try": KindColors("#f5938a", "#1e1517", "#a1615b", "#331e1e"),
        "body": KindColors("#93a0ad", "#10161d", "#687480"),
        "catch": KindColors("#f5938a", "#2a1819", "#a2605b", "#41211f"),
        "finally": KindColors("#a3afbb", "#1a2128", "#69737d", "#29323c"),
        "block": KindColors("#a3afbb", "#131a22", "#687480", "#242d37"),
        "start": KindColors("#a9b8c6", "#151c24", "#677480", "#273039"),
        "exit": KindColors("#10161d", "#d5dee7", "#d5dee7"),
        "empty": KindColors("#93a0ad", "#10161d", "#687480"),
        "unknown": KindColors("#b5b5b5", "#1f1f1f", "#777777", "#2e2e2e"),
        "legend": KindColors("#93a0ad", "#10161d", "#64707c"),
    },
)
