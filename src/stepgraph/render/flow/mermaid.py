"""Flow charts as the text of a Mermaid diagram."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from stepgraph.escaping.diagrams import mermaid_line
from stepgraph.render.cells import cell_width, label_lines
from stepgraph.render.flow import mermaid_style
from stepgraph.render.flow.chart import (
    Arrow,
    ArrowKind,
    Box,
    BoxKind,
    Chart,
    Content,
    Frame,
    FrameEnd,
    FrameKind,
    has_head,
    joins_in,
)

if TYPE_CHECKING:
    from stepgraph.render.marks import Mark


# Mermaid breaks lines of its own accord where they are wider than these are in its usual font.
LINE_WIDTH: Final = 28


def mermaid_label(texts: Sequence[str]) -> str:
    """Return these texts one below the other, to be put in quotes; a space if there is nothing to show."""
    return "<br/>".join(mermaid_line(line) or " " for line in label_lines(texts, LINE_WIDTH)) or " "


INDENT: Final = "  "
WHOLE: Final = "n_whole"
# The text of a diagram may have so many characters only: deeper, they are better spent otherwise.
DEEPEST_INDENT: Final = 8


def mermaid_chart(charts: Sequence[Chart]) -> str:
    """Return one diagram of these charts, the first one leftmost, ending in a line break.

    It takes nothing but what Mermaid has had for years, since the places that draw it lag behind.
    """
    arrows = [arrow for chart in charts for arrow in chart.arrows]
    content = [item for chart in charts for item in chart.content]
    lines = [mermaid_style.FRONT_MATTER, "flowchart TB", *_side_by_side(charts), *_arrows(arrows, content)]
    return "\n".join([*lines, *_looks(arrows, content, is_framed=len(charts) > 1), ""])


def _side_by_side(charts: Sequence[Chart]) -> Iterator[str]:
    """Yield the content of all charts. Mermaid stands frames in a row from right to left, and what has none at the end.

    So what is to be leftmost comes last, in a frame that is not seen.
    """
    first, *others = charts
    for chart in reversed(others):
        yield from _content(chart, 1)
    if others:
        yield from (f'{INDENT}subgraph {WHOLE}[" "]', f"{INDENT * 2}direction TB", *_content(first, 2), f"{INDENT}end")
    else:
        yield from _content(first, 1)


def _content(chart: Chart, depth: int) -> Iterator[str]:
    for position, item in enumerate(chart.content):
        if isinstance(item, FrameEnd):
            depth -= 1
            yield f"{_indent(depth)}end"
        elif isinstance(item, Frame):
            yield f'{_indent(depth)}subgraph {item.id}["{mermaid_label(_marked((item.title,), item.mark))}"]'
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
    return f'{box.id}{opening}"{mermaid_label(_marked(lines, box.mark))}"{closing}:::{_class_of_box(box)}'


def _marked(lines: tuple[str, ...], mark: Mark | None) -> tuple[str, ...]:
    """Return lines of text with the sign of a mark, and below them what is said beside it."""
    if mark is None:
        return lines
    title, *others = lines or ("",)
    sign = "" if mark.quiet else mark.kind.sign
    return (f"{sign} {title}".strip(), *others, *([f"({mark.remark})"] if mark.remark else []))


def _class_of_box(box: Box) -> str:
    return mermaid_style.BOXES[box.kind] if box.mark is None else mermaid_style.MARKED_BOXES[box.mark.kind.value]


def _class_of_frame(frame: Frame) -> str:
    return (
        mermaid_style.FRAMES[frame.kind] if frame.mark is None else mermaid_style.MARKED_FRAMES[frame.mark.kind.value]
    )


def _shape(box: Box, lines: tuple[str, ...]) -> mermaid_style.Brackets:
    if box.kind is BoxKind.CHOICE and len(lines) == 1 and cell_width(lines[0]) <= mermaid_style.LONGEST_IN_DIAMOND:
        return mermaid_style.DIAMOND
    if box.kind is BoxKind.START and not lines:
        return mermaid_style.POINT
    return mermaid_style.SHAPES[box.kind]


def _arrows(arrows: Sequence[Arrow], content: Sequence[Content]) -> Iterator[str]:
    joins = joins_in(content)
    catches = {item.id for item in content if isinstance(item, Frame) and item.kind is FrameKind.CATCH}
    for arrow in arrows:
        line = _line(arrow.kind, has_head=has_head(arrow, joins))
        # That it catches failures is said by the frame, whose title would be behind the label.
        is_told = arrow.label and arrow.head_frame not in catches
        label = f'|"{mermaid_label([arrow.label])}"|' if is_told else ""
        # It leads to a box even if it is to end at a frame: of one between neighbouring frames, nothing would be seen.
        yield f"{INDENT}{arrow.tail_frame or arrow.tail} {line}{label} {arrow.head}"


def _line(kind: ArrowKind, *, has_head: bool) -> str:
    if kind in mermaid_style.DASHED:
        return "-.->" if has_head else "-.-"
    return "-->" if has_head else "---"


def _looks(arrows: Sequence[Arrow], content: Sequence[Content], *, is_framed: bool) -> Iterator[str]:
    """Yield the classes that are used, which frames have which, and the colours of arrows."""
    frames = {mermaid_style.WHOLE: [WHOLE]} if is_framed else {}
    for item in content:
        if isinstance(item, Frame):
            frames.setdefault(_class_of_frame(item), []).append(item.id)
    used = {_class_of_box(item) for item in content if isinstance(item, Box)} | frames.keys()
    is_marked = any(not isinstance(item, FrameEnd) and item.mark is not None for item in content)
    classes = mermaid_style.MARKED_CLASSES if is_marked else mermaid_style.CLASSES
    yield from (f"{INDENT}classDef {name} {look}" for name, look in classes.items() if name in used)
    yield from (f"{INDENT}class {','.join(identities)} {name}" for name, identities in frames.items())
    for kind, look in {}.items() if is_marked else mermaid_style.ARROWS.items():
        if numbers := [str(number) for number, arrow in enumerate(arrows) if arrow.kind is kind]:
            yield f"{INDENT}linkStyle {','.join(numbers)} {look}"


MOST_ARROWS: Final = 500
MOST_CHARACTERS: Final = 50_000


def excess(charts: Sequence[Chart]) -> str:
    """Return in words which limit one diagram of these charts would exceed, empty for none."""
    arrows = sum(len(chart.arrows) for chart in charts)
    if arrows > MOST_ARROWS:
        return f"GitHub draws no diagram with more than {MOST_ARROWS:,} arrows, and it has {arrows:,}"
    characters = _length(mermaid_chart(charts))
    if characters > MOST_CHARACTERS:
        return f"GitHub draws no diagram of more than {MOST_CHARACTERS:,} characters, and it has {characters:,}"
    return ""


def _length(text: str) -> int:
    """Return the length as JavaScript measures it: what is beyond the first 65,536 characters counts twice."""
    return len(text.encode("utf-16-le")) // 2
