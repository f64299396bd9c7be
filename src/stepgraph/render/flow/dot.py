"""Flow charts as DOT, the language of Graphviz, and the program that draws DOT: Graphviz or `graphviz-pure`."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.escaping.markup import dot_line, without_commands_in_markup
from stepgraph.escaping.plain_text import visible
from stepgraph.phrases import system_reason
from stepgraph.render.flow import dot_style
from stepgraph.render.flow.chart import (
    Arrow,
    Box,
    BoxKind,
    Chart,
    FrameEnd,
    FrameStart,
    arrow_labels,
    has_head,
    joins_in,
)
from stepgraph.render.flow.flow_chart import flow_chart
from stepgraph.render.text_width import cell_width, label_lines
from stepgraph.render.view import DEFAULT_VIEW, View

if TYPE_CHECKING:
    from graphviz import Digraph

    from stepgraph.model.payload import Graph

LINE_WIDTH: Final = 32
TITLE_WIDTH: Final = 72
MAX_TOOLTIP_LENGTH: Final = 10_000
# Graphviz rejects words of more than 16 KB. The longest escape of a character, `&amp;`, has five bytes.
MAX_LABEL_BYTES: Final = 16_000
MAX_BYTES_PER_CHARACTER: Final = 5
# In inches: half the width of a wide letter in the font size, and the margins of a label.
CELL_WIDTH: Final = 0.085
LABEL_MARGINS: Final = 0.35

ARROW_SPACING: Final = 1.2
MAX_BAR_WIDTH: Final = 9.6

GRAPHVIZ: Final = "dot"
FALLBACK: Final = "graphviz-pure"
TIMEOUT_SECONDS: Final = 60.0
"""The timeout in seconds. A graph that takes longer is too large to view."""

# Prefixes of environment variables that the program does not inherit: search paths of Graphviz and Python, which could
# lead into the analyzed directory, and variables that make Graphviz act as part of a web server.
_DROPPED_PREFIXES: Final = ("GV", "SERVER_NAME", "PYTHON")


def box_text(texts: Sequence[str]) -> dict[str, str]:
    """Return a label of texts below each other, with the full texts as a tooltip if the label shortens them."""
    lines = label_lines(texts, LINE_WIDTH)
    return {"label": _escaped(lines), **_tooltip(texts, lines), **_width_of_wide_letters(lines)}


def title_text(texts: Sequence[str]) -> dict[str, str]:
    """Return the label of the graph. It may be wider than a box, and ends in an empty line before the boxes."""
    lines = label_lines(texts, TITLE_WIDTH)
    return {"label": _escaped([*lines, ""]), **_tooltip(texts, lines)}


def frame_text(text: str) -> dict[str, str]:
    """Return the label of a frame and its tooltip, without which it would inherit the tooltip of its parent."""
    lines = label_lines([text], LINE_WIDTH)
    return {
        "label": _escaped(lines) if len(lines) == 1 else _left_aligned(lines),
        "tooltip": _escaped([_shortened(text)]),
    }


def arrow_text(label: str, text: str) -> dict[str, str]:
    """Return the label of an arrow, with spaces between label and line, and the full text as a tooltip."""
    lines = label_lines([label], LINE_WIDTH)
    return {"label": _escaped([f" {line} " for line in lines]), **_tooltip([text], lines)} if text else {}


def _escaped(lines: Sequence[str]) -> str:
    """Return lines as one string in which Graphviz finds no placeholders, entities or HTML."""
    from graphviz import nohtml

    return nohtml("\\n".join(map(dot_line, lines)))


def _left_aligned(lines: Sequence[str]) -> str:
    from graphviz import nohtml

    return nohtml("".join(f"{dot_line(line)}\\l" for line in lines))


def _tooltip(texts: Sequence[str], lines: Sequence[str]) -> dict[str, str]:
    full = [_shortened(text) for text in texts]
    return {} if lines == full else {"tooltip": _escaped(full)}


def _shortened(text: str) -> str:
    """Return text for a tooltip, cut to the length that Graphviz accepts."""
    visible_text = visible(text)
    if len(visible_text) <= MAX_TOOLTIP_LENGTH and len(_escaped([visible_text]).encode()) <= MAX_LABEL_BYTES:
        return visible_text
    return f"{visible_text[: MAX_LABEL_BYTES // MAX_BYTES_PER_CHARACTER]}…"


def _width_of_wide_letters(lines: Sequence[str]) -> dict[str, str]:
    """Return a width for labels with wide characters, which some renderers measure as narrow ones."""
    if all(cell_width(line) <= len(line) for line in lines):
        return {}
    return {"width": f"{max(map(cell_width, lines)) * CELL_WIDTH + LABEL_MARGINS:.2f}"}


class Bars(Struct, frozen=True):
    """The bars around concurrent work. Each bar is long enough for its arrows and has a port for each of them.

    Without ports, all arrows would meet in the middle of a bar. Ports also preserve the source order.
    """

    sizes: Counter[str]
    """The number of arrows at each bar."""

    ports: dict[int, dict[str, str]]
    """The port attributes of arrows, by index of the arrow in the chart."""

    def of_box(self, box: Box) -> dict[str, str]:
        """Return the attributes of a bar, or none for other boxes."""
        if box.kind not in {BoxKind.FORK, BoxKind.MERGE}:
            return {}
        from graphviz import nohtml

        size = max(self.sizes[box.id], 1)
        fields = "|".join(f"<p{port}>" for port in range(size))
        return {"label": nohtml(fields), "width": f"{min(size * ARROW_SPACING, MAX_BAR_WIDTH):.1f}"}

    def of_arrow(self, index: int) -> dict[str, str]:
        """Return the attributes of an arrow that leaves a fork or enters a merge, or none for other arrows."""
        return self.ports.get(index, {})


def bars_of(chart: Chart) -> Bars:
    """Return the bars of a chart, with a numbered port for each arrow at a bar."""
    kinds = {item.id: item.kind for item in chart.content if isinstance(item, Box)}
    sizes: Counter[str] = Counter()
    ports: dict[int, dict[str, str]] = {}
    for index, arrow in enumerate(chart.arrows):
        if kinds[arrow.tail] is BoxKind.FORK:
            ports.setdefault(index, {})["tailport"] = f"p{sizes[arrow.tail]}:s"
            sizes[arrow.tail] += 1
        if kinds[arrow.head] is BoxKind.MERGE:
            ports.setdefault(index, {})["headport"] = f"p{sizes[arrow.head]}:n"
            sizes[arrow.head] += 1
    return Bars(sizes, ports)


def render_dot(graph: Graph, view: View = DEFAULT_VIEW) -> str:
    """Return the graph in DOT, with clusters for frames.

    Only the title, the state, the folding, the expansion and the details of the view apply.
    """
    from graphviz import Digraph

    chart = flow_chart(graph, view)
    bars = bars_of(chart)
    root = Digraph(
        name="workflow",
        graph_attr={**dot_style.GRAPH, **title_text(chart.title)},
        node_attr=dot_style.NODE,
        edge_attr=dot_style.EDGE,
    )
    _write_content(chart, bars, root)
    _write_arrows(chart, bars, root)
    source: str = root.source
    return source


def _write_content(chart: Chart, bars: Bars, root: Digraph) -> None:
    from graphviz import Digraph

    open_graphs = [root]
    for item in chart.content:
        if isinstance(item, FrameStart):
            attributes = {**dot_style.frame_attributes(item.kind), **frame_text(item.title)}
            open_graphs.append(Digraph(name=_cluster(item.id), graph_attr=attributes))
        elif isinstance(item, FrameEnd):
            subgraph = open_graphs.pop()
            open_graphs[-1].subgraph(subgraph)
        else:
            open_graphs[-1].node(item.id, **_box_attributes(item), **bars.of_box(item))


def _box_attributes(box: Box) -> dict[str, str]:
    text = box_text(box.lines) if box.lines else {}
    is_short = len(box.lines) == 1 and cell_width(box.lines[0]) <= dot_style.MAX_DIAMOND_CELLS
    shape = dot_style.WIDE_CHOICE if box.kind is BoxKind.CHOICE and not is_short else {}
    return {**dot_style.box_attributes(box.kind), **shape, **text}


def _write_arrows(chart: Chart, bars: Bars, root: Digraph) -> None:
    joins = joins_in(chart.content)
    labels = arrow_labels(chart.arrows, LINE_WIDTH)
    for index, (arrow, label) in enumerate(zip(chart.arrows, labels, strict=True)):
        head = {} if has_head(arrow, joins) else dot_style.HEADLESS
        attributes = {**dot_style.arrow_attributes(arrow.kind), **head, **arrow_text(label, arrow.label)}
        root.edge(arrow.tail, arrow.head, **attributes, **_frames_of(arrow), **bars.of_arrow(index))


def _frames_of(arrow: Arrow) -> dict[str, str]:
    ends = {"ltail": arrow.tail_frame, "lhead": arrow.head_frame}
    return {end: _cluster(frame) for end, frame in ends.items() if frame}


def _cluster(frame: str) -> str:
    return f"cluster_{frame}"


class DotEngineError(Exception):
    """DOT cannot be drawn. The message gives the reason, and the remedy if there is one, on one line."""


def svg_of(dot_source: str, *, timeout: float = TIMEOUT_SECONDS) -> str:
    """Return `dot_source` drawn as SVG. Raises DotEngineError."""
    path = _renderer()
    command, program = [path, "-Kdot", "-Tsvg"], visible(path)
    try:
        process = subprocess.run(  # noqa: S603 - no shell, constant arguments
            command,
            input=dot_source.encode(),
            capture_output=True,
            check=False,
            env=_environment(),
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        raise DotEngineError(
            f"{program} did not finish in {timeout:g} seconds. Fold the graph with `--depth`, or draw it "
            f"without `--engine dot`"
        ) from None
    except OSError as error:
        raise DotEngineError(f"{program} cannot be run: {visible(system_reason(error))}") from error
    if process.returncode != 0 or not process.stdout:
        raise DotEngineError(f"{program} failed: {_last_message(process)}. Draw the graph without `--engine dot`")
    return without_commands_in_markup(process.stdout.decode("utf-8", "replace"))


def _renderer() -> str:
    """Return the path of the first available renderer."""
    for path in _candidate_paths():
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
    raise DotEngineError("Graphviz was not found. Install it, or run `pip install graphviz-pure==0.2.2`")


def _candidate_paths() -> Iterator[Path]:
    """Yield candidate paths of renderers, never in relative directories, which may belong to anyone."""
    suffix = ".exe" if os.name == "nt" else ""
    path_folders = [folder for folder in map(Path, os.get_exec_path()) if folder.is_absolute()]
    python_folders = [Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))]
    for name, folders in ((GRAPHVIZ, path_folders), (FALLBACK, [*python_folders, *path_folders])):
        for folder in folders:
            yield folder / f"{name}{suffix}"


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_DROPPED_PREFIXES)}


def _last_message(process: subprocess.CompletedProcess[bytes]) -> str:
    lines = process.stderr.decode("utf-8", "replace").split("\n")
    messages = [line.strip() for line in lines if line.strip()]
    return visible(messages[-1]) if messages else f"it exited with status {process.returncode} and no message"
