"""Steps that are called with arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, RelatedLocation, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import DecoratorApplied, StepCalled

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    decorations = {fact.place for fact in subject.facts_of_type(DecoratorApplied)}
    for call in subject.facts_of_type(StepCalled):
        place = next((argument.place for argument in call.arguments.items if not argument.star), None)
        if place is not None and call.place not in decorations:  # the value may be a decorator on another path
            # Imported here because it loads LibCST, which a run without findings does not need.
            from stepgraph.syntax.places import is_element

            is_unpacked = is_element(place) and not call.place.span.encloses(place.span)
            arguments = f"arguments in `{call.place.brief_text}`" if is_unpacked else f"argument `{place.text}`"
            yield Diagnostic(
                call.place.span if is_unpacked else place.span,
                f"unexpected {arguments}: a step takes no arguments, so calling the step {call.definition.quoted_name}"
                " fails with a TypeError.",
                "Call it without arguments: its function can read variables of the enclosing function. For one step per"
                " value, declare the step in a function that takes the value.",
                related=(RelatedLocation(call.definition.place.span, "the step is declared here"),),
            )


RULE = Rule(
    code="SG118",
    name="step-called-with-arguments",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
