"""Names of steps, sleeps and waits with fields in braces, in a string without the prefix `f`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.steps import format_code_list
from stepgraph.checks.diagnostic import Applicability, Confidence, Diagnostic, Severity, unsafe_fix
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import UnformattedName
from stepgraph.syntax.edits.source_edits import add_f_prefix

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for fact in subject.facts_of_type(UnformattedName):
        fields = format_code_list([f"{{{field}}}" for field in dict.fromkeys(fact.fields)])
        yield Diagnostic(
            fact.place.span,
            f"the name contains {fields} as text, so it is the same in each run: the string lacks the prefix `f`.",
            f"Write `f{fact.place.brief_text}`.",
            unsafe_fix(*add_f_prefix(fact.place)),
        )


RULE = Rule(
    code="SG218",
    name="missing-f-prefix",
    module=__name__,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    fixes=(Applicability.UNSAFE,),
    check=_check,
)
