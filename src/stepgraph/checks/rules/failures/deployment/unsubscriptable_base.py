"""Base classes with type arguments that raise an error when the module is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import UnsubscriptableBase

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_ENTRYPOINT: Final = "WorkflowEntrypoint"


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for base in subject.facts_of_type(UnsubscriptableBase):
        problem, advice = _message_parts(base)
        yield Diagnostic(
            base.place.span,
            f"`{base.place.text}` fails when the module is loaded, and the Worker never starts: {problem}.",
            advice,
        )


def _message_parts(base: UnsubscriptableBase) -> tuple[str, str]:
    if base.fault == "order":
        return (
            f"in `{base.name}`, `{_ENTRYPOINT}` comes before `Generic`, so Python does not set the type parameters",
            f"Write `class {base.name}(Generic[...], {_ENTRYPOINT})`, with `Generic` first.",
        )
    if base.fault == "entrypoint":
        return f"`{base.name}` has no type parameters", f"Write `{base.name}`."
    return f"`{base.name}` has no type parameters", f"Write `{base.name}`, or derive it from `Generic[...]` first."


RULE = Rule(
    code="SG132",
    name="unsubscriptable-base",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
