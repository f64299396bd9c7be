"""The report of `stepgraph check`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress

from stepgraph.analysis import Analysis
from stepgraph.checks.catalogue import RULES
from stepgraph.checks.filtering import FilteredFindings
from stepgraph.checks.settings import Settings
from stepgraph.model.note import InputError
from stepgraph.project.encoding import source_lines
from stepgraph.project.folders import path_from, repository_root
from stepgraph.project.reading import read_inside
from stepgraph.project.root import Root, root_of
from stepgraph.project.sources import STANDARD_INPUT_NAME, Sources
from stepgraph.report.report import FingerprintedFinding, Report, SourceFile, SuppressedFinding, workflow_summary
from stepgraph.version import __version__


def build_report(filtered: FilteredFindings, settings: Settings, sources: Sources, analysis: Analysis) -> Report:
    """Return the report of a check, with the source lines of its findings."""
    workflows = tuple(map(workflow_summary, analysis.workflows))
    findings = [*filtered.findings, *filtered.baselined, *(suppressed.finding for suppressed in filtered.suppressed)]
    paths = [*(finding.span.path for finding in findings), *(workflow.path for workflow in workflows)]
    return Report(
        findings=tuple(FingerprintedFinding(finding, filtered.fingerprint(finding)) for finding in filtered.findings),
        baselined=tuple(FingerprintedFinding(finding, filtered.fingerprint(finding)) for finding in filtered.baselined),
        suppressed=tuple(
            SuppressedFinding(suppressed.finding, suppressed.reason) for suppressed in filtered.suppressed
        ),
        workflows=workflows,
        rules=RULES,
        version=__version__,
        files=_source_files(paths, sources, analysis, root_of(settings.folder or ".")),
        fail_on=settings.fail_on,
        require_dag=settings.require_dag,
        source_url=_source_url(),
    )


def _source_url() -> str:
    """Return the URL of the files in the commit of a GitHub job; empty outside of GitHub."""
    parts = [os.environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_SHA")]
    server, repository, commit = parts
    return f"{server}/{repository}/blob/{commit}" if all(parts) else ""


def _source_files(paths: Iterable[str], sources: Sources, analysis: Analysis, settings: Root) -> dict[str, SourceFile]:
    """Return the files at these paths, with their lines and their paths in the repository.

    Files that the analysis has not read are read if they are inside of the roots of the sources, or of the settings.
    """
    contents = {module.path: module.content for module in sources.modules} | dict(analysis.read)
    roots = (*sources.roots, settings)
    root = repository_root(".") or os.path.realpath(".")
    files: dict[str, SourceFile] = {}
    for path in dict.fromkeys(paths):
        content = contents.get(path)
        lines = source_lines(_read(path, roots) if content is None else content)
        files[path] = SourceFile(lines, _path_in(root, path))
    return files


def _read(path: str, roots: Iterable[Root]) -> bytes:
    """Return the content of a file, such as a configuration; empty if it is unreadable or outside of the roots."""
    for root in roots:
        with suppress(InputError):
            return read_inside(path, root)
    return b""


def _path_in(root: str, path: str) -> str | None:
    """Return a path relative to the root; None for standard input and paths outside of the root."""
    if path == STANDARD_INPUT_NAME:
        return None
    relative = path_from(root, path)
    return None if relative.startswith("../") or os.path.isabs(relative) else relative
