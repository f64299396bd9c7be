"""Putting a chart together: boxes and frames as they come, and arrows from loose ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.render.flow.chart import Arrow, ArrowKind, Box, BoxKind, Chart, Content, Frame, FrameEnd, FrameKind

if TYPE_CHECKING:
    from stepgraph.render.marks import Mark


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
