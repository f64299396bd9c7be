"""Recalling an analysis that was made before, if nothing that it depends on has changed since, and keeping one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from stepgraph.analysis import Analysis
from stepgraph.cache.entry import (
    Content,
    Entry,
    KeptListing,
    KeptSearch,
    finding_of,
    kept_finding,
)
from stepgraph.cache.key import digest
from stepgraph.checks.finding import Finding
from stepgraph.model.note import InputError
from stepgraph.project.reading import read_inside
from stepgraph.project.root import Root
from stepgraph.project.sources import Source, Sources
from stepgraph.workflow_record import WorkflowRecord


def entry_of(analysis: Analysis, findings: Sequence[Finding] | None) -> Entry:
    """Return what to keep of an analysis, and of the findings in it if it was checked."""
    footprint = analysis.footprint
    return Entry(
        tuple(map(WorkflowRecord.of, analysis.workflows)),
        analysis.problems,
        analysis.hints,
        analysis.files,
        tuple(analysis.read),
        {path: None if content is None else digest(content) for path, content in footprint.files.items()},
        tuple(_listings(footprint.modules)),
        tuple(KeptSearch(one.names, _found(one.found)) for one in footprint.derived),
        None if findings is None else tuple(map(kept_finding, findings)),
    )


def _listings(modules: Sequence[Source]) -> Iterator[KeptListing]:
    for number, module in enumerate(modules):
        for folder, names in module.project.files.listings.items():
            yield KeptListing(number, folder, tuple(sorted(names)))


def _found(modules: Sequence[Source]) -> tuple[tuple[str, str], ...]:
    return tuple((module.path, digest(module.content)) for module in modules)


def recalled(entry: Entry, sources: Sources) -> Analysis | None:
    """Return the analysis that was kept, None if something that it depends on is not as it was.

    The sources are the same as then, which their key says; they are searched for derived classes again.
    """
    modules = tuple(sources.modules)
    if not all(_is_as_listed(listing, modules) for listing in entry.listings):
        return None
    read = {one.path: one.content for one in sources.configurations} | {one.path: one.content for one in modules}
    for path, known in entry.looked_at.items():
        content, now = _content(path, sources.roots)
        if now != known:
            return None
        read |= {path: content} if content is not None else {}
    with sources.tried() as keep:
        for search in entry.searches:
            found = tuple(sources.deriving(search.names))
            if _found(found) != search.found:
                return None
            read |= {module.path: module.content for module in found}
        keep()
    workflows = tuple(workflow.restore() for workflow in entry.workflows)
    read = {path: read[path] for path in entry.read if path in read}
    return Analysis(workflows, entry.problems, tuple(sources.external), entry.hints, entry.files, read=read)


def findings_of(entry: Entry) -> tuple[Finding, ...] | None:
    """Return the findings that were kept, None if it was not checked."""
    return None if entry.findings is None else tuple(map(finding_of, entry.findings))


def _is_as_listed(listing: KeptListing, modules: Sequence[Source]) -> bool:
    files = modules[listing.module].project.files if listing.module < len(modules) else None
    return files is not None and files.has_listing(listing.folder, frozenset(listing.names))


def _content(path: str, roots: Iterable[Root]) -> tuple[bytes | None, Content]:
    for root in roots:
        with suppress(InputError):
            content = read_inside(path, root)
            return content, digest(content)
    return None, None
