"""Filter the findings of a check by settings and baseline, update the baseline, and build the report."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.analysis import Analysis
from stepgraph.checks.catalogue import RULES
from stepgraph.checks.diagnostic import Severity
from stepgraph.checks.filtering import FilteredFindings
from stepgraph.checks.selectors import INPUT_RULES
from stepgraph.checks.settings import Settings
from stepgraph.cli.console import CommandError, ExitCode, encode, write_message
from stepgraph.cli.output_files import OutputFile, prepare_output
from stepgraph.project.encoding import source_lines
from stepgraph.project.folders import path_from, repository_root
from stepgraph.project.reading import read_inside_any
from stepgraph.project.root import Root, root_of
from stepgraph.project.sources import STANDARD_INPUT_NAME, Sources
from stepgraph.report.report import (
    FingerprintedFinding,
    Report,
    SourceFile,
    workflow_summary,
)
from stepgraph.source_analysis import apply_settings
from stepgraph.version import __version__

if TYPE_CHECKING:
    from stepgraph.analysis import Analysis
    from stepgraph.checks.baseline import Baseline
    from stepgraph.checks.diagnostic import Finding
    from stepgraph.checks.filtering import FilteredFindings
    from stepgraph.checks.settings import Settings
    from stepgraph.cli.check_options import CheckOptions


class Criteria(Struct, frozen=True):
    """The settings and the baseline that filter findings."""

    settings: Settings
    baseline: Baseline | None = None
    updates_baseline: bool = False
    """Whether the findings are written to the baseline."""


def read_criteria(options: CheckOptions, paths: Sequence[str]) -> Criteria:
    """Return the criteria for the findings in `paths`, before the analysis.

    Raises UsageError for options that contradict each other, and InputError for an unreadable baseline.
    """
    settings = options.settings(paths)
    if settings.baseline is None:
        return Criteria(settings)
    updates = options.baseline.update
    root = root_of(settings.folder or ".") if options.baseline.name is None else None
    return Criteria(settings, _read_baseline_file(settings.baseline, root, may_be_missing=updates), updates)


def filter_and_update(criteria: Criteria, analysis: Analysis, findings: Sequence[Finding]) -> FilteredFindings:
    """Return the findings of an analysis, filtered by settings, suppressions and baseline.

    With `updates_baseline`, all findings are written to the baseline. Otherwise, a message reports baseline findings
    that are fixed. Raises CommandError if the baseline cannot be written, or if an input is unreadable, because its
    findings are unknown.
    """
    filtered = apply_settings(analysis, findings, criteria.settings, criteria.baseline)
    if criteria.baseline is None or criteria.settings.baseline is None:
        return filtered
    if not criteria.updates_baseline or not analysis.workflows:
        _report_outdated(filtered, criteria.settings.baseline)
        return filtered
    output = prepare_output(criteria.settings.baseline, analysis.files)
    return _update_baseline(filtered, criteria.baseline, output)


def _read_baseline_file(path: str, root: Root | None, *, may_be_missing: bool) -> Baseline:
    # Imported here because most runs use no baseline.
    from stepgraph.checks.baseline import Baseline, read_baseline
    from stepgraph.project.folders import folder_of
    from stepgraph.project.reading import shown_path

    name = shown_path(path)
    if may_be_missing and not os.path.lexists(name):
        return Baseline(folder_of(name))
    return read_baseline(name, root)


def _update_baseline(filtered: FilteredFindings, baseline: Baseline, output: OutputFile) -> FilteredFindings:
    all_findings = (*filtered.findings, *filtered.baselined)
    errors = (finding for finding in all_findings if finding.severity is Severity.ERROR)
    input_errors = tuple(finding for finding in errors if finding.code in INPUT_RULES)
    if input_errors:
        for finding in input_errors:
            write_message(str(finding))
        raise CommandError(ExitCode.ERROR, f"{output.name} was not written because an input could not be read.")
    updated = baseline.updated(all_findings, filtered.fingerprint, filtered.outdated)
    from stepgraph.phrases import counted

    output.write(encode(updated.text()))
    write_message(f"wrote {output.name}: {counted(len(updated.entries), 'finding')}")
    return replace(filtered, findings=(), baselined=all_findings, outdated=())


def _report_outdated(filtered: FilteredFindings, path: str) -> None:
    count = len(filtered.outdated)
    if count:
        state = "1 recorded finding no longer occurs" if count == 1 else f"{count} recorded findings no longer occur"
        pronoun = "it" if count == 1 else "them"
        write_message(f"{state}. Run with --update-baseline to remove {pronoun} from {path}.")


def build_report(filtered: FilteredFindings, settings: Settings, sources: Sources, analysis: Analysis) -> Report:
    """Return the report of a check, with the source lines of its findings."""
    workflows = tuple(map(workflow_summary, analysis.workflows))
    findings = [*filtered.findings, *filtered.baselined, *(suppressed.finding for suppressed in filtered.suppressed)]
    paths = [*(finding.span.path for finding in findings), *(workflow.path for workflow in workflows)]
    return Report(
        findings=tuple(FingerprintedFinding(finding, filtered.fingerprint(finding)) for finding in filtered.findings),
        baselined=tuple(FingerprintedFinding(finding, filtered.fingerprint(finding)) for finding in filtered.baselined),
        suppressed=filtered.suppressed,
        workflows=workflows,
        rules=RULES,
        version=__version__,
        files=_source_files(paths, sources, analysis, root_of(settings.folder or ".")),
        fail_on=settings.fail_on,
        require_dag=settings.require_dag,
        source_url=_source_url(),
    )


def _source_url() -> str:
    """Return the URL of the files in the commit of a GitHub job, or an empty string outside GitHub."""
    parts = [os.environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_SHA")]
    server, repository, commit = parts
    return f"{server}/{repository}/blob/{commit}" if all(parts) else ""


def _source_files(paths: Iterable[str], sources: Sources, analysis: Analysis, settings: Root) -> dict[str, SourceFile]:
    """Return the files at these paths, with their lines and their paths in the repository.

    Files that the analysis has not read are read if they are inside the roots of the sources or of the settings.
    """
    contents = {module.path: module.content for module in sources.modules} | dict(analysis.read)
    roots = (*sources.roots, settings)
    root = repository_root(".") or os.path.realpath(".")
    files: dict[str, SourceFile] = {}
    for path in dict.fromkeys(paths):
        content = contents.get(path)
        lines = source_lines((read_inside_any(path, roots) or b"") if content is None else content)
        files[path] = SourceFile(lines, _path_in(root, path))
    return files


def _path_in(root: str, path: str) -> str | None:
    """Return a path relative to the root, or None for standard input and paths outside the root."""
    if path == STANDARD_INPUT_NAME:
        return None
    relative = path_from(root, path)
    return None if relative.startswith("../") or os.path.isabs(relative) else relative
