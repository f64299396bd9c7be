"""The foldable picture of a workflow in a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.model.payload import Graph, Node
from stepgraph.render.folding import UNFOLDED, Folding
from stepgraph.render.svg.drawing import SvgDrawing, draw
from stepgraph.render.svg.lengths import BEGIN, END, Variables
from stepgraph.render.view import View

MAX_NESTING: Final = 480
"""The maximum nesting of groups. HTML parsers move elements nested deeper than 512 levels."""

_DEPTHS: Final = (None, 60, 30, 12, 4, 1)
_FOLDABLE: Final = re.compile('<g class="frame foldable [a-z ]+" id="([a-z0-9.-]+)"')
_FOLDED: Final = re.compile('<g class="folded [a-z ]+" id="([a-z0-9.-]+)"')

_MARK: Final = re.compile(f"{BEGIN}([0-9]+):(-?[0-9]+):(-?[0-9]+){END}")
_VARIATION: Final = r"{\1,\2}"
_VALUE: Final = r"\3"
_ATTRIBUTE: Final = re.compile(f' ([A-Za-z-]++)="([^"{BEGIN}]*+{BEGIN}[^"]*+)"')


class FoldablePicture(Struct, frozen=True):
    """The SVG element of a workflow with the data for folding."""

    lines: Sequence[str]
    nodes: Mapping[str, Node]
    """The drawn nodes by identity."""

    definitions: Sequence[object]
    """The definitions of its symbolic heights."""

    folded: Sequence[str]
    """The identities of the frames that are folded initially."""

    depth: int | None
    """The level below which nodes are always folded; None for no such level."""


def picture(graph: Graph, view: View, suffix: str) -> FoldablePicture | None:
    """Return the picture of a graph, or None if even its folded form is nested too deeply for a page.

    Folding in the view only sets the initial state, so folded nodes are drawn too.
    """
    for depth in _DEPTHS:
        variables = Variables()
        drawing = draw(graph, replace(view, folding=Folding(depth)), variables, suffix)
        lines = drawing.document()
        if _nesting(lines) <= MAX_NESTING:
            folded = list(_folded(graph, view, drawing, suffix))
            return FoldablePicture(list(with_variations(lines)), drawing.nodes, variables.definitions, folded, depth)
    return None


def _nesting(lines: Sequence[str]) -> int:
    """Return the maximum nesting of groups."""
    nesting = deepest = 0
    for line in lines:
        nesting += line.count("<g ") - line.count("</g>")
        deepest = max(deepest, nesting)
    return deepest


def _folded(graph: Graph, view: View, drawing: SvgDrawing, suffix: str) -> Iterator[str]:
    """Yield the identities of frames that the view folds."""
    if view.folding == UNFOLDED:
        return
    frames = {match[1] for line in drawing.lines if (match := _FOLDABLE.match(line))}
    for line in draw(graph, view, suffix=suffix).lines:
        if (match := _FOLDED.match(line)) and match[1] in frames:
            yield match[1]


def with_variations(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a drawing with values instead of the markers of symbolic lengths.

    An element with markers also gets `data-vary="height={3,-8};d=M0 0V{3,20}"`: its attributes with `{variable,number}`
    in place of symbolic lengths. Markers occur in attributes only, and source text cannot contain one.
    """
    for line in lines:
        yield _varied(line) if BEGIN in line else line


def _varied(line: str) -> str:
    varying = [f"{name}={_MARK.sub(_VARIATION, value)}" for name, value in _ATTRIBUTE.findall(line)]
    end = line.index("/>" if line.endswith("/>") else ">")
    return _MARK.sub(_VALUE, f'{line[:end]} data-vary="{";".join(varying)}"{line[end:]}')
