"""The protocol of figures: extents around a spine, early exits, and drawing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, Protocol, TypeAlias

from msgspec import Struct

from stepgraph.render.svg.lengths import Length, value_of
from stepgraph.render.svg.pen import Pen
from stepgraph.render.traversal import Traversal

GAP: Final = 28
"""The distance in pixels between figures below each other: the length of the arrow between them."""

ExitKind: TypeAlias = Literal["breaks", "returns"]


class EarlyExits(Struct, frozen=True):
    """The heights at which the first `break` and the first `return` leave a figure, to its right.

    None means that the figure has no such exit.
    """

    breaks: Length | None = None
    returns: Length | None = None
    untaken: frozenset[ExitKind] = frozenset()
    """The kinds of exits that the drawn instance did not take."""
    taken_breaks: Length | None = None
    """The height of the first `break` that the drawn instance took. None if it took no `break`, or the one at `breaks`.
    """
    taken_returns: Length | None = None
    """The height of the first `return` that the drawn instance took. None if it took no `return`, or the one at
    `returns`.
    """

    def __bool__(self) -> bool:
        return self.breaks is not None or self.returns is not None

    def of(self, kind: ExitKind) -> Length | None:
        """Return the height of the first exit of a kind, if any."""
        return self.breaks if kind == "breaks" else self.returns

    def first_taken(self, kind: ExitKind) -> Length | None:
        """Return the height of the first exit of a kind that the instance took, or None if it is the first exit."""
        return self.taken_breaks if kind == "breaks" else self.taken_returns

    def lowered(self, by: Length) -> EarlyExits:
        """Return the exits of the same figure placed lower by a distance."""
        return self if self is NO_EXITS else self.moved(lambda height: height + by)

    def moved(self, move: Callable[[Length], Length]) -> EarlyExits:
        """Return the exits of the same figure at other heights."""
        if not self:
            return self
        breaks, returns, taken_breaks, taken_returns = (
            None if height is None else move(height)
            for height in (self.breaks, self.returns, self.taken_breaks, self.taken_returns)
        )
        return EarlyExits(breaks, returns, self.untaken, taken_breaks, taken_returns)

    def before(self, later: EarlyExits) -> EarlyExits:
        """Return the first exits of this figure and of a figure below it."""
        if later is NO_EXITS or not later:
            return self
        if self is NO_EXITS or not self:
            return later
        return EarlyExits(
            later.breaks if self.breaks is None else self.breaks,
            later.returns if self.returns is None else self.returns,
            self._untaken_with(later),
            self._taken_before(later, "breaks"),
            self._taken_before(later, "returns"),
        )

    def _taken_before(self, later: EarlyExits, kind: ExitKind) -> Length | None:
        if self.of(kind) is None:
            return later.first_taken(kind)
        if kind not in self.untaken:
            return self.first_taken(kind)
        if kind in later.untaken:
            return None
        first_taken = later.first_taken(kind)
        return later.of(kind) if first_taken is None else first_taken

    def _untaken_with(self, later: EarlyExits) -> frozenset[ExitKind]:
        return frozenset(
            kind
            for kind in self.untaken | later.untaken
            if all(exits.of(kind) is None or kind in exits.untaken for exits in (self, later))
        )


NO_EXITS: Final = EarlyExits()
EXIT_KINDS: Final[frozenset[ExitKind]] = frozenset({"breaks", "returns"})


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


def width_of(figure: Drawable) -> int:
    """Return the width of a figure in pixels. In a page, it is that with everything open."""
    return value_of(figure.left_extent + figure.right_extent)


class Figure(Drawable, Protocol):
    """A drawing that control enters at the top of its spine and leaves at the bottom."""

    @property
    def continues(self) -> bool:
        """Whether control can leave at the end, on the spine."""

    @property
    def exits(self) -> EarlyExits:
        """The heights of `break` and `return` in the figure."""

    @property
    def traversal(self) -> Traversal:
        """The traversal of the figure by the drawn instance."""
