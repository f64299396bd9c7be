"""The signs of the states of steps: an icon in a circle at the upper left corner of a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from msgspec import Struct

from stepgraph.render.svg.lengths import Length
from stepgraph.render.svg.pen import Pen
from stepgraph.render.traversal import Traversal

if TYPE_CHECKING:
    from stepgraph.execution.instance import NodeState

Sign: TypeAlias = "NodeState | Literal['next', 'uncertain']"
"""The state that a sign shows. `next` means that a step can begin next, and `uncertain` that it may have run."""

RADIUS: Final = 8
"""The radius of a sign in pixels."""

_INSET: Final = 3
"""The distance from the left side of a figure to the middle of its sign."""

_HALO: Final = 4
"""The distance from the box of a figure to the edge of its halo."""

_HEAD: Final = "M-4-8 0 0 4-8z"
"""The head of the arrow to a figure, which its halo would cover."""

_ICON: Final = 8
"""Half of the size of an icon in pixels."""

ICONS: Final[dict[Sign, str]] = {
    "done": "M4.8 8.3 7 10.5 11.3 5.7",
    "failed": "M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2",
    "retrying": "M11.3 8.8A3.4 3.4 0 1 1 10.6 5.7M11.2 3.7v2.4H8.8",
    "sleeping": "M8 4.5V8l2.4 1.6",
    "waiting": "M8 5.6a2.4 2.4 0 1 0 0 4.8A2.4 2.4 0 0 0 8 5.6",
    "running": "M6.4 5.2 10.8 8 6.4 10.8z",
    "skipped": "M5 8h6",
    "unreachable": "M4 12 12 4",
    "uncertain": "M6.2 6.4a1.9 1.9 0 1 1 2.8 1.7C8.3 8.5 8 8.9 8 9.4M8 11.4v.3",
    "next": "M8 4.8v6.2M5.5 8.6 8 11.1l2.5-2.5",
}
"""The icons of signs as paths in a square of 16 pixels. Nodes that were not reached have no sign."""


class FigureRun(Struct, frozen=True):
    """The progress of an instance at the figure of a node or block."""

    traversal: Traversal
    sign: Sign | None = None
    """The sign at the corner of the figure, or None without one."""

    halo: bool = False
    """Whether the figure is emphasized, because its step has not ended."""

    inner: Sign | None = None
    """The sign of a frame while it is folded in a page: that of the most important state inside."""


def draw_state(pen: Pen, run: FigureRun | None, left: Length) -> None:
    """Draw the sign of a figure, if it has one, at the upper left corner of its box."""
    if run is not None and run.sign is not None:
        draw_sign(pen, run.sign, left + _INSET, 0)


def draw_inner_state(pen: Pen, run: FigureRun | None, left: Length) -> None:
    """Draw the sign of a frame that is visible while it is folded in a page."""
    if run is not None and run.inner is not None:
        pen.open_part(f"while-folded {run.inner.replace('_', '-')}")
        draw_sign(pen, run.inner, left + _INSET, 0)
        pen.close()


def draw_sign(pen: Pen, sign: Sign, x: Length, y: int) -> None:
    """Draw a sign centered at a point."""
    if sign not in ICONS:
        return
    pen.lines.append(f'<circle class="sign" cx="{x}" cy="{y}" r="{RADIUS}"/>')
    pen.icon("sign", x - _ICON, y - _ICON, ICONS[sign])


def draw_halo(pen: Pen, run: FigureRun | None, corner: tuple[Length, int], size: tuple[Length, Length]) -> None:
    """Draw the halo of a figure whose step has not ended, around its box with this upper left corner and size."""
    if run is not None and run.halo:
        (x, y), (width, height) = corner, size
        pen.box("halo", (x - _HALO, y - _HALO), (width + 2 * _HALO, height + 2 * _HALO), 6 + _HALO)
        pen.path("flow", _HEAD)
