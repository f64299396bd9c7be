"""Concurrent steps with the same name.

The engine identifies a step by its name and the number of earlier steps with that name, so the start order decides
which step gets which result.

Members of a gather start in source order. If a step with a constant name is gathered once for each element, each run
gets its own result back, and the step is not flagged. Two declarations that share a name in a gather are flagged,
because reordering them would swap their results.

If concurrent functions await something before they start the step, the start order depends on timing and may differ at
replay. This is flagged even for a single declaration. Sleeps have no results and are not flagged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.analysis.mhp import NameClash, find_name_clashes
from stepgraph.checks.diagnostic import Confidence, Diagnostic, Severity
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import MethodCalled
from stepgraph.limits import Budget
from stepgraph.model.span import Span
from stepgraph.phrases import quoted_name

if TYPE_CHECKING:
    from stepgraph.checks.analysis.concurrent_names import NamedActivity
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    clashes = list(find_name_clashes(subject, Budget()))
    names = {id(call.place.node): call for call in subject.facts_of_type(MethodCalled)} if clashes else {}
    for clash in clashes:
        place = clash.second.place
        call = names.get(id(place.node))
        name = None if call is None else call.arguments.find(0, "name")
        yield Diagnostic(place.span if name is None else name.place.span, _message(clash), _advice(clash))


def _message(clash: NameClash) -> str:
    first, second = clash.first, clash.second
    clashing = f"the {second.kind} {quoted_name(second.name)} runs concurrently with"
    if first.place.node is second.place.node:
        clashing += " itself"
    else:
        clashing += f" another {first.kind} named {quoted_name(first.name)} ({_location(first, second.place.span)})"
    if clash.depends_on_timing:
        return (
            f"{clashing}: the engine numbers the runs by start order, which depends on timing, so a run may get the"
            " result of another one at replay."
        )
    return f"{clashing}: the engine distinguishes them only by start order."


def _advice(clash: NameClash) -> str:
    first, second = clash.first, clash.second
    if first.place.node is second.place.node:
        return f'Make the name unique: `f"{second.name} {{...}}"`.'
    return f"Give each {second.kind} its own name."


def _location(first: NamedActivity, seen_from: Span) -> str:
    span = first.place.span
    return f"line {span.line}" if span.path == seen_from.path else f"{span.path}, line {span.line}"


RULE = Rule(
    code="SG207",
    name="concurrent-steps-of-one-name",
    module=__name__,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    check=_check,
)
