"""`stepgraph check`: find problems before deployment."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from stepgraph.cli.analysis import Cache, RunOptions, load_sources, no_workflow_error, reject_with_watch, run_options
from stepgraph.cli.checking import (
    CheckOptions,
    Criteria,
    Fixing,
    FixMode,
    build_report,
    check_options,
    filter_and_update,
    fix_options,
    read_criteria,
)
from stepgraph.cli.console import CommandError, ExitCode, encode, write_bytes, write_message
from stepgraph.cli.formats import REPORT_FORMATS
from stepgraph.cli.input_options import Environment, inputs, select
from stepgraph.cli.output_options import DocumentOutput, report_options
from stepgraph.phrases import counted
from stepgraph.project.reading import has_unsaved_files, read_named
from stepgraph.project.sources import STANDARD_INPUT, Sources
from stepgraph.source_analysis import apply_settings

if TYPE_CHECKING:
    from stepgraph.analysis import Analysis
    from stepgraph.checks.diagnostic import Finding
    from stepgraph.fixing import FixedFile
    from stepgraph.project.root import Root
    from stepgraph.report.report import Report


_EXIT_CODES = """\b
Exit codes (the same for all formats):
  0  the check passed
  1  the check failed, or --diff found fixes
  2  usage error, or an unreadable or invalid input (SG001 to SG003)
  3  no workflow found
  4  internal error"""


@click.command("check", epilog=_EXIT_CODES)
@inputs
@report_options
@check_options
@fix_options
@run_options
def check(
    *,
    paths: tuple[str, ...],
    environment: Environment,
    output: DocumentOutput[Report],
    checking: CheckOptions,
    fixing: Fixing,
    running: RunOptions,
) -> ExitCode:
    """Find code that will fail or misbehave at run time.

    PATHS are files, directories (by default the current one), or - for standard input. A directory selects the
    workflows that its wrangler configurations name, or all its workflow classes if no configuration names any.

    `stepgraph rules` lists the rules, and `stepgraph rules SG101` explains one.
    """
    selected_paths = paths or (".",)
    if checking.workflows and checking.baseline.update:
        raise click.UsageError("--update-baseline writes the findings of all workflows, so omit --workflow.")
    if fixing.mode is FixMode.WRITE and (STANDARD_INPUT in selected_paths or has_unsaved_files()):
        raise click.UsageError("--fix cannot change standard input. Use --diff to see the fixes.")
    if running.watching:
        return _watch(selected_paths, environment, checking, output, fixing)
    cache = running.cache if fixing.mode is FixMode.REPORT else Cache(None, with_edits=True)
    run_check = partial(_run_check, selected_paths, environment, checking, output, cache)
    check_run = run_check(preview=fixing.mode is FixMode.WRITE)
    exit_zero = checking.failure.exit_zero
    if fixing.mode is not FixMode.REPORT:
        check_again = partial(run_check, preview=True)
        can_repeat = STANDARD_INPUT not in selected_paths
        fixes = _fix(check_run, check_again if can_repeat else None, unsafe=fixing.unsafe)
        if fixing.mode is FixMode.SHOW:
            exit_zero = exit_zero or checking.baseline.update
            return _show_fixes(fixes, check_run, selected_paths, output, exit_zero=exit_zero)
        _write_fixes(fixes, check_run)
        has_baseline = fixes.check_run.criteria.baseline is not None
        check_run = run_check(preview=False) if has_baseline else fixes.check_run
    output.deliver(check_run.report, check_run.files, _summary)
    if output.name is None and fixing.mode is FixMode.REPORT:
        cache.record(selected_paths, check_run.sources, check_run.analysis, check_run.criteria.files)
    return _exit_code(check_run, selected_paths, exit_zero=exit_zero)


def _watch(
    paths: Sequence[str],
    environment: Environment,
    checking: CheckOptions,
    output: DocumentOutput[Report],
    fixing: Fixing,
) -> ExitCode:
    """Run the check again after each change. Raises UsageError for options that change files or show a patch."""
    reject_with_watch(
        paths,
        {
            "--fix": fixing.mode is FixMode.WRITE,
            "--diff": fixing.mode is FixMode.SHOW,
            "--update-baseline": checking.baseline.update,
        },
    )
    # Imported here because most runs watch nothing, and start-up time counts.
    from stepgraph.cli.watching import WatchedCommand, watch

    def run(cache: Cache) -> ExitCode:
        check_run = _run_check(paths, environment, checking, output, cache, preview=False)
        output.deliver(check_run.report, check_run.files, _summary)
        return _exit_code(check_run, paths, exit_zero=checking.failure.exit_zero)

    return watch(WatchedCommand(run, paths, output.name, is_text=output.format.is_text, quiet=output.quiet))


class _ReportedCheck(Struct, frozen=True):
    """The result of a check, with its report."""

    sources: Sources
    analysis: Analysis
    report: Report
    criteria: Criteria

    @property
    def files(self) -> tuple[str, ...]:
        """The files that were read."""
        return (*self.analysis.files, *self.criteria.files)


def _run_check(
    paths: Sequence[str],
    environment: Environment,
    checking: CheckOptions,
    output: DocumentOutput[Report],
    cache: Cache,
    *,
    preview: bool,
) -> _ReportedCheck:
    """Check the selected paths. A preview, before or after fixes, neither updates nor mentions the baseline."""
    criteria = read_criteria(checking, paths)
    sources = load_sources(paths, environment, cache)
    output.prepare((*sources.files, *criteria.files))
    result = cache.check(sources, paths, with_details=output.format.shows_details and not output.quiet)
    analysis = result.analysis
    if preview:
        filtered = apply_settings(analysis, result.findings, criteria.settings, criteria.baseline)
    else:
        filtered = filter_and_update(criteria, analysis, result.findings)
    if checking.workflows:
        selected = select(analysis.workflows, checking.workflows, analysis.external)
        analysis = replace(analysis, workflows=tuple(selected))
        filtered = filtered.of_workflows({workflow.name for workflow in selected})
    return _ReportedCheck(sources, analysis, build_report(filtered, criteria.settings, sources, analysis), criteria)


def _summary(report: Report) -> str:
    # Imported here because a report that is printed needs no further summary.
    from stepgraph.report.report import verdict_line

    return verdict_line(report)


def _exit_code(check_run: _ReportedCheck, paths: Sequence[str], *, exit_zero: bool) -> ExitCode:
    """Return the exit code for the verdict of a check. With `exit_zero`, failing findings exit with 0.

    Raises CommandError if no workflow was checked.
    """
    from stepgraph.report.report import Verdict

    if check_run.report.verdict is Verdict.EMPTY:
        raise no_workflow_error(check_run.analysis, check_run.sources, paths)
    codes = {
        Verdict.PASSED: ExitCode.CLEAN,
        Verdict.FAILED: ExitCode.CLEAN if exit_zero else ExitCode.FINDINGS,
        Verdict.UNREADABLE: ExitCode.ERROR,
    }
    return codes[check_run.report.verdict]


# The functions below import the code that fixes findings, because most checks fix nothing and start-up time counts.

# CI services set one of these variables.
_CI_VARIABLES = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "TEAMCITY_VERSION")
_READABLE_PATCH_NOTE = (
    "this patch is for display only: control characters are escaped. Use `--fix` to change the files, or `-o FILE` to"
    " write a patch for `git apply`."
)


class _Fixes(Struct, frozen=True):
    """The fixes of a check."""

    files: tuple[FixedFile, ...]
    """The changed files."""
    check_run: _ReportedCheck
    """The check of the fixed code."""
    unsafe: bool
    """Whether unsafe fixes are included."""


def _fix(check_run: _ReportedCheck, check_again: Callable[[], _ReportedCheck] | None, *, unsafe: bool) -> _Fixes:
    """Return the fixes of a check. `check_again` checks the fixed code. Without it, fixes are applied once."""
    from stepgraph.fixing import compute_fixes, repeat_fixes

    findings = _fixable_findings(check_run.report)
    if check_again is None:
        return _Fixes(compute_fixes(findings, unsafe=unsafe), check_run, unsafe)
    last_run = check_run

    def findings_of_fixed_code() -> list[Finding]:
        nonlocal last_run
        last_run = check_again()
        return _fixable_findings(last_run.report)

    files = repeat_fixes(findings, findings_of_fixed_code, unsafe=unsafe)
    return _Fixes(files, last_run, unsafe)


def _show_fixes(
    fixes: _Fixes, check_run: _ReportedCheck, paths: Sequence[str], output: DocumentOutput[Report], *, exit_zero: bool
) -> ExitCode:
    """Print the fixes as a patch, and return the exit code: 1 if there are any, unless `exit_zero`."""
    if output.format is not REPORT_FORMATS["text"]:
        raise click.UsageError("--diff prints a patch, so it cannot be combined with a format.")
    write_message(_fix_summary(fixes, written=False))
    _write_patch(fixes.files, output.name, check_run.files)
    code = _exit_code(check_run, paths, exit_zero=True)
    return ExitCode.FINDINGS if code is ExitCode.CLEAN and fixes.files and not exit_zero else code


def _write_fixes(fixes: _Fixes, check_run: _ReportedCheck) -> None:
    write_fixed_files(fixes.files, check_run.sources.roots.keys())
    write_message(_fix_summary(fixes, written=True))


def _fixable_findings(report: Report) -> list[Finding]:
    """Return the findings to fix. Those in the baseline do not fail the check, but they are fixed, too."""
    return [reported.finding for reported in (*report.findings, *report.baselined)]


def _fix_summary(fixes: _Fixes, *, written: bool) -> str:
    """Return a one-line summary of the fixes, with the number of unsafe fixes that were omitted."""
    from stepgraph.checks.diagnostic import Applicability

    fixed = sum(len(file.findings) for file in fixes.files)
    remaining = [finding.fix for finding in _fixable_findings(fixes.check_run.report) if finding.fix is not None]
    omitted = 0 if fixes.unsafe else sum(fix.applicability is Applicability.UNSAFE for fix in remaining)
    hint = f"; {counted(omitted, 'finding')} can be fixed with --unsafe-fixes" if omitted else ""
    if not fixed:
        return f"nothing to fix{hint}"
    action = "fixed" if written else "would fix"
    return f"{action} {counted(fixed, 'finding')} in {counted(len(fixes.files), 'file')}{hint}"


def _write_patch(files: Sequence[FixedFile], output: str | None, sources: Collection[str]) -> None:
    """Write the fixes as a patch to the file `output`, or to standard output.

    Files and pipes get a patch for `git apply` and `patch -p1`. On terminals and in logs, control characters are
    escaped. Raises CommandError if writing fails, or if `output` is one of the `sources`.
    """
    from stepgraph.fixing import patch, readable_patch

    exact = patch(files)
    if output is not None:
        from stepgraph.cli.output_files import prepare_output

        prepare_output(output, sources).write(exact)
        return
    readable = encode(readable_patch(files)) if _is_for_people() else exact
    if readable != exact:
        write_message(_READABLE_PATCH_NOTE)
    write_bytes(readable)


def _is_for_people() -> bool:
    """Return whether standard output is a terminal or the log of a CI job."""
    return (sys.stdout is not None and sys.stdout.isatty()) or any(map(os.environ.get, _CI_VARIABLES))


def write_fixed_files(files: Sequence[FixedFile], roots: Collection[Root]) -> None:
    """Write the fixed files, each atomically.

    Nothing is written outside of the roots. Raises CommandError if a file cannot be written or has changed since the
    analysis, and InputError if it cannot be read.
    """
    from stepgraph.cli.output_files import OutputFile, command_error
    from stepgraph.project.writing import WriteError, source_target

    try:
        outputs = [OutputFile(source_target(file.path, roots)) for file in files]
    except WriteError as error:
        raise command_error(error) from None
    for output, file in zip(outputs, files, strict=True):
        if read_named(output.target.path) != file.before:
            raise CommandError(ExitCode.ERROR, f"{file.path} has changed since it was read. Run the command again.")
    for output, file in zip(outputs, files, strict=True):
        output.write(file.after)
