"""The figures at which the findings of a drawing are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from stepgraph.model.payload import Graph, Node
from stepgraph.model.walk import children, functions_of, walk
from stepgraph.render.findings import ShownFinding
from stepgraph.render.folding import loop_of_passes


class Badges(Struct, frozen=True):
    """The findings of each figure, by its identity."""

    own: Mapping[str, Sequence[ShownFinding]]
    """The findings of each figure, which include those of nodes that are folded in it."""

    inner: Mapping[str, Sequence[ShownFinding]]
    """The findings of each figure and of all figures inside, which a frame shows while it is folded in a page."""

    identities: Sequence[str]
    """The figure of each finding, or an empty string if no figure shows it."""


NO_BADGES: Final = Badges({}, {}, ())


def place_badges(findings: Sequence[ShownFinding], graph: Graph, drawn: Mapping[str, Node]) -> Badges:
    """Return the figure of each finding: its node or, if this is not drawn, the innermost drawn node around it.

    `drawn` are the drawn nodes by the identities of their figures.
    """
    if not any(finding.node for finding in findings):
        return Badges({}, {}, [""] * len(findings))
    outer = _outer_nodes(graph)
    figures: dict[int, list[str]] = {}
    for identity, node in drawn.items():
        if not any(loop_of_passes(group) is node for group in outer.get(id(node), ())):
            figures.setdefault(id(node), []).append(identity)
    own: dict[str, list[ShownFinding]] = {}
    inner: dict[str, list[ShownFinding]] = {}
    identities: list[str] = []
    for finding in findings:
        around = [] if finding.node is None else list(_outwards(finding.node, outer))
        shown = next((figures[id(node)] for node in around if id(node) in figures), [])
        identities.append(shown[0] if shown else "")
        for identity in shown:
            own.setdefault(identity, []).append(finding)
        for identity in (identity for node in around for identity in figures.get(id(node), ())):
            inner.setdefault(identity, []).append(finding)
    return Badges(own, inner, identities)


def _outer_nodes(graph: Graph) -> dict[int, list[Node]]:
    """Return the nodes that directly contain each node, by its identity. The calls of a function contain it."""
    workflow = graph["workflow"]
    functions = functions_of(workflow)
    outer: dict[int, list[Node]] = {}
    for node in walk([*workflow["nodes"], *functions.values()]):
        for child in children(node):
            outer.setdefault(id(child), []).append(node)
        if node["type"] == "function_call" and node["name"] in functions:
            outer.setdefault(id(functions[node["name"]]), []).append(node)
    return outer


def _outwards(node: Node, outer: Mapping[int, Sequence[Node]]) -> Iterator[Node]:
    """Yield a node and all nodes around it, inner ones first."""
    pending = [node]
    found = {id(node)}
    for inner in pending:
        yield inner
        for around in outer.get(id(inner), ()):
            if id(around) not in found:
                found.add(id(around))
                pending.append(around)
