"""A cached result as plain data, with the inputs that decide whether it is fresh."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TypeAlias

from msgspec import Struct

from stepgraph.analysis import Analysis
from stepgraph.cache.key import digest
from stepgraph.checks.diagnostic import Severity
from stepgraph.checks.finding import Finding
from stepgraph.model.note import InputError, Problem
from stepgraph.model.span import Span
from stepgraph.project.reading import read_inside
from stepgraph.project.root import Root
from stepgraph.project.sources import Source, Sources
from stepgraph.workflow_record import WorkflowRecord

ContentDigest: TypeAlias = str | None
"""The digest of a file; None for unreadable files."""


class FindingRecord(Struct, frozen=True):
    """A serializable finding, without its edits."""

    code: str
    severity: Severity
    message: str
    advice: str
    span: Span
    workflow: str
    fixable: bool

    @classmethod
    def of(cls, finding: Finding) -> FindingRecord:
        """Return the record of a finding."""
        return cls(
            finding.code,
            finding.severity,
            finding.message,
            finding.advice,
            finding.span,
            finding.workflow,
            finding.fixable,
        )

    def restore(self) -> Finding:
        """Return the finding."""
        return Finding(
            self.code, self.severity, self.message, self.advice, self.span, self.workflow, fixable=self.fixable
        )


class ListingRecord(Struct, frozen=True):
    """The names in a directory of a project."""

    module: int
    """The number of a module of the project."""
    folder: str
    names: tuple[str, ...]


class SearchRecord(Struct, frozen=True):
    """A search for modules with classes derived from the classes `names`."""

    names: tuple[str, ...]
    modules: tuple[tuple[str, str], ...]
    """The path and the digest of each module of the result."""


class CacheEntry(Struct, frozen=True):
    """The result of an analysis or a check, with its inputs besides the sources in the key."""

    workflows: tuple[WorkflowRecord, ...]
    problems: tuple[Problem, ...]
    hints: tuple[Problem, ...]
    files: tuple[str, ...]
    """The paths of all files that were read."""
    read: tuple[str, ...]
    """The paths of the files whose content is part of the result."""
    read_files: dict[str, ContentDigest]
    """The digests of the files that imports led to, by path."""
    listings: tuple[ListingRecord, ...]
    searches: tuple[SearchRecord, ...]
    findings: tuple[FindingRecord, ...] | None = None
    """None for a graph, which was not checked."""

    @classmethod
    def of(cls, analysis: Analysis, findings: Sequence[Finding] | None) -> CacheEntry:
        """Return the entry for an analysis, and for the findings of a check."""
        inputs = analysis.inputs
        return cls(
            tuple(map(WorkflowRecord.of, analysis.workflows)),
            analysis.problems,
            analysis.hints,
            analysis.files,
            tuple(analysis.read),
            {path: None if content is None else digest(content) for path, content in inputs.files.items()},
            tuple(_listing_records(inputs.modules)),
            tuple(SearchRecord(search.names, _module_digests(search.modules)) for search in inputs.searches),
            None if findings is None else tuple(map(FindingRecord.of, findings)),
        )

    def load_if_fresh(self, sources: Sources) -> Analysis | None:
        """Return the cached analysis; None if an input has changed.

        `sources` must have the key of this entry. Their search for derived classes is repeated.
        """
        modules = tuple(sources.modules)
        if not all(_is_fresh_listing(listing, modules) for listing in self.listings):
            return None
        contents = {configuration.path: configuration.content for configuration in sources.configurations}
        contents |= {module.path: module.content for module in modules}
        for path, cached_digest in self.read_files.items():
            content, current_digest = _read(path, sources.roots)
            if current_digest != cached_digest:
                return None
            contents |= {path: content} if content is not None else {}
        with sources.tentative() as keep:
            for search in self.searches:
                derived = tuple(sources.add_derived_modules(search.names))
                if _module_digests(derived) != search.modules:
                    return None
                contents |= {module.path: module.content for module in derived}
            keep()
        workflows = tuple(workflow.restore() for workflow in self.workflows)
        read = {path: contents[path] for path in self.read if path in contents}
        return Analysis(workflows, self.problems, tuple(sources.external), self.hints, self.files, read=read)

    def load_findings(self) -> tuple[Finding, ...]:
        """Return the cached findings; none for a graph."""
        return tuple(finding.restore() for finding in self.findings or ())


def _listing_records(modules: Sequence[Source]) -> Iterator[ListingRecord]:
    for number, module in enumerate(modules):
        for folder, names in module.project.files.listings.items():
            yield ListingRecord(number, folder, tuple(sorted(names)))


def _module_digests(modules: Sequence[Source]) -> tuple[tuple[str, str], ...]:
    return tuple((module.path, digest(module.content)) for module in modules)


def _is_fresh_listing(listing: ListingRecord, modules: Sequence[Source]) -> bool:
    files = modules[listing.module].project.files if listing.module < len(modules) else None
    return files is not None and files.has_listing(listing.folder, frozenset(listing.names))


def _read(path: str, roots: Iterable[Root]) -> tuple[bytes | None, ContentDigest]:
    """Return content and digest of a file inside of one of the roots."""
    for root in roots:
        with suppress(InputError):
            content = read_inside(path, root)
            return content, digest(content)
    return None, None
