"""The style sheet of drawings, its light and dark colors, and the colors of marks.

Rules are plain, because some SVG programs do not support variables. A reader's preference for dark colors applies to
screens only, so pictures of the theme `auto` are printed in light colors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.render.step_types import StepCategory
from stepgraph.render.svg.fonts import CODE, CODE_FAMILY, DETAIL, EFFECT, FAMILY, HEADING, NAME, TITLE
from stepgraph.render.view import MarkKind, Theme

FigureClass: TypeAlias = Literal[
    StepCategory,
    "call",
    "function",
    "loop",
    "parallel",
    "choice",
    "condition",
    "guard",
    "try",
    "body",
    "catch",
    "else",
    "finally",
    "block",
    "start",
    "exit",
    "raise",
    "empty",
    "unknown",
    "legend",
]
"""The kinds of figures, by their class in the style sheet."""

_WITHOUT_ICON: Final[frozenset[FigureClass]] = frozenset({"condition", "body", "empty", "legend"})
_WITH_NAME: Final[frozenset[FigureClass]] = frozenset({"do", "sleep", "wait", "call", "unknown"})
"""The figures whose text is a name, not a colored heading."""


class KindColors(Struct, frozen=True):
    """The colors of one kind of figure.

    Edges have the full color in steps and a fainter one in frames, so that steps attract attention first.
    """

    line: str
    """The color of icons and words."""

    fill: str
    edge: str
    band: str = ""
    """The color of the band of a frame with a label, or an empty string for other figures."""


class Palette(Struct, frozen=True):
    """The colors of a theme. Except in marks, red is for failures only."""

    paper: str
    line: str
    text: str
    detail: str
    exit: str
    again: str
    failure: str
    bar: str
    by_kind: dict[FigureClass, KindColors]
    """The colors of each kind of figure."""

    unmarked: KindColors
    """The colors of unmarked figures in drawings with marks. They contrast with all marks."""

    marks: dict[MarkKind, KindColors]


LIGHT: Final = Palette(
    paper="#ffffff",
    line="#4b5b6b",
    text="#16202a",
    detail="#4d5b69",
    exit="#7d8996",
    again="#0b7350",
    failure="#b3261e",
    bar="#a46ac9",
    by_kind={
        "do": KindColors("#2f6fb0", "#ffffff", "#4f86bd", "#eaf2fb"),
        "sleep": KindColors("#647388", "#f2f4f7", "#647388"),
        "wait": KindColors("#0f7680", "#e5f6f7", "#0f7680"),
        "call": KindColors("#4b51b5", "#f3f3fe", "#4b51b5"),
        "function": KindColors("#4b51b5", "#fdfdff", "#8286cc", "#f1f1fd"),
        "loop": KindColors("#0b7350", "#fafefc", "#4d997f", "#e8f6f0"),
        "parallel": KindColors("#7a2fa8", "#fdfbfe", "#a978c7", "#f6eefb"),
        "choice": KindColors("#a04f00", "#fffdf9", "#ba7f44", "#fdf3e3"),
        "condition": KindColors("#a04f00", "#fff3e0", "#b5762f"),
        "guard": KindColors("#a04f00", "#fff8ec", "#b5762f"),
        "try": KindColors("#55616e", "#fafbfc", "#848e99", "#eef0f3"),
        "body": KindColors("#7b8794", "#ffffff", "#818d9a"),
        "catch": KindColors("#b3261e", "#fff7f6", "#d0746e", "#fde8e6"),
        "else": KindColors("#55616e", "#ffffff", "#838d98", "#eef0f3"),
        "finally": KindColors("#55616e", "#f5f6f8", "#848d97", "#e6e9ed"),
        "block": KindColors("#55616e", "#ffffff", "#838d98", "#eef0f3"),
        "start": KindColors("#37474f", "#fdfdfd", "#828d91", "#e9edef"),
        "exit": KindColors("#37434f", "#eceff3", "#7b8794"),
        "raise": KindColors("#b3261e", "#ffffff", "#b3261e"),
        "empty": KindColors("#7b8794", "#ffffff", "#818d9a"),
        "unknown": KindColors("#5f5f5f", "#f6f6f6", "#808080", "#e9e9e9"),
        "legend": KindColors("#7b8794", "#ffffff", "#8a96a3"),
    },
    unmarked=KindColors("#5b6875", "#ffffff", "#7d8996", "#eff1f4"),
    marks={
        MarkKind.ADDED: KindColors("#116b2c", "#e8f8ed", "#1f8a3f", "#c8eed4"),
        MarkKind.REMOVED: KindColors("#b3261e", "#fdf0ef", "#c9524b", "#f9d8d5"),
        MarkKind.CHANGED: KindColors("#8f5a00", "#fff7e0", "#b57a14", "#fce7b2"),
    },
)
DARK: Final = Palette(
    paper="#10161d",
    line="#9aabbb",
    text="#e9eff5",
    detail="#b0becb",
    exit="#7a8794",
    again="#4cc896",
    failure="#f5938a",
    bar="#8f62ad",
    by_kind={
        "do": KindColors("#5ea6e6", "#151e28", "#4683b8", "#1a2f45"),
        "sleep": KindColors("#93a3b5", "#1e2731", "#93a3b5"),
        "wait": KindColors("#43bfc9", "#0f2e32", "#43bfc9"),
        "call": KindColors("#a3a8f7", "#1d2140", "#a3a8f7"),
        "function": KindColors("#a3a8f7", "#141826", "#696ea3", "#1f243f"),
        "loop": KindColors("#4cc896", "#121d1a", "#328060", "#172d24"),
        "parallel": KindColors("#cb95ea", "#191521", "#89649f", "#2a1e36"),
        "choice": KindColors("#f0ab57", "#1b1813", "#936a38", "#2e2416"),
        "condition": KindColors("#f0ab57", "#2d2312", "#996a2e"),
        "guard": KindColors("#f0ab57", "#241d12", "#996a2e"),
        "try": KindColors("#a3afbb", "#131a21", "#697580", "#222b34"),
        "body": KindColors("#93a0ad", "#10161d", "#687480"),
        "catch": KindColors("#f5938a", "#2a1819", "#a2605b", "#41211f"),
        "else": KindColors("#a3afbb", "#131a22", "#687480", "#242d37"),
        "finally": KindColors("#a3afbb", "#1a2128", "#69737d", "#29323c"),
        "block": KindColors("#a3afbb", "#131a22", "#687480", "#242d37"),
        "start": KindColors("#a9b8c6", "#151c24", "#677480", "#273039"),
        "exit": KindColors("#c5d0da", "#26303a", "#7a8794"),
        "raise": KindColors("#f5938a", "#1e1517", "#f5938a"),
        "empty": KindColors("#93a0ad", "#10161d", "#687480"),
        "unknown": KindColors("#b5b5b5", "#1f1f1f", "#777777", "#2e2e2e"),
        "legend": KindColors("#93a0ad", "#10161d", "#64707c"),
    },
    unmarked=KindColors("#96a3b0", "#10161d", "#64717e", "#1d252e"),
    marks={
        MarkKind.ADDED: KindColors("#56d07e", "#12291b", "#3fa864", "#1a3f28"),
        MarkKind.REMOVED: KindColors("#f5938a", "#2d1817", "#b9635b", "#46221f"),
        MarkKind.CHANGED: KindColors("#eeb64e", "#2a2110", "#b38631", "#453615"),
    },
)

SCOPE: Final = "stepgraph"
"""The class of drawings, to which the rules of the style sheet are limited."""

_LAYOUT: Final = f"""\
text{{font-family:{FAMILY};white-space:pre}}
.name{{font-size:{NAME.size}px;font-weight:bold}}
.heading{{font-size:{HEADING.size}px;font-weight:bold}}
.detail{{font-size:{DETAIL.size}px}}
.code{{font-family:{CODE_FAMILY};font-size:{CODE.size}px}}
.title{{font-size:{TITLE.size}px;font-weight:bold}}
.paper{{rx:10px}}
path{{fill:none;stroke-width:1.25;stroke-linejoin:round}}
.flow,.line{{stroke-width:1.6}}
.box,.edge,.band{{stroke-width:1}}
.icon{{stroke-width:1.3;stroke-linecap:round}}
.again,.failure{{stroke-dasharray:5 3}}
.unawaited{{stroke-dasharray:1.5 4}}
.unawaited.end{{stroke-dasharray:none}}
.out,.unawaited,.cross{{stroke-linecap:round}}
.body>.edge,.block>.edge,.empty>.box,.unknown>.box,.unknown>.edge,.implied>.box{{stroke-dasharray:4 3}}
.head{{stroke-dasharray:none}}
.first{{fill:none;stroke-width:1.5;stroke-dasharray:4 3}}"""

_MARK_LAYOUT: Final = f"""\
.change,.breaking,.out-of-order{{font-size:{DETAIL.size}px}}
.effect{{font-size:{EFFECT.size}px;font-weight:bold}}
.sign{{stroke-width:1.5}}
.unchanged>.box,.unchanged>.edge{{stroke-dasharray:1.5 3}}
.mark>.icon{{stroke-width:1.8}}
.removed>g>*>.box,.removed>g>*>.edge,.removed.condition>.box{{stroke-dasharray:4 3}}
.removed>g>*>text>.name,.removed>g>*>text>.heading,.removed>g>*>text>.code{{text-decoration:line-through}}
.removed.condition>text{{text-decoration:line-through}}"""

_DARK_SCREEN: Final = "@media screen and (prefers-color-scheme:dark){"


def style_sheet(theme: Theme, *, marked: bool = False, gray: bool = False) -> list[str]:
    """Return the style sheet of drawings, one rule per line.

    In drawings with marks, only marks are colored. With `gray`, nothing is.
    """
    layout = scoped(_LAYOUT.splitlines())
    if gray:
        return [*layout, *by_theme(theme, lambda palette: scoped(_color_rules(quiet(palette))))]
    if not marked:
        return [*layout, *by_theme(theme, lambda palette: scoped(_color_rules(palette)))]
    return [
        *layout,
        *scoped(_MARK_LAYOUT.splitlines()),
        *by_theme(theme, lambda palette: scoped([*_color_rules(quiet(palette)), *_mark_rules(palette)])),
    ]


def by_theme(theme: Theme, rules: Callable[[Palette], list[str]]) -> list[str]:
    """Return the rules of a theme, for one palette or, if the reader's system decides, for both."""
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
        f".out,.end{{stroke:{palette.exit}}}",
        f".out.filled{{fill:{palette.exit}}}",
        f".fault,.cross{{stroke:{palette.failure}}}",
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
        if has_heading(name):
            rules.append(f".{name}>text>.heading{{fill:{colors.line}}}")
    return rules


