"""Results of steps and of `run` that the engine cannot store or receive."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.bound_values import with_attribute_values
from stepgraph.checks.analysis.span_index import SpanIndex
from stepgraph.checks.analysis.storable import Certainty, UnstorablePart, unstorable_parts
from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import NeverAwaited, Returned, StepDeclared, StepFunctionShape
from stepgraph.ir.static_values import cases_of
from stepgraph.ir.values import Unknown, Value
from stepgraph.limits import Budget, Limit
from stepgraph.syntax.module import SourceModule, SourcePlace

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_NAME: Final = r"[\w.]+"
# Functions whose results always contain tuples.
_PAIRS: Final = r"\b(?:items|zip|enumerate)\("
# Tests of the type of a value. Code with such a test may convert the value if necessary.
_TYPE_TEST: Final = r"\b(?:isinstance|issubclass|is_dataclass|hasattr|callable|type)\(|\bmatch |\bexcept\b"
# Names, and names whose values are tested for their type.
_NAMES: Final = r"[A-Za-z_]\w*"
_TESTED_NAMES: Final = (
    r"\b(?:callable|hasattr|is_dataclass|isawaitable|iscoroutine|iscoroutinefunction|isfuture|isinstance|type)"
    r"\(\s*(\w+)|\bmatch (\w+)"
)
# Words without which no code matches `_TYPE_TEST` or `_TESTED_NAMES`, or calls `to_js`.
_CONVERSION_WORDS: Final = (
    *(b"callable", b"except", b"hasattr", b"is_dataclass", b"isawaitable", b"iscoroutine", b"isfuture", b"isinstance"),
    *(b"issubclass", b"match", b"to_js", b"type"),
)


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    declared = {fact.function.place: fact for fact in subject.facts_of_type(StepDeclared) if fact.function is not None}
    returns = _Returns(subject, list(subject.facts_of_type(Returned)))
    unawaited = {fact.place for fact in subject.facts_of_type(NeverAwaited)}
    for fact in returns.all:
        step = declared.get(fact.function)
        if step is not None and step.function is not None:
            yield from _check_step_result(step, step.function, fact, returns)
        elif fact.function == subject.program.run:
            yield from _check_result_of_run(fact, returns, unawaited)
    for step in declared.values():
        if step.function is not None and step.function.is_generator:
            message = f"the step {step.definition.quoted_name} contains `yield`, so it returns a generator, which"
            yield Diagnostic(step.place.span, f"{message} the engine cannot store: the step fails.", "Return a list.")


def _check_step_result(
    step: StepDeclared, function: StepFunctionShape, fact: Returned, returns: _Returns
) -> Iterator[Diagnostic]:
    for part in returns.unstorable(fact, awaited=not function.is_async):
        returned = f"the step {step.definition.quoted_name} returns {_description(part)}"
        message = f"{returned}, which the engine cannot store: the step fails."
        yield Diagnostic(_reported_place(part.place, fact.place).span, message, part.advice)


def _check_result_of_run(
    fact: Returned, returns: _Returns, unawaited: Container[SourcePlace | None]
) -> Iterator[Diagnostic]:
    """Check the results of `run`. Another rule reports the `unawaited` coroutines."""
    for part in returns.unstorable(fact, awaited=True):
        if not part.is_sendable and part.place not in unawaited:
            returned = f"`run` returns {_description(part)}"
            message = f"{returned}, which cannot be sent to the engine: the instance fails after its last step."
            yield Diagnostic(_reported_place(part.place, fact.place).span, message, part.advice)


class _Returns:
    """The return values of functions. Reads the text of each function once, and limits the number of comparisons."""

    def __init__(self, subject: WorkflowSubject, returned: list[Returned]) -> None:
        self.all = returned
        self._subject = subject
        self._texts: dict[SourcePlace, str] = {}
        self._budget = Budget()

    @cached_property
    def _spans(self) -> SpanIndex:
        return SpanIndex(fact.place.span for fact in self.all)

    def unstorable(self, fact: Returned, *, awaited: bool) -> list[UnstorablePart]:
        """Return the parts of a return value that the engine can never store."""
        value = with_attribute_values(self._subject, fact.value, fact.place)
        if type(value) is Unknown:
            return []
        certainty = Certainty(partial(self._is_written, fact), partial(self._is_created, fact))
        parts = list(unstorable_parts(value, certainty, awaited=awaited))
        return [] if parts and self._is_converted(fact) else parts

    def _is_created(self, fact: Returned, case_: Value) -> bool:
        """Return whether the function itself creates a value on some path, and contains no type test."""
        self._budget.spend(Limit.PAIRS, len(self.all))
        outside = (returned for returned in self.all if returned.function != fact.function)
        if any(case_ in cases_of(returned.value) for returned in outside):
            return False
        return re.search(_TYPE_TEST, self._text(fact.function)) is None

    def _is_written(self, fact: Returned, place: SourcePlace) -> bool:
        """Return whether a part of a value is created in the function, or in the return expression of any function."""
        text = fact.place.text
        if re.fullmatch(_NAME, text) or re.search(_PAIRS, text) or fact.function.span.encloses(place.span):
            return True
        return self._spans.encloses_span(place.span)

    def _is_converted(self, fact: Returned) -> bool:
        """Return whether a function may convert the value with `to_js`, or after a type test."""
        text = self._text(fact.function)
        tested = {name for names in re.findall(_TESTED_NAMES, text) for name in names if name}
        return "to_js" in text or not tested.isdisjoint(re.findall(_NAMES, fact.place.text))

    def _text(self, function: SourcePlace) -> str:
        """Return the source of a function, or an empty text if its module neither tests nor converts values."""
        if not function.module.once(_may_convert):
            return ""
        text = self._texts.get(function)
        if text is None:
            text = self._texts[function] = function.body_text
        return text


def _may_convert(module: SourceModule) -> bool:
    return any(map(module.mentions, _CONVERSION_WORDS))


def _description(part: UnstorablePart) -> str:
    return part.kind if part.place is None else f"a value with {part.kind}"


def _reported_place(part: SourcePlace | None, whole: SourcePlace) -> SourcePlace:
    """Return the location of a part inside the return expression, or the whole expression."""
    return part if part is not None and whole.span.encloses(part.span) else whole


RULE = Rule(
    code="SG121",
    name="unstorable-result",
    module=__name__,
    severity=Severity.ERROR,
    check=_check,
)
