"""Work with a clock: steps and calls, before they begin, running and failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import inf

from tests.acceptance.sequence import EMPTY, Jump, Sequence, sequence
from tests.acceptance.step_names import matches_name
from tests.acceptance.term import (
    NO_PENDING,
    NO_STEPS,
    Completion,
    Exit,
    Pending,
    Rewrite,
    Search,
    StepCounts,
    Term,
    Transition,
)
from tests.acceptance.trace import Kind, StepEvent


@dataclass(frozen=True, slots=True)
class Clock:
    """When work begins and ends, if specified, and how its failure is handled."""

    starts: float | None = None
    resolves: float | None = None
    may_be_caught: bool = False
    """Whether code that awaits the work may catch the failure."""
    settled: bool = False
    """Whether any exception is a result, even one that no step raised."""

    @property
    def outlasts(self) -> bool:
        return self.starts is not None and self.resolves is None

    @property
    def has_clock(self) -> bool:
        return self.starts is not None or self.resolves is not None


@dataclass(frozen=True, eq=False)
class Work(Term):
    """Base of steps and calls: work that may outlast its group need not be awaited."""

    clock: Clock

    @property
    def resolves(self) -> float:
        return inf if self.clock.resolves is None else self.clock.resolves

    @property
    def clocked(self) -> bool:
        return self.clock.has_clock

    def advance_to(self, clock: float, search: Search) -> list[Rewrite]:
        if self.resolves > clock:
            return [Rewrite(self)]
        return [Rewrite(EMPTY, exit_.pending) for exit_ in search.exits(self) if exit_.completion is Completion.NORMAL]

    @property
    def _outlasting(self) -> list[Exit]:
        return [Exit(Completion.NORMAL, Pending((self,)))] if self.clock.outlasts else []


@dataclass(frozen=True, eq=False)
class StepTerm(Work):
    """A step that has not begun, with the steps in its body."""

    kind: Kind
    name: str
    nested: Term = EMPTY

    @property
    def starts(self) -> float:
        return -inf if self.clock.starts is None else self.clock.starts

    def transitions(self, event: StepEvent, search: Search) -> list[Transition]:  # noqa: ARG002 # depends only on the event
        if event.type != "start" or event.kind != self.kind or not matches_name(self.name, event.name):
            return []
        return [Transition(RunningStep(self.clock, self, event.name, self.nested), clock=self.clock.starts)]

    def exits(self, search: Search) -> list[Exit]:  # noqa: ARG002 # it is required in any case
        return self._outlasting

    def required_steps(self, search: Search) -> StepCounts:
        if self.clock.outlasts:
            return NO_STEPS
        return search.required_steps(self.nested) + Counter({(self.kind, self.name): 1})


@dataclass(frozen=True, eq=False)
class RunningStep(Work):
    """A running step with its actual name, and the rest of its body in this attempt."""

    step: StepTerm
    name: str
    nested: Term

    def transitions(self, event: StepEvent, search: Search) -> list[Transition]:
        transitions = [
            Transition(replace(self, nested=transition.term), transition.pending.in_background)
            for transition in self._nested_moves(event, search)
        ]
        if event.kind != self.step.kind or event.name != self.name:
            return transitions
        pending = Pending((self.nested,)) if self.nested is not EMPTY else NO_PENDING
        match event.type:
            case "end":
                exits = [
                    exit_
                    for exit_ in search.exits(self.nested)
                    if exit_.completion in (Completion.NORMAL, Completion.RETURN)
                ]
                transitions += [Transition(EMPTY, exit_.pending.in_background) for exit_ in exits]
            case "retry":
                transitions.append(Transition(replace(self, nested=self.step.nested), pending))
            case "fail":
                transitions.append(Transition(FailedStep(self.clock), pending))
                if self.clock.may_be_caught:
                    transitions.append(Transition(EMPTY, pending))
        return transitions

    def _nested_moves(self, event: StepEvent, search: Search) -> list[Transition]:
        return search.transitions(self.nested, event) if self.nested is not EMPTY else []

    def exits(self, search: Search) -> list[Exit]:  # noqa: ARG002 # it must end in any case
        return self._outlasting

    def interrupted(self, search: Search) -> list[Pending]:  # noqa: ARG002 # it continues in any case
        return [Pending((self,))]


@dataclass(frozen=True, eq=False)
class FailedStep(Work):
    """A failed step whose failure has not been observed."""

    def exits(self, search: Search) -> list[Exit]:  # noqa: ARG002 # it raises in any case
        return [Exit(Completion.RAISE)]

    def required_steps(self, search: Search) -> StepCounts:  # noqa: ARG002 # it prevents others in any case
        return Counter({None: 1})


@dataclass(frozen=True, eq=False)
class Call(Work):
    """A call of a function that has not begun."""

    function: str

    @property
    def starts(self) -> float:
        return -inf if self.clock.starts is None else self.clock.starts

    def transitions(self, event: StepEvent, search: Search) -> list[Transition]:
        transitions = search.transitions_of_function(self.function, event)
        return [
            Transition(running_call(self.clock, transition.term), transition.pending.in_background, self.clock.starts)
            for transition in transitions
        ]

    def exits(self, search: Search) -> list[Exit]:
        raised = [Exit(Completion.NORMAL)] if self.clock.settled else []
        return self._outlasting + raised + _out_of_function(self.clock, search.exits_of_function(self.function))

    def required_steps(self, search: Search) -> StepCounts:
        return (
            NO_STEPS
            if self.clock.outlasts
            else _or_failure(self.clock, search.required_steps_of_function(self.function))
        )

    def interrupted(self, search: Search) -> list[Pending]:
        return [pending.in_background for pending in search.interruptions_of_function(self.function)]


@dataclass(frozen=True, eq=False)
class RunningCall(Work):
    """The rest of a called function, whose body has clocks of its own."""

    body: Term

    def transitions(self, event: StepEvent, search: Search) -> list[Transition]:
        return [
            Transition(running_call(self.clock, transition.term), transition.pending.in_background)
            for transition in search.transitions(self.body, event)
        ]

    def exits(self, search: Search) -> list[Exit]:
        raised = (
            [Exit(Completion.NORMAL, pending.in_background) for pending in self.body.interrupted(search)]
            if self.clock.settled
            else []
        )
        return self._outlasting + raised + _out_of_function(self.clock, search.exits(self.body))

    def required_steps(self, search: Search) -> StepCounts:
        return NO_STEPS if self.clock.outlasts else _or_failure(self.clock, search.required_steps(self.body))

    def interrupted(self, search: Search) -> list[Pending]:
        return self.body.interrupted(search)


def running_call(clock: Clock, body: Term) -> Term:
    """Build the rest of a called function. A tail call needs no frame of its own."""
    while isinstance(body, Sequence) and body.items and body.items[-1] == RETURN:
        body = sequence(*body.items[:-1])
    if isinstance(body, RunningCall) and not body.clock.has_clock:
        body = body.body
    return RunningCall(clock, body)


def _or_failure(clock: Clock, step_counts: StepCounts) -> StepCounts:
    return step_counts + Counter({None: 1}) if clock.settled else step_counts


RETURN = Jump(Completion.RETURN)


def _out_of_function(clock: Clock, exits: Iterable[Exit]) -> list[Exit]:
    call_exits = []
    for exit_ in exits:
        pending = exit_.pending.in_background
        if exit_.completion is not Completion.RAISE:
            call_exits.append(Exit(Completion.NORMAL, pending))
        else:
            call_exits.append(Exit(Completion.RAISE, pending))
            if clock.may_be_caught:
                call_exits.append(Exit(Completion.NORMAL, pending))
    return call_exits
