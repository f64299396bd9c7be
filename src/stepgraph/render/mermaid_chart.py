"""A flow chart as the text of a Mermaid diagram."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stepgraph.render import mermaid_style
from stepgraph.render.cells import cell_width
from stepgraph.render.flow.chart import ArrowKind, Box, BoxKind, Chart, Frame, FrameEnd, FrameKind
from stepgraph.render.mermaid_text import mermaid_label

INDENT: Final = "  "
# The text of a diagram may have so many characters only: deeper, they are better spent otherwise.
DEEPEST_INDENT: Final = 8


def mermaid_chart(chart: Chart) -> str:
    """Return the diagram, ending in a line break.

    It takes nothing but what Mermaid has had for years, since the places that draw it lag behind.
    """
    return "\n".join(
        [mermaid_style.FRONT_MATTER, "flowchart TB", *_content(chart), *_arrows(chart), *_looks(chart), ""]
    )


def _content(chart: Chart) -> Iterator[str]:
    depth = 1
    for position, item in enumerate(chart.content):
        if isinstance(item, FrameEnd):
            depth -= 1
            yield f"{_indent(depth)}end"
        elif isinstance(item, Frame):
            yield f'{_indent(depth)}subgraph {item.id}["{mermaid_label([item.title])}"]'
            depth += 1
            if item.kind is FrameKind.FUNCTION:
                # No arrow leads into it, for which Mermaid would turn it on its side.
                yield f"{_indent(depth)}direction TB"
        else:
            # What begins the whole chart has room for its title.
            lines = chart.title if position == 0 and item.kind is BoxKind.START else item.lines
            yield f"{_indent(depth)}{_box(item, lines)}"


def _indent(depth: int) -> str:
    return INDENT * min(depth, DEEPEST_INDENT)


def _box(box: Box, lines: tuple[str, ...]) -> str:
    opening, closing = _shape(box, lines)
    return f'{box.id}{opening}"{mermaid_label(lines)}"{closing}:::{mermaid_style.BOXES[box.kind]}'


def _shape(box: Box, lines: tuple[str, ...]) -> mermaid_style.Brackets:
    if box.kind is BoxKind.CHOICE and len(lines) == 1 and cell_width(lines[0]) <= mermaid_style.LONGEST_IN_DIAMOND:
        return mermaid_style.DIAMOND
    if box.kind is BoxKind.START and not lines:
        return mermaid_style.POINT
    return mermaid_style.SHAPES[box.kind]


def _arrows(chart: Chart) -> Iterator[str]:
    joins = {item.id for item in chart.content if isinstance(item, Box) and item.kind is BoxKind.JOIN}
    for arrow in chart.arrows:
        # Lines that meet need no heads, but one that turns back does.
        has_head = arrow.head not in joins or arrow.kind is ArrowKind.AGAIN
        label = f'|"{mermaid_label([arrow.label])}"|' if arrow.label else ""
        # It leads to a box even if it is to end at a frame: of one between neighbouring frames, nothing would be seen.
        yield f"{INDENT}{arrow.tail_frame or arrow.tail} {_line(arrow.kind, has_head=has_head)}{label} {arrow.head}"


def _line(kind: ArrowKind, *, has_head: bool) -> str:
    if kind in mermaid_style.DASHED:
        return "-.->" if has_head else "-.-"
    return "-->" if has_head else "---"


def _looks(chart: Chart) -> Iterator[str]:
    """Yield the classes that the chart uses, which of its frames have which, and the colours of arrows."""
    frames: dict[str, list[str]] = {}
    used: set[str] = set()
    for item in chart.content:
        if isinstance(item, Frame):
            frames.setdefault(mermaid_style.FRAMES[item.kind], []).append(item.id)
        elif isinstance(item, Box):
            used.add(mermaid_style.BOXES[item.kind])
    for name, look in mermaid_style.CLASSES.items():
        if name in used or name in frames:
            yield f"{INDENT}classDef {name} {look}"
    for name, identities in frames.items():
        yield f"{INDENT}class {','.join(identities)} {name}"
    for kind, look in mermaid_style.ARROWS.items():
        if numbers := [str(number) for number, arrow in enumerate(chart.arrows) if arrow.kind is kind]:
            yield f"{INDENT}linkStyle {','.join(numbers)} {look}"
