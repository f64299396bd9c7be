"""`stepgraph check`: find problems before deployment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from stepgraph.cli.analysis import load_sources, no_workflow_error
from stepgraph.cli.caching import Cache, cache_option
from stepgraph.cli.console import write_message
from stepgraph.cli.errors import ExitCode
from stepgraph.cli.fixing import Fixing, compute_fixes, fix_options, fix_summary, show_fixes, write_fixes
from stepgraph.cli.options.check import CheckOptions, check_options
from stepgraph.cli.options.inputs import Environment, inputs
from stepgraph.cli.options.report import ReportOutput, report_options
from stepgraph.project.sources import Sources

if TYPE_CHECKING:
    from stepgraph.analysis import Analysis
    from stepgraph.report.report import Report


_EXIT_CODES = """\b
Exit codes, the same for every format:
  0  workflows were checked, and nothing was found that fails the check
  1  something was found that does, or a graph lacks that --require-dag demands
  2  wrong use, or an input or configuration that could not be read
  3  no workflow was found, so that nothing was checked
  4  an error of stepgraph itself"""


@click.command("check", epilog=_EXIT_CODES)
@inputs
@report_options
@check_options
@fix_options
@cache_option
def check(
    *,
    paths: tuple[str, ...],
    environment: Environment,
    output: ReportOutput,
    checking: CheckOptions,
    fixing: Fixing,
    cache: Cache,
) -> ExitCode:
    """Find what will fail or surprise at run time, before deployment.

    PATHS are files, folders, or - for standard input; without any, the current folder. A folder stands for the
    workflows that the configurations in it name or, where there are none, for all workflow classes below it.

    `stepgraph rules` lists what is looked for, and `stepgraph rules SG101` explains a rule.
    """
    named = paths or (".",)
    if fixing is not Fixing.NOTHING:
        cache = Cache(None, with_edits=True)
    checked = _checked(named, environment, checking, output, cache)
    if fixing is not Fixing.NOTHING:
        # Findings in the baseline do not fail the check, but are fixed, too.
        files = compute_fixes(finding.finding for finding in (*checked.report.findings, *checked.report.baselined))
        if fixing is Fixing.WRITE:
            write_fixes(files, checked.sources.roots.keys())
        write_message(fix_summary(files, written=fixing is Fixing.WRITE))
        if fixing is Fixing.SHOW and output.is_text:
            show_fixes(files, output.name, checked.analysis.files)
            return _exit_code(checked, named)
        if files and fixing is Fixing.WRITE:
            checked = _checked(named, environment, checking, output, cache)
    output.deliver(checked.report, checked.analysis.files)
    return _exit_code(checked, named)


class _CheckRun(Struct, frozen=True):
    """The result of a check, with its report."""

    sources: Sources
    analysis: Analysis
    report: Report


def _checked(
    paths: Sequence[str], environment: Environment, checking: CheckOptions, output: ReportOutput, cache: Cache
) -> _CheckRun:
    # Imported here because every command imports this module, and start-up time counts.
    from stepgraph.cli.baseline import filter_and_update, read_criteria
    from stepgraph.cli.check_report import build_report

    criteria = read_criteria(checking, paths)
    sources = load_sources(paths, environment, cache)
    output.prepare(sources.files)
    checked = cache.check(sources, paths)
    analysis = checked.analysis
    filtered = filter_and_update(criteria, analysis, checked.findings)
    return _CheckRun(sources, analysis, build_report(filtered, criteria.settings, sources, analysis))


def _exit_code(checked: _CheckRun, paths: Sequence[str]) -> ExitCode:
    """Return the exit code of a verdict. Raises CommandError if no workflow was checked."""
    from stepgraph.report.report import Verdict

    if checked.report.verdict is Verdict.NOTHING:
        raise no_workflow_error(checked.analysis, checked.sources, paths)
    codes = {
        Verdict.PASSED: ExitCode.CLEAN,
        Verdict.FAILED: ExitCode.FINDINGS,
        Verdict.UNREADABLE: ExitCode.ERROR,
    }
    return codes[checked.report.verdict]
