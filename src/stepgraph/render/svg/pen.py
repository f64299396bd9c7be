"""The writer of SVG, with one element per line and each group relative to its parent, and the icons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final, TypeAlias, TypeVar

from msgspec import Struct, field

from stepgraph.escaping.markup import markup_text
from stepgraph.render.svg.badges import NO_BADGES, Badges
from stepgraph.render.svg.lengths import Length, SymbolicLength

RADIUS: Final = 8
"""The radius in pixels of the corners of lines."""

TextPiece: TypeAlias = tuple[str, int, int, str]
"""The class, the x position, the baseline and the characters of a piece of text."""

_TO_TOP: Final = "M0-28V-7m-4-1 4 8 4-8z"
"""The arrow from the gap above a figure to its top."""

_DOWN: Final = f'<path class="flow" d="{_TO_TOP}"/>'
_FADED_DOWN: Final = f'<path class="flow faded" d="{_TO_TOP}"/>'


Piece = TypeVar("Piece")


def faded_first(pieces: Iterable[tuple[Piece, bool]]) -> Iterator[tuple[bool, list[Piece]]]:
    """Yield the faded pieces of lines, and then the others, which cover them. Omit an empty list."""
    by_fading: dict[bool, list[Piece]] = {True: [], False: []}
    for piece, faded in pieces:
        by_fading[faded].append(piece)
    return ((faded, same) for faded, same in by_fading.items() if same)


class Pen(Struct):
    """Collects the lines of a drawing."""

    lines: list[str] = field(default_factory=list)
    depth: int = 0
    """The number of open groups."""

    chains: bool = True
    """Whether each figure of a stack is inside the group of the previous one."""

    badges: Badges = NO_BADGES
    """The findings to show at figures."""
    links: Mapping[str, str] = field(default_factory=dict)
    """The URLs of the cards of nodes, by identity."""

    def open_at(self, x: Length, y: Length, *, faded: bool = False) -> None:
        """Open a group with its own origin. It is faded where the instance has not been."""
        css = ' class="faded"' if faded else ""
        self.lines.append(f'<g{css} transform="translate({x} {y})">')
        self.depth += 1

    def open(self, css: str, identity: str, title: str) -> None:
        """Open the group of a node, with a title for tooltips and screen readers.

        Groups that are not nodes have an empty identity.
        """
        name = f' id="{identity}"' if identity else ""
        self.lines.append(f'<g class="{css}"{name}><title>{markup_text(title)}</title>')
        self.depth += 1

    def open_part(self, css: str) -> None:
        """Open a group of lines of a figure, without a title."""
        self.lines.append(f'<g class="{css}">')
        self.depth += 1

    def open_link(self, identity: str) -> bool:
        """Open the link around the card of a node. Return whether it has one, which `close_link` ends."""
        url = self.links.get(identity, "")
        if url:
            self.lines.append(f'<a href="{markup_text(url)}">')
        return bool(url)

    def close_link(self) -> None:
        """Close the link around a card."""
        self.lines.append("</a>")

    def close(self) -> None:
        """Close the innermost group."""
        self.lines.append("</g>")
        self.depth -= 1

    def down(self, *, faded: bool = False) -> None:
        """Draw the arrow to the origin."""
        self.lines.append(_FADED_DOWN if faded else _DOWN)

    def out(self, begin: tuple[Length, Length], y: Length, end: Length, *, faded: bool = False) -> None:
        """Draw the line of exits from the first one down to `y`, and as an arrow left to `end`.

        The path returns along itself so that only its head is filled.
        """
        x, top = begin
        down = f"V{y - RADIUS}q0 {RADIUS} {-RADIUS} {RADIUS}H{end + 7}"
        back = f"H{x - RADIUS}q{RADIUS} 0 {RADIUS} {-RADIUS}z"
        tip = f"M{end + 8} {y - 4}L{end} {y}L{end + 8} {y + 4}z"
        self.path("out filled", f"M{x} {top + RADIUS}{down}{back}{tip}", faded=faded)

    def exits_above(self, begin: tuple[Length, Length], first_taken: Length | None) -> tuple[Length, Length]:
        """Draw the line of exits from the first exit, which was not taken, down to the first taken exit.

        Return where the rest of the line begins, which is at the first exit if `first_taken` is None.
        """
        x, first = begin
        if first_taken is None:
            return begin
        self.path("out", f"M{x} {first + RADIUS}V{first_taken + RADIUS}", faded=True)
        return x, first_taken

    def onto(self, begin: tuple[Length, Length], y: Length, *, faded: bool = False) -> None:
        """Draw the line of exits from the first one down, as an arrow onto the figure that begins at `y`."""
        x, top = begin
        head = f"M{x - 4} {y - 9}L{x} {y - 1}L{x + 4} {y - 9}z"
        self.path("out filled", f"M{x} {top + RADIUS}V{y - 8}{head}", faded=faded)

    def bend(self, begin: tuple[Length, Length], y: Length, lane: Length, *, faded: bool = False) -> None:
        """Draw the line of an exit down to `y`, and right to `lane`, where it turns down again."""
        x, top = begin
        corners = f"q0 {RADIUS} {RADIUS} {RADIUS}H{lane - RADIUS}q{RADIUS} 0 {RADIUS} {RADIUS}"
        self.path("out", f"M{x} {top + RADIUS}V{y - RADIUS}{corners}", faded=faded)

    def leave(self, begin: tuple[Length, Length], lane: Length, css: str = "out") -> None:
        """Draw the line of an exit to the right, to the lane in which it turns down."""
        x, y = begin
        self.path(css, f"M{x} {y}H{lane - RADIUS}q{RADIUS} 0 {RADIUS} {RADIUS}")

    def end(self, begin: tuple[int, int], length: int, radius: int, *, failed: bool) -> None:
        """Draw a line to the right with an end mark: a dot in a ring or, if `failed`, a cross in a ring."""
        x, y = begin
        middle, arm = x + length + radius, radius // 2
        self.path("end fault" if failed else "end", f"M{x} {y}h{length}")
        self.lines.append(f'<circle class="{"ring fault" if failed else "ring"}" cx="{middle}" cy="{y}" r="{radius}"/>')
        if failed:
            cross = f"M{middle - arm} {y - arm}l{2 * arm} {2 * arm}m0 {-2 * arm}l{-2 * arm} {2 * arm}"
            self.path("cross", cross)
        else:
            self.lines.append(f'<circle class="dot" cx="{middle}" cy="{y}" r="{radius - 3}"/>')

    def arrow(self, css: str, begin: tuple[int, int], length: int) -> None:
        """Draw an arrow of a class to the right."""
        x, y = begin
        self.path(css, f"M{x} {y}h{length - 7}")
        self.path(f"{css} head", f"M{x + length - 8} {y - 4}L{x + length - 1} {y}L{x + length - 8} {y + 4}z")

    def path(self, css: str, path: str, *, faded: bool = False) -> None:
        """Draw a path. It is faded where the instance has not been."""
        self.lines.append(f'<path class="{css}{" faded" if faded else ""}" d="{path}"/>')

    def box(self, css: str, corner: tuple[Length, Length], size: tuple[Length, Length], radius: int = 6) -> None:
        """Draw a rectangle by its upper left corner and its size."""
        (x, y), (width, height) = corner, size
        geometry = f'x="{x}" y="{y}" width="{width}" height="{height}"'
        self.lines.append(f'<rect class="{css}" {geometry} rx="{radius}"/>')

    def icon(self, css: str, x: Length, y: Length, path: str) -> None:
        """Draw an icon of 16 by 16 pixels."""
        self.lines.append(f'<path class="icon {css}" transform="translate({x} {y})" d="{path}"/>')

    def text(self, pieces: Iterable[TextPiece], css: str = "", by: SymbolicLength | None = None) -> None:
        """Draw pieces of text, in an element with a class unless it is empty, moved to the right by a length."""
        spans = "".join(
            [f'<tspan class="{font}" x="{x}" y="{y}">{markup_text(text)}</tspan>' for font, x, y, text in pieces]
        )
        attributes = f' class="{css}"' if css else ""
        if by is not None:
            attributes += f' transform="translate({by} 0)"'
        self.lines.append(f"<text{attributes}>{spans}</text>")


class Icon(StrEnum):
    """Icons as paths in a square of 16 pixels, without fill, so that they print well in any color.

    `render.step_types` has the icons of steps.
    """

    FUNCTION = "M11 2.5c-2-.5-2.8.5-3.1 2.2L6.6 11.5c-.3 1.7-1.3 2.4-2.8 2M5 6.5h5"
    LOOP = "M13 8A5 5 0 1 1 11.5 4.4M11.8 1.5v3.2H8.6"
    PARALLEL = "M8 1.5V4M3 12V4h10v8M8 4v8M1.5 12h3M6.5 12h3M11.5 12h3"
    CHOICE = "M8 1.5 14.5 8 8 14.5 1.5 8z"
    SWITCH = "M2 8h4M6 8l4-5h4M6 8h8M6 8l4 5h4"
    PROTECTED = "M8 1.5 13.5 3.5V8c0 3-2 5.2-5.5 6.5C4.5 13.2 2.5 11 2.5 8V3.5z"
    CAUGHT = "M8 2 14.5 13.5h-13zM8 6.5V10M8 11.5v.5"
    ELSE = "M8 2.5v10.5M3.5 8.5 8 13l4.5-4.5"
    FINALLY = "M3.5 14.5v-13M3.5 2.5h9l-2 3 2 3h-9"
    BLOCK = "M3 3h10v10H3z"
    UNCHANGED = "M8 3v.5M8 8v.5M8 13v.5"
    BREAK = "M2 4h5v8h7M11 9l3 3-3 3"
    RETURN = "M8 3v7M4.5 7 8 10.5 11.5 7M3 13.5h10"
    RAISE = "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4"
    START = "M4.5 2.5 12.5 8l-8 5.5z"
    UNKNOWN = "M5.5 6a2.5 2.5 0 1 1 3.7 2.2C8.3 8.7 8 9.2 8 10M8 12.5v.5"
    ADDED = "M8 3.5v9M3.5 8h9"
    REMOVED = "M3.5 8h9"
    CHANGED = "M3 9.5C4.2 6.5 6.2 6.2 8 8C9.8 9.8 11.8 9.5 13 6.5"
