"""What reading a program shows besides what it does: what was written, for rules to judge.

Facts are as they were met. What is read several times, as the body of a loop is, may show a fact again, or another one
of the same place if values differ.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from stepgraph.ir.nodes import StepDefinition, StepParameter
from stepgraph.ir.static_values import StaticValue
from stepgraph.project.dependency_mode import DependencyMode
from stepgraph.syntax.module import Place

ParameterKind: TypeAlias = Literal["positional", "*args", "keyword", "**kwargs"]
KeyUse: TypeAlias = Literal["read", "get", "attribute", "written", "asked"]
CutShortBy: TypeAlias = Literal["asyncio.wait_for", "asyncio.timeout"]
Work: TypeAlias = Literal["step", "wait", "function", "sleep", "task"]


class Fact:
    """Anything met while a program was read."""

    __slots__ = ()


class StaticArgument(Struct, frozen=True):
    """An argument of a call, as written. `star` is `""`, or `"*"` or `"**"` where what it holds is not known."""

    value: StaticValue
    place: Place
    keyword: str | None = None
    star: str = ""


class StaticArguments(Struct, frozen=True):
    """The arguments of a call, in order; those in `*[...]` and `**{...}` in the places that they take."""

    items: tuple[StaticArgument, ...] = ()

    @property
    def positional(self) -> tuple[StaticArgument, ...]:
        """Those that stand by their position alone."""
        return tuple(argument for argument in self.items if argument.keyword is None and not argument.star)

    @property
    def whole(self) -> bool:
        """Whether all arguments are known, none is in a collection that is not."""
        return not any(argument.star for argument in self.items)

    def find(self, index: int | None, keyword: str) -> StaticArgument | None:
        """Return an argument by its position or its keyword."""
        positional = self.positional
        if index is not None and index < len(positional):
            return positional[index]
        return next((argument for argument in self.items if argument.keyword == keyword), None)


class MethodCalled(Fact, Struct, frozen=True):
    """A call of a method of the step object: `do`, `sleep`, `sleep_until`, `wait_for_event`, or one that it lacks.

    `in_step` tells that it is in the body of a step. It `expects_type_error` in a `try` that catches these by name.
    """

    method: str
    arguments: StaticArguments
    place: Place
    in_step: bool
    expects_type_error: bool = False


class MethodMissing(Fact, Struct, frozen=True):
    """A call of a method that the step object does not have. `place` is what is called."""

    method: str
    place: Place


class DecoratorApplied(Fact, Struct, frozen=True):
    """A call of what `step.do(...)` made: its own arguments, which should be a function, and those `given` to `do`."""

    given: StaticArguments
    arguments: StaticArguments
    place: Place


class Parameter(Struct, frozen=True):
    """A parameter of a step's function. `default` is the source of what it is without an argument, None for none."""

    name: str
    kind: ParameterKind
    default: str | None
    place: Place


class StepFunctionShape(Struct, frozen=True):
    """The function that a step runs: how it is declared. `place` is the function, or lambda, itself."""

    name: str
    parameters: tuple[Parameter, ...]
    is_async: bool
    is_generator: bool
    place: Place


class StepDeclared(Fact, Struct, frozen=True):
    """`step.do(...)` applied to a function: the arguments of that call, and the function, None where it is not known.

    `place` is the call of `step.do`, `in_step` tells that it is in the body of another step.
    """

    definition: StepDefinition
    arguments: StaticArguments
    function: StepFunctionShape | None
    mode: DependencyMode
    place: Place
    in_step: bool


class StepCalled(Fact, Struct, frozen=True):
    """A call of a declared step, which makes its coroutine."""

    definition: StepDefinition
    arguments: StaticArguments
    place: Place
    in_step: bool


class Returned(Fact, Struct, frozen=True):
    """A `return` with a value, in a function, or the value of a lambda. `place` is that of the value."""

    function: Place
    value: StaticValue
    place: Place


class WrongImport(Fact, Struct, frozen=True):
    """An import of a name from a module of the SDK that surely lacks it, and the module that has it.

    `place` is the name, `statement` the whole import.
    """

    name: str
    module: str
    right_module: str
    place: Place
    statement: Place


