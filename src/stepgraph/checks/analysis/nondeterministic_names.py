"""Names of steps, sleeps and event waits that change at a replay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.ir.facts import MethodCalled
from stepgraph.syntax.module import Place

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

# The kind of the named operation, by method.
_KINDS: Final = {
    "do": "step",
    "sleep": "sleep",
    "sleep_until": "sleep",
    "wait_for_event": "wait",
}


class NondeterministicName(Struct, frozen=True):
    """A nondeterministic name of a step, sleep or event wait."""

    what: str
    """The named operation: `step`, `sleep` or `wait`."""
    place: Place
    """The location of the name."""
    source: Place
    """The location of the nondeterministic call that the name depends on."""


def nondeterministic_names(subject: WorkflowSubject) -> Iterator[NondeterministicName]:
    """Yield the nondeterministic names in a workflow, except names in step bodies."""
    for call in subject.facts_of_type(MethodCalled):
        name = call.arguments.find(0, "name")
        if name is None or call.method not in _KINDS or call.in_step:
            continue
        if name.nondeterministic is not None:
            yield NondeterministicName(_KINDS[call.method], name.place, name.nondeterministic.place)
