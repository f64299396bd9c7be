"""Filtering the findings of a check by settings and baseline, and updating the baseline."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.checks.diagnostic import Severity
from stepgraph.checks.selectors import INPUT_RULES
from stepgraph.cli.console import write_message
from stepgraph.cli.errors import CommandError, ExitCode
from stepgraph.cli.output_files import OutputFile, prepare_output
from stepgraph.project.root import Root, root_of
from stepgraph.source_analysis import apply_settings

if TYPE_CHECKING:
    from stepgraph.analysis import Analysis
    from stepgraph.checks.baseline import Baseline
    from stepgraph.checks.filtering import FilteredFindings
    from stepgraph.checks.finding import Finding
    from stepgraph.checks.settings import Settings
    from stepgraph.cli.options.check import CheckOptions


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

    With `updates_baseline`, all findings are written to the baseline. Otherwise its fixed findings are reported. Raises
    CommandError if the baseline cannot be written, or if an input is unreadable, because its findings are unknown.
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
    from stepgraph.checks.baseline import Baseline
    from stepgraph.checks.baseline_file import read_baseline
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
        raise CommandError(ExitCode.ERROR, f"{output.name} was not written, for not every input could be read.")
    updated = baseline.updated(all_findings, filtered.fingerprint, filtered.outdated)
    from stepgraph.phrases import counted

    output.write(updated.text())
    write_message(f"wrote {output.name}: {counted(len(updated.entries), 'finding')}")
    return replace(filtered, findings=(), baselined=all_findings, outdated=())


def _report_outdated(filtered: FilteredFindings, path: str) -> None:
    count = len(filtered.outdated)
    if count:
        counted_findings = "1 finding that is" if count == 1 else f"{count} findings that are"
        write_message(
            f"{path} holds {counted_findings} not there any more: bring it up to date with --update-baseline."
        )
