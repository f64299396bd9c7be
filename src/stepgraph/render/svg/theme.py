"""The colours of a drawing, light and dark, and the style sheet that is made of them.

Plain rules without variables, which some programs that draw SVG do not know. A reader's preference for dark colours
counts on a screen only: what is printed is light.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stepgraph.render.svg.fonts import CODE, CODE_FAMILY, DETAIL, FAMILY, HEADING, NAME, TITLE
from stepgraph.render.view import Theme


@dataclass(frozen=True, slots=True)
class Hue:
    """The colours of one kind of figure: lines and icons, what it is filled with, the band at its top."""

    line: str
    fill: str
    band: str


@dataclass(frozen=True, slots=True)
class Palette:
    """All colours of a theme. Text stands on fills, bands and paper alike."""

    paper: str
    line: str
    text: str
    detail: str
    exit: str
    again: str
    hues: dict[str, Hue]


LIGHT: Final = Palette(
    paper="#ffffff",
    line="#4b5b6b",
    text="#16202a",
    detail="#4d5b69",
    exit="#b3261e",
    again="#0b7350",
    hues={
        "do": Hue("#2f6fb0", "#ecf4fd", "#dcebfa"),
        "sleep": Hue("#647388", "#f2f4f7", "#e6eaef"),
        "wait": Hue("#0f7680", "#e5f6f7", "#d0eef0"),
        "call": Hue("#4b51b5", "#f3f3fe", "#e6e7fb"),
        "function": Hue("#4b51b5", "#fcfcff", "#eaebfc"),
        "loop": Hue("#0b7350", "#f6fcf9", "#def3ea"),
        "parallel": Hue("#7a2fa8", "#fcf9fe", "#f1e4f8"),
        "choice": Hue("#a04f00", "#fffbf4", "#fdeed7"),
        "condition": Hue("#c77d2b", "#fff3e0", "#fff3e0"),
        "try": Hue("#b3261e", "#fffafa", "#fde6e4"),
        "body": Hue("#76828f", "#ffffff", "#ffffff"),
        "catch": Hue("#b3261e", "#fdf0ef", "#fadedb"),
        "finally": Hue("#5a6673", "#f5f6f8", "#e6e9ed"),
        "block": Hue("#5d6875", "#ffffff", "#eef0f3"),
        "start": Hue("#37474f", "#fdfdfd", "#e9edef"),
        "exit": Hue("#b3261e", "#ffffff", "#ffffff"),
        "empty": Hue("#76828f", "#ffffff", "#ffffff"),
        "unknown": Hue("#6b6b6b", "#f6f6f6", "#e9e9e9"),
        "legend": Hue("#76828f", "#ffffff", "#ffffff"),
    },
)
DARK: Final = Palette(
    paper="#10161d",
    line="#9aabbb",
    text="#e9eff5",
    detail="#b0becb",
    exit="#f5938a",
    again="#4cc896",
    hues={
        "do": Hue("#5ea6e6", "#142a3f", "#1b3753"),
        "sleep": Hue("#93a3b5", "#1e2731", "#2a3541"),
        "wait": Hue("#43bfc9", "#0f2e32", "#163e43"),
        "call": Hue("#a3a8f7", "#1d2140", "#292e55"),
        "function": Hue("#a3a8f7", "#151929", "#24294a"),
        "loop": Hue("#4cc896", "#10231c", "#17392c"),
        "parallel": Hue("#cb95ea", "#1d1526", "#332142"),
        "choice": Hue("#f0ab57", "#211a11", "#3a2b14"),
        "condition": Hue("#c98a3c", "#33260f", "#33260f"),
        "try": Hue("#f5938a", "#221516", "#3d2120"),
        "body": Hue("#7d8b99", "#10161d", "#10161d"),
        "catch": Hue("#f5938a", "#301a1a", "#482523"),
        "finally": Hue("#a3afbb", "#1b222a", "#29323c"),
        "block": Hue("#93a0ad", "#131a22", "#242d37"),
        "start": Hue("#a9b8c6", "#151c24", "#273039"),
        "exit": Hue("#f5938a", "#10161d", "#10161d"),
        "empty": Hue("#7d8b99", "#10161d", "#10161d"),
        "unknown": Hue("#a9a9a9", "#1f1f1f", "#2e2e2e"),
        "legend": Hue("#7d8b99", "#10161d", "#10161d"),
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
.band{{stroke:none}}
.box,.edge{{stroke-width:1.2}}
.icon{{stroke-width:1.3;stroke-linecap:round}}
.again,.failure{{stroke-dasharray:5 3}}
.unawaited{{stroke-dasharray:1.5 4;stroke-linecap:round}}
.panel>.edge,.block>.edge,.empty>.box,.unknown>.box,.unknown>.edge,.implied>.box{{stroke-dasharray:4 3}}
.head{{stroke-dasharray:none}}
.first{{fill:none;stroke-width:1.5;stroke-dasharray:4 3}}"""

_DARK_SCREEN: Final = "@media screen and (prefers-color-scheme:dark){"


def style_sheet(theme: Theme, scope: str) -> list[str]:
    """Return the style sheet for drawings of the class `scope`, a rule a line."""
    layout = _scoped(_LAYOUT.splitlines(), scope)
    if theme == "dark":
        return [*layout, *_scoped(_colours(DARK), scope)]
    light = [*layout, *_scoped(_colours(LIGHT), scope)]
    return light if theme == "light" else [*light, _DARK_SCREEN, *_scoped(_colours(DARK), scope), "}"]


def _colours(palette: Palette) -> list[str]:
    rules = [
        f".paper,.halo{{fill:{palette.paper}}}",
        f"text{{fill:{palette.text}}}",
        f".detail{{fill:{palette.detail}}}",
        f".line,.unawaited{{stroke:{palette.line}}}",
        f".flow,.dot{{stroke:{palette.line};fill:{palette.line}}}",
        f".ring{{stroke:{palette.line};fill:{palette.paper}}}",
        f".out,.failure{{stroke:{palette.exit}}}",
        f".again{{stroke:{palette.again}}}",
        f".out.filled,.failure.head{{fill:{palette.exit}}}",
        f".again.head{{fill:{palette.again}}}",
    ]
    for name, hue in palette.hues.items():
        rules += [
            f".{name}>.box,.{name}>.edge{{stroke:{hue.line};fill:{hue.fill}}}",
            f".{name}>.band{{fill:{hue.band}}}",
            f".{name}>.icon{{stroke:{hue.line}}}",
        ]
        if name not in {"do", "sleep", "wait", "condition", "legend"}:
            rules.append(f".{name}>text>.heading{{fill:{hue.line}}}")
    bar = palette.hues["parallel"].line
    return [*rules, f".bar{{fill:{bar}}}", f".bar.first{{fill:{palette.paper};stroke:{bar}}}"]


def _scoped(rules: list[str], scope: str) -> list[str]:
    return [
        ",".join(f".{scope} {selector}" for selector in rule.partition("{")[0].split(","))
        + "{"
        + rule.partition("{")[2]
        for rule in rules
    ]