class ParameterUnknown(Fact, Struct, frozen=True):
    """A step was called that has a parameter after which no step is named. `declared` are the steps there were then."""

    definition: StepDefinition
    parameter: StepParameter
    declared: tuple[StepDefinition, ...]


class DependenciesMiscounted(Fact, Struct, frozen=True):
    """A step was called, in legacy mode, that has so many `parameters` besides `ctx`, and lists so many steps.

    `listed` is None where `depends` is not given.
    """

    definition: StepDefinition
    parameters: int
    listed: int | None


class DependencyCycle(Fact, Struct, frozen=True):
    """A step was called that needs itself by way of others, whichever path the program takes: each needs the next."""

    steps: tuple[StepDefinition, ...]


class NameShared(Fact, Struct, frozen=True):
    """A step was called of which a parameter names two steps: one that is `meant`, the `other` is hidden by it.

    They were both declared before either had run.
    """

    definition: StepDefinition
    parameter: StepParameter
    meant: StepDefinition
    other: StepDefinition


class NeverAwaited(Fact, Struct, frozen=True):
    """Work that nothing can wait for, as its value is put to no use.

    A coroutine of a step, a wait or a function with steps, which never begins; or a sleep or task, which is left to
    itself. `name` is what it is called, `place` the expression that makes it. It `stands_alone` where that is a
    statement of its own, to which `await` can be added.
    """

    work: Work
    name: str
    place: Place
    stands_alone: bool


class EventKey(Fact, Struct, frozen=True):
    """A key of an event, directly below it: of the one of `run`, or of what a `wait_for_event` gave (`waited`).

    It is read as an element, by `get` or as an attribute, or written, or it is asked whether it is there (`in`).
    """

    use: KeyUse
    key: str
    waited: bool
    owner: Place
    place: Place


class CutShort(Fact, Struct, frozen=True):
    """Work of the engine that is awaited up to a timeout only; `names` are those of `what` there is in it.

    With steps in it, it is `step`; else `wait` if there is a `wait_for_event`, else `sleep`.
    """

    by: CutShortBy
    what: Literal["step", "wait", "sleep"]
    names: tuple[str, ...]
    place: Place


class Raced(Fact, Struct, frozen=True):
    """An await that is over with the first of several, outside of steps.

    It `drains` a collection of tasks where it waits for what is left of them at each pass of a loop.
    """

    names: tuple[str, ...]
    drains: bool
    place: Place


class NeverCalled(Fact, Struct, frozen=True):
    """A declared step that nothing can call, as what it was bound to is put to no use, and that no other step needs."""

    definition: StepDefinition
    place: Place


class RunNotWrapped(Fact, Struct, frozen=True):
    """The `run` of the workflow is that of a class which does not derive from WorkflowEntrypoint.

    `place` is the base of the workflow's class by which it inherits from that one.
    """

    owner: str
    place: Place


class SleepAsTask(Fact, Struct, frozen=True):
    """The future of a sleep is given to what makes a task of a coroutine, as `asyncio.create_task`.

    `name` is that of the sleep, `place` what is given, and `called` what it is given to.
    """

    name: str
    place: Place
    called: Place


class NondeterministicTest(Fact, Struct, frozen=True):
    """A test, or a value gone over, that is another one at a replay, and decides what is done.

    It is of a call of `name`, `made` there. `decided` is the place of the choice or loop, of whose branches it decides
    about those from the `first_branch` on.
    """

    name: str
    made: Place
    test: Place
    decided: Place
    first_branch: int = 0


class UsedAfterStep(Fact, Struct, frozen=True):
    """A value that is another one at a replay, `made` by a call of `name`, and used after a step has run since."""

    name: str
    made: Place
    place: Place


class ReachedOut(Fact, Struct, frozen=True):
    """A call, in plain code of the workflow, of a binding or of what sends requests: `env.KV.put`, `fetch`."""

    name: str
    place: Place


class EventChanged(Fact, Struct, frozen=True):
    """A change of the event that `run` is given, or of a part of it: `changed` is that as written."""

    changed: str
    place: Place
    in_step: bool


class StateChanged(Fact, Struct, frozen=True):
    """A change, in the body of a step, of what is outside of it: `changed` is that as written, `used` where it is read.

    A replay does not make the change, and what reads it finds another value.
    """

    changed: str
    place: Place
    used: Place
