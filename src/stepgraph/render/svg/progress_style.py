"""The style sheet of drawings of instances: the colors of states, and faded lines.

Color is for states only. The steps that have not ended are the only ones with a strong edge, a filled box and a halo.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from stepgraph.render.svg.fonts import DETAIL
from stepgraph.render.svg.theme import DARK, Palette, by_theme, scoped
from stepgraph.render.view import Theme


class StateColors(Struct, frozen=True):
    """The colors of steps in one state."""

    line: str
    """The color of the edge, the sign and texts on the run."""

    fill: str
    halo: str
    """The color around the box of a step that has not ended, or whose failure ended the instance."""

    icon: str
    """The color of the icon in the sign."""


class ProgressPalette(Struct, frozen=True):
    """The colors of a theme in drawings of instances."""

    current: StateColors
    retrying: StateColors
    failed: StateColors
    done: StateColors
    quiet: StateColors
    """The colors of nodes that were not reached, and of their signs."""

    traversed: str
    """The color of lines that the instance took."""

    faded: str
    """The color of other lines."""

    grid: str
    """The color of lines and breaks in the timeline."""


LIGHT_PROGRESS: Final = ProgressPalette(
    current=StateColors("#1b5cc0", "#e6f0fd", "#c4dcfa", "#ffffff"),
    retrying=StateColors("#9a5200", "#fff3dd", "#fadfb0", "#ffffff"),
    failed=StateColors("#b9261d", "#fdeeec", "#f6cbc7", "#ffffff"),
    done=StateColors("#1b7a38", "#ffffff", "#ffffff", "#ffffff"),
    quiet=StateColors("#616d79", "#ffffff", "#ffffff", "#616d79"),
    traversed="#2f3d4b",
    faded="#a9b4be",
    grid="#e9edf1",
)

DARK_PROGRESS: Final = ProgressPalette(
    current=StateColors("#74aefc", "#14294a", "#1f4276", "#0b1c36"),
    retrying=StateColors("#f3b94f", "#2b2110", "#57431a", "#1f1500"),
    failed=StateColors("#f5938a", "#2f1917", "#63302b", "#2a0805"),
    done=StateColors("#4bc274", "#10161d", "#10161d", "#06170c"),
    quiet=StateColors("#8b98a5", "#10161d", "#10161d", "#8b98a5"),
    traversed="#c9d5e0",
    faded="#465260",
    grid="#232d37",
)

_LAYOUT: Final = f"""\
.fact,.error,.status{{font-size:{DETAIL.size}px}}
.line,.flow,.again,.failure,.out,.end{{stroke-width:2}}
.faded .line,.faded .flow,.faded .again,.faded .failure,.faded .out,.faded .end{{stroke-width:1.25}}
.line.faded,.flow.faded,.again.faded,.failure.faded,.unawaited.faded,.out.faded{{stroke-width:1.25}}
.halo{{stroke:none}}
circle.sign{{stroke-width:1.5}}
.icon.sign{{stroke-width:1.8}}
.strong>.box,.strong>.edge{{stroke-width:2}}
.next>.box,.next>.edge{{stroke-width:1.25}}
.grid{{stroke-width:1}}
.last{{stroke-width:1;stroke-dasharray:2 2}}
.last.ended{{stroke-dasharray:none}}
.span{{stroke-width:1}}
.cut{{stroke-width:2}}
.pause{{stroke-width:1.5}}
.open-wait{{stroke-dasharray:3 2}}
.skipped>.box{{stroke-dasharray:4 3}}
.unreachable>.box{{stroke-dasharray:1.5 3}}"""

CURRENT_CLASSES: Final = ("waiting", "sleeping", "running")


def progress_style(theme: Theme) -> list[str]:
    """Return the style sheet of drawings of instances, one rule per line, which follows the style sheet of drawings."""
    return [*scoped(_LAYOUT.splitlines()), *by_theme(theme, lambda palette: scoped(_color_rules(palette)))]


def _color_rules(palette: Palette) -> list[str]:
    colors = DARK_PROGRESS if palette is DARK else LIGHT_PROGRESS
    return [
        *_line_rules(palette, colors),
        *_box_rules(palette, colors),
        *_timeline_rules(palette, colors),
    ]


def _line_rules(palette: Palette, colors: ProgressPalette) -> list[str]:
    """Return the rules of taken and faded lines, and of parts without a state."""
    quiet = colors.quiet
    faded = ("line", "flow", "again", "failure", "out", "end", "unawaited", "fault", "cross", "ring", "dot")
    return [
        f".line,.flow,.again,.unawaited,.ring,.dot,.out,.end{{stroke:{colors.traversed}}}",
        f".flow,.dot,.again.head,.out.filled{{fill:{colors.traversed}}}",
        f".failure,.fault,.cross{{stroke:{colors.failed.line}}}",
        f".failure.head{{fill:{colors.failed.line}}}",
        f"{','.join(f'.faded .{name}' for name in faded)}{{stroke:{colors.faded}}}",
        f".line.faded,.flow.faded,.again.faded,.failure.faded,.unawaited.faded,.out.faded{{stroke:{colors.faded}}}",
        f".faded .flow,.faded .dot,.faded .head,.faded .out.filled{{fill:{colors.faded}}}",
        f".flow.faded,.head.faded,.out.filled.faded{{fill:{colors.faded}}}",
        f".faded .bar,.bar.faded{{fill:{colors.faded}}}",
        f".faded .box,.faded .edge{{stroke:{colors.faded};fill:{quiet.fill}}}",
        f".faded .band{{stroke:{colors.faded}}}",
        f".faded text,.faded .detail,.faded .code,.faded .heading{{fill:{quiet.line}}}",
        f".faded .icon{{stroke:{quiet.line}}}",
        f".fact,.status{{fill:{palette.detail}}}",
        f".error{{fill:{colors.failed.line}}}",
        f".skipped>.sign,.unreachable>.sign,.uncertain>.sign{{stroke:{quiet.line};fill:{quiet.fill}}}",
        f".skipped>.icon.sign,.unreachable>.icon.sign,.uncertain>.icon.sign{{stroke:{quiet.line};fill:none}}",
    ]


def _box_rules(palette: Palette, colors: ProgressPalette) -> list[str]:
    """Return the rules of steps by their states, and of those that can begin next."""
    rules: list[str] = []
    states = [("done", colors.done), ("failed", colors.failed), ("retrying", colors.retrying)]
    for name, state in [*states, *((name, colors.current) for name in CURRENT_CLASSES)]:
        rules += _state_rules(name, state)
    rules.append(f".done>.box,.done>.edge{{stroke:{palette.unmarked.edge}}}")
    following = colors.current
    return [
        *rules,
        f".next>.box,.next>.edge{{stroke:{following.line};fill:{palette.paper}}}",
        f".next>.icon{{stroke:{following.line}}}",
        f".next>text{{fill:{palette.text}}}",
        f".next>text>.detail{{fill:{palette.detail}}}",
        f".next>.sign{{stroke:{following.line};fill:{palette.paper}}}",
        f".next>.icon.sign{{stroke:{following.line};fill:none}}",
        f".next>text>.fact{{fill:{following.line}}}",
    ]


def _timeline_rules(palette: Palette, colors: ProgressPalette) -> list[str]:
    quiet, current = colors.quiet, colors.current
    return [
        f".timeline>.edge{{stroke:{colors.faded};fill:{palette.paper}}}",
        f".grid{{stroke:{colors.grid}}}",
        f".gap{{stroke:none;fill:{colors.grid}}}",
        f".last{{stroke:{quiet.line}}}",
        f".entry>text>.detail{{fill:{palette.text}}}",
        f".work{{stroke:{colors.done.line};fill:{colors.done.line}}}",
        f".span.failed{{stroke:{colors.failed.line};fill:{colors.failed.line}}}",
        f".span.wait{{stroke:{quiet.line};fill:{palette.paper}}}",
        f".span.failed-wait{{stroke:{colors.failed.line};fill:{colors.failed.fill}}}",
        f".open{{stroke:{current.line};fill:{current.line}}}",
        f".open-wait{{stroke:{current.line};fill:{current.fill}}}",
        f".pause{{stroke:{quiet.line}}}",
        f".cut,.stripes{{stroke:{palette.paper}}}",
    ]


def _state_rules(name: str, colors: StateColors) -> list[str]:
    """Return the rules of a state, for the box, the icon, the sign and the facts."""
    return [
        f".{name}>.halo{{fill:{colors.halo}}}",
        f".{name}>.box,.{name}>.edge{{stroke:{colors.line}}}",
        f".{name}.strong>.box,.{name}.strong>.edge{{fill:{colors.fill}}}",
        f".{name}>.sign{{stroke:{colors.line};fill:{colors.line}}}",
        f".{name}>.icon.sign{{stroke:{colors.icon};fill:none}}",
        *(
            []
            if name == "done"
            else [f".{name}>.ink{{stroke:{colors.line}}}", f".{name}>text>.fact{{fill:{colors.line}}}"]
        ),
    ]
