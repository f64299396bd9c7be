"""The dictionaries that `step.do(config=...)` is given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.ir.facts import GivenArgument, MethodCalled
from stepgraph.ir.static_values import Keyed, KeyedElement, Known, KnownConstant, possibilities

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject


def given_configs(subject: WorkflowSubject) -> Iterator[GivenArgument]:
    """Yield what the steps of a workflow are given as `config=`."""
    for call in subject.facts(MethodCalled):
        config = call.arguments.find(3, "config") if call.method == "do" else None
        if config is not None:
            yield config


def entries(value: Known) -> Iterator[tuple[str, KeyedElement]]:
    """Yield the entries of a dictionary whose keys are known text, of each dictionary that a value may be."""
    for possible in possibilities(value):
        if isinstance(possible, Keyed):
            for entry in possible.entries:
                if isinstance(entry.key, KnownConstant) and isinstance(entry.key.value, str):
                    yield entry.key.value, entry
