"""The figures at which the findings of a drawing are shown."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.model.walk import children, functions_of, walk
from stepgraph.render.findings import ShownFinding

if TYPE_CHECKING:
    from stepgraph.model.payload import Graph, Node


class Badges(Struct, frozen=True):
    """The findings of each figure, by its identity."""

    by_figure: Mapping[str, Sequence[ShownFinding]]
    """The findings of each figure, including those of nodes folded inside of it."""

    with_contents: Mapping[str, Sequence[ShownFinding]]
    """The findings of each figure and of all figures inside, which a frame shows while it is folded in a page."""

    identities: Sequence[str]
    """The figure of each finding, or an empty string if no figure shows it."""


NO_BADGES: Final = Badges({}, {}, ())


class DrawnNodes(Struct, frozen=True):
    """The nodes that a picture draws."""

    by_identity: Mapping[str, Node]
    """The nodes with a figure, by the identity of the figure."""

    expanded: Mapping[str, int]
    """The `id` of the first call that shows the body of each function, by the name of the function."""

    all_expanded: bool = False
    """Whether other calls show the body, too."""


def place_badges(findings: Sequence[ShownFinding], graph: Graph, drawn: DrawnNodes) -> Badges:
    """Return the figure of each finding: its node or, if this is not drawn, the innermost drawn node around it."""
    if not any(finding.node for finding in findings):
        return Badges({}, {}, [""] * len(findings))
    outer = _outer_nodes(graph, drawn)
    figures: dict[int, list[str]] = {}
    for identity, node in drawn.by_identity.items():
        figures.setdefault(id(node), []).append(identity)
    by_figure: dict[str, list[ShownFinding]] = {}
    with_contents: dict[str, list[ShownFinding]] = {}
    identities: list[str] = []
    for finding in findings:
        enclosing = [] if finding.node is None else list(_outwards(finding.node, outer))
        shown = next((figures[id(node)] for node in enclosing if id(node) in figures), [])
        identities.append(shown[0] if shown else "")
        for identity in shown:
            by_figure.setdefault(identity, []).append(finding)
        for identity in (identity for node in enclosing for identity in figures.get(id(node), ())):
            with_contents.setdefault(identity, []).append(finding)
    return Badges(by_figure, with_contents, identities)


def _outer_nodes(graph: Graph, drawn: DrawnNodes) -> dict[int, list[Node]]:
    """Return the nodes that directly contain each node, by its identity. The calls that show a function contain it."""
    workflow = graph["workflow"]
    functions = functions_of(workflow)
    outer: dict[int, list[Node]] = {}
    calls: dict[str, list[Node]] = {}
    for node in walk([*workflow["nodes"], *functions.values()]):
        for child in children(node):
            outer.setdefault(id(child), []).append(node)
        if node["type"] == "function_call" and node["name"] in functions:
            calls.setdefault(node["name"], []).append(node)
    visible = {id(node) for node in drawn.by_identity.values()}
    for name, calls_of_function in calls.items():
        outer[id(functions[name])] = list(_showing(calls_of_function, drawn.expanded.get(name), visible, drawn))
    return outer


def _showing(
    calls: Sequence[Node], expanded: int | None, visible: Collection[int], drawn: DrawnNodes
) -> Iterator[Node]:
    """Yield the calls that show a function: the calls that expand it or, if none does, the first drawn call."""
    if drawn.all_expanded:
        yield from calls
    elif expanded is not None:
        yield from (call for call in calls if id(call) == expanded)
    else:
        yield next((call for call in calls if id(call) in visible), calls[0])


def _outwards(node: Node, outer: Mapping[int, Sequence[Node]]) -> Iterator[Node]:
    """Yield a node and all nodes around it, inner ones first."""
    pending = [node]
    visited = {id(node)}
    for inner in pending:
        yield inner
        for enclosing in outer.get(id(inner), ()):
            if id(enclosing) not in visited:
                visited.add(id(enclosing))
                pending.append(enclosing)
