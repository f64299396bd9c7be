"""Searches of a module that visit a deferred body only when they look up a name in its source."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Generic, Never, Protocol, TypeVar

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.deferred.blocks import DeferredBlock
from stepgraph.syntax.deferred.reads import Memo
from stepgraph.syntax.module import SourceModule

Context = TypeVar("Context")
Fact = TypeVar("Fact")
Fact_co = TypeVar("Fact_co", covariant=True)


class UnvisitedBodies(Struct, Generic[Context]):
    """The deferred bodies of a module that a search has not visited yet, each with the context of the search there.

    A fact about a name can only come from a body whose source contains the name as a word. So a search that visits the
    bodies with a word has all facts about this name. In modules without deferred bodies, a search visits all statements
    at first.
    """

    module: SourceModule
    _contexts: dict[int, tuple[DeferredBlock, Context]] = field(default_factory=dict)
    """All bodies and their contexts, by the index of the body in the module."""
    _visits: dict[int, Memo[None]] = field(default_factory=dict)
    """The visits so far, with their reads, by the index of the body."""
    _lookups: dict[Collection[str], Memo[None]] = field(default_factory=dict)
    """The visits of the bodies with one of several words, by the words."""
    _visited_words: set[Collection[str]] = field(default_factory=set)
    """The words whose bodies were visited without recording reads."""

    def defer(self, body: cst.BaseSuite, context: Context) -> bool:
        """Add a body if it is a deferred one. Return whether it is."""
        deferred = self.module.deferred
        if deferred is None or type(body) is not DeferredBlock:
            return False
        self._contexts[deferred.bodies.index_of(body)] = (body, context)
        return True

    def visit_words(self, words: Collection[str], visit: Callable[[DeferredBlock, Context], None]) -> None:
        """Visit the bodies whose source may contain one of the words, in source order."""
        if self.module.reads is not None:
            self.module.memoize(self._lookups, words, lambda: self._visit_words(words, visit))
        elif words not in self._visited_words and len(self._visits) < len(self._contexts):
            self._visit_words(words, visit)
            self._visited_words.add(words)

    def _visit_words(self, words: Collection[str], visit: Callable[[DeferredBlock, Context], None]) -> None:
        if self.module.deferred is None:
            return
        if (reads := self.module.reads) is not None:
            reads.words.update(words)
        source = self.module.deferred.bodies.source
        indices = {index for word in words for index in source.with_word(word)}
        for index in sorted(indices & self._contexts.keys()):
            self._visit(index, visit)

    def visit_each(self, visit: Callable[[DeferredBlock, Context], None]) -> Iterator[None]:
        """Visit all bodies, and yield after each visit."""
        for index in reversed(self._contexts):
            self._visit(index, visit)
            yield

    def _visit(self, index: int, visit: Callable[[DeferredBlock, Context], None]) -> None:
        """Visit a body, if it is not visited yet. The reads of the visit count each time."""
        self.module.memoize(self._visits, index, lambda: visit(*self._contexts[index]))


class FactsByName(Struct, Generic[Context, Fact]):
    """Facts about names that a search of a module finds. It visits deferred bodies when they may add to an answer."""

    unvisited: UnvisitedBodies[Context]
    visit: Callable[[DeferredBlock, Context], Iterable[tuple[str, Fact]]]
    """Returns the facts in a deferred body, each with its name."""
    _facts: dict[str, dict[Fact, None]] = field(default_factory=dict)

    def add(self, facts: Iterable[tuple[str, Fact]]) -> None:
        """Add facts, each with its name."""
        for name, fact in facts:
            self._facts.setdefault(name, {})[fact] = None

    def about(self, name: str, words: Iterable[str] | None = None) -> Collection[Fact]:
        """Return the facts about a name, which come from bodies with one of the words, by default the name."""
        self.unvisited.visit_words((name,) if words is None else tuple(words), self._add_facts_in)
        return self._facts.get(name, ())

    def all(self) -> Mapping[str, Collection[Fact]]:
        """Return all facts, by name."""
        if (reads := self.unvisited.module.reads) is not None:
            reads.is_whole = True
        for _ in self.unvisited.visit_each(self._add_facts_in):
            pass
        return self._facts

    def _add_facts_in(self, body: DeferredBlock, context: Context) -> None:
        self.add(self.visit(body, context))


class NamedFacts(Protocol[Fact_co]):
    """Facts about names in a module."""

    def of(self, name: str) -> Collection[Fact_co]:
        """Return the facts about a name."""

    def all(self) -> Mapping[str, Collection[Fact_co]]:
        """Return all facts, by name."""


class NoFacts:
    """The facts in a module without any."""

    def of(self, _: str) -> Collection[Never]:
        """Return no facts."""
        return ()

    def all(self) -> Mapping[str, Collection[Never]]:
        """Return no facts."""
        return {}


class ModuleFacts(Struct, Generic[Fact]):
    """Facts about names in the modules of a program, to which modules are added."""

    search: Callable[[SourceModule], NamedFacts[Fact]]
    """Returns the facts in a module."""
    _facts: dict[str, dict[Fact, None]] = field(default_factory=dict)
    _module_count: int = 0
    """The number of modules whose facts are included. Those of deferring modules may be missing."""
    _deferring: list[NamedFacts[Fact]] = field(default_factory=list)
    """The facts in the modules with deferred bodies among these. They are searched for each name separately."""
    _deferring_counts: dict[str, int] = field(default_factory=dict)
    """The number of deferring modules whose facts about a name are included, by name."""

    def about(self, name: str, modules: Collection[SourceModule]) -> Collection[Fact]:
        """Return the facts about a name. `modules` are those of the last call, followed by new ones."""
        if self._module_count < len(modules):
            for module in islice(modules, self._module_count, None):
                if module.deferred is None:
                    self._add_all(module)
                else:
                    self._deferring.append(self.search(module))
            self._module_count = len(modules)
        if self._deferring:
            count = self._deferring_counts.get(name, 0)
            for facts in islice(self._deferring, count, None):
                self._add(name, facts.of(name))
            self._deferring_counts[name] = len(self._deferring)
        return self._facts.get(name, ())

    def _add_all(self, module: SourceModule) -> None:
        for name, facts in self.search(module).all().items():
            self._add(name, facts)

    def _add(self, name: str, facts: Iterable[Fact]) -> None:
        for fact in facts:
            self._facts.setdefault(name, {})[fact] = None
