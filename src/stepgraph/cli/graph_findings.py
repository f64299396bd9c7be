"""The findings in pictures and pages: those of `stepgraph check` with the settings of the project."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

import click
from msgspec.structs import replace

from stepgraph.analysis import Analysis
from stepgraph.subject import Subject

if TYPE_CHECKING:
    from stepgraph.checks.diagnostic import Finding
    from stepgraph.cli.checking import Criteria

R = TypeVar("R")

_HELP: Final = "In text, svg, png, html: show findings of `stepgraph check`. On by default in html."


def findings_option(command: Callable[..., R]) -> Callable[..., R]:
    """Add the option --findings to a command. Below `drawing_options`, it is a field of the argument `drawing`."""
    return click.option("--findings/--no-findings", default=None, help=_HELP)(command)


def project_criteria(paths: Sequence[str]) -> Criteria:
    """Return the settings and the baseline of the project, before the analysis.

    Raises InputError for an unreadable baseline.
    """
    # Imported here and below because most drawings show no findings, and start-up time counts.
    from stepgraph.cli.checking import CheckOptions, FailureOptions, read_criteria

    # A drawing fails for no finding, so a setting for new findings needs no baseline.
    return read_criteria(CheckOptions(failure=FailureOptions(fail_on="error")), paths)


def filtered_findings(analysis: Analysis, criteria: Criteria) -> Sequence[Finding]:
    """Return the findings that `stepgraph check` reports for an analysis."""
    from stepgraph.api import check_analysis
    from stepgraph.source_analysis import apply_settings

    return apply_settings(analysis, check_analysis(analysis), criteria.settings, criteria.baseline).findings


def with_findings(subjects: Sequence[Subject], findings: Sequence[Finding]) -> list[Subject]:
    """Return the workflows with their findings. The first one has those about no workflow, as in configurations."""
    checked = [replace(subject, drawn=subject.drawn.with_findings(findings)) for subject in subjects]
    general = tuple(finding for finding in findings if not finding.workflow)
    if not checked or not general:
        return checked
    first = checked[0].drawn
    return [replace(checked[0], drawn=replace(first, findings=(*general, *(first.findings or ())))), *checked[1:]]
