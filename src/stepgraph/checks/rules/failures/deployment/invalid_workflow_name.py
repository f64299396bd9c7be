"""Names of workflows that the engine rejects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.diagnostic import Diagnostic, Severity, empty_span
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.subject import ProjectSubject

_LONGEST: Final = 64
_VALID: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_-]*")
_UNFIT: Final = re.compile(r"[^a-zA-Z0-9_-]")
_ADVICE: Final = f"Write 1 to {_LONGEST} letters, digits, hyphens and underscores, with no hyphen at the start."


def _check(subject: ProjectSubject) -> Iterator[Diagnostic]:
    for configuration in subject.configurations:
        for workflow in configuration.workflows:
            fault = _fault(workflow.name)
            if fault is not None:
                message = f"the name {workflow.name!r} {fault}, so Cloudflare refuses to deploy the workflow."
                yield Diagnostic(
                    empty_span(configuration.path, workflow.name_position), message, _advice(workflow.name)
                )


def _fault(name: str) -> str | None:
    if len(name) > _LONGEST:
        return f"is longer than {_LONGEST} characters ({len(name)})"
    if _VALID.fullmatch(name):
        return None
    unfit = _UNFIT.search(name)
    return "begins with a hyphen" if unfit is None else f"has {_named(unfit[0])} in it"


def _named(character: str) -> str:
    return "a space" if character == " " else repr(character)


def _advice(name: str) -> str:
    likely = _UNFIT.sub("-", name).strip("-")
    if not _VALID.fullmatch(likely) or len(likely) > _LONGEST:
        return _ADVICE
    return f'Write "{likely}", or another name of 1 to {_LONGEST} letters, digits, hyphens and underscores.'


RULE = Rule(
    code="SG113",
    name="invalid-workflow-name",
    module=__name__,
    severity=Severity.ERROR,
    check_project=_check,
)
