"""Methods `run` and `__init__` of workflow classes that the engine and the runtime cannot use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.call_sites import line_phrase
from stepgraph.checks.diagnostic import Diagnostic, RelatedLocation, Severity, first_diagnostics
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import EventKeyAccess, RunFault, UnusableInitializer, UnusableRun
from stepgraph.ir.name_facts import UndefinedName

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.model.span import Span

_SIGNATURE: Final = "async def run(self, event, step)"
_PARAMETERS: Final = ("event", "step")
_INITIALIZER: Final = "def __init__(self, ctx, env)"
_BASE_CALL: Final = "super().__init__(ctx, env)"
_PROBLEMS: Final[dict[RunFault, str]] = {
    "missing": "takes `({})`, but the engine passes the event and the step: each instance fails with a TypeError",
    "extra": "requires `({})`, but the engine passes the event and the step: each instance fails with a TypeError",
    "order": "takes `({})`, but the engine passes the event first: using it as the step object fails",
    "static": "is a static method with `({})`, but the SDK also passes `self`: each instance fails with a TypeError",
    "class": "is a class method, which the SDK cannot call: each instance fails with a TypeError",
    "generator": "contains `yield`: it only creates a generator, and its code never runs",
}

_PROBLEM_WITHOUT_SELF: Final = (
    "takes `({})` without `self`, but is called with `self`, the event and the step: each instance fails with a"
    " TypeError"
)


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    for unusable in subject.facts_of_type(UnusableRun):
        yield Diagnostic(
            unusable.place.span,
            f"`run` {_problem(unusable).format(unusable.parameters)}.",
            "Return the result instead of yielding it." if unusable.fault == "generator" else f"Write `{_SIGNATURE}`.",
            consequences=tuple(_consequences(subject, unusable.fault)),
        )
    if subject.configured is not None or not subject.program.may_be_base:
        yield from first_diagnostics(map(_initializer_diagnostic, subject.facts_of_type(UnusableInitializer)))


def _problem(unusable: UnusableRun) -> str:
    lacks_self = unusable.fault == "missing" and re.match(r"(?:event|step)\b", unusable.parameters)
    return _PROBLEM_WITHOUT_SELF if lacks_self else _PROBLEMS[unusable.fault]


def _initializer_diagnostic(unusable: UnusableInitializer) -> Diagnostic:
    read = unusable.unset_attribute
    if read is None:
        return Diagnostic(
            unusable.place.span,
            f"`__init__` takes `({unusable.parameters})`, but the runtime passes `ctx` and `env`: each instance fails"
            " with a TypeError.",
            f"Write `{_INITIALIZER}`, and call `{_BASE_CALL}` in it.",
        )
    return Diagnostic(
        unusable.place.span,
        f"`__init__` does not call the method of the base class, so `{read.brief_text}`"
        f" ({line_phrase(read.span, unusable.place.span.path)}) fails with an AttributeError.",
        f"Call `{_BASE_CALL}` in it.",
        related=(RelatedLocation(read.span, f"`{read.brief_text}` is read here"),),
    )


def _consequences(subject: WorkflowSubject, fault: RunFault) -> Iterator[tuple[str, Span]]:
    """Yield the findings in code that takes the event for the step object, and on uses of missing parameters."""
    if fault == "order":
        for note in subject.notes_with_code("escapes"):
            if note.message.startswith("the step object is subscripted"):  # by a key of the event
                yield "SG004", note.span
    for key in subject.facts_of_type(EventKeyAccess):
        if key.owner.brief_text == "step":
            yield "SG212", key.place.span
    for undefined in subject.facts_of_type(UndefinedName):
        if undefined.name in _PARAMETERS and subject.program.run.node in undefined.place.functions:
            yield "SG130", undefined.place.span


RULE = Rule(
    code="SG131",
    name="unusable-run",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
