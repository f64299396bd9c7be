"""`stepgraph check`: what will fail or surprise at run time, before deployment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from stepgraph.api import check_analysis, make_ready
from stepgraph.cli.analysed import analysed_silently, nothing_found
from stepgraph.cli.exit_code import ExitCode
from stepgraph.cli.inputs import inputs
from stepgraph.cli.report_options import ReportOutput, report_options
from stepgraph.cli.streams import tell
from stepgraph.project.sources import Sources, find_sources
from stepgraph.version import __version__

if TYPE_CHECKING:
    from stepgraph.analysis import Analysis
    from stepgraph.checks.finding import Finding
    from stepgraph.model.note import Problem
    from stepgraph.report.report import Report

_INCOMPLETE: Final = "SG004"
# Repeated here, where every run passes, for start-up; `FailOn` has them where they mean something.
_FAIL_ON: Final = ("error", "warning")

_EXIT_CODES = """\b
Exit codes, the same for every format:
  0  workflows were checked, and nothing was found that fails the check
  1  something was found that does, or a graph lacks that --require-dag demands
  2  wrong use, or an input or configuration that could not be read
  3  no workflow was found, so that nothing was checked
  4  an error of stepgraph itself"""
_STRICT_HELP = "Take what the analysis cannot resolve for an error."
_REQUIRE_HELP = "Fail for a workflow that has no graph, or not a complete one."
_FAIL_HELP = "The least severity that fails the check; information never does."


@click.command("check", epilog=_EXIT_CODES)
@inputs
@report_options
@click.option("--strict", is_flag=True, help=_STRICT_HELP)
@click.option("--require-dag", is_flag=True, help=_REQUIRE_HELP)
@click.option("--fail-on", type=click.Choice(_FAIL_ON), default=_FAIL_ON[0], show_default=True, help=_FAIL_HELP)
def check(
    *,
    paths: tuple[str, ...],
    environment: str | None,
    output: ReportOutput,
    strict: bool,
    require_dag: bool,
    fail_on: str,
) -> ExitCode:
    """Find what will fail or surprise at run time, before deployment.

    PATHS are files, folders, or - for standard input; without any, the current folder. A folder stands for the
    workflows that the configurations in it name or, where there are none, for all workflow classes below it.

    `stepgraph rules` lists what is looked for, and `stepgraph rules SG101` explains a rule.
    """
    sources = find_sources(paths or (".",), environment or None, make_ready)
    output.prepare(sources.files)
    analysis = analysed_silently(sources)
    found = check_analysis(analysis)
    kept = _kept(found)
    for problem in _untold((*analysis.problems, *analysis.hints), found):
        tell(str(problem))
    report = _report(
        _strictly(kept) if strict else kept,
        sources,
        analysis,
        fail_on=fail_on,
        require_dag=require_dag,
        unread=bool(_untold(analysis.problems, found)),
    )
    output.deliver(report, analysis.files)
    return _exit_code(report, analysis, sources, paths or (".",))


def _kept(found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings that count: the place for settings, comments and a baseline to leave out and weigh them."""
    return found


def _strictly(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings with what could not be resolved as errors."""
    from stepgraph.checks.severity import Severity

    return tuple(replace(one, severity=Severity.ERROR) if one.code == _INCOMPLETE else one for one in findings)


def _untold(problems: Sequence[Problem], findings: Sequence[Finding]) -> list[Problem]:
    """Return the problems of which no finding tells."""
    told = {(finding.span.path, finding.span.line, finding.span.column) for finding in findings}
    return [one for one in problems if (one.path, one.line or 1, one.column or 1) not in told]


def _report(
    findings: Sequence[Finding],
    sources: Sources,
    analysis: Analysis,
    *,
    fail_on: str,
    require_dag: bool,
    unread: bool,
) -> Report:
    from stepgraph.checks.catalogue import RULES
    from stepgraph.cli.checked_files import checked_files
    from stepgraph.report.build import workflow_summary
    from stepgraph.report.report import Report, ReportedFinding
    from stepgraph.report.verdict import FailOn

    workflows = tuple(map(workflow_summary, analysis.workflows))
    paths = [*(finding.span.path for finding in findings), *(workflow.path for workflow in workflows)]
    return Report(
        findings=tuple(map(ReportedFinding, findings)),
        workflows=workflows,
        rules=RULES,
        version=__version__,
        files=checked_files(paths, sources, analysis),
        fail_on=FailOn(fail_on),
        require_dag=require_dag,
        unread=unread,
        source_url=_source_url(),
    )


def _source_url() -> str:
    """Return where GitHub shows the commit that a job of it checks; empty anywhere else."""
    parts = [os.environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_SHA")]
    server, repository, commit = parts
    return f"{server}/{repository}/blob/{commit}" if all(parts) else ""


def _exit_code(report: Report, analysis: Analysis, sources: Sources, paths: Sequence[str]) -> ExitCode:
    """Return what the verdict is to the shell. Raises CommandError, with what was searched, if there was nothing."""
    from stepgraph.report.verdict import Verdict

    if report.verdict is Verdict.NOTHING:
        raise nothing_found(analysis, sources, paths)
    codes = {
        Verdict.PASSED: ExitCode.CLEAN,
        Verdict.FAILED: ExitCode.FINDINGS,
        Verdict.UNREADABLE: ExitCode.ERROR,
    }
    return codes[report.verdict]
