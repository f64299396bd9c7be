"""The protocol of figures: extents around a spine, early exits, and drawing."""

from __future__ import annotations

from typing import Final, Literal, Protocol, TypeAlias

from msgspec import Struct

from stepgraph.render.svg.lengths import Length
from stepgraph.render.svg.pen import Pen

GAP: Final = 28
"""The distance in pixels between figures below each other: the length of the arrow between them."""

ExitKind: TypeAlias = Literal["breaks", "returns"]


class EarlyExits(Struct, frozen=True):
    """The heights at which the first `break` and the first `return` leave a figure, to its right.

    None means that the figure has no such exit.
    """

    breaks: Length | None = None
    returns: Length | None = None

    def __bool__(self) -> bool:
        return self.breaks is not None or self.returns is not None

    def of(self, kind: ExitKind) -> Length | None:
        """Return the height of the first exit of a kind."""
        return self.breaks if kind == "breaks" else self.returns

    def lowered(self, by: Length) -> EarlyExits:
        """Return the exits of the same figure placed lower by a distance."""
        return EarlyExits(
            None if self.breaks is None else self.breaks + by,
            None if self.returns is None else self.returns + by,
        )

    def before(self, later: EarlyExits) -> EarlyExits:
        """Return the first exits of this figure and of a figure below it."""
        return EarlyExits(
            later.breaks if self.breaks is None else self.breaks,
            later.returns if self.returns is None else self.returns,
        )


NO_EXITS: Final = EarlyExits()


class Lanes(Struct, frozen=True):
    """The x positions, relative to a spine, of the vertical lines that collect exits to the right of all figures."""

    breaks: Length = 0
    returns: Length = 0

    def relative_to(self, x: Length) -> Lanes:
        """Return the same lanes relative to a spine at `x`."""
        return Lanes(self.breaks - x, self.returns - x)


class Drawable(Protocol):
    """A drawing in local coordinates: x is 0 on its spine, and y is 0 at its top."""

    @property
    def left_extent(self) -> Length:
        """The distance from the spine to the left side."""

    @property
    def right_extent(self) -> Length:
        """The distance from the spine to the right side."""

    @property
    def height(self) -> Length:
        """The distance from the top to the bottom."""

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        """Draw the figure at the origin of the open group."""


class Figure(Drawable, Protocol):
    """A drawing that control enters at the top of its spine and leaves at the bottom."""

    @property
    def continues(self) -> bool:
        """Whether control can leave at the end, on the spine."""

    @property
    def exits(self) -> EarlyExits:
        """The heights of `break` and `return` in the figure."""
