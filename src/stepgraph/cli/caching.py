"""Analysing only what has changed since it was analysed before."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Final, TypeVar

import click
from msgspec import Struct

from stepgraph.cli.console import Progress
from stepgraph.source_analysis import analyze_graphs, analyze_sources, check_sources, import_pipeline

if TYPE_CHECKING:
    from stepgraph.analysis import Analysis
    from stepgraph.cache.store import Store
    from stepgraph.checks.finding import Finding
    from stepgraph.project.sources import Sources

R = TypeVar("R")

_HELP: Final = "Analyse anew, and keep nothing of it."


class Checked(Struct, frozen=True):
    """An analysis, and what the rules find in it."""

    analysis: Analysis
    findings: tuple[Finding, ...]


class Cache(Struct, frozen=True):
    """The cache of earlier results; without a `store`, it is off.

    Edits that correct findings are not stored: `with_edits`, every file is analyzed.
    """

    store: Store | None
    with_edits: bool = False

    def make_ready(self, paths: Sequence[str], environment: str | None) -> Callable[[], object]:
        """Return what to do once there is something to analyse, while the search goes on.

        What analysing takes is imported then, unless it was not needed the last time for these paths.
        """
        store = self._store(paths)
        if store is None or not store.has_answered(_question(paths, environment)):
            return import_pipeline
        return lambda: None

    def analysed(self, sources: Sources, paths: Sequence[str]) -> Analysis:
        """Return the analysis of the sources, which were found by these paths: not where nodes of graphs are from."""
        return self._answer(
            sources, paths, lambda: Checked(_analysed(sources, graphs_only=True), ()), check=False
        ).analysis

    def analysed_with_places(self, sources: Sources) -> Analysis:
        """Return the analysis of the sources, made anew: where nodes are from is not kept."""
        return _analysed(sources)

    def checked(self, sources: Sources, paths: Sequence[str]) -> Checked:
        """Return the analysis of the sources, and all that the rules find."""
        return self._answer(sources, paths, lambda: _checked(sources, with_edits=self.with_edits), check=True)

    def _answer(
        self, sources: Sources, paths: Sequence[str], analyze: Callable[[], Checked], *, check: bool
    ) -> Checked:
        store = self._store(paths)
        if store is None or not sources.modules:
            return analyze()
        # Imported here, as only where there is something to analyse it can have been analysed before.
        from stepgraph.cache.key import key_of
        from stepgraph.cache.recall import entry_of, findings_of, recalled

        digest = key_of(sources)
        if digest is None:
            return analyze()
        key = f"{digest}-{'check' if check else 'graph'}"
        entry = store.get(key)
        analysis = None if entry is None else recalled(entry, sources)
        question = _question(paths, sources.environment)
        if analysis is not None and entry is not None:
            store.note_answer(question)
            return Checked(analysis, findings_of(entry) or ())
        answer = analyze()
        store.put(key, entry_of(answer.analysis, answer.findings if check else None))
        store.note_answer(question)
        return answer

    def _store(self, paths: Sequence[str]) -> Store | None:
        """Return the store, None if the paths that are analyzed could bring entries of it with them."""
        if self.store is None or self.with_edits:
            return None
        from stepgraph.cache.location import is_outside

        return self.store if is_outside(self.store.folder, paths) else None


def cache_option(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command the option --no-cache, as an argument `cache`."""

    @click.option("--no-cache", is_flag=True, envvar="STEPGRAPH_NO_CACHE", show_envvar=True, help=_HELP)
    @wraps(command)
    def with_cache(*, no_cache: bool, **others: object) -> R:
        if no_cache:
            return command(cache=Cache(None), **others)
        from stepgraph.cache.store import user_store

        return command(cache=Cache(user_store()), **others)

    return with_cache


def _analysed(sources: Sources, *, graphs_only: bool = False) -> Analysis:
    with Progress(len(sources.modules)) as progress:
        return (
            analyze_graphs(sources, progress.show)
            if graphs_only
            else analyze_sources(sources, progress.show, checked=False)
        )


def _checked(sources: Sources, *, with_edits: bool) -> Checked:
    with Progress(len(sources.modules)) as progress:
        return Checked(*check_sources(sources, progress.show, with_edits=with_edits))


def _question(paths: Sequence[str], environment: str | None) -> str:
    from stepgraph.cache.key import digest

    return digest("\0".join([os.getcwd(), environment or "", *paths]).encode(errors="surrogateescape"))
