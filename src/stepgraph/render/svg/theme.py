"""The colours of a drawing, light and dark, and the style sheet that is made of them.

Plain rules without variables, which some programs that draw SVG do not know. A reader's preference for dark colours
counts on a screen only: what is printed is light.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from stepgraph.render.svg.fonts import CODE, CODE_FAMILY, DETAIL, FAMILY, HEADING, NAME, TITLE
from stepgraph.render.view import Theme


class Hue(Struct, frozen=True):
    """The colours of one kind of figure: icons and words, what it is filled with, its edge, and the band at its top.

    Only frames with a label have bands. Steps have edges of their full colour, and frames fainter ones: what is done
    comes first to the eye.
    """

    line: str
    fill: str
    edge: str
    band: str = ""


class Palette(Struct, frozen=True):
    """All colours of a theme. Text stands on fills, bands and paper alike. Red is for failures only."""

    paper: str
    line: str
    text: str
    detail: str
    exit: str
    again: str
    failure: str
    bar: str
    hues: dict[str, Hue]


LIGHT: Final = Palette(
    paper="#ffffff",
    line="#4b5b6b",
    text="#16202a",
    detail="#4d5b69",
    exit="#22303c",
    again="#0b7350",
    failure="#b3261e",
    bar="#7a2fa8",
    hues={
        "do": Hue("#2f6fb0", "#ecf4fd", "#2f6fb0", "#dcebfa"),
        "sleep": Hue("#647388", "#f2f4f7", "#647388"),
        "wait": Hue("#0f7680", "#e5f6f7", "#0f7680"),
        "call": Hue("#4b51b5", "#f3f3fe", "#4b51b5"),
        "function": Hue("#4b51b5", "#fcfcff", "#8286cc", "#eaebfc"),
        "loop": Hue("#0b7350", "#f6fcf9", "#4d997f", "#def3ea"),
        "parallel": Hue("#7a2fa8", "#fcf9fe", "#a978c7", "#f1e4f8"),
        "choice": Hue("#a04f00", "#fffbf4", "#ba7f44", "#fdeed7"),
        "condition": Hue("#a04f00", "#fff3e0", "#b5762f"),
        "try": Hue("#b3261e", "#fffafa", "#ce716c", "#fde6e4"),
        "body": Hue("#7b8794", "#ffffff", "#818d9a"),
        "catch": Hue("#b3261e", "#fdf0ef", "#cd6d67", "#fadedb"),
        "finally": Hue("#55616e", "#f5f6f8", "#848d97", "#e6e9ed"),
        "block": Hue("#55616e", "#ffffff", "#838d98", "#eef0f3"),
        "start": Hue("#37474f", "#fdfdfd", "#828d91", "#e9edef"),
        "exit": Hue("#ffffff", "#22303c", "#22303c"),
        "empty": Hue("#7b8794", "#ffffff", "#818d9a"),
        "unknown": Hue("#5f5f5f", "#f6f6f6", "#808080", "#e9e9e9"),
        "legend": Hue("#7b8794", "#ffffff", "#8a96a3"),
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
    hues={
        "do": Hue("#5ea6e6", "#142a3f", "#5ea6e6", "#1b3753"),
        "sleep": Hue("#93a3b5", "#1e2731", "#93a3b5"),
        "wait": Hue("#43bfc9", "#0f2e32", "#43bfc9"),
        "call": Hue("#a3a8f7", "#1d2140", "#a3a8f7"),
        "function": Hue("#a3a8f7", "#141826", "#696ea3", "#1f243f"),
        "loop": Hue("#4cc896", "#121d1a", "#328060", "#172d24"),
        "parallel": Hue("#cb95ea", "#191521", "#89649f", "#2a1e36"),
        "choice": Hue("#f0ab57", "#1b1813", "#936a38", "#2e2416"),
        "condition": Hue("#f0ab57", "#2d2312", "#996a2e"),
        "try": Hue("#f5938a", "#1e1517", "#a1615b", "#331e1e"),
        "body": Hue("#93a0ad", "#10161d", "#687480"),
        "catch": Hue("#f5938a", "#2a1819", "#a2605b", "#41211f"),
        "finally": Hue("#a3afbb", "#1a2128", "#69737d", "#29323c"),
        "block": Hue("#a3afbb", "#131a22", "#687480", "#242d37"),
        "start": Hue("#a9b8c6", "#151c24", "#677480", "#273039"),
        "exit": Hue("#10161d", "#d5dee7", "#d5dee7"),
        "empty": Hue("#93a0ad", "#10161d", "#687480"),
        "unknown": Hue("#b5b5b5", "#1f1f1f", "#777777", "#2e2e2e"),
        "legend": Hue("#93a0ad", "#10161d", "#64707c"),
    },
)

_LAYOUT: Final = f"""\
text{{font-family:{FAMILY};white-space:pre}}
.name{{font-size:{NAME.size}px;font-weight:bold}}
.heading{{font-size:{HEADING.size}px;font-weight:bold}}
.detail{{font-size:{DETAIL.size}px}}
.code{{font-family:{CODE_FAMILY};font-size:{CODE.size}px}}
.title{{font-size:{TITLE.size}px;font-weight:bold}}
path{{fill:none;stroke-width:1.5;stroke-linejoin:round}}
.box,.edge,.band{{stroke-width:1.2}}
.icon{{stroke-width:1.3;stroke-linecap:round}}
.again,.failure{{stroke-dasharray:5 3}}
.unawaited{{stroke-dasharray:1.5 4}}
.unawaited.end{{stroke-dasharray:none}}
.out,.unawaited{{stroke-linecap:round}}
.body>.edge,.block>.edge,.empty>.box,.unknown>.box,.unknown>.edge,.implied>.box{{stroke-dasharray:4 3}}
.head{{stroke-dasharray:none}}
.first{{fill:none;stroke-width:1.5;stroke-dasharray:4 3}}"""

# What has no icon; and whose name is no heading in its colour, but bold or plain text.
_WITHOUT_ICON: Final = frozenset({"condition", "body", "empty", "legend"})
_WITHOUT_HEADING: Final = _WITHOUT_ICON | {"do", "sleep", "wait", "call", "unknown"}
_DARK_SCREEN: Final = "@media screen and (prefers-color-scheme:dark){"


def style_sheet(theme: Theme, scope: str, *, marked: bool = False) -> list[str]:
    """Return the style sheet for drawings of the class `scope`, a rule a line.

    In those that are `marked`, marks alone have colours.
    """
    layout = _scoped(_LAYOUT.splitlines(), scope)
    if not marked:
        return [*layout, *by_theme(theme, lambda palette: _scoped(_colours(palette), scope))]
    # Imported here for start-up: most drawings have no marks.
    from stepgraph.render.svg.mark_theme import MARK_LAYOUT, mark_rules, quiet

    layout += _scoped(MARK_LAYOUT.splitlines(), scope)
    return [
        *layout,
        *by_theme(theme, lambda palette: _scoped([*_colours(quiet(palette)), *mark_rules(palette)], scope)),
    ]


def by_theme(theme: Theme, rules: Callable[[Palette], list[str]]) -> list[str]:
    """Return the rules of a theme: those of its palette or, where the reader decides, of both."""
    if theme == "dark":
        return rules(DARK)
    light = rules(LIGHT)
    return light if theme == "light" else [*light, _DARK_SCREEN, *rules(DARK), "}"]


def _colours(palette: Palette) -> list[str]:
    rules = [
        f".paper{{fill:{palette.paper}}}",
        f"text{{fill:{palette.text}}}",
        f".detail{{fill:{palette.detail}}}",
        f".line,.unawaited{{stroke:{palette.line}}}",
        f".flow,.dot{{stroke:{palette.line};fill:{palette.line}}}",
        f".ring{{stroke:{palette.line};fill:{palette.paper}}}",
        f".out{{stroke:{palette.exit}}}",
        f".out.filled{{fill:{palette.exit}}}",
        f".failure{{stroke:{palette.failure}}}",
        f".failure.head{{fill:{palette.failure}}}",
        f".again{{stroke:{palette.again}}}",
        f".again.head{{fill:{palette.again}}}",
        f".bar{{fill:{palette.bar}}}",
        f".bar.first{{fill:{palette.paper};stroke:{palette.bar}}}",
    ]
    for name, hue in palette.hues.items():
        rules.append(f".{name}>.box,.{name}>.edge{{stroke:{hue.edge};fill:{hue.fill}}}")
        if hue.band:
            rules.append(f".{name}>.band{{stroke:{hue.edge};fill:{hue.band}}}")
        if name not in _WITHOUT_ICON:
            rules.append(f".{name}>.icon{{stroke:{hue.line}}}")
        if name not in _WITHOUT_HEADING:
            rules.append(f".{name}>text>.heading{{fill:{hue.line}}}")
    return rules


def _scoped(rules: list[str], scope: str) -> list[str]:
    return [
        ",".join(f".{scope} {selector}" for selector in rule.partition("{")[0].split(","))
        + "{"
        + rule.partition("{")[2]
        for rule in rules
    ]
