"""What a check keeps of its findings, with the baseline read before and written after it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.checks.selectors import INPUT_RULES
from stepgraph.checks.severity import Severity
from stepgraph.cli.console import tell
from stepgraph.cli.errors import CommandError, ExitCode
from stepgraph.cli.output_files import OutputFile, prepare_output
from stepgraph.project.root import Root, root_of
from stepgraph.source_analysis import apply_settings

if TYPE_CHECKING:
    from stepgraph.analysis import Analysis
    from stepgraph.checks.baseline import Baseline
    from stepgraph.checks.finding import Finding
    from stepgraph.checks.keep import FilteredFindings
    from stepgraph.checks.settings import Settings
    from stepgraph.cli.options.check import CheckOptions


class Standards(Struct, frozen=True):
    """What findings are held to: settings, a baseline, and whether this is to be brought up to date."""

    settings: Settings
    baseline: Baseline | None = None
    updates_baseline: bool = False


def read_standards(options: CheckOptions, paths: Sequence[str]) -> Standards:
    """Return what the findings in some paths are held to, before anything is analysed.

    Raises UsageError for options that do not fit together, and InputError for a baseline that cannot be read.
    """
    settings = options.settings(paths)
    if settings.baseline is None:
        return Standards(settings)
    updates = options.baseline.update
    root = root_of(settings.folder or ".") if options.baseline.name is None else None
    return Standards(settings, _baseline(settings.baseline, root, may_lack=updates), updates)


def keep_to(standards: Standards, analysis: Analysis, findings: Sequence[Finding]) -> FilteredFindings:
    """Return which of the findings in an analysis count.

    The baseline is written where that is asked for and workflows were found; their findings are then known. Otherwise
    it is told what of it is out of date. Raises CommandError where it cannot be written, or where an input failed:
    what is in that is not known.
    """
    kept = apply_settings(analysis, findings, standards.settings, standards.baseline)
    if standards.baseline is None or standards.settings.baseline is None:
        return kept
    if not standards.updates_baseline or not analysis.workflows:
        _tell_outdated(kept, standards.settings.baseline)
        return kept
    output = prepare_output(standards.settings.baseline, analysis.files)
    return _written(kept, standards.baseline, output)


def _baseline(path: str, root: Root | None, *, may_lack: bool) -> Baseline:
    # Imported here: most runs have no baseline.
    from stepgraph.checks.baseline import Baseline
    from stepgraph.checks.baseline_file import read_baseline
    from stepgraph.project.folders import folder_of
    from stepgraph.project.reading import shown_path

    name = shown_path(path)
    if may_lack and not os.path.lexists(name):
        return Baseline(folder_of(name))
    return read_baseline(name, root)


def _written(kept: FilteredFindings, baseline: Baseline, output: OutputFile) -> FilteredFindings:
    everything = (*kept.findings, *kept.baselined)
    errors = (finding for finding in everything if finding.severity is Severity.ERROR)
    failed = tuple(finding for finding in errors if finding.code in INPUT_RULES)
    if failed:
        for finding in failed:
            tell(str(finding))
        raise CommandError(ExitCode.ERROR, f"{output.name} was not written, for not every input could be read.")
    updated = baseline.updated(everything, kept.fingerprint, kept.outdated)
    from stepgraph.phrases.durations import counted

    output.write(updated.text())
    tell(f"wrote {output.name}: {counted(len(updated.entries), 'finding')}")
    return replace(kept, findings=(), baselined=everything, outdated=())


def _tell_outdated(kept: FilteredFindings, path: str) -> None:
    count = len(kept.outdated)
    if count:
        those = "1 finding that is" if count == 1 else f"{count} findings that are"
        tell(f"{path} holds {those} not there any more: bring it up to date with --update-baseline.")
