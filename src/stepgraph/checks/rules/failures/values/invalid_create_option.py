"""Options of new workflow instances that Cloudflare ignores or rejects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.engine_names import correct_name, find_name_fault
from stepgraph.checks.analysis.steps import format_code_list
from stepgraph.checks.analysis.triggers import (
    OPTIONS,
    InstanceOptions,
    Option,
    instance_options,
    keyword_arguments,
    known_keys,
)
from stepgraph.checks.analysis.value_kinds import kind_of, may_be_guarded, simple_cases
from stepgraph.checks.diagnostic import (
    Applicability,
    Diagnostic,
    Fix,
    Severity,
    first_diagnostics,
    safe_fix,
    unsafe_fix,
)
from stepgraph.checks.rule import Rule
from stepgraph.ir.static_values import StaticMapping
from stepgraph.ir.values import Constant, ExternalResult, Template, Unknown, Value
from stepgraph.phrases import near_names
from stepgraph.syntax.edits.source_edits import Edit, RenamedArgument, Replacement, replace_string

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.ir.facts import WorkflowStarted
    from stepgraph.ir.static_values import StaticArgument

# Names of the payload in the event, in the REST API and in other engines.
_PAYLOAD_NAMES: Final = frozenset(["args", "body", "data", "event", "input", "kwargs", "parameters", "payload"])
_ID_NAMES: Final = frozenset(["instanceId", "instance_id", "key", "name", "workflow_id"])
# The keys of the object that newer versions of the engine take as a batch.
_BATCH_KEYS: Final = frozenset(["count", "instances"])
_UUIDS: Final = frozenset(f"uuid.{name}" for name in ("UUID", "uuid1", "uuid3", "uuid4", "uuid5", "uuid6", "uuid7"))
_NO_PAYLOAD: Final = ", so `run` gets no payload"
_ADVICE_ON_ID: Final = "Write letters, digits, hyphens and underscores, at most 100, without a leading hyphen."


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    return first_diagnostics(diagnostic for trigger in subject.triggers for diagnostic in _check_call(trigger.call))


def _check_call(call: WorkflowStarted) -> Iterator[Diagnostic]:
    positional = call.arguments.positional
    if call.is_batch:
        yield from _check_batch(call, positional)
    elif positional:
        yield from _check_positional(call, positional)
    for instance in instance_options(call):
        if instance.unknown_options:
            yield _diagnostic_of_unknown_options(call, instance)
        instance_id = instance.find("id")
        if instance_id is not None:
            yield from _check_id(instance_id)


def _check_batch(call: WorkflowStarted, positional: Sequence[StaticArgument]) -> Iterator[Diagnostic]:
    """Check that the argument of `create_batch` is a list by position."""
    advice = "Pass one list of dictionaries by position, as in `create_batch([{...}, {...}])`."
    keywords = keyword_arguments(call)
    if positional:
        batch = positional[0]
        if isinstance(batch.value, StaticMapping) and _BATCH_KEYS.isdisjoint(known_keys(batch.value) or _BATCH_KEYS):
            message = f"`{batch.place.text}` is a dictionary, but a batch is one list of dictionaries: the call fails."
            yield Diagnostic(batch.place.span, message, advice)
    elif call.arguments.whole and keywords and _BATCH_KEYS.isdisjoint(keyword.keyword or "" for keyword in keywords):
        batch = keywords[0]
        message = f"unknown argument `{batch.keyword}=`: a batch is one list, which the call lacks, so it fails."
        yield Diagnostic(batch.name_span, message, advice, safe_fix(*_by_position(call, keywords)))


def _by_position(call: WorkflowStarted, keywords: Sequence[StaticArgument]) -> tuple[Edit, ...]:
    """Return the edit that passes the only argument of a call on one line by position."""
    callee, opening, _ = call.place.text.partition(f"({keywords[0].keyword}=")
    if len(keywords) > 1 or not opening or call.place.span.line != call.place.span.end_line:
        return ()
    return (Replacement(call.place, f"{callee}({keywords[0].place.text})"),)


def _check_positional(call: WorkflowStarted, positional: Sequence[StaticArgument]) -> Iterator[Diagnostic]:
    """Check that a positional argument of `create` is a dictionary and the only argument."""
    first, *more = positional
    ignored = (*more, *keyword_arguments(call))
    kind = None if isinstance(first.value, StaticMapping) or first.value == Constant(None) else kind_of(first.value)
    if ignored:
        edits = () if more or isinstance(first.value, StaticMapping) else (RenamedArgument(first.place, "id"),)
        loses_payload = kind is not None or any(argument.keyword == "params" for argument in ignored)
        yield Diagnostic(
            ignored[0].place.span,
            f"`{ignored[0].place.text}` has no effect: after a positional argument, which has all the options,"
            f" Cloudflare ignores further arguments{_NO_PAYLOAD if loses_payload else ''}.",
            "Pass all options as keywords, as in `create(id=..., params=...)`.",
            unsafe_fix(*edits),
        )
    elif kind is not None:
        yield Diagnostic(
            first.place.span,
            f"`{first.place.text}` is {kind}, but a positional argument must be the dictionary of options: Cloudflare"
            f" ignores it{_NO_PAYLOAD}.",
            "Pass the options as keywords, as in `create(id=..., params=...)`.",
        )


def _diagnostic_of_unknown_options(call: WorkflowStarted, instance: InstanceOptions) -> Diagnostic:
    unknown = instance.unknown_options
    names = format_code_list(option.name for option in unknown)
    problem = f"unknown option {names}: Cloudflare ignores it"
    if len(unknown) > 1:
        problem = f"unknown options {names}: Cloudflare ignores them"
    loses_payload = instance.is_complete and instance.find("params") is None
    first = unknown[0]
    return Diagnostic(
        (first.key_place or first.place).span,
        f"{problem}{_NO_PAYLOAD if loses_payload else ''}.",
        _advice(instance, loses_payload=loses_payload),
        _fix(call, instance, loses_payload=loses_payload),
        None if loses_payload else Severity.WARNING,
    )


def _advice(instance: InstanceOptions, *, loses_payload: bool) -> str:
    correction = _correction(instance)
    if correction is not None:
        return f"Pass it as `{correction}`."
    if loses_payload and len(instance.unknown_options) == len(instance.options):
        return 'Pass the payload as `params`, as in `create(params={"key": ...})`.'
    return f"Available: {format_code_list(OPTIONS)}."


def _correction(instance: InstanceOptions) -> str | None:
    """Return the option that the only unknown option means, or None if it is not clear."""
    if len(instance.unknown_options) != 1:
        return None
    name = instance.unknown_options[0].name
    if name in _PAYLOAD_NAMES:
        meant = "params"
    elif name in _ID_NAMES:
        meant = "id"
    else:
        meant = next(iter(near_names(name.replace("_", ""), OPTIONS)), "")
    return meant if meant and instance.is_complete and instance.find(meant) is None else None


def _fix(call: WorkflowStarted, instance: InstanceOptions, *, loses_payload: bool) -> Fix | None:
    """Return a fix that renames an option, or that passes a dictionary of only unknown options as `params`."""
    first = instance.unknown_options[0]
    correction = _correction(instance)
    if correction is not None:
        edits = _rename(call, first, correction)
        is_certain = first.name == "payload" and not _is_wrapped(first.value)
        return safe_fix(*edits) if is_certain else unsafe_fix(*edits)
    is_payload = loses_payload and len(instance.unknown_options) == len(instance.options)
    if not is_payload or first.key_place is None:
        return None
    if call.is_batch:
        return unsafe_fix(Replacement(instance.place, f'{{"params": {instance.place.text}}}'))
    return unsafe_fix(RenamedArgument(call.arguments.positional[0].place, "params"))


def _is_wrapped(value: Value) -> bool:
    """Return whether a dictionary has only the key `payload`, so that its value may be the payload."""
    return isinstance(value, StaticMapping) and [entry.key for entry in value.entries] == [Constant("payload")]


def _rename(call: WorkflowStarted, option: Option, name: str) -> tuple[Edit, ...]:
    """Return the edits that rename an option. An unpacked keyword, as in `**options`, is not renamed."""
    if option.key_place is not None:
        return replace_string(option.key_place, option.name, name)
    if f"{option.name}=" not in call.place.text.replace(" ", ""):
        return ()
    return (RenamedArgument(option.place, name),)


def _check_id(option: Option) -> Iterator[Diagnostic]:
    for value in simple_cases(option.value):
        is_uuid = isinstance(value, ExternalResult) and value.name in _UUIDS
        # The text of an expression, such as `datetime.now().isoformat()`, may show that its value is invalid.
        is_unknown = isinstance(value, Unknown | ExternalResult) and kind_of(value) is None
        fault = find_name_fault(Template(f"{{{option.place.text}}}") if is_unknown else value)
        problem = "is a UUID, not a string" if is_uuid else None if fault is None else fault.problem
        if problem is None or value == Constant(None) or may_be_guarded(value, option.place):
            continue
        is_other_kind = is_uuid or (fault is not None and fault.cause == "kind")
        yield Diagnostic(
            option.place.span,
            f"the id {problem}: Cloudflare rejects it, and no instance starts.",
            f"Write `str({option.place.text})`." if is_other_kind else _ADVICE_ON_ID,
            unsafe_fix(*_correct_id(option, value, is_other_kind=is_other_kind)),
        )


def _correct_id(option: Option, value: Value, *, is_other_kind: bool) -> tuple[Edit, ...]:
    if is_other_kind:
        return (Replacement(option.place, f"str({option.place.text})"),)
    correction = correct_name(value)
    if correction is None or not isinstance(value, Constant):
        return ()
    return replace_string(option.place, str(value.value), correction)


RULE = Rule(
    code="SG128",
    name="invalid-create-option",
    module=__name__,
    severity=Severity.ERROR,
    fixes=(Applicability.SAFE, Applicability.UNSAFE),
    check=_check,
)
