"""A flow chart: boxes in frames, arrows, the builder of both, and their colors."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum, auto
from typing import TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.render.folding import LeavingKind
from stepgraph.render.svg.theme import LIGHT, FigureClass, KindColors
from stepgraph.render.text_width import distinct, label_lines
from stepgraph.render.view import Mark


class BoxKind(Enum):
    """The kind of a box, which determines its shape and color."""

    START = auto()
    END = auto()
    STEP = auto()
    SLEEP = auto()
    WAIT = auto()
    CALL = auto()
    CHOICE = auto()
    HEAD = auto()
    FORK = auto()
    MERGE = auto()
    JOIN = auto()
    EXIT = auto()
    RAISE = auto()
    EMPTY = auto()
    FOLDED = auto()
    UNKNOWN = auto()


class FrameKind(Enum):
    """The kind of a frame, by the figure of pictures whose colors it has."""

    _value_: FigureClass

    NESTED_STEPS = "do"
    LOOP = "loop"
    PARALLEL = "parallel"
    TRY = "try"
    TRY_BODY = "body"
    ELSE = "else"
    CATCH = "catch"
    FINALLY = "finally"
    BLOCK = "block"
    CHOICE = "choice"
    FUNCTION = "function"
    START = "start"
    UNKNOWN = "unknown"


class ArrowKind(Enum):
    """The kind of an arrow, which determines its line style and color."""

    NEXT = auto()
    AGAIN = auto()
    SKIP = auto()
    FAILURE = auto()
    RECOVERED = auto()
    LEAVE = auto()


class Box(Struct, frozen=True):
    """A box of a chart."""

    id: str
    kind: BoxKind
    lines: tuple[str, ...] = ()
    """The title, then further lines. They may contain source text, which formats escape."""

    mark: Mark | None = None


class FrameStart(Struct, frozen=True):
    """The beginning of a frame, which contains everything up to its `FrameEnd`."""

    id: str
    kind: FrameKind
    title: str = ""
    mark: Mark | None = None


class FrameEnd(Struct, frozen=True):
    """The end of the innermost open frame."""


class Arrow(Struct, frozen=True):
    """An arrow between boxes. With `tail_frame` or `head_frame`, that end is at the frame around its box."""

    tail: str
    head: str
    kind: ArrowKind = ArrowKind.NEXT
    label: str = ""
    tail_frame: str = ""
    head_frame: str = ""


Content: TypeAlias = Box | FrameStart | FrameEnd


def joins_in(content: Iterable[Content]) -> frozenset[str]:
    """Return the identities of the points where arrows join."""
    return frozenset(item.id for item in content if isinstance(item, Box) and item.kind is BoxKind.JOIN)


def has_head(arrow: Arrow, joins: Collection[str]) -> bool:
    """Return whether an arrow has a head. Arrows into a join have none, unless they lead back."""
    return arrow.head not in joins or arrow.kind is ArrowKind.AGAIN


def arrow_labels(arrows: Sequence[Arrow], width: int) -> list[str]:
    """Return the labels of arrows. Different labels of arrows from one box differ in lines of `width` cells."""
    labels_by_tail: dict[str, list[str]] = {}
    for arrow in arrows:
        labels_by_tail.setdefault(arrow.tail, []).append(arrow.label)
    labels = {
        tail: iter(distinct(texts, lambda text: tuple(label_lines([text], width))))
        for tail, texts in labels_by_tail.items()
    }
    return [next(labels[arrow.tail]) for arrow in arrows]


class Chart(Struct, frozen=True):
    """A flow chart, with its content and arrows in the order in which formats write them.

    Identities consist of letters, digits and underscores, and depend on positions in the graph, never on its text.
    """

    title: tuple[str, ...]
    content: tuple[Content, ...]
    arrows: tuple[Arrow, ...]


class LooseEnd(Struct, frozen=True):
    """An arrow with a tail but no head yet."""

    box: str
    kind: ArrowKind = ArrowKind.NEXT
    label: str = ""
    frame: str = ""
    """The frame whose edge the arrow leaves, or an empty string for an arrow from the box."""

    into: str = ""
    """The frame at whose edge the arrow will end, or an empty string for an arrow to a box."""


LooseEnds: TypeAlias = tuple[LooseEnd, ...]


def leaving_by(ends: LooseEnds, kind: LeavingKind) -> LooseEnds:
    """Return the ends as exits that are not drawn as a box, so their labels name the statement."""
    arrow = ArrowKind.FAILURE if kind == "raise" else ArrowKind.LEAVE
    return tuple(replace(end, kind=arrow, label=kind) for end in ends)


class ChartBuilder(Struct):
    """A chart under construction."""

    content: list[Content] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    first_boxes: dict[str, str] = field(default_factory=dict)
    """The first box in each frame."""

    marks: dict[str, Mark] = field(default_factory=dict)
    """The marks of boxes and frames to be added, by identity."""

    _awaiting_first: list[str] = field(default_factory=list)

    def chart(self, title: tuple[str, ...]) -> Chart:
        """Return the finished chart."""
        return Chart(title, tuple(self.content), tuple(self.arrows))

    def box(self, identity: str, kind: BoxKind, *lines: str, entry: LooseEnds = ()) -> LooseEnds:
        """Add a box, with arrows from `entry`, and return its loose end."""
        self.content.append(Box(identity, kind, lines, self.marks.get(identity)))
        self.first_boxes.update(dict.fromkeys(self._awaiting_first, identity))
        self._awaiting_first.clear()
        self.lead(entry, identity)
        return (LooseEnd(identity),)

    @contextmanager
    def frame(self, identity: str, kind: FrameKind, title: str = "") -> Iterator[None]:
        """Open a frame around everything that is added in the `with` block."""
        self.content.append(FrameStart(identity, kind, title, self.marks.get(identity)))
        self._awaiting_first.append(identity)
        yield
        self.content.append(FrameEnd())

    def join(self, identity: str, ends: LooseEnds) -> LooseEnds:
        """Return `ends` if it has at most one loose end, else the loose end of a new join of them."""
        return ends if len(ends) == 1 else self.join_ends(identity, ends)

    def join_ends(self, identity: str, ends: LooseEnds) -> LooseEnds:
        """Add a join of `ends`, even of a single one, and return its loose end. Without ends, add nothing.

        A single end has a join so that the label of its arrow is drawn inside the current frame.
        """
        return self.box(identity, BoxKind.JOIN, entry=ends) if ends else ()

    def lead(self, ends: LooseEnds, head: str) -> None:
        """Add arrows from `ends` to the box `head`."""
        self.arrows.extend(Arrow(end.box, head, end.kind, end.label, end.frame, end.into) for end in ends)


def box_colors(kind: BoxKind) -> KindColors:
    """Return the colors of a box."""
    match kind:
        case BoxKind.START | BoxKind.END | BoxKind.JOIN:
            return KindColors(LIGHT.line, LIGHT.line, LIGHT.line)
        case BoxKind.FORK | BoxKind.MERGE:
            return KindColors(LIGHT.bar, LIGHT.bar, LIGHT.bar)
        case BoxKind.STEP:
            return LIGHT.by_kind["do"]
        case BoxKind.SLEEP:
            return LIGHT.by_kind["sleep"]
        case BoxKind.WAIT:
            return LIGHT.by_kind["wait"]
        case BoxKind.CALL:
            return LIGHT.by_kind["call"]
        case BoxKind.CHOICE:
            return LIGHT.by_kind["condition"]
        case BoxKind.HEAD:
            loop = LIGHT.by_kind["loop"]
            return KindColors(loop.line, loop.band, loop.edge)
        case BoxKind.EXIT:
            return LIGHT.by_kind["exit"]
        case BoxKind.RAISE:
            return LIGHT.by_kind["raise"]
        case BoxKind.EMPTY:
            return LIGHT.by_kind["empty"]
        case BoxKind.FOLDED:
            return LIGHT.by_kind["block"]
        case BoxKind.UNKNOWN:
            return LIGHT.by_kind["unknown"]


def frame_colors(kind: FrameKind) -> KindColors:
    """Return the colors of a frame."""
    return LIGHT.by_kind[kind.value]


def arrow_color(kind: ArrowKind) -> str:
    """Return the color of an arrow."""
    match kind:
        case ArrowKind.NEXT | ArrowKind.RECOVERED:
            return LIGHT.line
        case ArrowKind.AGAIN | ArrowKind.SKIP:
            return LIGHT.again
        case ArrowKind.FAILURE:
            return LIGHT.failure
        case ArrowKind.LEAVE:
            return LIGHT.exit
