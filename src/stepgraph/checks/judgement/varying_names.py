"""Names of steps, sleeps and waits that are others when the code runs again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.checks.judgement.varying import varying_in
from stepgraph.ir.facts import MethodCalled
from stepgraph.syntax.module import Place

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_NAMED: Final = {
    "do": "step",
    "sleep": "sleep",
    "sleep_until": "sleep",
    "wait_for_event": "wait",
}


class VaryingName(Struct, frozen=True):
    """The name of a step, sleep or wait, which is `what`, with the place of the call that `made` it another one."""

    what: str
    place: Place
    made: Place


def varying_names(subject: WorkflowSubject) -> Iterator[VaryingName]:
    """Yield the names in a workflow that are others when it runs again, but for those in steps."""
    for call in subject.facts(MethodCalled):
        name = call.arguments.find(0, "name")
        if name is None or call.method not in _NAMED or call.in_step:
            continue
        varying = varying_in(name.value)
        if varying is not None:
            yield VaryingName(_NAMED[call.method], name.place, varying.made)
