"""Flow charts as the text of a Mermaid diagram, and the limits of diagrams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from stepgraph.escaping.markup import mermaid_line
from stepgraph.escaping.plain_text import visible
from stepgraph.render.flow import mermaid_style
from stepgraph.render.flow.chart import (
    Arrow,
    ArrowKind,
    Box,
    BoxKind,
    Chart,
    Content,
    FrameEnd,
    FrameKind,
    FrameStart,
    arrow_labels,
    has_head,
    joins_in,
)
from stepgraph.render.text_width import cell_width, label_lines
from stepgraph.render.view import Mark

# Mermaid itself breaks lines that are wider than this in its default font.
LINE_WIDTH: Final = 28
# Titles of frames have narrower letters on average, and no room for a second line.
TITLE_WIDTH: Final = 30

INDENT: Final = "  "
WHOLE: Final = "n_whole"
# Deeper lines are not indented further, because the length of a diagram is limited.
MAX_INDENT: Final = 8

MAX_ARROWS: Final = 500
MAX_CHARACTERS: Final = 50_000


def mermaid_label(texts: Sequence[str]) -> str:
    """Return a label with texts below each other, or a single space without any text.

    Every character that Mermaid or HTML may interpret is escaped. The label belongs between quotes.
    """
    return _escaped(label_lines(texts, LINE_WIDTH))


def _escaped(lines: Sequence[str]) -> str:
    return "<br/>".join(mermaid_line(line) or " " for line in lines) or " "


def mermaid_chart(charts: Sequence[Chart]) -> str:
    """Return one diagram of charts, with the first one leftmost.

    The diagram uses only old features of Mermaid, because sites that draw diagrams update slowly.
    """
    arrows = [arrow for chart in charts for arrow in chart.arrows]
    content = [item for chart in charts for item in chart.content]
    lines = [mermaid_style.FRONT_MATTER, "flowchart TB", *_side_by_side(charts), *_arrows(arrows, content)]
    return "\n".join([*lines, *_looks(arrows, content, is_framed=len(charts) > 1), ""])


def _side_by_side(charts: Sequence[Chart]) -> Iterator[str]:
    """Yield the content of all charts.

    Mermaid places frames from right to left, and content without a frame last. The leftmost chart therefore comes last,
    in an invisible frame.
    """
    first, *later_charts = charts
    for chart in reversed(later_charts):
        yield from _content(chart, 1)
    if later_charts:
        yield from (f'{INDENT}subgraph {WHOLE}[" "]', f"{INDENT * 2}direction TB", *_content(first, 2), f"{INDENT}end")
    else:
        yield from _content(first, 1)


def _content(chart: Chart, depth: int) -> Iterator[str]:
    for position, item in enumerate(chart.content):
        if isinstance(item, FrameEnd):
            depth -= 1
            yield f"{_indent(depth)}end"
        elif isinstance(item, FrameStart):
            yield f'{_indent(depth)}subgraph {item.id}["{_frame_label(item)}"]'
            depth += 1
            if item.kind is FrameKind.FUNCTION:
                # Without a direction, Mermaid would lay out a frame without incoming arrows from left to right.
                yield f"{_indent(depth)}direction TB"
        else:
            # The first box of a chart has room for the title.
            lines = chart.title if position == 0 and item.kind is BoxKind.START else item.lines
            yield f"{_indent(depth)}{_box(item, lines)}"


def _frame_label(frame: FrameStart) -> str:
    """Return the title of a frame in one line, because Mermaid reserves no space for more."""
    title = "" if _is_title_on_arrow(frame) else frame.title
    return _escaped(label_lines(_marked((title,), frame.mark), TITLE_WIDTH, most=1))


def _is_title_on_arrow(frame: FrameStart) -> bool:
    """Return whether the title of a `catch` is too wide for its frame.

    It is then the label of the arrow into the frame.
    """
    return frame.kind is FrameKind.CATCH and cell_width(visible(frame.title)) > TITLE_WIDTH


def _indent(depth: int) -> str:
    return INDENT * min(depth, MAX_INDENT)


def _box(box: Box, lines: tuple[str, ...]) -> str:
    texts = _marked(lines, box.mark)
    opening, closing = _shape(box, texts)
    return f'{box.id}{opening}"{mermaid_label(texts)}"{closing}:::{_class_of_box(box)}'


def _marked(lines: tuple[str, ...], mark: Mark | None) -> tuple[str, ...]:
    """Return lines of text with the sign of a mark before them, and the effect and remark of the mark below."""
    if mark is None:
        return lines
    title, *phrases = lines or ("",)
    sign = "" if mark.quiet else mark.kind.sign
    remarks = ", ".join(filter(None, [mark.effect, mark.remark]))
    return (f"{sign} {title}".strip(), *phrases, *([f"({remarks})"] if remarks else []))


def _class_of_box(box: Box) -> str:
    return mermaid_style.box_class(box.kind) if box.mark is None else mermaid_style.MARKED_BOXES[box.mark.kind.value]


def _class_of_frame(frame: FrameStart) -> str:
    return (
        mermaid_style.frame_class(frame.kind)
        if frame.mark is None
        else mermaid_style.MARKED_FRAMES[frame.mark.kind.value]
    )


def _shape(box: Box, lines: tuple[str, ...]) -> mermaid_style.Brackets:
    if box.kind is BoxKind.CHOICE and len(lines) == 1 and cell_width(lines[0]) <= mermaid_style.MAX_DIAMOND_CELLS:
        return mermaid_style.DIAMOND
    if box.kind is BoxKind.START and not lines:
        return mermaid_style.POINT
    return mermaid_style.brackets(box.kind)


def _arrows(arrows: Sequence[Arrow], content: Sequence[Content]) -> Iterator[str]:
    joins = joins_in(content)
    catches = {item.id: item for item in content if isinstance(item, FrameStart) and item.kind is FrameKind.CATCH}
    for arrow, own_label in zip(arrows, arrow_labels(arrows, LINE_WIDTH), strict=True):
        line = _line(arrow.kind, has_head=has_head(arrow, joins))
        text = _arrow_text(own_label, catches.get(arrow.head_frame))
        label = f'|"{mermaid_label([text])}"|' if text else ""
        # The head is always a box, because an arrow between adjacent frames would be invisible.
        yield f"{INDENT}{arrow.tail_frame or arrow.tail} {line}{label} {arrow.head}"


def _arrow_text(label: str, catch: FrameStart | None) -> str:
    """Return the text at an arrow. The label of an arrow into a `catch` would cover the title of the frame."""
    if catch is None:
        return label
    return catch.title if _is_title_on_arrow(catch) else ""


def _line(kind: ArrowKind, *, has_head: bool) -> str:
    if kind in mermaid_style.DASHED:
        return "-.->" if has_head else "-.-"
    return "-->" if has_head else "---"


def _looks(arrows: Sequence[Arrow], content: Sequence[Content], *, is_framed: bool) -> Iterator[str]:
    """Yield the definitions of the used classes, the classes of frames, and the colors of arrows."""
    frames = {mermaid_style.WHOLE: [WHOLE]} if is_framed else {}
    for item in content:
        if isinstance(item, FrameStart):
            frames.setdefault(_class_of_frame(item), []).append(item.id)
    used = {_class_of_box(item) for item in content if isinstance(item, Box)} | frames.keys()
    is_marked = any(not isinstance(item, FrameEnd) and item.mark is not None for item in content)
    classes = mermaid_style.MARKED_CLASSES if is_marked else mermaid_style.CLASSES
    yield from (f"{INDENT}classDef {name} {look}" for name, look in classes.items() if name in used)
    yield from (f"{INDENT}class {','.join(identities)} {name}" for name, identities in frames.items())
    for kind, look in {}.items() if is_marked else mermaid_style.ARROWS.items():
        if numbers := [str(number) for number, arrow in enumerate(arrows) if arrow.kind is kind]:
            yield f"{INDENT}linkStyle {','.join(numbers)} {look}"


def excess(charts: Sequence[Chart]) -> str:
    """Return the first limit of GitHub that a diagram of these charts exceeds, in words, or an empty string."""
    arrows = sum(len(chart.arrows) for chart in charts)
    if arrows > MAX_ARROWS:
        return f"GitHub draws at most {MAX_ARROWS:,} arrows in a diagram, but this one has {arrows:,}"
    characters = utf16_length(mermaid_chart(charts))
    if characters > MAX_CHARACTERS:
        return f"GitHub draws at most {MAX_CHARACTERS:,} characters in a diagram, but this one has {characters:,}"
    return ""


def utf16_length(text: str) -> int:
    """Return the length in UTF-16 code units, as JavaScript measures it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
