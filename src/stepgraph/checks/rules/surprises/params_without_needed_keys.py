"""Params of a trigger that lack keys that `run` reads from the payload."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.steps import format_code_list
from stepgraph.checks.analysis.triggers import InstanceOptions, instance_options, known_keys, needed_keys
from stepgraph.checks.analysis.value_kinds import kind_of
from stepgraph.checks.diagnostic import Diagnostic, Severity, first_diagnostics, unsafe_fix
from stepgraph.checks.rule import Rule
from stepgraph.ir.static_values import StaticMapping, cases_of
from stepgraph.ir.values import Constant, Unknown, Value
from stepgraph.phrases import near_names
from stepgraph.syntax.edits import Edit, Replacement

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.facts import PayloadKeyAccess, WorkflowStarted
    from stepgraph.syntax.module import Place

_PAYLOAD_WORDS: Final = frozenset(["body", "data", "event", "input", "params", "payload"])


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    triggers = tuple(subject.own_triggers)
    needed = needed_keys(subject) if triggers else {}
    return first_diagnostics(
        diagnostic
        for trigger in triggers
        for instance in instance_options(trigger.call)
        if needed and not instance.unknown_options
        for diagnostic in _check_instance(trigger.call, instance, needed)
    )


def _check_instance(
    call: WorkflowStarted, instance: InstanceOptions, needed: Mapping[str, PayloadKeyAccess]
) -> Iterator[Diagnostic]:
    place = instance.place if call.is_batch else call.place
    params = instance.find("params")
    if params is None:
        if instance.is_complete:
            message = f"the instance gets no `params`, but {_readers(needed, tuple(needed), place)}."
            yield Diagnostic(place.span, message, f"Pass `params` with {_keys(needed)}.")
        return
    cases = cases_of(params.value)
    missing = _missing_in_all(cases, needed)
    if not missing:
        return
    inner = _nested_payload(params.value, missing)
    readers = _readers(needed, missing, place)
    if inner is not None:
        key, value_place = inner
        edits: tuple[Edit, ...] = (Replacement(params.place, value_place.text),)
        is_literal = params.place.text.startswith("{")
        yield Diagnostic(
            place.span,
            f"`params` is one level too deep: it has only the key `{key}`, but {readers}.",
            f"Write `params={value_place.text}`." if is_literal else f"Pass the value of `{key}` as `params`.",
            unsafe_fix(*edits) if is_literal else None,
        )
        return
    kind = None if isinstance(cases[0], StaticMapping) else kind_of(cases[0])
    problem = f"`params` is {kind}" if kind else f"`params` lacks {_keys(missing)}"
    yield Diagnostic(place.span, f"{problem}, but {readers}.", _advice(cases, missing, kind))


def _missing_in_all(cases: tuple[Value, ...], needed: Mapping[str, PayloadKeyAccess]) -> tuple[str, ...]:
    """Return the needed keys that each of the possible `params` lacks, in the order of the reads."""
    missing = set(needed)
    for case in cases:
        keys = known_keys(case) if isinstance(case, StaticMapping) else _keys_of_other(case)
        missing -= set(needed) if keys is None else keys
    return tuple(key for key in needed if key in missing)


def _keys_of_other(value: Value) -> frozenset[str] | None:
    """Return no keys for a value that is not a dictionary, or None if it may be one."""
    return None if isinstance(value, Unknown) or kind_of(value) is None or value == Constant(None) else frozenset()


def _nested_payload(value: Value, missing: tuple[str, ...]) -> tuple[str, Place] | None:
    """Return the only key of `params` and the location of its value, if that value has the missing keys.

    An unknown value may have them if its key is a word for the payload.
    """
    if not isinstance(value, StaticMapping) or len(value.entries) != 1:
        return None
    (entry,) = value.entries
    key = entry.key.value if isinstance(entry.key, Constant) else None
    if not isinstance(key, str):
        return None
    if isinstance(entry.value, StaticMapping):
        inner = known_keys(entry.value)
        fits = inner is None or inner.issuperset(missing)
    else:
        fits = key in _PAYLOAD_WORDS and kind_of(entry.value) is None
    return (key, entry.place) if fits else None


def _readers(needed: Mapping[str, PayloadKeyAccess], keys: tuple[str, ...], place: Place) -> str:
    """Return a clause with the reads of keys and their locations: "`run` reads `url` (line 9), and fails ..."."""
    *others, last = [f"`{key}` ({_location(needed[key].place, place)})" for key in keys]
    reads = f"{', '.join(others)} and {last}" if others else last
    return f"`run` reads {reads}, and fails without {'them' if others else 'it'}"


def _location(place: Place, seen_from: Place) -> str:
    span = place.span
    return f"line {span.line}" if span.path == seen_from.span.path else f"line {span.line} of {span.path}"


def _keys(keys: Mapping[str, PayloadKeyAccess] | tuple[str, ...]) -> str:
    return format_code_list(keys)


def _advice(cases: tuple[Value, ...], missing: tuple[str, ...], kind: str | None) -> str:
    if kind is not None:
        return f"Pass a dictionary with {_keys(missing)}."
    given = [key for case in cases if isinstance(case, StaticMapping) for key in sorted(known_keys(case) or ())]
    near = [(key, similar[0]) for key in missing if (similar := near_names(key, given))]
    if near:
        key, misspelled = near[0]
        return f"Did you mean `{key}` instead of `{misspelled}`?"
    return f"Add {_keys(missing)}, or read the payload with a default, as in `.get(...)`."


RULE = Rule(
    code="SG215",
    name="params-without-needed-keys",
    module=__name__,
    severity=Severity.WARNING,
    check=_check,
)
