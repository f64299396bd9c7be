"""Keys that are read from an event instead of its payload."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from stepgraph.checks.diagnostic import Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import EventKeyAccess

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_OF_RUN: Final = ("payload", "timestamp", "instanceId", "workflowName", "schedule")
_OF_WAIT: Final = ("payload", "timestamp", "type")
# Attributes of a dictionary, and of the JavaScript object that older versions of the SDK pass.
_METHODS: Final = frozenset([*dir(dict), "to_py", "object_entries", "object_keys", "object_values", "as_object_map"])
_OUTCOME: Final = {
    "read": "fails with a KeyError",
    "get": "never finds anything",
    "attribute": "fails with an AttributeError",
}


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Skip keys that the code sets or tests, and keys that it reads from both the event and the payload."""
    keys = list(subject.facts_of_type(EventKeyAccess))
    expected = {(key.key, key.from_wait) for key in keys if key.use in ("written", "asked")}
    in_payload = subject.program.payload.fields
    for key in keys:
        from_either = key.use == "get" and not key.from_wait and key.key in in_payload
        if (key.key, key.from_wait) in expected or from_either or not _is_mistaken(key):
            continue
        envelope = _OF_WAIT if key.from_wait else _OF_RUN[:3]
        what = "what `wait_for_event` gives" if key.from_wait else "the event"
        yield Diagnostic(
            key.place.span,
            f"`{key.place.text}` {_OUTCOME[key.use]}: {what} has {', '.join(map(repr, envelope[:-1]))}"
            f" and {envelope[-1]!r}, and what was sent is in its 'payload'.",
            _advice(key),
        )


def _advice(key: EventKeyAccess) -> str:
    """Return the access to the payload, with the same default, or the correct spelling of an event key."""
    fields = {name.lower(): name for name in (_OF_WAIT if key.from_wait else _OF_RUN)}
    meant = fields.get(key.key.replace("_", "").lower())
    if meant is not None:
        return f'Write `{key.owner.text}["{meant}"]`.'
    if key.use == "get":
        return f'Write `{key.owner.text}["payload"].get("{key.key}", ...)`.'
    return f'Write `{key.owner.text}["payload"]["{key.key}"]`.'


def _is_mistaken(key: EventKeyAccess) -> bool:
    if key.use not in _OUTCOME or key.key in (_OF_WAIT if key.from_wait else _OF_RUN):
        return False
    return key.use != "attribute" or not (key.key in _METHODS or key.key.startswith("_"))


RULE = Rule(
    code="SG212",
    name="event-without-payload",
    module=__name__,
    severity=Severity.WARNING,
    check=_check,
)
