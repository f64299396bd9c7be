"""Nondeterministic names of steps, sleeps and event waits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.call_sites import related_source
from stepgraph.checks.analysis.steps import nondeterministic_names
from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for name in nondeterministic_names(subject):
        yield Diagnostic(
            name.place.span,
            f"the name of this {name.what} depends on `{name.source.text}` and changes at replay: the engine finds"
            f" results by name, so the finished {name.what} runs again.",
            "Build the name from the payload, a loop counter or the result of a step, which stay the same.",
            related=related_source(name.place, name.source),
        )


RULE = Rule(
    code="SG301",
    name="nondeterministic-step-name",
    module=__name__,
    severity=Severity.WARNING,
    check=_check,
)
