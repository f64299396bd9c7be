"""The documented Workflows API as pydantic models: what comes from outside is held to them.

The models are strict: every field has exactly its documented type, unknown fields are refused, and the `type` of a
node decides what it is. A field without a value is left out when a model is dumped, never null, except `condition`
and `graph`, which are always there. The API's own Python client dumps null for what is absent, so null is accepted
on input, and means absent, wherever a field may be left out.

**How deep.** `parse_version_graph` and `dump_version_graph` read and write graphs of up to `MAX_NODE_DEPTH` nodes
within each other, on every machine. pydantic's own limits, measured with 2.14 on `if` nodes within each other: 48 in
`model_validate_json`, 62 in `model_dump_json`, 127 in `model_validate` and `model_dump`. Beyond them it raises.
"""

from stepgraph.model.schema.graph import Graph, Workflow
from stepgraph.model.schema.json_data import MAX_NODE_DEPTH
from stepgraph.model.schema.nodes import (
    Block,
    Branch,
    Break,
    FunctionCall,
    FunctionDef,
    If,
    Loop,
    Node,
    Parallel,
    Start,
    StepDo,
    StepSleep,
    StepSleepUntil,
    StepWaitForEvent,
    Switch,
    Try,
)
from stepgraph.model.schema.read import dump_version_graph, parse_version_graph
from stepgraph.model.schema.responses import (
    Concurrency,
    DefaultRetention,
    VersionGetResponse,
    VersionGraphResponse,
    VersionLimits,
    VersionListResponse,
)
from stepgraph.model.schema.values import ObjectShape, Retries, Shape, StepConfig, UnknownShape, WaitOptions

__all__ = [
    "MAX_NODE_DEPTH",
    "Block",
    "Branch",
    "Break",
    "Concurrency",
    "DefaultRetention",
    "FunctionCall",
    "FunctionDef",
    "Graph",
    "If",
    "Loop",
    "Node",
    "ObjectShape",
    "Parallel",
    "Retries",
    "Shape",
    "Start",
    "StepConfig",
    "StepDo",
    "StepSleep",
    "StepSleepUntil",
    "StepWaitForEvent",
    "Switch",
    "Try",
    "UnknownShape",
    "VersionGetResponse",
    "VersionGraphResponse",
    "VersionLimits",
    "VersionListResponse",
    "WaitOptions",
    "Workflow",
    "dump_version_graph",
    "parse_version_graph",
]
