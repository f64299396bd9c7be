"""The nodes of a version graph: a closed, recursive union, told apart by `type`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from stepgraph.model.schema.base import Duration, IfKnown, Model, Resolves, Starts
from stepgraph.model.schema.values import Shape, StepConfig, WaitOptions


class StepDo(Model):
    """A step that runs code; `nodes` are the steps nested in its body."""

    type: Literal["step_do"]
    name: str
    config: StepConfig
    nodes: list[Node]
    starts: Starts = None
    resolves: Resolves = None


class StepSleep(Model):
    """A sleep for a time, in milliseconds or as a text."""

    type: Literal["step_sleep"]
    name: str
    duration: Duration
    starts: Starts = None
    resolves: Resolves = None


class StepSleepUntil(Model):
    """A sleep until a moment."""

    type: Literal["step_sleep_until"]
    name: str
    timestamp: str
    starts: Starts = None
    resolves: Resolves = None


class StepWaitForEvent(Model):
    """A wait for an event; `payload` is what is read of the event."""

    type: Literal["step_wait_for_event"]
    name: str
    options: IfKnown[WaitOptions] = None
    payload: IfKnown[Shape] = None
    starts: Starts = None
    resolves: Resolves = None


class Loop(Model):
    """Nodes that run any number of times."""

    type: Literal["loop"]
    nodes: list[Node]


class Parallel(Model):
    """Nodes that run at the same time; `kind` says when the group is over."""

    type: Literal["parallel"]
    kind: Literal["all", "any", "all_settled", "race"]
    nodes: list[Node]


class Block(Model):
    """Nodes that run one after another."""

    type: Literal["block"]
    nodes: list[Node]


class Try(Model):
    """A protected block and its handlers; a part without steps is left out."""

    type: Literal["try"]
    try_block: IfKnown[Block] = None
    catch_block: IfKnown[Block] = None
    finally_block: IfKnown[Block] = None


class Branch(Model):
    """One way to go; the condition null is the `else` or the default."""

    condition: str | None
    nodes: list[Node]


class If(Model):
    """A choice between branches, in order."""

    type: Literal["if"]
    branches: list[Branch]


class Switch(Model):
    """A choice between branches by one value."""

    type: Literal["switch"]
    discriminant: str
    branches: list[Branch]


class FunctionCall(Model):
    """A call of one of the workflow's functions."""

    type: Literal["function_call"]
    name: str
    starts: Starts = None
    resolves: Resolves = None


class FunctionDef(Model):
    """A function that runs steps, with its body."""

    type: Literal["function_def"]
    name: str
    nodes: list[Node]


class Break(Model):
    """The end of a loop, or of a function."""

    type: Literal["break"]
    kind: Literal["break", "return"]


class Start(Model):
    """The beginning of a workflow, as a node."""

    type: Literal["start"]
    class_name: str
    functions: dict[str, FunctionDef]
    nodes: list[Node]
    payload: IfKnown[Shape] = None


# A named alias: the JSON Schema then has the union once, and a reference to it wherever nodes stand.
Node = TypeAliasType(
    "Node",
    Annotated[
        StepDo
        | StepSleep
        | StepSleepUntil
        | StepWaitForEvent
        | Loop
        | Parallel
        | Try
        | Block
        | If
        | Switch
        | FunctionCall
        | FunctionDef
        | Break
        | Start,
        Field(discriminator="type"),
    ],
)
