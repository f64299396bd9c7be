"""The labels of a diagram after Mermaid has drawn it."""

import re
from collections.abc import Iterator, Sequence
from html import unescape

import mermaidx

from stepgraph.render.flow.chart import Arrow, Box, BoxKind, Chart, FrameEnd, FrameKind, FrameStart
from stepgraph.render.flow.mermaid import LINE_WIDTH, TITLE_WIDTH
from stepgraph.render.text_width import label_lines

_PART = re.compile(r'id="my-svg-(?:flowchart-)?(\w+?)(?:-\d+)?"|data-id="L_(\w+)_\d+"|<p>(.*?)</p>', re.DOTALL)


def labels_of(source: str) -> dict[str, list[str]]:
    """Return the lines of text of every box, frame and arrow by identity.

    The identity of an arrow consists of its two ends.
    """
    return dict(_labels(mermaidx.Diagram(source).svg()))


def labelled_everywhere(texts: Sequence[str]) -> Chart:
    """Return a minimal chart with each text in a box `b`, on an arrow `a_b`, and on a frame `f`."""
    content = [Box("a", BoxKind.STEP, ("a",))]
    frames: list[Box | FrameStart | FrameEnd] = []
    arrows: list[Arrow] = []
    for index, text in enumerate(texts):
        content.append(Box(f"b{index}", BoxKind.STEP, (text,)))
        arrows.append(Arrow("a", f"b{index}", label=text))
        frames += [FrameStart(f"f{index}", FrameKind.LOOP, text), Box(f"i{index}", BoxKind.JOIN), FrameEnd()]
    return Chart(("Orders",), (*content, *frames), tuple(arrows))


def shown(text: str) -> list[str]:
    """Return the visible lines of a text, or none if it has no visible characters."""
    return _visible(label_lines([text], LINE_WIDTH))


def shown_title(text: str) -> list[str]:
    """Return the visible line of a title of a frame, or none if it has no visible characters."""
    return _visible(label_lines([text], TITLE_WIDTH, most=1))


def _visible(lines: Sequence[str]) -> list[str]:
    labels = [_as_seen(line) for line in lines]
    return labels if any(labels) else []


def _labels(svg: str) -> Iterator[tuple[str, list[str]]]:
    identity = ""
    for box, arrow, text in _PART.findall(svg):
        identity = box or arrow or identity
        if text:
            yield identity, [_as_seen(unescape(line)) for line in re.split(r"<br ?/?>", text)]


def _as_seen(line: str) -> str:
    # Unlike browsers, the renderer turns the text `&nbsp;` into a space. It may also double a space at the beginning
    # of a line.
    text = line.replace("&nbsp;", " ").replace("\xa0", " ").replace("\u200d", "")
    return re.sub(" +", " ", text)
