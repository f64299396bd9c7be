"""The interface through which the figures of structures recurse."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, MutableSet, Sequence
from typing import TYPE_CHECKING, Protocol

from stepgraph.render.folding import CallExpansion
from stepgraph.render.node_text import CallText
from stepgraph.render.svg.figures.figure import Figure
from stepgraph.render.svg.figures.frame import FoldedForm
from stepgraph.render.svg.figures.label import TextWidths
from stepgraph.render.view import NodeContext, View

if TYPE_CHECKING:
    from stepgraph.model.payload import FunctionDef, Node


class Layout(Protocol):
    """Measures nodes of any type."""

    @property
    def view(self) -> View:
        """The folding, expansion, marks and details."""

    @property
    def widths(self) -> TextWidths:
        """The maximum widths of text."""

    @property
    def functions(self) -> Mapping[str, FunctionDef]:
        """The functions that calls refer to, by name."""

    @property
    def calls(self) -> CallExpansion:
        """The functions, and the state of their expansion."""

    @property
    def nodes_by_id(self) -> MutableMapping[str, Node]:
        """The nodes of all figures so far, by identity."""

    @property
    def frameless(self) -> MutableSet[int]:
        """The nodes without a figure of their own, by their identity as objects."""

    def folded_form(self, node: Node, context: NodeContext, call: CallText | None = ...) -> FoldedForm | None:
        """Return the form of the frame of a node that is folded in a page, or None outside of pages.

        `call` is the call that shows a function.
        """

    def folded_box(self, node: Node, context: NodeContext) -> Figure:
        """Return the box of a folded node, with the progress of an instance inside."""

    def measure(self, node: Node, context: NodeContext) -> Figure:
        """Return the figure of a node in its own context."""

    def marked(self, figure: Figure, part: Mapping[str, object], *, quiet: bool = False) -> Figure:
        """Return a figure with the mark of its node, branch or block, if there is one, without a sign if `quiet`."""

    def stack(
        self, nodes: Sequence[Node], context: NodeContext, *, tail: int = ..., entered: bool = ..., empty: str = ...
    ) -> Figure:
        """Return the figures of nodes below each other.

        `tail` is the length of the line below the last figure, `entered` whether an arrow leads to the first, and
        `empty` the text shown without nodes.
        """

    def part(
        self,
        part: Mapping[str, object],
        nodes: Sequence[Node],
        context: NodeContext,
        *,
        tail: int = ...,
        entered: bool = ...,
        ends: bool = ...,
    ) -> Figure:
        """Return the figures of the nodes of a part and, if it `ends` with them, of its jumps that have no node."""
