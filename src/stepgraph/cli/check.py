"""`stepgraph check`: find problems before deployment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from stepgraph.cli.analysis import Cache, load_sources, no_workflow_error
from stepgraph.cli.check_options import CheckOptions, Fixing, FixMode, check_options, fix_options
from stepgraph.cli.console import write_message
from stepgraph.cli.errors import ExitCode
from stepgraph.cli.formats import REPORT_FORMATS
from stepgraph.cli.input_options import Environment, inputs, select
from stepgraph.cli.output_options import DocumentOutput, report_options
from stepgraph.cli.run_options import RunOptions, reject_with_watch, run_options
from stepgraph.project.reading import has_unsaved_files
from stepgraph.project.sources import STANDARD_INPUT, Sources

if TYPE_CHECKING:
    from stepgraph.analysis import Analysis
    from stepgraph.checks.diagnostic import Finding
    from stepgraph.report.report import Report


_EXIT_CODES = """\b
Exit codes (the same for all formats):
  0  the check passed
  1  the check failed, or --diff found fixes
  2  usage error, or an unreadable input or configuration
  3  no workflow found
  4  internal error"""


# Written for one release, because `--fix` only showed a diff before.
_FIX_WARNING = "note: `--fix` changes files since version 0.2. `--diff` shows the changes first."


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
    check_run = _run_check(selected_paths, environment, checking, output, cache)
    exit_zero = checking.failure.exit_zero
    if fixing.mode is FixMode.SHOW:
        return _show_fixes(check_run, selected_paths, output, unsafe=fixing.unsafe, exit_zero=exit_zero)
    if fixing.mode is FixMode.WRITE and _write_fixes(check_run, fixing):
        check_run = _run_check(selected_paths, environment, checking, output, cache)
    output.deliver(check_run.report, check_run.analysis.files, _summary)
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
        check_run = _run_check(paths, environment, checking, output, cache)
        output.deliver(check_run.report, check_run.analysis.files, _summary)
        return _exit_code(check_run, paths, exit_zero=checking.failure.exit_zero)

    return watch(WatchedCommand(run, paths, output.name, is_text=output.format.is_text, quiet=output.quiet))


class _ReportedCheck(Struct, frozen=True):
    """The result of a check, with its report."""

    sources: Sources
    analysis: Analysis
    report: Report


def _run_check(
    paths: Sequence[str], environment: Environment, checking: CheckOptions, output: DocumentOutput[Report], cache: Cache
) -> _ReportedCheck:
    # Imported here because every command imports this module, and start-up time counts.
    from stepgraph.cli.check_report import build_report, filter_and_update, read_criteria

    criteria = read_criteria(checking, paths)
    sources = load_sources(paths, environment, cache)
    output.prepare(sources.files)
    result = cache.check(sources, paths)
    analysis = result.analysis
    filtered = filter_and_update(criteria, analysis, result.findings)
    if checking.workflows:
        selected = select(analysis.workflows, checking.workflows, analysis.external)
        analysis = replace(analysis, workflows=tuple(selected))
        filtered = filtered.of_workflows({workflow.name for workflow in selected})
    return _ReportedCheck(sources, analysis, build_report(filtered, criteria.settings, sources, analysis))


def _show_fixes(
    check_run: _ReportedCheck, paths: Sequence[str], output: DocumentOutput[Report], *, unsafe: bool, exit_zero: bool
) -> ExitCode:
    """Print the fixes as a patch, and return the exit code: 1 if there are any, unless `exit_zero`."""
    # Imported here because most checks fix nothing, and start-up time counts.
    from stepgraph.cli.fixing import compute_fixes, fix_summary, show_fixes

    if output.format is not REPORT_FORMATS["text"]:
        raise click.UsageError("--diff prints a patch, so it cannot be combined with a format.")
    findings = _fixable_findings(check_run.report)
    files = compute_fixes(findings, unsafe=unsafe)
    write_message(fix_summary(files, findings, written=False, unsafe=unsafe))
    show_fixes(files, output.name, check_run.analysis.files)
    code = _exit_code(check_run, paths, exit_zero=True)
    return ExitCode.FINDINGS if code is ExitCode.CLEAN and files and not exit_zero else code


def _write_fixes(check_run: _ReportedCheck, fixing: Fixing) -> bool:
    """Write the fixes, and return whether there were any."""
    from stepgraph.cli.fixing import compute_fixes, fix_summary, write_fixes

    findings = _fixable_findings(check_run.report)
    files = compute_fixes(findings, unsafe=fixing.unsafe)
    write_fixes(files, check_run.sources.roots.keys())
    write_message(fix_summary(files, findings, written=True, unsafe=fixing.unsafe))
    if files and not fixing.has_old_form:
        write_message(_FIX_WARNING)
    return bool(files)


def _fixable_findings(report: Report) -> list[Finding]:
    """Return the findings to fix. Those in the baseline do not fail the check, but they are fixed, too."""
    return [reported.finding for reported in (*report.findings, *report.baselined)]


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
