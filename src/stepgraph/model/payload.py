"""The shapes of the Workflows API: the graph of a workflow, its nodes, and the responses about its versions.

Graphs are built, drawn and compared as these typed dictionaries. `stepgraph.model.saved` validates external data with
the same definitions, and `stepgraph.model.json_schema` generates JSON Schemas from them. Unknown values have no key.
Only `condition` and `graph` can be null.

Source: the API documentation of Cloudflare Workflows, and its Python client.
"""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypeAlias

from typing_extensions import TypeAliasType

from stepgraph.model.constraints import Closed, IsoTimestamp, MembersMessage, OrNull, Tagged, Word

Number: TypeAlias = Annotated[int | float, MembersMessage("should be a number", {"type": "number"})]
"""A JSON number, but not a Boolean, an infinity or NaN."""

Duration: TypeAlias = Annotated[
    int | float | str,
    MembersMessage(
        "should be a number of milliseconds or a string",
        {"anyOf": [{"type": "number"}, {"type": "string"}]},
    ),
]
"""A number of milliseconds, or text such as `10 minutes`."""

Timestamp: TypeAlias = Annotated[str, IsoTimestamp()]
"""A date and time in ISO 8601."""

Backoff: TypeAlias = Annotated[Literal["constant", "linear", "exponential"], Word()]
ParallelKind: TypeAlias = Annotated[Literal["all", "any", "all_settled", "race"], Word()]
BreakKind: TypeAlias = Annotated[Literal["break", "return"], Word()]


class UnknownShape(Closed):
    """A payload value that the workflow reads as a whole or in an unknown way."""

    type: Literal["unknown"]


class ObjectShape(Closed):
    """An object of a payload."""

    type: Literal["object"]
    fields: dict[str, Shape]
    """The keys that the workflow reads, with the shapes of their values."""


Shape = TypeAliasType("Shape", Annotated[UnknownShape | ObjectShape, Tagged(UnknownShape)])


class Retries(Closed):
    """The retries of a step."""

    limit: Number
    """The number of retries after the first attempt."""
    delay: Duration
    """The delay before the first retry: milliseconds, or a string such as `5 minutes`."""
    backoff: Backoff
    """The growth of the delay with each retry."""


class StepConfig(Closed):
    """The configuration of a step."""

    retries: Retries
    """The number, delay and backoff of the retries."""
    timeout: Duration
    """The timeout of each attempt: milliseconds, or a string such as `5 minutes`."""


class WaitOptions(Closed):
    """The options of a wait for an event."""

    event_type: str
    """The type of the event."""
    timeout: Duration
    """The longest wait: milliseconds, or a string such as `5 minutes`."""


class StepDo(Closed):
    """A step that runs code."""

    type: Literal["step_do"]
    name: str
    """The name, with `{}` around parts that are unknown before the run."""
    config: StepConfig
    """The retries and the timeout."""
    nodes: list[Node]
    """The nodes that the code of the step runs."""
    starts: NotRequired[OrNull[Number]]
    """In a group: the clock at which this node starts, after all nodes that resolve at or before this clock."""
    resolves: NotRequired[OrNull[Number]]
    """In a group: the first clock at which this node must be over."""


class StepSleep(Closed):
    """A sleep of a fixed duration."""

    type: Literal["step_sleep"]
    name: str
    """The name, with `{}` around parts that are unknown before the run."""
    duration: Duration
    """The duration: milliseconds, or a string such as `5 minutes`."""
    starts: NotRequired[OrNull[Number]]
    """In a group: the clock at which this node starts, after all nodes that resolve at or before this clock."""
    resolves: NotRequired[OrNull[Number]]
    """In a group: the first clock at which this node must be over."""


class StepSleepUntil(Closed):
    """A sleep until a point in time."""

    type: Literal["step_sleep_until"]
    name: str
    """The name, with `{}` around parts that are unknown before the run."""
    timestamp: str
    """The point in time, or the expression that computes it."""
    starts: NotRequired[OrNull[Number]]
    """In a group: the clock at which this node starts, after all nodes that resolve at or before this clock."""
    resolves: NotRequired[OrNull[Number]]
    """In a group: the first clock at which this node must be over."""


class StepWaitForEvent(Closed):
    """A wait for an event."""

    type: Literal["step_wait_for_event"]
    name: str
    """The name, with `{}` around parts that are unknown before the run."""
    options: NotRequired[OrNull[WaitOptions]]
    """The event type and the timeout of the wait."""
    payload: NotRequired[OrNull[Shape]]
    """The parts of the event's payload that the workflow reads."""
    starts: NotRequired[OrNull[Number]]
    """In a group: the clock at which this node starts, after all nodes that resolve at or before this clock."""
    resolves: NotRequired[OrNull[Number]]
    """In a group: the first clock at which this node must be over."""


class Loop(Closed):
    """Nodes that run any number of times."""

    type: Literal["loop"]
    nodes: list[Node]
    """The body."""


class Parallel(Closed):
    """Nodes that run concurrently."""

    type: Literal["parallel"]
    kind: ParallelKind
    """The condition that ends the group."""
    nodes: list[Node]
    """The members."""


