"""Writing SVG: one element a line, each group relative to the one around it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct, field

from stepgraph.escaping.markup import markup_text
from stepgraph.render.svg.lengths import Length

RADIUS: Final = 8
"""That of the corners of lines."""

DOWN: Final = '<path class="flow" d="M0-28V-7m-4-1 4 8 4-8z"/>'
"""The arrow that leads into a figure, from a gap above it: always the same."""


class Pen(Struct):
    """Collects the lines of a drawing.

    `depth` is how many groups are open. Where it `chains`, a figure stands in the group of the one before it.
    """

    lines: list[str] = field(default_factory=list)
    depth: int = 0
    chains: bool = True

    def open_at(self, x: int, y: Length) -> None:
        """Begin a group with its own origin."""
        self.lines.append(f'<g transform="translate({x} {y})">')
        self.depth += 1

    def open(self, css: str, identity: str, title: str) -> None:
        """Begin the group of a node, which is named by what a pointer on it, or a screen reader, tells.

        What is no node has no identity.
        """
        name = f' id="{identity}"' if identity else ""
        self.lines.append(f'<g class="{css}"{name}><title>{markup_text(title)}</title>')
        self.depth += 1

    def close(self) -> None:
        """End the group that was begun last."""
        self.lines.append("</g>")
        self.depth -= 1

    def down(self) -> None:
        """Draw the arrow that leads to the origin."""
        self.lines.append(DOWN)

    def out(self, begin: tuple[int, Length], y: Length, end: int) -> None:
        """Draw the line of exits from where the first of them arrives down to `y`, and as an arrow left to `end`.

        It goes back on itself, so that only its head is filled.
        """
        x, top = begin
        down = f"V{y - RADIUS}q0 {RADIUS} {-RADIUS} {RADIUS}H{end + 7}"
        back = f"H{x - RADIUS}q{RADIUS} 0 {RADIUS} {-RADIUS}z"
        self.path("out filled", f"M{x} {top + RADIUS}{down}{back}M{end + 8} {y - 4}L{end} {y}L{end + 8} {y + 4}z")

    def onto(self, begin: tuple[int, Length], y: Length) -> None:
        """Draw the line of exits from where the first of them arrives down onto what begins at `y`, as an arrow."""
        x, top = begin
        head = f"M{x - 4} {y - 9}L{x} {y - 1}L{x + 4} {y - 9}z"
        self.path("out filled", f"M{x} {top + RADIUS}V{y - 8}{head}")

    def turn(self, begin: tuple[int, Length], y: Length, lane: int) -> None:
        """Draw the line of an exit down from where it arrives to `y`, and to the right to where it turns down again."""
        x, top = begin
        corners = f"q0 {RADIUS} {RADIUS} {RADIUS}H{lane - RADIUS}q{RADIUS} 0 {RADIUS} {RADIUS}"
        self.path("out", f"M{x} {top + RADIUS}V{y - RADIUS}{corners}")

    def leave(self, begin: tuple[int, Length], lane: int, css: str = "out") -> None:
        """Draw the line of an exit to the right, to where it turns down in a lane."""
        x, y = begin
        self.path(css, f"M{x} {y}H{lane - RADIUS}q{RADIUS} 0 {RADIUS} {RADIUS}")

    def path(self, css: str, path: str) -> None:
        """Draw a line."""
        self.lines.append(f'<path class="{css}" d="{path}"/>')

    def box(self, css: str, corner: tuple[int, Length], size: tuple[int, Length], radius: int = 6) -> None:
        """Draw a rectangle from its upper left corner on."""
        (x, y), (width, height) = corner, size
        place = f'x="{x}" y="{y}" width="{width}" height="{height}"'
        self.lines.append(f'<rect class="{css}" {place} rx="{radius}"/>')

    def icon(self, css: str, x: int, y: Length, path: str) -> None:
        """Draw an icon in a square of 16 pixels."""
        self.lines.append(f'<path class="icon {css}" transform="translate({x} {y})" d="{path}"/>')

    def text(self, pieces: Iterable[tuple[str, int, int, str]]) -> None:
        """Write text: pieces with their class, where they begin and their base line."""
        spans = "".join(
            f'<tspan class="{css}" x="{x}" y="{y}">{markup_text(text)}</tspan>' for css, x, y, text in pieces
        )
        self.lines.append(f"<text>{spans}</text>")
