"""The version graph as it goes over the wire: the Workflows API's own shapes, as typed dictionaries.

This is the form in which graphs are built, drawn and compared: plain JSON data that costs nothing to import. The
pydantic models of the same shapes, which validate what comes from outside, are in `stepgraph.model.schema`; a test
holds the two to each other. A key that is not known is left out, never null, except `condition` and `graph`.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict

Number: TypeAlias = int | float
Backoff: TypeAlias = Literal["constant", "linear", "exponential"]
ParallelKind: TypeAlias = Literal["all", "any", "all_settled", "race"]
BreakKind: TypeAlias = Literal["break", "return"]


class UnknownShape(TypedDict):
    type: Literal["unknown"]


class ObjectShape(TypedDict):
    type: Literal["object"]
    fields: dict[str, Shape]


Shape: TypeAlias = UnknownShape | ObjectShape


class Retries(TypedDict):
    limit: Number
    delay: Number | str
    backoff: Backoff


class StepConfig(TypedDict):
    retries: Retries
    timeout: Number | str


class WaitOptions(TypedDict):
    event_type: str
    timeout: Number | str


class StepDo(TypedDict):
    type: Literal["step_do"]
    name: str
    config: StepConfig
    nodes: list[Node]
    starts: NotRequired[Number]
    resolves: NotRequired[Number]


class StepSleep(TypedDict):
    type: Literal["step_sleep"]
    name: str
    duration: Number | str
    starts: NotRequired[Number]
    resolves: NotRequired[Number]


class StepSleepUntil(TypedDict):
    type: Literal["step_sleep_until"]
    name: str
    timestamp: str
    starts: NotRequired[Number]
    resolves: NotRequired[Number]


class StepWaitForEvent(TypedDict):
    type: Literal["step_wait_for_event"]
    name: str
    options: NotRequired[WaitOptions]
    payload: NotRequired[Shape]
    starts: NotRequired[Number]
    resolves: NotRequired[Number]


class Loop(TypedDict):
    type: Literal["loop"]
    nodes: list[Node]


class Parallel(TypedDict):
    type: Literal["parallel"]
    kind: ParallelKind
    nodes: list[Node]


class Block(TypedDict):
    type: Literal["block"]
    nodes: list[Node]


class Try(TypedDict):
    type: Literal["try"]
    try_block: NotRequired[Block]
    catch_block: NotRequired[Block]
    finally_block: NotRequired[Block]


class Branch(TypedDict):
    condition: str | None
    nodes: list[Node]


class If(TypedDict):
    type: Literal["if"]
    branches: list[Branch]


class Switch(TypedDict):
    type: Literal["switch"]
    discriminant: str
    branches: list[Branch]


class FunctionCall(TypedDict):
    type: Literal["function_call"]
    name: str
    starts: NotRequired[Number]
    resolves: NotRequired[Number]


class FunctionDef(TypedDict):
    type: Literal["function_def"]
    name: str
    nodes: list[Node]


class Break(TypedDict):
    type: Literal["break"]
    kind: BreakKind


class Start(TypedDict):
    type: Literal["start"]
    class_name: str
    functions: dict[str, FunctionDef]
    nodes: list[Node]
    payload: NotRequired[Shape]


Node: TypeAlias = (
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
    | Start
)


class Workflow(TypedDict):
    class_name: str
    functions: dict[str, FunctionDef]
    nodes: list[Node]
    payload: NotRequired[Shape]


class Graph(TypedDict):
    version: Number
    workflow: Workflow


class VersionIdentity(TypedDict):
    """What all answers about one version of a workflow begin with."""

    id: str
    class_name: str
    created_on: str
    modified_on: str
    workflow_id: str


class VersionGraph(VersionIdentity):
    """The result of `GET /accounts/{account_id}/workflows/{workflow_name}/versions/{version_id}/graph`."""

    graph: Graph | None


class VersionLimits(TypedDict, total=False):
    steps: int


class Version(VersionIdentity):
    """The result of `GET /accounts/{account_id}/workflows/{workflow_name}/versions/{version_id}`."""

    has_dag: bool
    language: Literal["javascript", "python"]
    limits: NotRequired[VersionLimits]
