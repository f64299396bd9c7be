"""The dictionaries that `step.do(config=...)` is given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.ir.facts import MethodCalled, StaticArgument
from stepgraph.ir.static_values import StaticConstant, StaticEntry, StaticMapping, StaticValue, cases_of

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def config_arguments(subject: WorkflowSubject) -> Iterator[StaticArgument]:
    """Yield what the steps of a workflow are given as `config=`."""
    for call in subject.facts(MethodCalled):
        config = call.arguments.find(3, "config") if call.method == "do" else None
        if config is not None:
            yield config


def entries(value: StaticValue) -> Iterator[tuple[str, StaticEntry]]:
    """Yield the entries of a dictionary whose keys are known text, of each dictionary that a value may be."""
    for possible in cases_of(value):
        if isinstance(possible, StaticMapping):
            for entry in possible.entries:
                if isinstance(entry.key, StaticConstant) and isinstance(entry.key.value, str):
                    yield entry.key.value, entry
