"""Names of steps, sleeps and waits that are others when the code runs again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.ir.facts import MethodCalled
from stepgraph.ir.static_values import StaticNondeterministic, StaticResult, StaticTemplate, StaticUnion, StaticValue
from stepgraph.syntax.module import Place

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_NAMED: Final = {
    "do": "step",
    "sleep": "sleep",
    "sleep_until": "sleep",
    "wait_for_event": "wait",
}


class NondeterministicName(Struct, frozen=True):
    """The name of a step, sleep or wait, which is `what`, with the place of the call that `made` it another one."""

    what: str
    place: Place
    made: Place


def nondeterministic_names(subject: WorkflowSubject) -> Iterator[NondeterministicName]:
    """Yield the names in a workflow that are others when it runs again, but for those in steps."""
    for call in subject.facts(MethodCalled):
        name = call.arguments.find(0, "name")
        if name is None or call.method not in _NAMED or call.in_step:
            continue
        nondeterministic = nondeterminism_of(name.value)
        if nondeterministic is not None:
            yield NondeterministicName(_NAMED[call.method], name.place, nondeterministic.produced_at)


def nondeterminism_of(known: StaticValue) -> StaticNondeterministic | None:
    """Return what in a value is another one when the code runs again, None where nothing is known to be."""
    match known:
        case StaticNondeterministic():
            return known
        case StaticTemplate(nondeterministic=nondeterministic) | StaticResult(nondeterministic=nondeterministic):
            return nondeterministic
        case StaticUnion(cases=cases):
            return next((found for option in cases if (found := nondeterminism_of(option)) is not None), None)
        case _:
            return None
