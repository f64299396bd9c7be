"""A flow chart of a version graph: boxes in frames, and arrows. Formats that draw by arrows write it out as it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import Enum, auto
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from stepgraph.render.marks import Mark


class BoxKind(Enum):
    """What a box stands for."""

    START = auto()
    END = auto()
    STEP = auto()
    SLEEP = auto()
    WAIT = auto()
    CALL = auto()
    CHOICE = auto()
    FORK = auto()
    MERGE = auto()
    JOIN = auto()
    EXIT = auto()
    EMPTY = auto()
    FOLDED = auto()
    UNKNOWN = auto()


class FrameKind(Enum):
    """What a frame holds."""

    NESTED_STEPS = auto()
    LOOP = auto()
    PARALLEL = auto()
    TRY = auto()
    TRY_BODY = auto()
    CATCH = auto()
    FINALLY = auto()
    BLOCK = auto()
    CHOICE = auto()
    FUNCTION = auto()
    START = auto()
    UNKNOWN = auto()


class ArrowKind(Enum):
    """How one gets from a box to the next."""

    NEXT = auto()
    AGAIN = auto()
    SKIP = auto()
    FAILURE = auto()
    RECOVERED = auto()
    LEAVE = auto()


class Box(Struct, frozen=True):
    """A box with its lines of text, the first of which is its title. The text may be source: formats make it safe."""

    id: str
    kind: BoxKind
    lines: tuple[str, ...] = ()
    mark: Mark | None = None


class Frame(Struct, frozen=True):
    """Begins a frame; all until its `FrameEnd` is in it."""

    id: str
    kind: FrameKind
    title: str = ""
    mark: Mark | None = None


class FrameEnd(Struct, frozen=True):
    """Ends the frame that was begun last."""


class Arrow(Struct, frozen=True):
    """An arrow between boxes, or between the frames around them if these are given."""

    tail: str
    head: str
    kind: ArrowKind = ArrowKind.NEXT
    label: str = ""
    tail_frame: str = ""
    head_frame: str = ""


Content: TypeAlias = Box | Frame | FrameEnd


def joins_in(content: Iterable[Content]) -> frozenset[str]:
    """Return the identities of the points where arrows meet."""
    return frozenset(item.id for item in content if isinstance(item, Box) and item.kind is BoxKind.JOIN)


def has_head(arrow: Arrow, joins: Collection[str]) -> bool:
    """Tell whether an arrow has a head: lines that meet need none, but one that turns back does."""
    return arrow.head not in joins or arrow.kind is ArrowKind.AGAIN


class Chart(Struct, frozen=True):
    """All of a chart, in the order in which it is to be written.

    Identities are made of letters, digits and underscores, from places in the graph and never from its text.
    """

    title: tuple[str, ...]
    content: tuple[Content, ...]
    arrows: tuple[Arrow, ...]
