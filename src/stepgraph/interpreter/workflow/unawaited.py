"""Work that nothing waits for: coroutines that never begin, sleeps and tasks that are left to themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

import libcst as cst
from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.classes import member, resolution_order
from stepgraph.interpreter.objects.special_methods import OPERATOR_NAMES
from stepgraph.interpreter.objects.values import (
    ClassValue,
    Coroutine,
    FunctionCall,
    FunctionValue,
    Instance,
    PreparedCall,
    StepCall,
    WaitCall,
)
from stepgraph.interpreter.summaries import may_run_steps
from stepgraph.ir.facts import MethodCalled, NeverAwaited, NeverCalled, StepCalled, StepDeclared, Work
from stepgraph.ir.nodes import (
    Activity,
    Await,
    Block,
    Call,
    Run,
    Sleep,
    SleepUntil,
    Start,
    StepDefinition,
    TaskId,
    task_ids_of,
)
from stepgraph.ir.static_values import StaticCollection, StaticStep
from stepgraph.ir.walk import name_of, reached
from stepgraph.syntax.discarding import Discarding
from stepgraph.syntax.module import Place

_SIGNALS: Final = (b"Barrier(", b"Condition(", b"Event(", b"Queue(", b"create_future(")


def report_idle_work(interpreter: Interpreter, body: Block, run: Place) -> None:
    """Report the coroutines and steps that never begin, and observe what is certain. `run` is what the SDK calls."""
    uses = _Uses(interpreter, run)
    _report_never_awaited(uses)
    _report_never_iterated(interpreter)
    _report_special_methods(interpreter)
    _observe_left_alone(uses, body)
    _observe_never_called(uses)


class _Uses(Struct):
    """What a program makes of values, asked of each module in one place: what it found out once, it knows."""

    interpreter: Interpreter
    run: Place
    discardings: dict[tuple[int, str], Discarding] = field(default_factory=dict)

    def observe(self, work: Work, name: str, place: Place, *, is_coroutine: bool = False) -> None:
        """Observe work of which it is certain that nothing waits for it."""
        ends = frozenset([id(self.run.node)])
        discarding = self._discarding(place, "coroutine" if is_coroutine else "task", ends)
        if discarding.discards(place.node):
            self.interpreter.observe(NeverAwaited(work, name, place, discarding.stands_alone(place.node)))

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
    interpreter = uses.interpreter
    for key, (place, coroutine) in list(interpreter.work.made.items()):
        if key in interpreter.work.begun:
            continue
        if isinstance(coroutine, FunctionCall) and not may_run_steps(
            interpreter, coroutine.function, coroutine.arguments
        ):
            continue
        interpreter.note(
            "never-awaited",
            place,
            f"`{place.text}` makes a coroutine that is never awaited, so it never runs.",
            "Write `await` before it.",
            incomplete=False,
        )
        uses.observe(*_coroutine(coroutine), interpreter.work.wrapped.get(key, place), is_coroutine=True)


def _report_never_iterated(interpreter: Interpreter) -> None:
    for key, generator in list(interpreter.work.generators.items()):
        if key in interpreter.work.begun or not may_run_steps(interpreter, generator.function, generator.arguments):
            continue
        interpreter.note(
            "generator",
            generator.place,
            f"nothing is seen to iterate over `{generator.place.text}`, a generator with steps.",
            "Steps that it runs are missing from the graph; iterate over it with `for`.",
        )


def _report_special_methods(interpreter: Interpreter) -> None:
    """Report the special methods with steps that Python calls where the interpreter does not: `__str__`, `__del__`."""
    asked: set[tuple[int, str]] = set()
    for instance in interpreter.work.objects:
        for owner in resolution_order(instance.of):
            for name in special_names(owner) if isinstance(owner, ClassValue) else ():
                if (id(instance.of.node), name) not in asked:
                    asked.add((id(instance.of.node), name))
                    _report_special_method(interpreter, instance, name)


def special_names(defined: ClassValue) -> Iterator[str]:
    """Yield the special methods of a class that are not called in every way that Python calls them."""
    names = defined.scope.bindings.binders
    return (name for name in names if name.startswith("__") and name.endswith("__") and name not in FOLLOWED)


def _report_special_method(interpreter: Interpreter, instance: Instance, name: str) -> None:
    method = member(interpreter, resolution_order(instance.of), name)
    if not isinstance(method, FunctionValue) or isinstance(method.node, cst.Lambda):
        return
    bound = replace(method, receiver=instance)
    if may_run_steps(interpreter, bound):
        interpreter.note(
            "escapes",
            Place(method.scope.module, method.node),
            f"`{instance.of.name}.{name}` runs steps, and Python calls it in ways that are not followed.",
            "Steps run from there may be missing from the graph; run them in a method that is called by its name.",
        )


FOLLOWED: Final = frozenset(
    f"__{name}__"
    for name in [
        *("new", "init", "post_init", "init_subclass", "class_getitem", "call", "await", "get", "set"),
        *("enter", "exit", "aenter", "aexit", "iter", "next", "aiter", "anext", "getitem", "setitem"),
        *("getattr", "getattribute", "contains", "ne", "lt", "le", "gt", "ge", "neg", "pos", "invert"),
        *(f"{prefix}{operator}" for operator in OPERATOR_NAMES for prefix in ("", "r", "i")),
    ]
)
"""The special methods that the interpreter calls where Python does."""


def _observe_left_alone(uses: _Uses, body: Block) -> None:
    """Observe the sleeps and tasks of a program of which it is certain that nothing waits for them."""
    work = _StartedWork()
    work.read(body)
    for start in work.started.values():
        if start.eager and isinstance(start.activity, Sleep | SleepUntil) and start.task_id not in work.joined:
            uses.observe("sleep", start.activity.name, start.place)
    for place, task_ids in uses.interpreter.work.started.values():
        if place.module.mentions(b"all_tasks") or any(task_id in work.joined for task_id in task_ids):
            continue
        activities = [work.started[task_id].activity for task_id in task_ids if task_id in work.started]
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
    interpreter = uses.interpreter
    facts = [fact for fact in interpreter.facts if isinstance(fact, StepDeclared | StepCalled)]
    called = {id(fact.definition.place.node) for fact in facts if isinstance(fact, StepCalled)}
    declared = [fact for fact in facts if isinstance(fact, StepDeclared)]
    if any(fact.function is None for fact in declared):
        return  # a step that runs a function which is not known may need any other
    needed = {parameter.name for fact in declared for parameter in fact.definition.parameters}
    unclear = any(code == "unresolved-dependency" for code, _ in interpreter.notes)
    lost: list[StepDeclared] = []
    for fact in declared:
        name = fact.definition.name
        if id(fact.place.node) in called or name in needed or (unclear and "{" in name):
            continue
        if uses.is_ignored(fact):
            interpreter.observe(NeverCalled(fact.definition, fact.place))
        elif fact.definition not in interpreter.steps.ran:
            lost.append(fact)
    if not any(incomplete for *_, incomplete in interpreter.notes.values()):
        _report_lost(interpreter, lost)


def _report_lost(interpreter: Interpreter, lost: Sequence[StepDeclared]) -> None:
    """Steps that something is made of, and of which no call is seen: not needed, or lost sight of without a word."""
    given = set(_given_steps(interpreter))
    for declared in lost:
        if declared.definition not in given and declared.definition not in interpreter.store.replaced:
            interpreter.note(
                "lost-step",
                declared.place,
                f"no call is seen of the step {declared.definition.name!r}, which is kept or handed on.",
                "If something calls it, the graph lacks that; call it by its name.",
            )


def _given_steps(interpreter: Interpreter) -> Iterator[StepDefinition]:
    """Yield the steps that are given to `step.do`: what these are for is judged elsewhere."""
    for fact in interpreter.facts:
        if isinstance(fact, MethodCalled):
            for argument in fact.arguments.items:
                values = argument.value.elements if isinstance(argument.value, StaticCollection) else (argument,)
                yield from (v.value.definition for v in values if isinstance(v.value, StaticStep))


class _StartedWork(Struct):
    """What a program starts and what it waits for, by handle."""

    started: dict[TaskId, Start] = field(default_factory=dict)
    joined: set[TaskId] = field(default_factory=set)

    def read(self, body: Block) -> None:
        for met in reached(body):
            match met.operation:
                case Start() as start:
                    self.started[start.task_id] = start
                case Await(group=group):
                    self.joined |= task_ids_of(group)
                case Run(completes=completes):
                    self.joined |= {awaited.task_id for awaited in completes}


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