def has_heading(figure: FigureClass) -> bool:
    """Return whether the figure has a colored heading. The names of other figures are bold or plain text."""
    return figure not in _WITHOUT_ICON | _WITH_NAME


def _mark_rules(palette: Palette) -> Iterator[str]:
    """Yield the style rules of unchanged runs, and of marks with their effects and remarks."""
    unmarked = palette.unmarked
    yield f".unchanged>.box,.unchanged>.edge{{stroke:{unmarked.edge};fill:{unmarked.fill}}}"
    yield f".unchanged>.band{{stroke:{unmarked.edge};fill:{unmarked.band}}}"
    yield f".unchanged>.icon{{stroke:{unmarked.line}}}"
    yield f".unchanged>text>.heading{{fill:{unmarked.line}}}"
    for kind, colors in palette.marks.items():
        name = kind.value
        yield f".{name}>g>*>.box,.{name}>g>*>.edge,.{name}.condition>.box{{stroke:{colors.edge};fill:{colors.fill}}}"
        yield f".{name}>.tab,.{name}>g>*>.band{{stroke:{colors.edge};fill:{colors.band}}}"
        yield f".{name}>g>*>.icon{{stroke:{colors.line}}}"
        yield f".{name}>g>*>text>.heading{{fill:{colors.line}}}"
        yield f".{name}>.sign{{stroke:{palette.paper};fill:{colors.line}}}"
        yield f".{name}>.icon{{stroke:{palette.paper}}}"
    yield f".effect{{fill:{palette.paper}}}"
    yield f".breaking{{fill:{palette.marks[MarkKind.REMOVED].line}}}"
    yield f".out-of-order{{fill:{palette.marks[MarkKind.CHANGED].line}}}"


def quiet(palette: Palette) -> Palette:
    """Return the palette in gray, so that marks stand out."""
    by_kind = dict.fromkeys(palette.by_kind, palette.unmarked)
    return replace(palette, by_kind=by_kind, again=palette.line, failure=palette.line, bar=palette.line)


def scoped(rules: list[str]) -> list[str]:
    """Return rules that are limited to drawings."""
    return [
        ",".join(f".{SCOPE} {selector}" for selector in rule.partition("{")[0].split(","))
        + "{"
        + rule.partition("{")[2]
        for rule in rules
    ]