class Block(Closed):
    """Nodes that run one after another."""

    type: Literal["block"]
    nodes: list[Node]
    """The nodes, in order."""


class Try(Closed):
    """A `try` statement. A block without steps can be absent."""

    type: Literal["try"]
    try_block: NotRequired[OrNull[Block]]
    """The body."""
    catch_block: NotRequired[OrNull[Block]]
    """The exception handlers."""
    finally_block: NotRequired[OrNull[Block]]
    """The `finally` block, which runs in any case."""


class Branch(Closed):
    """A branch of an `if` or `switch`."""

    condition: str | None
    """The condition, or the case of a `switch`; null for `else` and the default case."""
    nodes: list[Node]
    """The body."""


class If(Closed):
    """A choice between conditions, tested in order."""

    type: Literal["if"]
    branches: list[Branch]
    """The branches, in order."""


class Switch(Closed):
    """A choice by the value of one expression."""

    type: Literal["switch"]
    discriminant: str
    """The source of the expression, or `exception` for a choice between exception handlers."""
    branches: list[Branch]
    """The cases, in order."""


class FunctionCall(Closed):
    """A call of a function of the workflow."""

    type: Literal["function_call"]
    name: str
    """The key of the function in `functions`."""
    starts: NotRequired[OrNull[Number]]
    """In a group: the clock at which this node starts, after all nodes that resolve at or before this clock."""
    resolves: NotRequired[OrNull[Number]]
    """In a group: the first clock at which this node must be over."""


class FunctionDef(Closed):
    """A function that runs steps."""

    type: Literal["function_def"]
    name: str
    """The name, by which calls refer to the function."""
    nodes: list[Node]
    """The body."""


class Break(Closed):
    """An exit from a loop or a function."""

    type: Literal["break"]
    kind: BreakKind
    """`break` leaves the innermost loop. `return` leaves the function, normally or by an exception."""


class Start(Closed):
    """A workflow that appears as a node of a graph."""

    type: Literal["start"]
    class_name: str
    """The name of the workflow's class."""
    functions: dict[str, FunctionDef]
    """The functions that the nodes call, by name."""
    nodes: list[Node]
    """The body of `run`."""
    payload: NotRequired[OrNull[Shape]]
    """The parts of the instance's payload that the workflow reads."""


class UnknownNode(Closed):
    """A node of another version of the API, reduced to its readable fields."""

    type: str
    """The unknown type."""
    name: NotRequired[str]
    """The name of the node, if it has one."""
    nodes: list[Node]
    """All nodes inside the node."""


LeafStep: TypeAlias = StepSleep | StepSleepUntil | StepWaitForEvent
"""The steps without nodes inside."""
Step: TypeAlias = StepDo | LeafStep

Node = TypeAliasType(
    "Node",
    Annotated[
        Step | Loop | Parallel | Try | Block | If | Switch | FunctionCall | FunctionDef | Break | Start,
        Tagged(UnknownNode),
    ],
)
"""A node of a graph. The JSON Schema defines this type once, because it is a named alias."""
Clocked: TypeAlias = Step | FunctionCall
"""The nodes with `starts` and `resolves`."""


class Workflow(Closed):
    """A workflow class."""

    class_name: str
    """The name of the class."""
    functions: dict[str, FunctionDef]
    """The functions that the nodes call, by name."""
    nodes: list[Node]
    """The body of `run`."""
    payload: NotRequired[OrNull[Shape]]
    """The parts of the instance's payload that the workflow reads."""


class Graph(Closed):
    """A workflow in one version of the graph format."""

    version: Number
    """The version of the format."""
    workflow: Workflow
    """The nodes and functions of the workflow."""


class VersionIdentity(Closed):
    """The fields that all responses about a version have."""

    id: str
    class_name: str
    created_on: Timestamp
    modified_on: Timestamp
    workflow_id: str


class VersionGraph(VersionIdentity):
    """The graph of one version of a workflow: `GET .../workflows/{workflow_name}/versions/{version_id}/graph`."""

    graph: Graph | None
    """The graph; null if no step can run or the analysis exceeds a limit."""


class VersionLimits(Closed, total=False):
    """The limits of a version."""

    steps: OrNull[int]
    """The number of steps that an instance may run."""


class Concurrency(Closed, total=False):
    """The concurrency of a version."""

    limit: OrNull[int]
    """The number of instances that may run concurrently."""


class DefaultRetention(Closed, total=False):
    """How long the engine retains finished instances by default."""

    error_retention: OrNull[int]
    """The retention after a failure, in milliseconds."""
    success_retention: OrNull[int]
    """The retention after a success, in milliseconds."""


class Version(VersionIdentity):
    """One version of a workflow: `GET .../workflows/{workflow_name}/versions/{version_id}`, or an item of a list."""

    has_dag: bool
    """Whether the version has a graph."""
    language: Literal["javascript", "python"]
    """The language of the workflow."""
    concurrency: NotRequired[OrNull[Concurrency]]
    """The limit on concurrent instances."""
    default_retention: NotRequired[OrNull[DefaultRetention]]
    """How long the engine retains finished instances by default."""
    limits: NotRequired[OrNull[VersionLimits]]
    """The limit on steps."""
