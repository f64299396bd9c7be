"""The changes between two versions of a module, and whether a change affects an analysis of the first version."""

from __future__ import annotations

from itertools import product

from msgspec import Struct

from stepgraph.syntax.deferred.modules import DeferredSource
from stepgraph.syntax.deferred.reads import ModuleReads
from stepgraph.syntax.module import ShownContent, SourceModule


class VersionReads(Struct, frozen=True):
    """The parts of a version of a module that an analysis has read."""

    source: DeferredSource
    """The source of the version."""
    reads: ModuleReads
    shown: ShownContent
    """The content from which the results show code."""


class VersionChange(Struct, frozen=True):
    """The difference between two versions of a module that differ only in deferred bodies."""

    module: SourceModule
    """The new version."""
    source: DeferredSource
    """The source of the new version."""
    bodies: frozenset[int]
    """The indices of the changed bodies."""
    first_moved_line: int | None
    """The first line in the old version whose number changes, or None if no line has another number."""
    words: frozenset[str] | None
    """The words and attributes in the changed bodies, or None if these may contain any word."""

    @classmethod
    def between(cls, old: DeferredSource, module: SourceModule) -> VersionChange | None:
        """Return the difference between two versions of a module, or None if code outside of the bodies differs."""
        new = None if module.deferred is None else module.deferred.bodies.source
        if new is None or not old.has_same_skeleton(new):
            return None
        changed = frozenset(index for index in range(len(new.bodies)) if old.text_of(index) != new.text_of(index))
        words: set[str] | None = set()
        for index, source in product(changed, (old, new)):
            in_body = source.words_in(index)
            words = None if words is None or in_body is None else words | in_body
        pairs = zip(old.bodies, new.bodies, strict=True)
        moved = (before.first_line for before, after in pairs if before.line_count != after.line_count)
        return cls(module, new, changed, next(moved, None), None if words is None else frozenset(words))

    def affects(self, reads: ModuleReads) -> bool:
        """Return whether an analysis with these reads may have another result in the new version."""
        return (
            reads.is_whole
            or (self.first_moved_line is not None and reads.last_line >= self.first_moved_line)
            or not self.bodies.isdisjoint(reads.bodies)
            or (bool(reads.words) if self.words is None else not self.words.isdisjoint(reads.words))
            or any(self.module.mentions(word) != is_mentioned for word, is_mentioned in reads.mentions.items())
            or any(
                self.source.contains(index, words) != is_contained
                for (index, words), is_contained in reads.contained.items()
                if index in self.bodies
            )
            or any(self.module.once(function) != result for function, result in reads.results.items())
        )
