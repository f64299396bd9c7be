"""The picture of one workflow in a page: how it is drawn there, and what a script has to know of it."""

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

MOST_NESTED: Final = 480
"""How many groups may be within each other: parsers of HTML nest 512 elements, and put deeper ones elsewhere."""

_DEPTHS: Final = (None, 60, 30, 12, 4, 1)
_FOLDABLE: Final = re.compile('<g class="frame foldable [a-z ]+" id="([a-z0-9.-]+)"')
_FOLDED: Final = re.compile('<g class="folded [a-z ]+" id="([a-z0-9.-]+)"')


class FoldablePicture(Struct, frozen=True):
    """The SVG element of a workflow, a line for each of its own; what is in it; and how it folds.

    `definitions` are those of its heights, `folded` the identities of what is folded to begin with. What is deeper than
    `depth` levels can only be seen folded, unless that is None.
    """

    lines: Sequence[str]
    nodes: Mapping[str, Node]
    definitions: Sequence[object]
    folded: Sequence[str]
    depth: int | None


def picture(graph: Graph, view: View, suffix: str) -> FoldablePicture | None:
    """Return the picture of a graph, None if it is nested too deeply for a page however much of it is folded.

    What the view folds is drawn, and folded to begin with: it can be unfolded.
    """
    for depth in _DEPTHS:
        variables = Variables()
        drawn = draw(graph, replace(view, folding=Folding(depth)), variables, suffix)
        lines = drawn.document()
        if _nesting(lines) <= MOST_NESTED:
            folded = list(_folded(graph, view, drawn, suffix))
            return FoldablePicture(list(with_variations(lines)), drawn.nodes, variables.definitions, folded, depth)
    return None


def _nesting(lines: Sequence[str]) -> int:
    """Return how many groups are within each other at most."""
    nesting = most = 0
    for line in lines:
        nesting += line.count("<g ") - line.count("</g>")
        most = max(most, nesting)
    return most


def _folded(graph: Graph, view: View, drawn: SvgDrawing, suffix: str) -> Iterator[str]:
    """Yield the identities of frames that are drawn folded where the view alone decides."""
    if view.folding == UNFOLDED:
        return
    frames = {match[1] for line in drawn.lines if (match := _FOLDABLE.match(line))}
    for line in draw(graph, view, suffix=suffix).lines:
        if (match := _FOLDED.match(line)) and match[1] in frames:
            yield match[1]


_MARK: Final = re.compile(f"{BEGIN}([0-9]+):(-?[0-9]+):(-?[0-9]+){END}")
_VARIATION: Final = r"{\1,\2}"
_VALUE: Final = r"\3"
_ATTRIBUTE: Final = re.compile(f' ([A-Za-z-]++)="([^"{BEGIN}]*+{BEGIN}[^"]*+)"')


def with_variations(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a drawing with values in place of its marks.

    An element with marks also gets `data-vary="height={3,-8};d=M0 0V{3,20}"`: its attributes with `{variable,number}`
    where a variable plus a number stands. Marks are in attributes only, and text of the source cannot hold one.
    """
    for line in lines:
        yield _varied(line) if BEGIN in line else line


def _varied(line: str) -> str:
    varying = [f"{name}={_MARK.sub(_VARIATION, value)}" for name, value in _ATTRIBUTE.findall(line)]
    end = line.index("/>" if line.endswith("/>") else ">")
    return _MARK.sub(_VALUE, f'{line[:end]} data-vary="{";".join(varying)}"{line[end:]}')
