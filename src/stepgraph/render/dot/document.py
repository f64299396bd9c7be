"""A version graph as DOT, the language of Graphviz."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepgraph.model.payload import Graph
from stepgraph.render.dot import style
from stepgraph.render.dot.bars import Bars, bars_of
from stepgraph.render.dot.text import arrow_text, box_text, frame_text, title_text
from stepgraph.render.flow.chart import Arrow, Chart, Frame, FrameEnd, has_head, joins_in
from stepgraph.render.flow.flow_chart import flow_chart
from stepgraph.render.view import DEFAULT_VIEW, View

if TYPE_CHECKING:
    from graphviz import Digraph


def render_dot(graph: Graph, view: View = DEFAULT_VIEW) -> str:
    """Return the graph in DOT: clusters for what holds nodes, and the ways that a run can take between them.

    Of the view, it heeds what is folded: functions stand by themselves, and colours are those of light paper.
    """
    from graphviz import Digraph

    chart = flow_chart(graph, view)
    bars = bars_of(chart)
    root = Digraph(
        name="workflow",
        graph_attr={**style.GRAPH, **title_text(chart.title)},
        node_attr=style.NODE,
        edge_attr=style.EDGE,
    )
    _write_content(chart, bars, root)
    _write_arrows(chart, bars, root)
    source: str = root.source
    return source


def _write_content(chart: Chart, bars: Bars, root: Digraph) -> None:
    from graphviz import Digraph

    open_graphs = [root]
    for item in chart.content:
        if isinstance(item, Frame):
            attributes = {**style.FRAMES[item.kind], **frame_text(item.title)}
            open_graphs.append(Digraph(name=_cluster(item.id), graph_attr=attributes))
        elif isinstance(item, FrameEnd):
            closed = open_graphs.pop()
            open_graphs[-1].subgraph(closed)
        else:
            text = box_text(item.lines) if item.lines else {}
            open_graphs[-1].node(item.id, **style.BOXES[item.kind], **text, **bars.of_box(item))


def _write_arrows(chart: Chart, bars: Bars, root: Digraph) -> None:
    joins = joins_in(chart.content)
    for index, arrow in enumerate(chart.arrows):
        head = {} if has_head(arrow, joins) else style.HEADLESS
        look = {**style.ARROWS[arrow.kind], **head, **arrow_text(arrow.label)}
        root.edge(arrow.tail, arrow.head, **look, **_frames_of(arrow), **bars.of_arrow(index))


def _frames_of(arrow: Arrow) -> dict[str, str]:
    ends = {"ltail": arrow.tail_frame, "lhead": arrow.head_frame}
    return {end: _cluster(frame) for end, frame in ends.items() if frame}


def _cluster(frame: str) -> str:
    return f"cluster_{frame}"
