"""Handwritten payloads: one for each node type, and one graph with all node types."""

from __future__ import annotations

from stepgraph.model.payload import Node, Version, VersionGraph

NEVER_EMITTED = {"start"}
"""The node types that the analysis never emits, and that only saved graphs have."""

NODES: dict[str, Node] = {
    "step_do": {
        "type": "step_do",
        "name": "charge {order.id}",
        "config": {"retries": {"limit": 3, "delay": "10 seconds", "backoff": "linear"}, "timeout": 30000},
        "nodes": [{"type": "step_sleep", "name": "settle", "duration": 500}],
        "starts": 1,
        "resolves": 2,
    },
    "step_sleep": {"type": "step_sleep", "name": "cool down", "duration": "1 hour", "starts": 1, "resolves": 2},
    "step_sleep_until": {
        "type": "step_sleep_until",
        "name": "opening",
        "timestamp": "2026-01-01T08:00:00Z",
        "starts": 2,
        "resolves": 3,
    },
    "step_wait_for_event": {
        "type": "step_wait_for_event",
        "name": "approval",
        "options": {"event_type": "approved", "timeout": "24 hours"},
        "payload": {"type": "object", "fields": {"by": {"type": "unknown"}}},
        "starts": 1,
        "resolves": 3,
    },
    "loop": {"type": "loop", "nodes": [{"type": "break", "kind": "break"}]},
    "parallel": {
        "type": "parallel",
        "kind": "all_settled",
        "nodes": [
            {"type": "function_call", "name": "pick", "starts": 1, "resolves": 2},
            {"type": "function_call", "name": "pack", "starts": 1, "resolves": 2},
        ],
    },
    "try": {
        "type": "try",
        "try_block": {"type": "block", "nodes": [{"type": "function_call", "name": "ship"}]},
        "catch_block": {"type": "block", "nodes": [{"type": "function_call", "name": "refund"}]},
        "finally_block": {"type": "block", "nodes": [{"type": "function_call", "name": "close"}]},
    },
    "block": {"type": "block", "nodes": [{"type": "function_call", "name": "pick"}]},
    "if": {
        "type": "if",
        "branches": [
            {"condition": "order.total > 100", "nodes": [{"type": "function_call", "name": "review"}]},
            {"condition": None, "nodes": []},
        ],
    },
    "switch": {
        "type": "switch",
        "discriminant": "order.kind",
        "branches": [
            {"condition": '"gift"', "nodes": [{"type": "function_call", "name": "wrap"}]},
            {"condition": None, "nodes": []},
        ],
    },
    "function_call": {"type": "function_call", "name": "pick", "starts": 1, "resolves": 2},
    "function_def": {"type": "function_def", "name": "pick", "nodes": [{"type": "break", "kind": "return"}]},
    "break": {"type": "break", "kind": "return"},
    "start": {
        "type": "start",
        "class_name": "Order",
        "functions": {"pick": {"type": "function_def", "name": "pick", "nodes": []}},
        "nodes": [{"type": "function_call", "name": "pick"}],
        "payload": {"type": "unknown"},
    },
}

BARE_NODES: dict[str, Node] = {
    "step_do": {
        "type": "step_do",
        "name": "charge",
        "config": {"retries": {"limit": 5, "delay": 1000, "backoff": "exponential"}, "timeout": "10 minutes"},
        "nodes": [],
    },
    "step_sleep": {"type": "step_sleep", "name": "cool down", "duration": 1.5},
    "step_sleep_until": {"type": "step_sleep_until", "name": "opening", "timestamp": "{opening}"},
    "step_wait_for_event": {"type": "step_wait_for_event", "name": "approval"},
    "try": {"type": "try"},
    "function_call": {"type": "function_call", "name": "pick"},
    "start": {"type": "start", "class_name": "Order", "functions": {}, "nodes": []},
}
"""The nodes with optional fields, without any of them."""

