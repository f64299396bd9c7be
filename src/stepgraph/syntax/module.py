"""A parsed module, and places in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeVar, cast

from msgspec import Struct

from stepgraph.model.span import Span

if TYPE_CHECKING:
    import libcst as cst

    from stepgraph.syntax.parents import Parents
    from stepgraph.syntax.positions import Range


Result = TypeVar("Result")

_BRIEF: Final = 200


@dataclass(eq=False)
class SourceModule:
    """A module of the project: its path as the user named it, and its tree."""

    path: str
    tree: cst.Module = field(repr=False)
    source: bytes = field(repr=False)
    tokens: int = field(default=0, repr=False)
    _mentions: dict[bytes, bool] = field(default_factory=dict, repr=False)
    _positions: dict[int, Range] = field(default_factory=dict, repr=False)
    _knows_all: bool = field(default=False, repr=False)
    _computed: dict[object, object] = field(default_factory=dict, repr=False)

    @cached_property
    def parents(self) -> Parents:
        """The parent of each node; computed only when asked for."""
        from stepgraph.syntax.parents import parents_in

        return parents_in(self.tree)

    def once(self, compute: Callable[[SourceModule], Result]) -> Result:
        """Return what a function computes of this module: each workflow of it asks for the same again."""
        if compute not in self._computed:
            self._computed[compute] = compute(self)
        return cast("Result", self._computed[compute])

    def mentions(self, word: bytes) -> bool:
        """Return whether the source has a word anywhere: without it, there is no need to look for what needs it."""
        found = self._mentions.get(word)
        if found is None:
            found = self._mentions[word] = word in self.source
        return found

    def span(self, node: cst.CSTNode) -> Span:
        """Return where `node` stands.

        To write out a module again, which tells, costs about a third of parsing it: the first call does so up to the
        node, and one that asks for what stands behind it does so to the end.
        """
        # Imported here, as below: what only carries places around does without LibCST.
        from stepgraph.syntax.positions import positions

        if id(node) not in self._positions and not self._knows_all:
            self._knows_all = bool(self._positions)
            self._positions = positions(self.tree, None if self._knows_all else node)
        line, column, end_line, end_column = self._positions.get(id(node), (1, 0, 1, 0))
        return Span(self.path, line, column + 1, end_line, end_column + 1)

    def heading(self, node: cst.CSTNode) -> Span:
        """Return where a class begins, up to the end of its name: it costs less than to find where the class ends."""
        import libcst as cst

        if not isinstance(node, cst.ClassDef):
            return self.span(node)
        name, gap = self.span(node.name), node.whitespace_after_class.value
        if not gap.strip(" \t"):
            return Span(name.path, name.line, name.column - len(f"class{gap}"), name.end_line, name.end_column)
        start = self.span(node)
        return Span(name.path, start.line, start.column, name.end_line, name.end_column)

    def brief_text(self, node: cst.CSTNode) -> str:
        """Return the source of `node` on one line, cut where it is long: for what many messages may be about."""
        texts = self.once(_no_texts)
        if node not in texts:
            whole = self.text(node)
            texts[node] = whole if len(whole) <= _BRIEF else whole[: _BRIEF - 1] + "…"
        return texts[node]

    def text(self, node: cst.CSTNode) -> str:
        """Return the source of `node` on one line, without comments."""
        from stepgraph.syntax.source_text import source_text

        return source_text(self.tree, node)


def _no_texts(_: SourceModule) -> dict[cst.CSTNode, str]:
    return {}


class Place(Struct, frozen=True):
    """A node of a module: what the intermediate representation carries to say where something comes from."""

    module: SourceModule
    node: cst.CSTNode

    def __repr__(self) -> str:
        return f"Place({self.span})"

    @property
    def span(self) -> Span:
        """Where it stands; computed only when asked for."""
        return self.module.span(self.node)

    @property
    def heading(self) -> Span:
        """Where it begins: of a class, up to the end of its name."""
        return self.module.heading(self.node)

    @property
    def brief_text(self) -> str:
        """Its source on one line, without comments, cut where it is long."""
        return self.module.brief_text(self.node)

    @property
    def text(self) -> str:
        """Its source on one line, without comments."""
        return self.module.text(self.node)
