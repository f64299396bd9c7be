"""Configurations without the compatibility flags of Python workflows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity, empty_span
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.subject import ProjectSubject
    from stepgraph.project.configuration.compatibility import Compatibility
    from stepgraph.project.configuration.wrangler import Configuration


def _check(subject: ProjectSubject) -> Iterator[Diagnostic]:
    for configuration in subject.configurations:
        if configuration.is_python and configuration.own_workflows and not _are_refused(configuration):
            compatibility = configuration.compatibility
            for message, advice in _faults(compatibility):
                yield Diagnostic(empty_span(configuration.path, compatibility.position), message, advice)


def _are_refused(configuration: Configuration) -> bool:
    """Return whether the flags have an invalid type, which is already reported."""
    position = configuration.compatibility.position
    return any((problem.line, problem.column) == position for problem in configuration.problems)


def _faults(compatibility: Compatibility) -> Iterator[tuple[str, str]]:
    if not compatibility.has_python:
        yield (
            "the compatibility flag `python_workers` is missing, and wrangler refuses a Worker in Python without it.",
            'Add it, as in `"compatibility_flags": ["python_workers"]`.',
        )
    if compatibility.disables_workflows:
        yield (
            "the compatibility flag `disable_python_workflows` switches workflows in Python off, so none of them runs.",
            "Remove it.",
        )
    elif compatibility.is_too_old_for_workflows:
        without = f"and the date {compatibility.date} does not imply it: no workflow runs."
        yield (
            f"the compatibility flag `python_workflows` is missing, {without}",
            "Set `compatibility_date` to 2025-09-20 or later, or add the flag.",
        )


RULE = Rule(
    code="SG116",
    name="missing-compatibility-flag",
    module=__name__,
    severity=Severity.ERROR,
    check_project=_check,
)
