"""May-alias analysis of a module's collections, which finds collections that may be mutated through another name.

The analysis is flow-insensitive and identifies names by their text: `self.names`, a variable `names` and a parameter
`names` are one name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.deferred.blocks import DeferredBlock
from stepgraph.syntax.deferred.reads import Memo
from stepgraph.syntax.deferred.unvisited import UnvisitedBodies
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.access_paths import UNKNOWN_NAME, AccessPath, CalledFunction
from stepgraph.syntax.mutation.definitions import definitions_of
from stepgraph.syntax.mutation.flows import NAMESPACE_CALLS, FlowCollector
from stepgraph.syntax.mutation.member_reads import word_of
from stepgraph.syntax.walk import statements_below


def analyze_aliases(module: SourceModule) -> Aliases:
    """Return the flow of collections through a module."""
    return Aliases(module, UnvisitedBodies(module))


class Aliases(Struct):
    """The flow of collections through a module. Deferred bodies are searched when a name in them matters."""

    module: SourceModule
    _unvisited: UnvisitedBodies[str | None]
    """The bodies that are not searched yet, with the names of their functions, or None for the bodies of classes."""
    _kept: dict[tuple[AccessPath, int], Memo[bool]] = field(default_factory=dict)
    """The results of `is_kept` so far, by its arguments."""
    _mutated: dict[tuple[AccessPath, int, bool, bool], Memo[bool]] = field(default_factory=dict)
    """The results of `may_be_mutated` so far, by its arguments."""
    _passed_paths: dict[tuple[AccessPath, int], Memo[frozenset[tuple[AccessPath, CalledFunction]]]] = field(
        default_factory=dict
    )
    """The results of `passed_paths` so far, by their arguments."""
    _collectors: dict[None, Memo[FlowCollector]] = field(default_factory=dict)
    """The flows that were collected so far."""

    @property
    def _collector(self) -> FlowCollector:
        """The flows in the statements outside deferred bodies, and in the bodies that were searched."""
        return self.module.memoize(self._collectors, None, self._collect_skeleton)

    def _collect_skeleton(self) -> FlowCollector:
        collector = FlowCollector(definitions_of(self.module), has_generators=self.module.mentions(b"yield"))
        for statement in statements_below(self.module.tree, into_functions=True, skeleton=True):
            collector.collect_flows(statement)
            if type(statement) is cst.FunctionDef:
                self._unvisited.defer(statement.body, statement.name.value)
            elif type(statement) is cst.ClassDef:
                self._unvisited.defer(statement.body, None)
        return collector

    def _collector_of(self, *names: str) -> FlowCollector:
        """Return the collector with all flows and mutations of these names, and with all calls of them."""
        collector = self._collector
        # No expression evaluates to the variables that `UNKNOWN_NAME` stands for.
        if UNKNOWN_NAME not in names:
            self._unvisited.visit_words(tuple(map(word_of, names)), partial(_collect_body, collector))
        return collector

    @property
    def mutates_unknown(self) -> bool:
        """Whether the module may mutate a collection that unmodeled code stores, other than by imported functions."""
        return self.module.once(_mutates_unknown)

    def search_unknown_callees(self) -> frozenset[CalledFunction]:
        """Compute `unknown_callees`."""
        return frozenset() if self.mutates_unknown else self._collector.unknown_callees()

    def search_unknown_mutations(self) -> bool:
        """Compute `mutates_unknown`."""
        collector = self._collector
        for _ in self._unvisited.visit_each(partial(_collect_body, collector)):
            if collector.mutates_results:
                break
        return collector.mutates_unknown()

    @property
    def keeps_names(self) -> bool:
        """Whether the module reads its names from a dictionary, as in `globals()["NAME"]`."""
        return self._mentions_any(NAMESPACE_CALLS) and self._collector_of(*NAMESPACE_CALLS).keeps_names

    @property
    def keeps_names_of_modules(self) -> bool:
        """Whether the module may read any name of an imported module, as in `getattr(settings, name)`."""
        functions = ("getattr", "vars")
        return self._mentions_any(functions) and self._collector_of(*functions).keeps_names_of_modules

    def _mentions_any(self, names: Iterable[str]) -> bool:
        return any(self.module.mentions(name.encode()) for name in names)

    def is_kept(self, start: AccessPath, depth: int, spend: Callable[[int], None]) -> bool:
        """Return whether unmodeled code may store a collection at a path or less than `depth` levels inside it."""
        return self.module.memoize(
            self._kept,
            (start, depth),
            lambda: (
                self.keeps_names or any(alias.name == UNKNOWN_NAME for alias in self.reachable(start, depth, spend))
            ),
        )

    def reachable(self, start: AccessPath, depth: int, spend: Callable[[int], None]) -> Iterator[AccessPath]:
        """Yield the access paths to which the collections at a path flow, less than `depth` levels deep."""
        visited = {start}
        pending = [start]
        while pending:
            current = pending.pop()
            yield current
            flows = self._collector_of(current.name).flows.get(current.name, ())
            spend(1 + len(flows))
            for flow, target in flows:
                path = flow.rebase(current)
                alias = AccessPath(target, path.depth, path.nesting)
                if path.depth < depth and alias not in visited:
                    visited.add(alias)
                    pending.append(alias)

    def may_be_mutated(
        self,
        start: AccessPath,
        depth: int,
        spend: Callable[[int], None],
        *,
        by_libraries: bool = False,
        by_other_names: bool = False,
    ) -> bool:
        """Return whether the collection at a path, or one less than `depth` levels inside it, may be mutated.

        Mutations by imported functions do not count.
        With `by_libraries`, only mutations by code outside the project count. With `by_other_names`, mutations by the
        name of the path itself do not count. The work is charged to `spend`.
        """
        return self.module.memoize(
            self._mutated,
            (start, depth, by_libraries, by_other_names),
            lambda: self._is_mutated(start, depth, spend, by_libraries=by_libraries, by_other_names=by_other_names),
        )

    def _is_mutated(
        self, start: AccessPath, depth: int, spend: Callable[[int], None], *, by_libraries: bool, by_other_names: bool
    ) -> bool:
        for current in self.reachable(start, depth, spend):
            collector = self._collector_of(current.name)
            all_mutated = collector.written_by_libraries if by_libraries else collector.written
            paths = all_mutated.get(current.name, ())
            spend(len(paths))
            if by_other_names and current.name == start.name:
                continue
            mutated = [path.rebase(current) for path in paths]
            if any(not path.nesting and path.depth < depth for path in mutated):
                return True
        return False

    def passed_paths(
        self, start: AccessPath, depth: int, spend: Callable[[int], None]
    ) -> frozenset[tuple[AccessPath, CalledFunction]]:
        """Return the paths at which imported functions receive a collection, each with the function.

        The collection is the one at the path `start`, or one less than `depth` levels inside it.
        """
        return self.module.memoize(
            self._passed_paths,
            (start, depth),
            lambda: frozenset(
                (path.rebase(current), called)
                for current in self.reachable(start, depth, spend)
                for path, called in self._collector_of(current.name).passed_to_others.get(current.name, ())
                if path.rebase(current).depth < depth
            ),
        )

    def may_bind(self, name: str) -> bool:
        """Return whether a statement other than an import may bind a name in any scope of the module."""
        collector = self._collector_of(name)
        return name in collector.assigned or name in collector.unknown

    @property
    def unknown_callees(self) -> frozenset[CalledFunction]:
        """The imported functions that may receive a collection that unmodeled code stores.

        The result is complete unless the module mutates such a collection itself.
        """
        return self.module.once(_unknown_callees)


def _mutates_unknown(module: SourceModule) -> bool:
    return module.once(analyze_aliases).search_unknown_mutations()


def _unknown_callees(module: SourceModule) -> frozenset[CalledFunction]:
    return module.once(analyze_aliases).search_unknown_callees()


def _collect_body(collector: FlowCollector, body: DeferredBlock, function: str | None) -> None:
    """Record the flows and mutations in the body of a function or class."""
    for statement in statements_below(body, into_functions=True, sketched=True):
        collector.collect_flows(statement)
    if function is not None:
        collector.collect_results(body, function)
