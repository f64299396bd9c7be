"""The interface through which the modules of the layout recurse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from stepgraph.model.payload import FunctionDef, Node
from stepgraph.render.svg.figures.figure import Figure
from stepgraph.render.svg.lengths import Variables
from stepgraph.render.view import NodeContext, View


class OpenFunctions:
    """The functions whose bodies are being measured, each inside the previous one."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def __contains__(self, name: str) -> bool:
        return self._counts[name] > 0

    @contextmanager
    def within(self, name: str) -> Iterator[None]:
        """Mark a function as open while its body is measured."""
        self._counts[name] += 1
        yield
        self._counts[name] -= 1


class Layout(Protocol):
    """Measures nodes of any type."""

    @property
    def view(self) -> View:
        """Folding, expansion, marks and details."""

    @property
    def functions(self) -> Mapping[str, FunctionDef]:
        """The functions that calls refer to, by name."""

    @property
    def open_functions(self) -> OpenFunctions:
        """The functions whose bodies are being measured."""

    @property
    def nodes_by_id(self) -> MutableMapping[str, Node]:
        """The nodes of all figures so far, by identity."""

    @property
    def folds(self) -> Variables | None:
        """The symbolic lengths of a page with foldable frames, else None."""

    def measure(self, node: Node, context: NodeContext) -> Figure:
        """Return the figure of a node in its own context."""

    def marked(self, figure: Figure, part: Mapping[str, object]) -> Figure:
        """Return a figure with the mark of its node, branch or block, if there is one."""

    def stack(
        self, nodes: Sequence[Node], context: NodeContext, *, tail: int = ..., entered: bool = ..., empty: str = ...
    ) -> Figure:
        """Return the figures of nodes below each other.

        `tail` is the length of the line below the last figure, `entered` whether an arrow leads to the first, and
        `empty` the text shown without nodes.
        """
