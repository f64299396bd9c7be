"""Workflow names that the engine rejects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.engine_names import quoted_characters
from stepgraph.checks.diagnostic import Diagnostic, Severity, empty_span
from stepgraph.checks.rule import Rule
from stepgraph.project.configuration.document import is_placeholder

if TYPE_CHECKING:
    from stepgraph.checks.subject import ProjectSubject

_MAX_LENGTH: Final = 64
_VALID: Final = r"[a-zA-Z0-9_][a-zA-Z0-9_-]*"
_INVALID_CHARACTER: Final = r"[^a-zA-Z0-9_-]"
_ADVICE: Final = f"Write 1 to {_MAX_LENGTH} letters, digits, hyphens and underscores, without a leading hyphen."


def _check(subject: ProjectSubject) -> Iterator[Diagnostic]:
    for configuration in subject.configurations:
        in_environments = (workflow for environment in configuration.environments for workflow in environment.workflows)
        for workflow in (*configuration.workflows, *in_environments):
            problem = _find_problem(workflow.name)
            if problem is not None:
                message = f"the workflow name {workflow.name!r} {problem}: the deployment fails."
                span = empty_span(configuration.path, workflow.name_position)
                yield Diagnostic(span, message, _suggest_name(workflow.name))


def _find_problem(name: str) -> str | None:
    """Return the problem of a name as a predicate. Return None for a valid name, and for one with a placeholder."""
    if is_placeholder(name):
        return None
    if len(name) > _MAX_LENGTH:
        return f"has {len(name)} characters, more than {_MAX_LENGTH}"
    if re.fullmatch(_VALID, name):
        return None
    invalid = re.search(_INVALID_CHARACTER, name)
    return "starts with a hyphen" if invalid is None else f"contains {quoted_characters(invalid[0])}"


def _suggest_name(name: str) -> str:
    suggestion = re.sub(_INVALID_CHARACTER, "-", name).strip("-")
    if not re.fullmatch(_VALID, suggestion) or len(suggestion) > _MAX_LENGTH:
        return _ADVICE
    return f'Write "{suggestion}", or another name of 1 to {_MAX_LENGTH} letters, digits, hyphens and underscores.'


RULE = Rule(
    code="SG113",
    name="invalid-workflow-name",
    module=__name__,
    severity=Severity.ERROR,
    check_project=_check,
)
