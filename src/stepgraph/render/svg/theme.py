"""The style sheet of drawings.

Rules are plain, because some SVG programs do not support variables. A reader's preference for dark colors applies to
screens only; printed pictures are light.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from stepgraph.render.svg.fonts import CODE, CODE_FAMILY, DETAIL, FAMILY, HEADING, NAME, TITLE
from stepgraph.render.svg.palettes import DARK, LIGHT, Palette
from stepgraph.render.view import Theme

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

# Figures without icons, and figures whose names are bold or plain text instead of colored headings.
_WITHOUT_ICON: Final = frozenset({"condition", "body", "empty", "legend"})
_WITHOUT_HEADING: Final = _WITHOUT_ICON | {"do", "sleep", "wait", "call", "unknown"}
_DARK_SCREEN: Final = "@media screen and (prefers-color-scheme:dark){"


def style_sheet(theme: Theme, scope: str, *, marked: bool = False) -> list[str]:
    """Return the style sheet of drawings with the class `scope`, one rule per line.

    In drawings with marks, only marks are colored.
    """
    layout = _scoped(_LAYOUT.splitlines(), scope)
    if not marked:
        return [*layout, *by_theme(theme, lambda palette: _scoped(_color_rules(palette), scope))]
    # Imported here because most drawings have no marks, and start-up time counts.
    from stepgraph.render.svg.mark_theme import MARK_LAYOUT, mark_rules, quiet

    layout += _scoped(MARK_LAYOUT.splitlines(), scope)
    return [
        *layout,
        *by_theme(theme, lambda palette: _scoped([*_color_rules(quiet(palette)), *mark_rules(palette)], scope)),
    ]


def by_theme(theme: Theme, rules: Callable[[Palette], list[str]]) -> list[str]:
    """Return the rules of a theme: of one palette, or of both where the reader's system decides."""
    if theme == "dark":
        return rules(DARK)
    light = rules(LIGHT)
    return light if theme == "light" else [*light, _DARK_SCREEN, *rules(DARK), "}"]


def _color_rules(palette: Palette) -> list[str]:
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
    for name, colors in palette.by_kind.items():
        rules.append(f".{name}>.box,.{name}>.edge{{stroke:{colors.edge};fill:{colors.fill}}}")
        if colors.band:
            rules.append(f".{name}>.band{{stroke:{colors.edge};fill:{colors.band}}}")
        if name not in _WITHOUT_ICON:
            rules.append(f".{name}>.icon{{stroke:{colors.line}}}")
        if name not in _WITHOUT_HEADING:
            rules.append(f".{name}>text>.heading{{fill:{colors.line}}}")
    return rules


def _scoped(rules: list[str], scope: str) -> list[str]:
    return [
        ",".join(f".{scope} {selector}" for selector in rule.partition("{")[0].split(","))
        + "{"
        + rule.partition("{")[2]
        for rule in rules
    ]
