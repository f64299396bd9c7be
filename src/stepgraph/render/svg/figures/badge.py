"""Badges of findings and their colors: a pill at a corner of a figure, and a pill with text below the title."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from stepgraph.phrases import counted, without_backquotes
from stepgraph.render.findings import LEVEL_WORDS, FindingLevel, ShownFinding, most_important
from stepgraph.render.svg.badges import Badges
from stepgraph.render.svg.fonts import BADGE
from stepgraph.render.svg.lengths import Length
from stepgraph.render.svg.pen import Pen
from stepgraph.render.svg.theme import DARK, KindColors, Palette, by_theme, scoped
from stepgraph.render.view import Theme

SIZE: Final = 16
"""The height of a badge in pixels."""

_OVERHANG: Final = 4
"""The distance from the right side of a figure to the right side of its badge."""

_SIDES: Final = 5
_PILL_SIDES: Final = 8
_BASELINE: Final = 12
_ERROR_RADIUS: Final = 4
_BETWEEN_PILLS: Final = 6
_SIGNS: Final[dict[FindingLevel, str]] = {"error": "!", "warning": "!", "gap": "?", "note": "i"}
_MAX_TALLY: Final = 99
"""The largest number in a badge. More digits would cover the lines of narrow figures."""

_MAX_IN_TITLE: Final = 8
BETWEEN: Final = " · "

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


def draw_sample(pen: Pen, level: FindingLevel, x: int, y: int) -> None:
    """Draw the badge of one finding with its upper left corner at `x` and `y`."""
    _draw_pill(pen, level, "", _SIGNS[level], (x + SIZE, y), SIZE)


def draw_badge(pen: Pen, identity: str, right: int) -> None:
    """Draw the badge of a figure, if it has findings, at the upper right corner of its box."""
    if identity in pen.badges.by_figure:
        _draw_at_corner(pen, pen.badges.by_figure[identity], right)


def draw_frame_badge(pen: Pen, identity: str, right: Length, *, foldable: bool) -> None:
    """Draw the badge of a frame. While a foldable frame is folded, a badge with the findings inside replaces it."""
    while_open, while_folded = pen.badges.by_figure.get(identity), pen.badges.with_contents.get(identity)
    if foldable and while_folded is not None and while_folded != while_open:
        _draw_at_corner(pen, while_folded, right, " while-folded")
        if while_open is not None:
            _draw_at_corner(pen, while_open, right, " while-open")
    elif while_open is not None:
        _draw_at_corner(pen, while_open, right)


class StatePill(Struct, frozen=True):
    """A pill with text below the title of a picture."""

    level: FindingLevel
    text: str
    findings: Sequence[ShownFinding]
    """The findings in its title."""

    @property
    def width(self) -> int:
        """The width in pixels."""
        return BADGE.width(self.text) + 2 * _PILL_SIDES


def state_pills(state: str, findings: Sequence[ShownFinding], badges: Badges) -> list[StatePill]:
    """Return the pill of an incomplete graph, and the pill of the other findings that no figure shows."""
    pills: list[StatePill] = []
    if state:
        pills.append(StatePill("gap", state, [finding for finding in findings if finding.level == "gap"]))
    pairs = zip(findings, badges.identities, strict=True)
    unplaced = [finding for finding, identity in pairs if not identity and finding.level != "gap"]
    if unplaced:
        levels = {finding.level for finding in unplaced}
        noun = LEVEL_WORDS[unplaced[0].level] if len(levels) == 1 else "finding"
        text = f"{counted(len(unplaced), noun)} outside the graph"
        pills.append(StatePill(most_important(unplaced), text, unplaced))
    return pills


def pills_width(pills: Sequence[StatePill]) -> int:
    """Return the width of pills beside each other."""
    return sum(pill.width + _BETWEEN_PILLS for pill in pills)


def draw_pills(pen: Pen, pills: Sequence[StatePill], x: int, y: int) -> None:
    """Draw pills beside each other, with their upper left corner at `x` and `y`."""
    for pill in pills:
        title = _title(pill.findings) or pill.text
        _draw_pill(pen, f"{pill.level} state", title, pill.text, (x + pill.width, y), pill.width)
        x += pill.width + _BETWEEN_PILLS


def _draw_at_corner(pen: Pen, findings: Sequence[ShownFinding], right: Length, css: str = "") -> None:
    level = most_important(findings)
    count = len(findings)
    text = _SIGNS[level] if count == 1 else str(count) if count <= _MAX_TALLY else f"{_MAX_TALLY}+"
    width = max(SIZE, BADGE.width(text) + 2 * _SIDES)
    _draw_pill(pen, f"{level}{css}", _title(findings), text, (right + _OVERHANG, -SIZE // 2), width)


def _draw_pill(pen: Pen, css: str, title: str, text: str, corner: tuple[Length, int], width: int) -> None:
    """Draw a pill with its upper right corner at a point. Errors have a different shape."""
    pen.open(f"finding {css}", "", title)
    pen.open_at(*corner)
    pen.box("pill", (-width, 0), (width, SIZE), _ERROR_RADIUS if css.startswith("error") else SIZE // 2)
    pen.text([("tally", -(width + BADGE.width(text)) // 2, _BASELINE, text)])
    pen.close()
    pen.close()


def _title(findings: Sequence[ShownFinding]) -> str:
    texts = [without_backquotes(finding.text) for finding in findings[:_MAX_IN_TITLE]]
    more = len(findings) - len(texts)
    return BETWEEN.join([*texts, f"and {more} more"] if more else texts)


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
