"""The folding ranges of a document with steps.

The declaration of each step is a region, so that an editor's command to fold all regions leaves the control flow of
`run`. Editors that get ranges from a server no longer fold by indentation, so indented blocks are ranges, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsprotocol.types import FoldingRange, FoldingRangeKind
from msgspec import Struct

from stepgraph.lsp.sessions.views import CodeMap, DocumentView
from stepgraph.lsp.steps.step_sites import SourceStep, step_sites
from stepgraph.model.span import Span
from stepgraph.syntax.places import decorated_function


class _Fold(Struct, frozen=True):
    """A range of lines, which count from 0. The first line stays visible."""

    first: int
    last: int
    level: int = 0
    """The number of blocks around the range. Regions are at level 0, because they matter most."""
    is_region: bool = False


def folding_ranges(view: DocumentView, limit: int | None = None) -> list[FoldingRange] | None:
    """Return at most `limit` ranges, or None for a document without steps, which the editor can fold itself."""
    regions: dict[int, _Fold] = {}
    for workflow in view.workflows():
        code = view.code(workflow)
        for step in step_sites(workflow).steps:
            if (region := _region(step, view.path, code)) is not None:
                regions[region.first] = region
    if not regions:
        return None
    blocks = (block for block in _indented_blocks(view.document.lines.lines) if block.first not in regions)
    folds = _without_crossings([*regions.values(), *blocks])
    folds = sorted(folds, key=lambda fold: (fold.level, fold.first))[:limit]
    return [
        FoldingRange(fold.first, fold.last, kind=FoldingRangeKind.Region if fold.is_region else None)
        for fold in sorted(folds, key=lambda fold: fold.first)
    ]


def _without_crossings(folds: Sequence[_Fold]) -> list[_Fold]:
    """Return ranges without the blocks that partly overlap others. Editors require nested ranges.

    Examples are the arguments of a decorator that begin before the name of its step, and code that is being edited.
    """
    inside: list[_Fold] = []
    """The ranges around the current one."""
    crossing: set[_Fold] = set()
    for fold in sorted(folds, key=lambda fold: (fold.first, -fold.last)):
        while inside and inside[-1].last < fold.first:
            inside.pop()
        if inside and inside[-1].last < fold.last and not fold.is_region:
            crossing.add(fold)
            continue
        while inside and inside[-1].last < fold.last:
            crossing.add(inside.pop())
        inside.append(fold)
    return [fold for fold in folds if fold not in crossing]


def _region(step: SourceStep, path: str, code: CodeMap) -> _Fold | None:
    """Return the lines of a declaration from the name of the step on, which stays visible."""
    function = step.function
    if step.work != "step" or function is None or function.module.path != path:
        return None
    body = function.span
    name = step.name_argument
    first = body if name is None or decorated_function(step.declaration) is None else name.place.span
    visible = code.range(Span(path, first.line, 1, body.end_line, 1))
    if visible is None or visible.start.line >= visible.end.line:
        return None
    return _Fold(visible.start.line, visible.end.line, is_region=True)


def _indented_blocks(lines: Sequence[str]) -> Iterator[_Fold]:
    """Yield each line with the more indented lines that follow it."""
    headers: list[tuple[int, int]] = []
    """The indentations and numbers of the lines whose blocks have not ended."""
    last = -1
    for number, line in enumerate([*lines, "."]):
        text = line.lstrip()
        if not text:
            continue
        indentation = len(line[: len(line) - len(text)].expandtabs())
        while headers and headers[-1][0] >= indentation:
            _, first = headers.pop()
            if last > first:
                yield _Fold(first, last, len(headers) + 1)
        headers.append((indentation, number))
        last = number
