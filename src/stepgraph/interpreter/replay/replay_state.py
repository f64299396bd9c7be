"""The state of the replay analysis: completed steps, nondeterministic uses and changes of workflow state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final

import libcst as cst
from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.interpreter.frame import Frame
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.replay.tracer import (
    NO_CONTEXT,
    CallTrace,
    NondeterministicUse,
    ReplayPosition,
    StateChange,
    StateKey,
    TraceMark,
)
from stepgraph.interpreter.values.objects import LexicalScope
from stepgraph.ir.replay_facts import EventMutated, FactInCall
from stepgraph.ir.values import UNKNOWN, Nondeterministic, Value
from stepgraph.syntax.module import SourcePlace


class StateRead(Struct, frozen=True):
    """A read of a name or attribute, or a binding of a name."""

    scope: LexicalScope
    node: cst.Name | cst.Attribute | str
    """The expression that is read, or the name that is bound."""
    owner: Value | None = None
    """The object whose attribute is read, if the read is of an attribute."""
    value: Value = UNKNOWN


class StateUse(Struct, frozen=True):
    """A read of state that a step has changed."""

    key: StateKey
    change: StateChange
    place: SourcePlace


# The maximum number of facts that a further call of a function repeats. A finding shows only a few of them.
_MAX_REPEATED_FACTS: Final = 6
# The number of facts beyond which further calls repeat none, to stay far below the limit on facts of a workflow.
_MAX_FACTS: Final = 5_000


class Nesting:
    """A context that can be nested in itself, with the number of its uses around the code being evaluated."""

    __slots__ = ("depth",)

    def __init__(self) -> None:
        self.depth = 0

    def __enter__(self) -> None:
        self.depth += 1

    def __exit__(self, *_: object) -> None:
        self.depth -= 1


class _ArgumentsContext:
    """The context of `ReplayState.arguments`."""

    __slots__ = ("are_parameters", "logs", "outer", "state")

    def __init__(self, state: ReplayState, *, logs: bool, are_parameters: bool) -> None:
        self.state = state
        self.logs = logs
        self.are_parameters = are_parameters

    def __enter__(self) -> None:
        state = self.state
        state.logging_only.depth += self.logs
        self.outer = state.passes_arguments
        state.passes_arguments = self.are_parameters

    def __exit__(self, *_: object) -> None:
        self.state.logging_only.depth -= self.logs
        self.state.passes_arguments = self.outer


class _StepBodyContext:
    """The context of `ReplayState.step_body`."""

    __slots__ = ("outer", "state", "step")

    def __init__(self, state: ReplayState, step: cst.CSTNode) -> None:
        self.state = state
        self.step = step

    def __enter__(self) -> None:
        state = self.state
        self.outer = state.step, state.step_since
        state.step, state.step_since = self.step, state.interpreter.store.serial

    def __exit__(self, *_: object) -> None:
        self.state.step, self.state.step_since = self.outer


class ReplayState(Struct):
    """The state of the replay analysis of one workflow at the current point of evaluation."""

    interpreter: Interpreter
    entry: cst.CSTNode | None = None
    """The `run` method of the workflow."""
    last_step: int = 0
    """The number of the last step, sleep or wait that must have completed, or 0 if none has."""
    step_count: int = 0
    """The number of steps, sleeps and waits completed so far. Tasks that are awaited together count once."""
    nondeterministic_count: int = 0
    """The number of nondeterministic values created so far."""
    latest: dict[Nondeterministic, Nondeterministic] = field(default_factory=dict)
    """The latest value from each place that creates nondeterministic values."""
    uses: list[NondeterministicUse] = field(default_factory=list)
    """The uses of nondeterministic values in data that the engine stores."""
    deferred_uses: tuple[Frame, list[NondeterministicUse]] | None = None
    """The uses in the value of an assignment, with its frame. Without an assignment in a step, None."""
    seeded: bool = False
    """Whether the program seeds `random`, which makes its values deterministic."""
    logging_only: Nesting = field(default_factory=Nesting)
    """The context of code that only prints or logs."""
    step: cst.CSTNode | None = None
    """The step whose body is being evaluated, if any."""
    step_since: int = 0
    """The serial of the newest cell before the body of `step`. Newer cells are local to the body."""
    facts: list[FactInCall] = field(default_factory=list)
    """The facts that depend on the calls of the functions that they are about, in order of evaluation."""
    state_changes: Mapping[StateKey, StateChange] = field(default_factory=dict)
    """The possible changes of outer state by step bodies so far."""
    recorded_changes: list[tuple[StateKey, StateChange | None]] = field(default_factory=list)
    """All changes, in order of evaluation."""
    bindings: list[tuple[LexicalScope, str]] = field(default_factory=list)
    """The bindings of names since the first nondeterministic value, each with the current scope."""
    state_uses: list[StateUse] = field(default_factory=list)
    """The reads of state that a step has changed."""
    state_reads: list[StateRead] = field(default_factory=list)
    """The reads and bindings in the enclosing loops, in order of evaluation."""
    lazily_initialized: set[tuple[int, str]] = field(default_factory=set)
    """The state that steps initialize only if it is missing, by serial of the cell and key."""
    passes_arguments: bool = False
    """Whether the arguments of a project function are being evaluated. Reads of its parameters are the uses."""
    target: Nesting = field(default_factory=Nesting)
    """The context of the target of a change."""
    base: Nesting = field(default_factory=Nesting)
    """The context of the base of an attribute or subscript."""

    def arguments(self, *, logs: bool, are_parameters: bool) -> AbstractContextManager[None]:
        """Return a context that evaluates the arguments of a logging call, of a project function or of another call."""
        changes_nothing = not logs and are_parameters == self.passes_arguments
        return NO_CONTEXT if changes_nothing else _ArgumentsContext(self, logs=logs, are_parameters=are_parameters)

    @property
    def reads_are_uses(self) -> bool:
        """Whether a value that the current code reads counts as used, because a step body reads it."""
        return self.interpreter.in_step and self.nondeterministic_count > 0 and not self.passes_arguments

    def step_body(self, step: cst.CSTNode) -> AbstractContextManager[None]:
        """Return a context that evaluates the body of a step."""
        return _StepBodyContext(self, step)

    @contextmanager
    def task_body(self) -> Iterator[None]:
        """Enter a context that evaluates the body of a task. Its steps do not precede the code after its start."""
        last_step = self.last_step
        yield
        self.last_step = last_step

    @contextmanager
    def after_dependencies(self) -> Iterator[None]:
        """Enter a context that evaluates the body of a step after the steps on which it depends."""
        last_step = self.last_step
        self.complete_step()
        yield
        self.last_step = last_step

    @property
    def position(self) -> ReplayPosition:
        """The position of the code being evaluated."""
        return ReplayPosition(self.last_step, self.state_changes)

    def restore(self, position: ReplayPosition) -> None:
        """Continue the analysis at another position."""
        self.last_step, self.state_changes = position.last_step, position.state_changes

    def join_paths(self, ends: Sequence[ReplayPosition]) -> None:
        """Join the positions at the ends of several paths: steps completed on all paths, and changes on any path."""
        self.last_step = min(end.last_step for end in ends)
        if any(end.state_changes is not self.state_changes for end in ends):
            changes = dict(ends[0].state_changes)
            for end in ends[1:]:
                if end.state_changes is not ends[0].state_changes:
                    changes.update(end.state_changes)
            self.state_changes = changes

    def mark(self) -> TraceMark:
        """Return the current point of the trace."""
        return TraceMark(
            self.last_step,
            self.nondeterministic_count,
            len(self.uses),
            len(self.recorded_changes),
            len(self.facts),
            len(self.state_reads),
            len(self.bindings),
            len(self.interpreter.frame.returns),
            self.interpreter.store.serial,
        )

    def trace_since(self, start: TraceMark, place: SourcePlace | None) -> CallTrace:
        """Return the trace of the call at `place` that began at `start`."""
        return CallTrace(
            tuple(
                use
                for use in self.uses[start.use_count :]
                if use.nondeterministic.serial <= start.nondeterministic_count
            ),
            tuple(self.recorded_changes[start.change_count :]),
            self._facts_since(start, place),
            self.nondeterministic_count > start.nondeterministic_count,
            self.last_step > start.last_step,
        )

    def _facts_since(self, start: TraceMark, place: SourcePlace | None) -> tuple[FactInCall, ...]:
        """Return the first facts since `start`, without the call at `place` and the calls that lead to it."""
        interpreter = self.interpreter
        by_place: dict[tuple[type[FactInCall], SourcePlace], FactInCall] = {}
        for fact in self.facts[start.fact_count :]:
            if (isinstance(fact, EventMutated) and fact.in_step) == interpreter.in_step:
                by_place.setdefault((type(fact), fact.place), fact)
            if len(by_place) == _MAX_REPEATED_FACTS:
                break
        if not by_place:
            return ()
        outer_count = len(interpreter.calls) + (place is not None)
        return tuple(
            replace(fact, calls=fact.calls[: max(0, len(fact.calls) - outer_count)]) for fact in by_place.values()
        )

    def record_fact(self, fact: FactInCall | None) -> None:
        """Record a fact that depends on the calls of the current function, if there is one."""
        if fact is not None:
            self.facts.append(fact)
            if fact not in self.interpreter.facts:
                self.interpreter.observe(fact)

    def repeat_facts(self, facts: Sequence[FactInCall], place: SourcePlace | None) -> None:
        """Record the facts of a function again, because a further call at `place` repeats them."""
        if not facts or len(self.facts) >= _MAX_FACTS:
            return
        outer = self._calls_at(place)
        for fact in facts:
            self.record_fact(replace(fact, calls=(*fact.calls, *outer)))

    def _calls_at(self, place: SourcePlace | None) -> tuple[SourcePlace, ...]:
        """Return the calls that lead to the body of a function that is called at `place`, innermost first."""
        return (*(() if place is None else (place,)), *self.interpreter.calls)

    def change(self, key: StateKey, change: StateChange | None) -> None:
        """Record that a step changes some state. If the change is None, discard earlier changes of this state."""
        self.recorded_changes.append((key, change))
        changes = dict(self.state_changes)  # a copy needs no hashes of the keys
        changes.pop(key, None)
        if change is not None:
            changes[key] = change
        self.state_changes = changes

    def repeat_changes(self, changes: Sequence[tuple[StateKey, StateChange | None]], place: SourcePlace | None) -> None:
        """Record the changes of a function again, because a further call at `place` repeats them."""
        for key, change in changes:
            if change is None:
                self.change(key, None)
            elif self.step is not None and key[0].serial <= self.step_since:
                self.change(key, replace(change, step=self.step, calls=self._calls_at(place) or change.calls))

    def complete_step(self) -> None:
        """Record that the following code runs after another step, sleep or wait has completed."""
        self.step_count += 1
        self.last_step = self.step_count
