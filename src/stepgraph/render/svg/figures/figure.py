"""What every figure is: extents around a spine, ways out, and a way to draw itself."""

from __future__ import annotations

from typing import Final, Literal, Protocol, TypeAlias

from msgspec import Struct

from stepgraph.render.svg.lengths import Length
from stepgraph.render.svg.pen import Pen

GAP: Final = 28
"""From one figure to the next below it: as long as the arrow between them."""

ExitKind: TypeAlias = Literal["breaks", "returns"]


class EarlyExits(Struct, frozen=True):
    """Where a figure is left before its end, to the right: how far down the first such exit is, of each kind."""

    breaks: Length | None = None
    returns: Length | None = None

    def __bool__(self) -> bool:
        return self.breaks is not None or self.returns is not None

    def of(self, kind: ExitKind) -> Length | None:
        """Return how far down the first exit of a kind is."""
        return self.breaks if kind == "breaks" else self.returns

    def lowered(self, by: Length) -> EarlyExits:
        """Return the exits of a figure that stands that much lower."""
        return EarlyExits(
            None if self.breaks is None else self.breaks + by,
            None if self.returns is None else self.returns + by,
        )

    def before(self, later: EarlyExits) -> EarlyExits:
        """Return the exits of this figure and another one that is below it."""
        return EarlyExits(
            later.breaks if self.breaks is None else self.breaks,
            later.returns if self.returns is None else self.returns,
        )


NO_EXITS: Final = EarlyExits()


class Lanes(Struct, frozen=True):
    """Where the lines of exits turn down, to the right of all that is on their way; seen from the spine."""

    breaks: int = 0
    returns: int = 0

    def seen_from(self, x: int) -> Lanes:
        """Return the same lanes, as seen from a spine at `x`."""
        return Lanes(self.breaks - x, self.returns - x)


class Drawable(Protocol):
    """Something drawn that may stand by itself: x is 0 at its spine, and y is 0 at its top.

    `left` and `right` are how far it reaches to both sides, `height` how far down.
    """

    @property
    def left(self) -> int: ...  # noqa: D102 - see the class

    @property
    def right(self) -> int: ...  # noqa: D102

    @property
    def height(self) -> Length: ...  # noqa: D102

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        """Draw it. Yields the drawings of figures within it, for there may be many within each other."""


class Figure(Drawable, Protocol):
    """Something that is entered and left at its spine. Unless it `goes_on`, nothing comes out at its end."""

    @property
    def goes_on(self) -> bool: ...  # noqa: D102 - see the class

    @property
    def exits(self) -> EarlyExits: ...  # noqa: D102
