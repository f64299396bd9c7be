"""The configs of steps, with the possible values of their entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from stepgraph.checks.analysis.bound_values import PlacedValue, with_bound_values
from stepgraph.checks.subject import WorkflowSubject, once_per_subject
from stepgraph.ir.facts import MethodCalled
from stepgraph.ir.static_values import constant_key_entries
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.ir.values import Value


class ConfigEntry(Struct, frozen=True):
    """A possible value of an entry in a dictionary."""

    key: str
    possible: PlacedValue
    """The value, with the location that it comes from."""
    place: SourcePlace
    """The location of the value in the dictionary. It differs from that of `possible` for the value of a variable."""
    retries: tuple[ConfigEntry, ...]
    """The entries of a value of `retries`."""


class ConfigArgument(Struct, frozen=True):
    """A possible value of a `config=` argument."""

    possible: PlacedValue
    """The value, with the location that it comes from."""
    entries: tuple[ConfigEntry, ...]
    """The entries with constant keys, one for each possible value of an entry."""


@once_per_subject
def step_configs(subject: WorkflowSubject) -> tuple[ConfigArgument, ...]:
    """Return the configs of the steps of a workflow: arguments, and arguments that functions pass on as configs."""
    arguments = [
        call.arguments.find(3, "config") for call in subject.facts_of_type(MethodCalled) if call.method == "do"
    ]
    return tuple(
        [
            ConfigArgument(possible, _entries(subject, possible.value))
            for argument in arguments
            if argument is not None
            for possible in with_bound_values(subject, argument.value, argument.place)
        ]
    )


def _entries(subject: WorkflowSubject, value: Value, *, in_retries: bool = False) -> tuple[ConfigEntry, ...]:
    entries: list[ConfigEntry] = []
    for key, entry in constant_key_entries(value):
        for possible in with_bound_values(subject, entry.value, entry.place):
            is_retries = key == "retries" and not in_retries
            retries = _entries(subject, possible.value, in_retries=True) if is_retries else ()
            entries.append(ConfigEntry(key, possible, entry.place, retries))
    return tuple(entries)
