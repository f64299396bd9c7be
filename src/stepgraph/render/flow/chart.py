"""A flow chart of a version graph: boxes in frames, and arrows. Formats that draw by arrows write it out as it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from enum import Enum, auto
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

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


class LooseEnd(Struct, frozen=True):
    """An arrow that has left a box, or the frame around it, and has yet to get somewhere.

    If it knows the frame that it is to enter, it will end at the edge of that.
    """

    box: str
    kind: ArrowKind = ArrowKind.NEXT
    label: str = ""
    frame: str = ""
    into: str = ""


LooseEnds: TypeAlias = tuple[LooseEnd, ...]


def leaving_by(ends: LooseEnds, label: str) -> LooseEnds:
    """Return these ends as ways out by a `break` or `return` that is not drawn itself; the label says which."""
    return tuple(replace(end, kind=ArrowKind.LEAVE, label=label) for end in ends)


class ChartBuilder(Struct):
    """A chart in the making. `marks` are those of boxes and frames to come, by their identities."""

    content: list[Content] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    first_boxes: dict[str, str] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    _awaiting_first: list[str] = field(default_factory=list)

    def chart(self, title: tuple[str, ...]) -> Chart:
        """Return what has been put together."""
        return Chart(title, tuple(self.content), tuple(self.arrows))

    def box(self, identity: str, kind: BoxKind, *lines: str, entry: LooseEnds = ()) -> LooseEnds:
        """Add a box that `entry` leads to, and returns the end that leaves it."""
        self.content.append(Box(identity, kind, lines, self.marks.get(identity)))
        self.first_boxes.update(dict.fromkeys(self._awaiting_first, identity))
        self._awaiting_first.clear()
        self.lead(entry, identity)
        return (LooseEnd(identity),)

    @contextmanager
    def frame(self, identity: str, kind: FrameKind, title: str = "") -> Iterator[None]:
        """Put all that is added meanwhile into a frame."""
        self.content.append(Frame(identity, kind, title, self.marks.get(identity)))
        self._awaiting_first.append(identity)
        yield
        self.content.append(FrameEnd())

    def join(self, identity: str, ends: LooseEnds) -> LooseEnds:
        """Return one loose end for several, adding the point where they meet."""
        return ends if len(ends) == 1 else self.meet(identity, ends)

    def meet(self, identity: str, ends: LooseEnds) -> LooseEnds:
        """Return one loose end for any, adding a point, if only to keep a label in its frame; none for none."""
        return self.box(identity, BoxKind.JOIN, entry=ends) if ends else ()

    def lead(self, ends: LooseEnds, head: str) -> None:
        """Add arrows from `ends` to the box `head`."""
        self.arrows.extend(Arrow(end.box, head, end.kind, end.label, end.frame, end.into) for end in ends)
