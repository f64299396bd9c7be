"""The figures of each list of nodes in a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stepgraph.model.payload import Graph, Node
from stepgraph.model.walk import as_unknown
from stepgraph.render.svg.identities import BETWEEN, identities, slug
from tests.svg.picture import Figure, Picture


@dataclass(frozen=True, slots=True)
class Shown:
    """A list of nodes with its figures."""

    frame: Figure
    """The figure around them."""

    nodes: Sequence[Node]
    figures: Sequence[Sequence[Figure]]
    """The figures of each node. A block without a frame may have several."""

    grouped: bool


def shown_lists(graph: Graph, picture: Picture) -> Iterator[Shown]:
    """Yield all drawn lists of nodes."""
    by_identity = {figure.identity: figure for figure in picture.whole.walk() if figure.identity}
    for place, nodes, frame in _places(graph, picture, by_identity):
        if not nodes or frame is None:
            continue
        concurrent = by_identity.get(f"{place}.concurrent")
        outer = concurrent or frame
        figures = [_figures(outer, identity) for identity in identities(nodes, place)]
        grouped = concurrent is not None or (place in picture.nodes and picture.nodes[place]["type"] == "parallel")
        if all(figures):
            yield Shown(outer, nodes, figures, grouped)


def _figures(frame: Figure, identity: str) -> list[Figure]:
    """Return the figures in a frame that show a node: one figure, or several for a block without a frame."""
    return [
        inner
        for inner in frame.inner
        if inner.identity in {identity, f"{identity}.concurrent"} or inner.identity.startswith(identity + BETWEEN)
    ]


def _places(
    graph: Graph, picture: Picture, figures: dict[str, Figure]
) -> Iterator[tuple[str, Sequence[Node], Figure | None]]:
    """Yield the lists of nodes with the identity of their parent and its frame."""
    workflow = graph["workflow"]
    root = slug(workflow["class_name"], "workflow")
    yield root, workflow["nodes"], picture.whole
    for name, function in workflow["functions"].items():
        place = f"{root}{BETWEEN}function.{slug(name, 'function')}"
        yield place, function["nodes"], figures.get(place)
    for identity, node in picture.nodes.items():
        frame = figures.get(identity) or next(
            (inner.parent for inner in picture.whole.walk() if inner.identity.startswith(identity + BETWEEN)), None
        )
        if as_unknown(node):
            continue
        match node["type"]:
            case "step_do" | "loop" | "parallel" | "block" | "function_def" | "start":
                yield identity, node["nodes"], frame
            case "function_call" if node["name"] in workflow["functions"]:
                yield identity, workflow["functions"][node["name"]]["nodes"], frame
            case "if" | "switch":
                for index, branch in enumerate(node["branches"]):
                    yield f"{identity}.{index + 1}", branch["nodes"], frame
            case "try":
                blocks = (node.get("try_block"), node.get("catch_block"), node.get("finally_block"))
                for block, css in zip(blocks, ("body", "catch", "finally"), strict=True):
                    place, after = f"{identity}.{css}", f"{identity}.else"
                    nodes = block["nodes"] if block else []
                    if css == "body" and after in figures:
                        nodes, otherwise = nodes[:-1], nodes[-1:]  # in tests, the last node is the `else`
                        yield after, otherwise, figures[after]
                    yield place, nodes, figures.get(place)
