"""`stepgraph check`: what will fail or surprise at run time, before deployment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from stepgraph.cli.analysis import found_sources, nothing_found
from stepgraph.cli.caching import Cache, cache_option
from stepgraph.cli.console import tell
from stepgraph.cli.errors import ExitCode
from stepgraph.cli.fixing import Fixing, fix_options, fixable, show_fixes, told, write_fixes
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
        # Those that a baseline holds do not fail a check, and are as wrong as the others.
        files = fixable(finding.finding for finding in (*checked.report.findings, *checked.report.known))
        if fixing is Fixing.WRITE:
            write_fixes(files, checked.sources.roots.keys())
        tell(told(files, written=fixing is Fixing.WRITE))
        if fixing is Fixing.SHOW and output.is_text:
            show_fixes(files, output.name, checked.analysis.files)
            return _exit_code(checked, named)
        if files and fixing is Fixing.WRITE:
            checked = _checked(named, environment, checking, output, cache)
    output.deliver(checked.report, checked.analysis.files)
    return _exit_code(checked, named)


class _Checked(Struct, frozen=True):
    """What was checked, and what is to be reported of it."""

    sources: Sources
    analysis: Analysis
    report: Report


def _checked(
    paths: Sequence[str], environment: Environment, checking: CheckOptions, output: ReportOutput, cache: Cache
) -> _Checked:
    # Imported here, as the rest of a check, for start-up: every run of the command passes this module.
    from stepgraph.cli.baseline import keep_to, read_standards
    from stepgraph.cli.check_report import build_report

    standards = read_standards(checking, paths)
    sources = found_sources(paths, environment, cache)
    output.prepare(sources.files)
    checked = cache.checked(sources, paths)
    analysis, found = checked.analysis, checked.findings
    kept = keep_to(standards, analysis, found)
    return _Checked(sources, analysis, build_report(kept, standards.settings, sources, analysis))


def _exit_code(checked: _Checked, paths: Sequence[str]) -> ExitCode:
    """Return what the verdict is to the shell. Raises CommandError, with what was searched, if there was nothing."""
    from stepgraph.report.verdict import Verdict

    if checked.report.verdict is Verdict.NOTHING:
        raise nothing_found(checked.analysis, checked.sources, paths)
    codes = {
        Verdict.PASSED: ExitCode.CLEAN,
        Verdict.FAILED: ExitCode.FINDINGS,
        Verdict.UNREADABLE: ExitCode.ERROR,
    }
    return codes[checked.report.verdict]
