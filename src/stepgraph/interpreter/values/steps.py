"""Values that represent steps, the step object and events."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from stepgraph.interpreter.values.containers import Collection, Element
from stepgraph.ir.nodes import PayloadShape, StepDefinition
from stepgraph.ir.static_values import StaticArguments
from stepgraph.ir.step_settings import MergedStepConfig
from stepgraph.ir.values import Value
from stepgraph.syntax.module import SourcePlace


class StepObject(Value, Struct, frozen=True):
    """The `step` argument of `run`."""


class StepMethod(Value, Struct, frozen=True):
    """A bound method of the step object, such as `step.do`."""

    name: str


class StepSignature(Value, Struct, frozen=True):
    """The signature of `step.do`, or its parameters, in which code may look for `depends`."""

    relevant: ClassVar[bool] = False


class StepDecorator(Value, Struct, eq=False):
    """The decorator returned by `step.do(...)`."""

    name: str | None
    """The name of the step in the graph; None to use the name of the decorated function."""
    declared_name: str | None
    """The name of the step without source in braces, if it is known; otherwise as `name`."""
    settings: MergedStepConfig
    concurrent: bool
    """Whether the dependencies of the step may run concurrently."""
    depends: tuple[Element, ...] | None
    """The elements of `depends=`; None if it is omitted or None."""
    arguments: StaticArguments
    """The arguments of `step.do`, for the rules; empty unless the program is checked."""
    place: SourcePlace
    """The call of `step.do`."""
    depends_collection: Collection | None = None
    """The collection passed as `depends=`, which may grow until the step is called."""


class StepFunction(Value, Struct, eq=False):
    """A declared step."""

    definition: StepDefinition
    function: Value
    """The decorated function, or UNKNOWN if it is not in the project."""
    depends: tuple[Element, ...] | None = None
    """The elements of `depends=`; None if it is omitted or None."""
    depends_collection: Collection | None = None
    """The collection passed as `depends=`, which may grow until the step is called."""
    may_be_replaced: bool = False
    """Whether an unknown decorator may have replaced the step."""


class Event(Value, Struct, frozen=True):
    """The `event` argument of `run`, or the result of `step.wait_for_event`."""

    shape: PayloadShape
    """The shape of the event's `["payload"]`."""
    is_run_event: bool = False
    """Whether the event is the argument of `run`, which the engine creates again for each replay."""


class Payload(Value, Struct, frozen=True):
    """The payload of an event, or the value at one of its keys."""

    shape: PayloadShape
    is_run_event: bool = False
    """Whether the event is the argument of `run`."""


class EventPart(Value, Struct, frozen=True):
    """An unresolved part of the event of `run`, such as an element of a list."""

    relevant: ClassVar[bool] = False
    tainted: ClassVar[bool] = True
