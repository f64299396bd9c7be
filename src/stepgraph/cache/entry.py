"""Cache entries: their keys, their results as plain data, and the inputs that decide whether they are fresh.

A key is a digest of the sources, their settings, and the installed code that analyzes them. The versions of stepgraph
and LibCST cannot identify the code, because all commits between two releases share a version. Collecting the sizes and
modification times of the modules takes about a millisecond. Reading the modules would take twenty milliseconds.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from msgspec import Struct

from stepgraph.analysis import Analysis, DetailLevel, WorkflowRecord
from stepgraph.checks.diagnostic import Applicability, Finding, Fix, RelatedLocation, Severity
from stepgraph.hashing import digest
from stepgraph.model.note import Problem
from stepgraph.model.span import Span
from stepgraph.project.reading import read_inside_any
from stepgraph.project.sources import AnalysisInputs, Source, Sources, project_listings
from stepgraph.version import __version__

_FORMAT_VERSION: Final = 12
"""The version of the entry format, which is part of each key."""

PRESENTATION: Final = frozenset(
    {"cli", "diff", "execution", "pytest_plugin", "remote", "render", "replay", "report", "testing"}
)
"""Packages that process a finished analysis. Changes to their code do not invalidate cache entries."""

_PACKAGE: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_SKIPPED: Final = PRESENTATION | {"__pycache__"}
_INSTALLED: Final = ("site-packages", "dist-packages")
_MODULES: Final = (".py", ".so", ".pyd")


def key_of(sources: Sources) -> str | None:
    """Return the key for sources: their paths, contents, configurations and settings, and the installed code.

    Returns None if the installation cannot be hashed.
    """
    installation = installation_digest()
    if installation is None:
        return None
    problems = [[str(problem), problem.kind] for problem in (*sources.problems, *sources.hints)]
    configurations = [[configuration.path, digest(configuration.content)] for configuration in sources.configurations]
    version = [_FORMAT_VERSION, __version__, installation]
    modules = [_module_data(module) for module in sources.modules]
    parts = [version, sources.environment, problems, configurations, modules]
    return digest(json.dumps(parts).encode())


def _module_data(module: Source) -> list[object]:
    project, workflows = module.project, module.workflows
    configuration = None if project.configuration is None else project.configuration.path
    names = None if workflows is None else [[workflow.name, workflow.class_name] for workflow in workflows]
    mode = None if project.mode is None else project.mode.value
    folders = [project.files.root, list(project.files.folders)]
    return [module.path, digest(module.content), module.on_disk, names, configuration, mode, folders, module.users]


def installation_digest() -> str | None:
    """Return the digest of this installation, or None if its files cannot be listed, as in a zip archive."""
    libcst = _libcst_folder()
    if libcst is None:
        return None
    try:
        facts = sorted([*_module_facts(_PACKAGE, _SKIPPED), *_module_facts(libcst, None)])
    except OSError:
        return None
    return digest(f"{sys.version} {facts}".encode(errors="surrogateescape"))


def installation_files() -> Iterator[str]:
    """Yield the directories of the installed code and, unless an installer wrote them, the modules in them.

    An installer replaces files, which changes their directories. The directories around them show other packages.
    """
    yield from (folder for folder in sys.path if folder.endswith(_INSTALLED))
    yield from _package_files(with_modules=not os.path.dirname(_PACKAGE).endswith(_INSTALLED))
    libcst = _libcst_folder()
    if libcst is not None:
        yield libcst


def _package_files(*, with_modules: bool) -> Iterator[str]:
    """Yield the directories of this package, each followed by its modules if they are wanted."""
    pending = [_PACKAGE]
    for folder in pending:
        yield folder
        with os.scandir(folder) as listing:
            entries = [*listing]
        for entry in entries:
            is_module = entry.name.endswith(_MODULES)
            if is_module and with_modules:
                yield entry.path
            elif not is_module and "." not in entry.name and entry.name != "__pycache__":
                pending += [entry.path] if entry.is_dir(follow_symlinks=False) else []


def _libcst_folder() -> str | None:
    """Return the directory of LibCST without importing it, because the import takes longer than a cached run."""
    # Imported here because only this function needs it.
    from importlib.util import find_spec

    spec = find_spec("libcst")
    return None if spec is None or spec.origin is None else os.path.dirname(spec.origin)


def _module_facts(folder: str, skipped: frozenset[str] | None) -> Iterator[tuple[str, int, int]]:
    """Yield the path, size in bytes, and modification time in nanoseconds of each module in a directory.

    Searches all subdirectories except those in `skipped` and those with a dot in the name. If `skipped` is None, no
    subdirectory is searched.
    """
    pending = [folder]
    while pending:
        with os.scandir(pending.pop()) as listing:
            for entry in listing:
                name = entry.name
                if name.endswith(_MODULES):
                    status = entry.stat()
                    yield entry.path, status.st_size, status.st_mtime_ns
                elif skipped is not None and "." not in name and name not in skipped:
                    pending.append(entry.path)


ContentDigest: TypeAlias = str | None
"""The digest of a file, or None if the file is unreadable."""


class FindingRecord(Struct, frozen=True):
    """A serializable finding, without the edits of its fix."""

    code: str
    severity: Severity
    message: str
    advice: str
    span: Span
    workflow: str
    fix: Applicability | None
    other_workflows: tuple[str, ...]
    related: tuple[RelatedLocation, ...]

    @classmethod
    def of(cls, finding: Finding) -> FindingRecord:
        """Copy the fields of a finding, except its edits."""
        return cls(
            code=finding.code,
            severity=finding.severity,
            message=finding.message,
            advice=finding.advice,
            span=finding.span,
            workflow=finding.workflow,
            fix=None if finding.fix is None else finding.fix.applicability,
            other_workflows=finding.other_workflows,
            related=finding.related,
        )

    def restore(self) -> Finding:
        """Return the finding. Its fix, if any, has no edits."""
        fix = None if self.fix is None else Fix(self.fix)
        return Finding(
            code=self.code,
            severity=self.severity,
            message=self.message,
            advice=self.advice,
            span=self.span,
            workflow=self.workflow,
            fix=fix,
            other_workflows=self.other_workflows,
            related=self.related,
        )


class ListingRecord(Struct, frozen=True):
    """The names in a directory of a project."""

    module: int
    """The index of a module of the project among the analyzed modules: first the sources, then the derived ones."""
    folder: str
    names: tuple[str, ...]


class SearchRecord(Struct, frozen=True):
    """A search for modules with classes derived from the classes in `names`."""

    names: tuple[str, ...]
    modules: tuple[str, ...]
    """The digest of each module that the search found, with its path, settings and configuration."""


class CacheEntry(Struct, frozen=True):
    """The result of an analysis or a check, with its inputs except the sources, which the key covers."""

    workflows: tuple[WorkflowRecord, ...]
    problems: tuple[Problem, ...]
    hints: tuple[Problem, ...]
    imports: tuple[str, ...]
    """The paths of the modules that an import led to and that were analyzed, in order."""
    read: tuple[str, ...]
    """The paths of the files whose content is part of the result."""
    read_files: dict[str, ContentDigest]
    """The digest of each file that an import led to, by path."""
    listings: tuple[ListingRecord, ...]
    searches: tuple[SearchRecord, ...]
    findings: tuple[FindingRecord, ...] | None = None
    """The findings, or None if the rules were not run."""

    @classmethod
    def of(cls, analysis: Analysis, details: DetailLevel, findings: Sequence[Finding] | None) -> CacheEntry:
        """Return the entry for an analysis with the details of a level.

        `findings` are the findings of a check, or None if no rules were run.
        """
        inputs = analysis.inputs
        derived = (module for search in inputs.searches for module in search.modules)
        return cls(
            workflows=tuple(WorkflowRecord.of(workflow, details) for workflow in analysis.workflows),
            problems=analysis.problems,
            hints=analysis.hints,
            imports=tuple(path for path in analysis.files if path in inputs.files),
            read=tuple(analysis.read),
            read_files={path: _content_digest(content) for path, content in inputs.files.items()},
            listings=tuple(
                ListingRecord(number, folder, tuple(sorted(names)))
                for number, listings in project_listings([*inputs.modules, *derived])
                for folder, names in listings.items()
            ),
            searches=tuple(SearchRecord(search.names, _module_digests(search.modules)) for search in inputs.searches),
            findings=None if findings is None else tuple(map(FindingRecord.of, findings)),
        )

    def load_if_fresh(self, sources: Sources) -> Analysis | None:
        """Return the cached analysis, or None if an input has changed.

        `sources` must have the key of this entry. The method repeats the searches for derived classes, and adds the
        modules that they find to `sources`.
        """
        modules = tuple(sources.modules)
        if not self._has_fresh_listings(modules, 0):
            return None
        contents = {configuration.path: configuration.content for configuration in sources.configurations}
        contents |= {module.path: module.content for module in modules}
        files: dict[str, bytes | None] = {}
        for path, cached_digest in self.read_files.items():
            content = files[path] = read_inside_any(path, sources.roots)
            if _content_digest(content) != cached_digest:
                return None
            contents |= {path: content} if content is not None else {}
        inputs = AnalysisInputs(modules, files)
        with sources.tentative() as keep:
            analyzed = list(modules)
            for search in self.searches:
                derived = tuple(sources.add_derived_modules(search.names))
                if _module_digests(derived) != search.modules:
                    return None
                contents |= {module.path: module.content for module in derived}
                analyzed += derived
            if not self._has_fresh_listings(analyzed, len(modules)):
                return None
            keep()
        workflows = tuple(workflow.restore() for workflow in self.workflows)
        read = {path: contents[path] for path in self.read if path in contents}
        external = tuple(sources.external)
        searched_and_imported = tuple(dict.fromkeys([*sources.files, *self.imports]))
        return Analysis(workflows, self.problems, external, self.hints, searched_and_imported, read=read, inputs=inputs)

    def _has_fresh_listings(self, modules: Sequence[Source], first: int) -> bool:
        """Return whether the directories of the projects of these modules, from an index on, have the same names."""
        listings = (listing for listing in self.listings if first <= listing.module < len(modules))
        return all(
            modules[each.module].project.files.has_listing(each.folder, frozenset(each.names)) for each in listings
        )

    def load_findings(self) -> tuple[Finding, ...]:
        """Return the cached findings, or no findings for an entry of an analysis without a check."""
        return tuple(finding.restore() for finding in self.findings or ())


def _module_digests(modules: Sequence[Source]) -> tuple[str, ...]:
    return tuple(digest(json.dumps([_module_data(module), _configuration_data(module)]).encode()) for module in modules)


def _configuration_data(module: Source) -> str | None:
    configuration = module.project.configuration
    return None if configuration is None else digest(configuration.content)


def _content_digest(content: bytes | None) -> ContentDigest:
    return None if content is None else digest(content)
