"""Writes SVG, one element per line, each group relative to its parent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct, field

from stepgraph.escaping.markup import markup_text
from stepgraph.render.svg.lengths import Length

RADIUS: Final = 8
"""The radius in pixels of the corners of lines."""

DOWN: Final = '<path class="flow" d="M0-28V-7m-4-1 4 8 4-8z"/>'
"""The arrow from the gap above a figure to its top."""


class Pen(Struct):
    """Collects the lines of a drawing."""

    lines: list[str] = field(default_factory=list)
    depth: int = 0
    """The number of open groups."""

    chains: bool = True
    """Whether each figure of a stack is inside the group of the previous one."""

    def open_at(self, x: int, y: Length) -> None:
        """Open a group with its own origin."""
        self.lines.append(f'<g transform="translate({x} {y})">')
        self.depth += 1

    def open(self, css: str, identity: str, title: str) -> None:
        """Open the group of a node, with a title for pointers and screen readers.

        Groups that are not nodes have an empty identity.
        """
        name = f' id="{identity}"' if identity else ""
        self.lines.append(f'<g class="{css}"{name}><title>{markup_text(title)}</title>')
        self.depth += 1

    def close(self) -> None:
        """Close the innermost group."""
        self.lines.append("</g>")
        self.depth -= 1

    def down(self) -> None:
        """Draw the arrow to the origin."""
        self.lines.append(DOWN)

    def out(self, begin: tuple[int, Length], y: Length, end: int) -> None:
        """Draw the line of exits from the first one down to `y`, and as an arrow left to `end`.

        The path returns along itself so that only its head is filled.
        """
        x, top = begin
        down = f"V{y - RADIUS}q0 {RADIUS} {-RADIUS} {RADIUS}H{end + 7}"
        back = f"H{x - RADIUS}q{RADIUS} 0 {RADIUS} {-RADIUS}z"
        self.path("out filled", f"M{x} {top + RADIUS}{down}{back}M{end + 8} {y - 4}L{end} {y}L{end + 8} {y + 4}z")

    def onto(self, begin: tuple[int, Length], y: Length) -> None:
        """Draw the line of exits from the first one down, as an arrow onto the figure that begins at `y`."""
        x, top = begin
        head = f"M{x - 4} {y - 9}L{x} {y - 1}L{x + 4} {y - 9}z"
        self.path("out filled", f"M{x} {top + RADIUS}V{y - 8}{head}")

    def bend(self, begin: tuple[int, Length], y: Length, lane: int) -> None:
        """Draw the line of an exit down to `y`, and right to `lane`, where it turns down again."""
        x, top = begin
        corners = f"q0 {RADIUS} {RADIUS} {RADIUS}H{lane - RADIUS}q{RADIUS} 0 {RADIUS} {RADIUS}"
        self.path("out", f"M{x} {top + RADIUS}V{y - RADIUS}{corners}")

    def leave(self, begin: tuple[int, Length], lane: int, css: str = "out") -> None:
        """Draw the line of an exit to the right, to the lane in which it turns down."""
        x, y = begin
        self.path(css, f"M{x} {y}H{lane - RADIUS}q{RADIUS} 0 {RADIUS} {RADIUS}")

    def path(self, css: str, path: str) -> None:
        """Draw a path."""
        self.lines.append(f'<path class="{css}" d="{path}"/>')

    def box(self, css: str, corner: tuple[int, Length], size: tuple[int, Length], radius: int = 6) -> None:
        """Draw a rectangle by its upper left corner and its size."""
        (x, y), (width, height) = corner, size
        geometry = f'x="{x}" y="{y}" width="{width}" height="{height}"'
        self.lines.append(f'<rect class="{css}" {geometry} rx="{radius}"/>')

    def icon(self, css: str, x: int, y: Length, path: str) -> None:
        """Draw an icon of 16 by 16 pixels."""
        self.lines.append(f'<path class="icon {css}" transform="translate({x} {y})" d="{path}"/>')

    def text(self, pieces: Iterable[tuple[str, int, int, str]]) -> None:
        """Draw text in pieces: class, x, base line, text."""
        spans = "".join(
            f'<tspan class="{css}" x="{x}" y="{y}">{markup_text(text)}</tspan>' for css, x, y, text in pieces
        )
        self.lines.append(f"<text>{spans}</text>")
