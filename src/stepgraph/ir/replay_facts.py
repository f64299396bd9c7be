"""Facts about code that a replay runs again, and that may then behave differently."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from stepgraph.ir.facts import Fact
from stepgraph.syntax.module import SourcePlace


class RaceOutsideStep(Fact, Struct, frozen=True):
    """An await outside of steps that ends as soon as one task completes."""

    names: tuple[str, ...]
    """The names of the competing activities: steps, sleeps, waits and functions."""
    loop_continues: bool
    """Whether an enclosing loop then awaits the remaining tasks."""
    place: SourcePlace


class NondeterministicCondition(Fact, Struct, frozen=True):
    """A condition or an iterable that differs at replay and decides the control flow."""

    name: str
    """The dotted name of the function whose call produces the nondeterministic value."""
    produced_at: SourcePlace
    """The location of the call that produces the value."""
    test: SourcePlace
    controlled_statement: SourcePlace
    """The location of the conditional or loop."""
    first_branch: int
    """The index of the first branch that depends on the condition."""
    calls: tuple[SourcePlace, ...]
    """The calls that lead to the call that produces the value, innermost first."""


class ModuleStateCondition(Fact, Struct, frozen=True):
    """A condition or an iterable that reads a variable of a module, which run-time code changes."""

    name: str
    """The name of the variable."""
    changed_at: SourcePlace
    """The location of the first change."""
    test: SourcePlace
    controlled_statement: SourcePlace
    """The location of the conditional or loop."""
    first_branch: int
    """The index of the first branch that depends on the condition."""


class NondeterministicUseAfterStep(Fact, Struct, frozen=True):
    """A use of a nondeterministic value that was created before a step and is used after it."""

    name: str
    """The dotted name of the function whose call produces the value."""
    produced_at: SourcePlace
    """The location of the call that produces the value."""
    place: SourcePlace
    """The location of the use."""
    calls: tuple[SourcePlace, ...]
    """The calls that lead to the call that produces the value, innermost first."""


class ExternalCallOutsideStep(Fact, Struct, frozen=True):
    """A call of a binding or of a request function outside of steps: `env.KV.put`, `fetch`."""

    name: str
    place: SourcePlace
    calls: tuple[SourcePlace, ...]
    """The `await` of the result, if any, and the calls of functions that lead to it, innermost first."""


class SleepOutsideStep(Fact, Struct, frozen=True):
    """A call outside of steps of a function that sleeps without the engine, such as `asyncio.sleep`."""

    name: str
    """The dotted name of the function."""
    milliseconds: float | None
    """The duration; None if it is not constant."""
    place: SourcePlace
    loop: SourcePlace | None
    """The location of the innermost loop around the call in its function."""
    calls: tuple[SourcePlace, ...]
    """The calls of functions that lead to the call, innermost first."""


class EventMutated(Fact, Struct, frozen=True):
    """A mutation of the event passed to `run`."""

    mutated_source: str
    """The source of the mutated expression."""
    place: SourcePlace
    in_step: bool
    calls: tuple[SourcePlace, ...]
    """The calls that lead to the mutation, innermost first. In a step, they begin in the body of the step."""


FactInCall: TypeAlias = ExternalCallOutsideStep | SleepOutsideStep | EventMutated
"""A fact about a function that depends on its calls. Each call repeats it."""


class OuterStateMutated(Fact, Struct, frozen=True):
    """A mutation, inside a step, of state outside the step. Later reads differ at replay, which skips the mutation."""

    mutated_source: str
    """The source of the mutated expression."""
    place: SourcePlace
    read_place: SourcePlace
    """The location of a later read."""
    calls: tuple[SourcePlace, ...]
    """The calls, in the body of the step, that lead to the mutation, innermost first."""
    is_global: bool
    """Whether the state is a variable of a module, which lasts until the Worker restarts."""
