"""Sleeps with keyword arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.step_fixes import positional_edits
from stepgraph.checks.diagnostic import Applicability, Diagnostic, Severity, safe_fix
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import MethodCalled

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_PARAMETERS: Final = (("name",), ("duration",))
_ADVICE: Final = 'Pass both by position, as in `step.sleep("cool down", "10 minutes")`.'


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for call in subject.facts_of_type(MethodCalled):
        arguments = call.arguments
        keywords = [argument for argument in arguments.items if argument.keyword is not None]
        # The engine ignores keywords after both arguments.
        if call.method != "sleep" or not keywords or len(arguments.positional) >= len(_PARAMETERS):
            continue
        edits = positional_edits(call, _PARAMETERS)
        advice = f"Write `{edits[0].text}`." if edits else _ADVICE
        yield Diagnostic(
            keywords[0].name_span,
            f"unsupported keyword `{keywords[0].keyword}=`: `step.sleep` forwards its arguments to JavaScript, which"
            " lacks keyword arguments, so the sleep fails.",
            advice,
            safe_fix(*edits),
        )


RULE = Rule(
    code="SG119",
    name="sleep-with-keywords",
    module=__name__,
    severity=Severity.ERROR,
    fixes=(Applicability.SAFE,),
    check=_check,
)
