"""Where nodes stand, and what plans figures for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from stepgraph.model.payload import FunctionDef, Node
from stepgraph.render.context import NodeContext
from stepgraph.render.svg.figures.figure import Figure
from stepgraph.render.svg.lengths import Variables
from stepgraph.render.view import View


class OpenFunctions:
    """The functions whose bodies are being planned, each within the one before."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def __contains__(self, name: str) -> bool:
        return self._counts[name] > 0

    @contextmanager
    def within(self, name: str) -> Iterator[None]:
        """Have a function count as open while its body is planned."""
        self._counts[name] += 1
        yield
        self._counts[name] -= 1


class Layout(Protocol):
    """What plans figures for nodes of any kind."""

    @property
    def view(self) -> View:
        """How the graph is to be viewed."""

    @property
    def functions(self) -> Mapping[str, FunctionDef]:
        """The functions that calls may mean."""

    @property
    def open_functions(self) -> OpenFunctions:
        """The functions in which the nodes stand that are being planned."""

    @property
    def nodes_by_id(self) -> MutableMapping[str, Node]:
        """The nodes of all figures so far, by their identities."""

    @property
    def folds(self) -> Variables | None:
        """What frames fold by, if they do."""

    def measure(self, node: Node, context: NodeContext) -> Figure:
        """Return the figure of a node, whose own place this is."""

    def marked(self, figure: Figure, part: Mapping[str, object]) -> Figure:
        """Return the figure of a part of the graph with its mark, if the part has one."""

    def stack(
        self, nodes: Sequence[Node], context: NodeContext, *, tail: int = ..., entered: bool = ..., empty: str = ...
    ) -> Figure:
        """Return the figures of nodes that stand in this context, in the order that is theirs.

        `tail` is how far a line leads on from the last; unless `entered`, none leads to the first. Where there are no
        nodes, it says what is `empty`.
        """
