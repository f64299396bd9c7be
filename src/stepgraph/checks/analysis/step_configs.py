"""The config dictionaries of steps: `step.do(config=...)`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.ir.facts import MethodCalled, StaticArgument
from stepgraph.ir.static_values import StaticEntry, StaticMapping, cases_of
from stepgraph.ir.values import Constant, Value

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def config_arguments(subject: WorkflowSubject) -> Iterator[StaticArgument]:
    """Yield the `config=` arguments of the steps of a workflow."""
    for call in subject.facts_of_type(MethodCalled):
        config = call.arguments.find(3, "config") if call.method == "do" else None
        if config is not None:
            yield config


def constant_key_entries(value: Value) -> Iterator[tuple[str, StaticEntry]]:
    """Yield the entries with constant string keys of each dictionary that a value may be."""
    for dictionary in cases_of(value):
        if isinstance(dictionary, StaticMapping):
            for entry in dictionary.entries:
                if isinstance(entry.key, Constant) and isinstance(entry.key.value, str):
                    yield entry.key.value, entry
