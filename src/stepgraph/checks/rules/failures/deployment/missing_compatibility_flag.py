"""Configurations without the compatibility flags that Python workflows need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity, empty_span
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.subject import ProjectSubject
    from stepgraph.project.configuration.compatibility import Compatibility
    from stepgraph.project.configuration.wrangler import Configuration, EnvironmentWorkflows


def _check(subject: ProjectSubject) -> Iterator[Diagnostic]:
    for configuration in subject.configurations:
        if configuration.is_python and not _has_invalid_flags(configuration):
            field = "compatibility_flags =" if configuration.path.endswith(".toml") else '"compatibility_flags":'
            selected: tuple[Configuration | EnvironmentWorkflows, ...] = (configuration, *configuration.environments)
            for settings in selected:
                for message, advice in _find_problems(settings.compatibility, field) if settings.own_workflows else ():
                    yield Diagnostic(empty_span(configuration.path, settings.compatibility.position), message, advice)


def _has_invalid_flags(configuration: Configuration) -> bool:
    """Return whether the flags have an invalid type, which SG003 reports."""
    position = configuration.compatibility.position
    return any((problem.line, problem.column) == position for problem in configuration.problems)


def _find_problems(compatibility: Compatibility, field: str) -> Iterator[tuple[str, str]]:
    """Yield a message and advice for each missing flag, and for a flag that turns workflows off.

    `field` is the name of the field for flags in the syntax of the configuration.
    """
    if not compatibility.has_python:
        yield (
            "missing compatibility flag `python_workers`: wrangler rejects a Python Worker without it.",
            f'Add it, as in `{field} ["python_workers"]`.',
        )
    if compatibility.disables_workflows:
        yield (
            "the compatibility flag `disable_python_workflows` turns Python workflows off: they never run.",
            "Remove it.",
        )
    elif compatibility.is_too_old_for_workflows:
        date = compatibility.date
        yield (
            f"missing compatibility flag `python_workflows`, not implied by the date {date}: the workflows never run.",
            "Set `compatibility_date` to 2025-09-20 or later, or add the flag.",
        )


RULE = Rule(
    code="SG116",
    name="missing-compatibility-flag",
    module=__name__,
    severity=Severity.ERROR,
    check_project=_check,
)
