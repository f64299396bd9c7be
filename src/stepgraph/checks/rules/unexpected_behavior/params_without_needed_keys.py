"""Params of a trigger that lack keys that `run` reads from the payload."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.steps import format_code_list
from stepgraph.checks.analysis.triggers import (
    InstanceOptions,
    Option,
    PayloadReads,
    instance_options,
    known_keys,
    payload_reads,
)
from stepgraph.checks.analysis.value_kinds import kind_of
from stepgraph.checks.diagnostic import Applicability, Diagnostic, Severity, first_diagnostics, unsafe_fix
from stepgraph.checks.rule import Rule
from stepgraph.ir.static_values import StaticMapping, cases_of
from stepgraph.ir.values import Constant, ExternalResult, Value
from stepgraph.phrases import Suggestions
from stepgraph.syntax.edits.source_edits import Replacement

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.facts import PayloadKeyAccess, WorkflowStarted
    from stepgraph.syntax.module import SourcePlace

# Keys that wrap a payload in the options of other engines.
_WRAPPERS: Final = frozenset(["body", "data", "event", "input", "params", "payload"])
# Keys that wrap a payload by mistake if `run` never reads them, because the event has a key of the same name.
_SURE_WRAPPERS: Final = frozenset(["params", "payload"])


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    triggers = tuple(subject.own_triggers)
    reads = payload_reads(subject) if triggers else PayloadReads({}, {})
    return first_diagnostics(
        diagnostic
        for trigger in triggers
        for instance in instance_options(trigger.call)
        if reads.all and not instance.unknown_options
        for diagnostic in _check_instance(trigger.call, instance, reads)
    )


def _check_instance(call: WorkflowStarted, instance: InstanceOptions, reads: PayloadReads) -> Iterator[Diagnostic]:
    place = instance.place if call.is_batch else call.place
    params = instance.find("params")
    if params is None:
        if instance.is_complete and reads.needed:
            needed = tuple(reads.needed)
            message = f"the instance gets no `params`, but {_readers(reads, needed, place)}."
            yield Diagnostic(place.span, message, f"Pass `params` with {format_code_list(needed)}.")
        return
    cases = cases_of(params.value)
    missing = _missing_in_all(cases, reads.needed)
    wrapped = _wrapped_payload(params.value, missing, reads)
    if wrapped is not None:
        yield _diagnostic_of_wrapped(params, *wrapped, _readers(reads, missing, place), place)
    elif missing:
        kind = None if isinstance(cases[0], StaticMapping) else _kind_of(cases[0])
        problem = f"`params` is {kind}" if kind else f"`params` lacks {format_code_list(missing)}"
        message = f"{problem}, but {_readers(reads, missing, place)}."
        yield Diagnostic(place.span, message, _advice(cases, missing, kind))


def _diagnostic_of_wrapped(
    params: Option, key: str, inner: SourcePlace, readers: str, place: SourcePlace
) -> Diagnostic:
    is_literal = params.place.text.startswith("{")
    return Diagnostic(
        place.span,
        f"`params` is one level too deep: it has only the key `{key}`, but {readers}.",
        f"Write `params={inner.text}`." if is_literal else f"Pass the value of `{key}` as `params`.",
        unsafe_fix(Replacement(params.place, inner.text)) if is_literal else None,
    )


def _missing_in_all(cases: tuple[Value, ...], needed: Mapping[str, PayloadKeyAccess]) -> tuple[str, ...]:
    """Return the needed keys that each of the possible `params` lacks, in the order of the reads."""
    missing = set(needed)
    for case in cases:
        keys = known_keys(case) if isinstance(case, StaticMapping) else _keys_of_other(case)
        missing -= set(needed) if keys is None else keys
    return tuple(key for key in needed if key in missing)


def _keys_of_other(value: Value) -> frozenset[str] | None:
    """Return an empty set for a value that is not a dictionary, or None if it may be a dictionary."""
    return None if _kind_of(value) is None or value == Constant(None) else frozenset()


def _kind_of(value: Value) -> str | None:
    """Return the kind of a value, also of JSON text, which reaches `run` as a string."""
    return "a string" if value == ExternalResult("json.dumps") else kind_of(value)


def _wrapped_payload(value: Value, missing: tuple[str, ...], reads: PayloadReads) -> tuple[str, SourcePlace] | None:
    """Return the only key of `params` and the location of its value, if that value is probably the payload."""
    if not isinstance(value, StaticMapping) or len(value.entries) != 1 or not value.is_complete:
        return None
    (entry,) = value.entries
    key = entry.key.value if isinstance(entry.key, Constant) else None
    if not isinstance(key, str) or key in reads.all:
        return None
    if isinstance(entry.value, StaticMapping) and missing:
        inner = known_keys(entry.value)
        is_payload = inner is None or inner.issuperset(missing)
    else:
        is_payload = key in (_WRAPPERS if missing else _SURE_WRAPPERS) and kind_of(entry.value) in (
            None,
            "a dictionary",
        )
    return (key, entry.place) if is_payload else None


def _readers(reads: PayloadReads, missing: tuple[str, ...], place: SourcePlace) -> str:
    """Return a clause with the reads of keys and their locations: "`run` reads `url` (line 9), and fails ..."."""
    if not missing:
        key, access = next(iter(reads.all.items()))
        return f"`run` reads `{key}` ({_location(access.place, place)})"
    *first_keys, last = [f"`{key}` ({_location(reads.needed[key].place, place)})" for key in missing]
    listed = f"{', '.join(first_keys)} and {last}" if first_keys else last
    return f"`run` reads {listed}, and fails without {'them' if first_keys else 'it'}"


def _location(place: SourcePlace, seen_from: SourcePlace) -> str:
    span = place.span
    return f"line {span.line}" if span.path == seen_from.span.path else f"line {span.line} of {span.path}"


def _advice(cases: tuple[Value, ...], missing: tuple[str, ...], kind: str | None) -> str:
    if kind is not None:
        return f"Pass a dictionary with {format_code_list(missing)}."
    present = [key for case in cases if isinstance(case, StaticMapping) for key in sorted(known_keys(case) or ())]
    suggestions = Suggestions()
    near = ((key, similar) for key in missing if (similar := suggestions.nearest(key, lambda: present)) is not None)
    if (first := next(near, None)) is not None:
        key, misspelled = first
        return f"Did you mean `{key}` instead of `{misspelled}`?"
    return f"Add {format_code_list(missing)}, or read the payload with a default, as in `.get(...)`."


RULE = Rule(
    code="SG215",
    name="params-without-needed-keys",
    module=__name__,
    severity=Severity.WARNING,
    fixes=(Applicability.UNSAFE,),
    check=_check,
)
