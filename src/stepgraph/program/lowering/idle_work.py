"""Work that nothing waits for: coroutines that never begin, sleeps and tasks that are left to themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

import libcst as cst
from msgspec import Struct, field

from stepgraph.program.facts import MethodCalled, NeverAwaited, NeverCalled, StepCalled, StepDeclared, Work
from stepgraph.program.ir import (
    Activity,
    Block,
    Call,
    Handle,
    Join,
    Run,
    Sleep,
    SleepUntil,
    Start,
    StepDefinition,
    handles_of,
)
from stepgraph.program.known import Elements, KnownStep
from stepgraph.program.lowering.functions import may_run_steps
from stepgraph.program.lowering.machine import Machine
from stepgraph.program.reach import name_of, reached
from stepgraph.program.values import Coroutine, FunctionCall, PreparedCall, StepCall, WaitCall
from stepgraph.syntax.discarding import Discarding
from stepgraph.syntax.module import Place

_SIGNALS: Final = (b"Barrier(", b"Condition(", b"Event(", b"Queue(", b"create_future(")


def report_idle_work(machine: Machine, body: Block, run: Place) -> None:
    """Report the coroutines and steps that never begin, and observe what is certain. `run` is what the SDK calls."""
    uses = _Uses(machine, run)
    _report_never_awaited(uses)
    _observe_left_alone(uses, body)
    _observe_never_called(uses)


class _Uses(Struct):
    """What a program makes of values, asked of each module in one place: what it found out once, it knows."""

    machine: Machine
    run: Place
    discardings: dict[tuple[int, str], Discarding] = field(default_factory=dict)

    def observe(self, work: Work, name: str, place: Place, *, is_coroutine: bool = False) -> None:
        """Observe work of which it is certain that nothing waits for it."""
        ends = frozenset([id(self.run.node)])
        discarding = self._discarding(place, "coroutine" if is_coroutine else "task", ends)
        if discarding.discards(place.node):
            self.machine.observe(NeverAwaited(work, name, place, discarding.stands_alone(place.node)))

    def is_ignored(self, declared: StepDeclared) -> bool:
        """Whether nothing is made of what `step.do(...)` made of a function: by its name, or where it stands."""
        call = declared.place
        discarding = self._discarding(call, "step")
        match call.module.parents.get(id(call.node)):
            case cst.Decorator() as decorator:
                function = call.module.parents.get(id(decorator))
                outermost = isinstance(function, cst.FunctionDef) and function.decorators[0] is decorator
                return isinstance(function, cst.FunctionDef) and outermost and discarding.ignores(function)
            case cst.Call(func=decorated) as applied if decorated is call.node:
                return discarding.discards(applied)
            case _:
                return False

    def _discarding(
        self, place: Place, what: Literal["coroutine", "task", "step"], ends: frozenset[int] = frozenset()
    ) -> Discarding:
        key = (id(place.module), what)
        known = self.discardings.get(key)
        if known is None:
            known = self.discardings[key] = Discarding(place.module.parents, ends, is_coroutine=what == "coroutine")
        return known


def _report_never_awaited(uses: _Uses) -> None:
    machine = uses.machine
    for key, (place, coroutine) in list(machine.work.made.items()):
        if key in machine.work.begun:
            continue
        if isinstance(coroutine, FunctionCall) and not may_run_steps(machine, coroutine.function, coroutine.arguments):
            continue
        machine.note(
            "never-awaited",
            place,
            f"`{place.text}` makes a coroutine that is never awaited, so it never runs.",
            "Write `await` before it.",
            incomplete=False,
        )
        uses.observe(*_coroutine(coroutine), machine.work.wrapped.get(key, place), is_coroutine=True)


def _observe_left_alone(uses: _Uses, body: Block) -> None:
    """Observe the sleeps and tasks of a program of which it is certain that nothing waits for them."""
    work = _StartedWork()
    work.read(body)
    for start in work.started.values():
        if start.eager and isinstance(start.activity, Sleep | SleepUntil) and start.handle not in work.joined:
            uses.observe("sleep", start.activity.name, start.place)
    for place, handles in uses.machine.work.started.values():
        if place.module.mentions(b"all_tasks") or any(handle in work.joined for handle in handles):
            continue
        activities = [work.started[handle].activity for handle in handles if handle in work.started]
        activities = [activity for activity in activities if not isinstance(activity, Call) or activity.function.works]
        if activities and not any(_may_signal(activity, place) for activity in activities):
            uses.observe("task", ", ".join(map(name_of, activities)), place)


def _may_signal(activity: Activity, place: Place) -> bool:
    """Whether work may tell that it is over by what is waited for in its stead: a queue, an event, a future."""
    return isinstance(activity, Call) and any(map(place.module.mentions, _SIGNALS))


def _observe_never_called(uses: _Uses) -> None:
    """Observe the declared steps of which it is certain that nothing calls them, and which no other step may need.

    Of others that do not run, it is reported that no call of them is seen.
    """
    machine = uses.machine
    facts = [fact for fact in machine.facts if isinstance(fact, StepDeclared | StepCalled)]
    called = {id(fact.definition.place.node) for fact in facts if isinstance(fact, StepCalled)}
    declared = [fact for fact in facts if isinstance(fact, StepDeclared)]
    if any(fact.function is None for fact in declared):
        return  # a step that runs a function which is not known may need any other
    needed = {parameter.name for fact in declared for parameter in fact.definition.parameters}
    unclear = any(code == "unresolved-dependency" for code, _ in machine.notes)
    lost: list[StepDeclared] = []
    for fact in declared:
        name = fact.definition.name
        if id(fact.place.node) in called or name in needed or (unclear and "{" in name):
            continue
        if uses.is_ignored(fact):
            machine.observe(NeverCalled(fact.definition, fact.place))
        elif fact.definition not in machine.steps.ran:
            lost.append(fact)
    if not any(incomplete for *_, incomplete in machine.notes.values()):
        _report_lost(machine, lost)


def _report_lost(machine: Machine, lost: Sequence[StepDeclared]) -> None:
    """Steps that something is made of, and of which no call is seen: not needed, or lost sight of without a word."""
    given = set(_given_steps(machine))
    for declared in lost:
        if declared.definition not in given and declared.definition not in machine.store.replaced:
            machine.note(
                "lost-step",
                declared.place,
                f"no call is seen of the step {declared.definition.name!r}, which is kept or handed on.",
                "If something calls it, the graph lacks that; call it by its name.",
            )


def _given_steps(machine: Machine) -> Iterator[StepDefinition]:
    """Yield the steps that are given to `step.do`: what these are for is judged elsewhere."""
    for fact in machine.facts:
        if isinstance(fact, MethodCalled):
            for argument in fact.arguments.items:
                values = argument.value.elements if isinstance(argument.value, Elements) else (argument,)
                yield from (v.value.definition for v in values if isinstance(v.value, KnownStep))


class _StartedWork(Struct):
    """What a program starts and what it waits for, by handle."""

    started: dict[Handle, Start] = field(default_factory=dict)
    joined: set[Handle] = field(default_factory=set)

    def read(self, body: Block) -> None:
        for met in reached(body):
            match met.operation:
                case Start() as start:
                    self.started[start.handle] = start
                case Join(group=group):
                    self.joined |= handles_of(group)
                case Run(completes=completes):
                    self.joined |= {awaited.handle for awaited in completes}


def _coroutine(coroutine: Coroutine) -> tuple[Work, str]:
    match coroutine:
        case StepCall(step=step):
            return "step", step.definition.name
        case WaitCall(activity=wait):
            return "wait", wait.name
        case FunctionCall(function=called):
            return "function", called.name
        case PreparedCall(function=prepared):
            return "function", prepared.names[0]