ENGINE_DEFAULTS: dict[str, dict[tuple[str, ...], object]] = {
    "step_do": {
        ("config", "retries", "limit"): 5,
        ("config", "retries", "delay"): 1000,
        ("config", "retries", "backoff"): "exponential",
        ("config", "timeout"): "10 minutes",
    },
    "step_sleep": {},
    "step_sleep_until": {},
    "step_wait_for_event": {("options", "timeout"): "24 hours"},
}
"""The engine's defaults for absent settings of each step type, by the keys that lead to the setting."""


def response(*nodes: Node) -> VersionGraph:
    """Return a response whose workflow has these nodes."""
    return {
        "id": "5b7d5f0e-6b1c-5d0a-9d8e-0d8f1b6f2c11",
        "class_name": "Order",
        "created_on": "2026-01-05T09:30:00Z",
        "modified_on": "2026-02-01T10:00:00Z",
        "workflow_id": "0f0f7f0e-7c36-5d5c-8f0d-3f1a1f1e2d22",
        "graph": {"version": 1, "workflow": {"class_name": "Order", "functions": {}, "nodes": list(nodes)}},
    }


def nested_ifs(levels: int) -> VersionGraph:
    """Return a response with a step inside `levels` nested `if` nodes."""
    node: Node = BARE_NODES["step_sleep"]
    for _ in range(levels):
        node = {"type": "if", "branches": [{"condition": None, "nodes": [node]}]}
    return response(node)


WITHOUT_GRAPH: VersionGraph = {**response(), "graph": None}

ORDER: VersionGraph = {
    **response(),
    "graph": {
        "version": 1,
        "workflow": {
            "class_name": "Order",
            "functions": {
                "pick": {
                    "type": "function_def",
                    "name": "pick",
                    "nodes": [
                        {
                            "type": "loop",
                            "nodes": [
                                BARE_NODES["step_do"],
                                {
                                    "type": "if",
                                    "branches": [
                                        {"condition": "done", "nodes": [{"type": "break", "kind": "break"}]},
                                    ],
                                },
                            ],
                        },
                    ],
                },
                "ship": {"type": "function_def", "name": "ship", "nodes": [NODES["step_do"]]},
            },
            "nodes": [
                NODES["start"],
                BARE_NODES["step_wait_for_event"],
                NODES["step_wait_for_event"],
                {
                    "type": "parallel",
                    "kind": "all",
                    "nodes": [
                        {"type": "function_call", "name": "pick", "starts": 1, "resolves": 2},
                        {"type": "block", "nodes": [BARE_NODES["step_sleep"], BARE_NODES["step_sleep_until"]]},
                    ],
                },
                NODES["switch"],
                {
                    "type": "try",
                    "try_block": {"type": "block", "nodes": [{"type": "function_call", "name": "ship"}]},
                    "catch_block": {"type": "block", "nodes": [NODES["function_def"], NODES["break"]]},
                },
            ],
            "payload": {
                "type": "object",
                "fields": {
                    "id": {"type": "unknown"},
                    "customer": {"type": "object", "fields": {"mail": {"type": "unknown"}}},
                },
            },
        },
    },
}
"""An order workflow with all node types."""

VERSION: Version = {
    "id": "5b7d5f0e-6b1c-5d0a-9d8e-0d8f1b6f2c11",
    "class_name": "Order",
    "created_on": "2026-01-05T09:30:00Z",
    "modified_on": "2026-02-01T10:00:00Z",
    "workflow_id": "0f0f7f0e-7c36-5d5c-8f0d-3f1a1f1e2d22",
    "has_dag": True,
    "language": "python",
    "limits": {"steps": 25000},
}

RESPONSES: dict[str, VersionGraph] = {
    "without a graph": WITHOUT_GRAPH,
    "without nodes": response(),
    "every node type": response(*NODES.values()),
    "bare nodes": response(*BARE_NODES.values()),
    "an order workflow": ORDER,
    "forty nested ifs": nested_ifs(40),
}
