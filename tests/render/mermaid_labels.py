"""What Mermaid itself makes of a diagram: the labels that a reader of its SVG gets to see."""

import re
from collections.abc import Iterator, Sequence
from html import unescape

import mermaidx

from stepgraph.render.cells import label_lines
from stepgraph.render.flow.chart import Arrow, Box, BoxKind, Chart, Frame, FrameEnd, FrameKind
from stepgraph.render.flow.mermaid import LINE_WIDTH

_PART = re.compile(r'id="my-svg-(?:flowchart-)?(\w+?)(?:-\d+)?"|data-id="L_(\w+)_\d+"|<p>(.*?)</p>', re.DOTALL)


def labels_of(source: str) -> dict[str, list[str]]:
    """Return the lines of text of every box, frame and arrow by its identity; an arrow's is made of its two ends.

    Raises an error that says where if the diagram is none for Mermaid.
    """
    return dict(_labels(mermaidx.Diagram(source).svg()))


def labelled_everywhere(texts: Sequence[str]) -> Chart:
    """Return a chart with each text in a box `b`, on an arrow `a_b`, and on a frame `f`, with as little else as can be.

    It takes Mermaid a second or two: the stand-in for a browser lays out slowly.
    """
    content = [Box("a", BoxKind.STEP, ("a",))]
    frames: list[Box | Frame | FrameEnd] = []
    arrows: list[Arrow] = []
    for index, text in enumerate(texts):
        content.append(Box(f"b{index}", BoxKind.STEP, (text,)))
        arrows.append(Arrow("a", f"b{index}", label=text))
        frames += [Frame(f"f{index}", FrameKind.LOOP, text), Box(f"i{index}", BoxKind.JOIN), FrameEnd()]
    return Chart(("Orders",), (*content, *frames), tuple(arrows))


def shown(text: str) -> list[str]:
    """Return the lines that are to be seen of a text; none for one in which nothing is."""
    lines = [_as_seen(line) for line in label_lines([text], LINE_WIDTH)]
    return lines if any(lines) else []


def _labels(svg: str) -> Iterator[tuple[str, list[str]]]:
    identity = ""
    for box, arrow, text in _PART.findall(svg):
        identity = box or arrow or identity
        if text:
            yield identity, [_as_seen(unescape(line)) for line in re.split(r"<br ?/?>", text)]


def _as_seen(line: str) -> str:
    # The stand-in for a browser takes the text `&nbsp;` for a space, which no browser does, and may write a space
    # at the begin of several lines twice, which no reader sees.
    seen = line.replace("&nbsp;", " ").replace("\xa0", " ").replace("\u200d", "")
    return re.sub(" +", " ", seen)
