"""Payload keys that are read from the event itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.analysis.triggers import is_member
from stepgraph.checks.diagnostic import Applicability, Diagnostic, Severity, unsafe_fix
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import EventKeyAccess
from stepgraph.syntax.edits.source_edits import Edit, Replacement

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

# The keys of the event that `run` receives. The first three always exist.
_RUN_KEYS: Final = ("payload", "timestamp", "instanceId", "workflowName", "schedule")
_RUN_KEYS_IN_MESSAGES: Final = _RUN_KEYS[:3]
# The option of `create` whose value `run` receives as the payload.
_OPTION_OF_CREATE: Final = "params"
_WAIT_KEYS: Final = ("payload", "timestamp", "type")
# The effect of each use of a missing key.
_EFFECTS: Final = {
    "read": "fails with a KeyError",
    "get": "always returns the default",
    "attribute": "fails with an AttributeError",
    "match": "never matches",
}


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Skip keys that the code sets or tests, and keys of the payload that it also reads with `event.get`."""
    keys = list(subject.facts_of_type(EventKeyAccess))
    expected = {(key.key, key.from_wait) for key in keys if key.use in ("written", "asked")}
    in_payload = subject.program.payload.fields
    for key in keys:
        from_either = key.use == "get" and not key.from_wait and key.key in in_payload
        if (key.key, key.from_wait) in expected or from_either or not _is_mistaken(key):
            continue
        envelope = "the result of `wait_for_event`" if key.from_wait else "the event"
        *names, last = _WAIT_KEYS if key.from_wait else _RUN_KEYS_IN_MESSAGES
        yield Diagnostic(
            key.place.span,
            f"`{key.place.text}` {_EFFECTS[key.use]}: {envelope} has the keys {', '.join(map(repr, names))} and"
            f" {last!r}, and the sent data is in 'payload'.",
            _advice(key),
            unsafe_fix(*_edits(key)),
        )


def _advice(key: EventKeyAccess) -> str:
    """Return advice to read the key from the payload, or to correct the spelling of an event key."""
    intended = _intended_key(key)
    if key.use == "match":
        return f'Match `{key.owner.text}["payload"]`.' if intended is None else f'Write `"{intended}"`.'
    if intended is None and key.use == "get":
        return f'Write `{key.owner.text}["payload"].get("{key.key}", ...)`.'
    return f"Write `{_correction(key)}`."


def _edits(key: EventKeyAccess) -> tuple[Edit, ...]:
    if key.use == "match":
        return ()
    if _intended_key(key) is None and key.use == "get":
        return (Replacement(key.owner, f'{key.owner.text}["payload"]'),)
    return (Replacement(key.place, _correction(key)),)


def _correction(key: EventKeyAccess) -> str:
    """Return the expression that reads the key from the mapping that contains it."""
    intended = _intended_key(key)
    if intended is not None:
        return f'{key.owner.text}["{intended}"]'
    return f'{key.owner.text}["payload"]["{key.key}"]'


def _intended_key(key: EventKeyAccess) -> str | None:
    """Return the key of the event that differs only in case and underscores, or that has the data of `params`."""
    if key.key == _OPTION_OF_CREATE and not key.from_wait:
        return "payload"
    envelope_keys = {name.lower(): name for name in (_WAIT_KEYS if key.from_wait else _RUN_KEYS)}
    return envelope_keys.get(key.key.replace("_", "").lower())


def _is_mistaken(key: EventKeyAccess) -> bool:
    """Return whether the code reads a key or an attribute that the event does not have."""
    if key.use not in _EFFECTS or key.key in (_WAIT_KEYS if key.from_wait else _RUN_KEYS):
        return False
    return key.use != "attribute" or not is_member(key.key)


RULE = Rule(
    code="SG212",
    name="event-without-payload",
    module=__name__,
    severity=Severity.WARNING,
    fixes=(Applicability.UNSAFE,),
    check=_check,
)
