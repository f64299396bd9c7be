"""Graphs to draw, and short functions for their nodes."""

from __future__ import annotations

from typing import cast

from stepgraph.model.details import Detail, Details, parts_of
from stepgraph.model.payload import (
    Block,
    Branch,
    FunctionCall,
    FunctionDef,
    Graph,
    If,
    Loop,
    Node,
    Number,
    Parallel,
    ParallelKind,
    Step,
    StepConfig,
    StepDo,
    Switch,
    Try,
    WaitOptions,
)
from stepgraph.model.vocabulary import StepType
from stepgraph.model.walk import STEP_TYPES

DEFAULTS: StepConfig = {
    "retries": {"limit": 5, "delay": 1000, "backoff": "exponential"},
    "timeout": "10 minutes",
}


def graph(*nodes: Node, functions: dict[str, FunctionDef] | None = None, class_name: str = "Orders") -> Graph:
    """Return the graph of a workflow with these nodes."""
    return {
        "version": 1,
        "workflow": {"class_name": class_name, "functions": functions or {}, "nodes": list(nodes)},
    }


def do(
    name: str,
    *nested: Node,
    starts: Number | None = None,
    resolves: Number | None = None,
    config: StepConfig = DEFAULTS,
) -> StepDo:
    """Return a step with the engine's defaults for missing settings."""
    step: StepDo = {"type": "step_do", "name": name, "config": config, "nodes": list(nested)}
    if starts is not None:
        step["starts"] = starts
    if resolves is not None:
        step["resolves"] = resolves
    return step


def call(name: str, *, starts: Number | None = None, resolves: Number | None = None) -> Node:
    node: FunctionCall = {"type": "function_call", "name": name}
    if starts is not None:
        node["starts"] = starts
    if resolves is not None:
        node["resolves"] = resolves
    return node


def function(name: str, *nodes: Node) -> FunctionDef:
    return {"type": "function_def", "name": name, "nodes": list(nodes)}


def loop(*nodes: Node) -> Loop:
    return {"type": "loop", "nodes": list(nodes)}


def block(*nodes: Node) -> Block:
    return {"type": "block", "nodes": list(nodes)}


def parallel(kind: ParallelKind, *nodes: Node) -> Parallel:
    return {"type": "parallel", "kind": kind, "nodes": list(nodes)}


def branch(condition: str | None, *nodes: Node) -> Branch:
    return {"condition": condition, "nodes": list(nodes)}


def either(*branches: Branch) -> If:
    return {"type": "if", "branches": list(branches)}


def switch(discriminant: str, *branches: Branch) -> Switch:
    return {"type": "switch", "discriminant": discriminant, "branches": list(branches)}


def protected(body: Block | None = None, *, catch: Block | None = None, final: Block | None = None) -> Try:
    """Return a `try` with these parts."""
    node: Try = {"type": "try"}
    if body is not None:
        node["try_block"] = body
    if catch is not None:
        node["catch_block"] = catch
    if final is not None:
        node["finally_block"] = final
    return node


LEAVE_LOOP: Node = {"type": "break", "kind": "break"}
LEAVE: Node = {"type": "break", "kind": "return"}


def unknown(kind: str, *nodes: Node, **fields: object) -> Node:
    """Return a node of a future type, in the form that the lenient reader returns."""
    return cast("Node", {"type": kind, "nodes": list(nodes), **fields})


def deep(levels: int, name: str = "the innermost step") -> Graph:
    """Return a graph with one step inside nested loops."""
    node: Node = do(name)
    for _ in range(levels):
        node = loop(node)
    return graph(node)


def _step_with_text(step_type: StepType, text: str) -> Step:
    match step_type:
        case "step_do":
            return do(text)
        case "step_sleep":
            return {"type": "step_sleep", "name": text, "duration": text}
        case "step_sleep_until":
            return {"type": "step_sleep_until", "name": text, "timestamp": text}
        case "step_wait_for_event":
            options: WaitOptions = {"event_type": text, "timeout": text}
            return {"type": "step_wait_for_event", "name": text, "options": options}


def everywhere(text: str) -> Graph:
    """Return a graph with this text in every field of text."""
    drawn = graph(
        *(_step_with_text(step_type, text) for step_type in STEP_TYPES),
        either(branch(text, do("a"))),
        switch(text, branch(text, do("b"))),
        call(text),
        unknown(f"unknown {text}", name=text),
        unknown("start", class_name=text, functions={}),
        functions={text: function(text, do("c"))},
        class_name=text,
    )
    drawn["workflow"]["payload"] = {"type": "object", "fields": {text: {"type": "unknown"}}}
    return drawn


ORDERS: Graph = {
    "version": 1,
    "workflow": {
        "class_name": "OrderWorkflow",
        "payload": {
            "type": "object",
            "fields": {
                "order": {"type": "object", "fields": {"id": {"type": "unknown"}, "lines": {"type": "unknown"}}},
                "note": {"type": "unknown"},
            },
        },
        "functions": {
            "notify": function("notify", do("Render the message"), do("Send the message")),
            "compensate": function(
                "compensate",
                do("Void the invoice"),
                either(branch("paid", do("Refund the customer"), LEAVE)),
                call("notify"),
            ),
            "archive": function("archive", do("Archive the order")),
        },
        "nodes": [
            {
                "type": "start",
                "class_name": "OrderWorkflow",
                "functions": {},
                "nodes": [do("Record the order")],
                "payload": {"type": "object", "fields": {"order": {"type": "unknown"}}},
            },
            do(
                "Load the order",
                config={
                    "retries": {"limit": 3, "delay": 5000, "backoff": "constant"},
                    "timeout": 90000,
                },
            ),
            either(
                branch("order is None", call("notify"), LEAVE),
                branch('order.status == "held"', {"type": "step_sleep", "name": "Cool down", "duration": 300000}),
                branch(None),
            ),
            parallel(
                "all",
                do("Price the basket", starts=1, resolves=3),
                do("Check the credit", starts=1, resolves=2),
                do("Reserve the stock", starts=2, resolves=4),
                {"type": "step_sleep", "name": "Remind later", "duration": "1 day", "starts": 2},
                do("Book the carrier", starts=3, resolves=4),
            ),
            loop(
                do("Reserve {line.sku}", do("Lock the shelf"), do("Count the shelf")),
                either(branch("stock.is_empty", LEAVE_LOOP), branch(None, do("Pick {line.sku}"))),
            ),
            protected(
                block(do("Charge the card"), call("notify")),
                catch=block(
                    switch(
                        "exception",
                        branch("CardDeclined", call("compensate")),
                        branch("(Timeout, OSError)", do("Ask for another card"), LEAVE),
                    )
                ),
                final=block(do("Close the session")),
            ),
            {
                "type": "step_wait_for_event",
                "name": "Await the approval",
                "options": {"event_type": "order-approved", "timeout": "24 hours"},
                "payload": {"type": "object", "fields": {"approved": {"type": "unknown"}}},
            },
            switch(
                "order.shipping",
                branch('"express"', do("Call the courier")),
                branch('"pickup"'),
                branch(
                    None,
                    {"type": "step_sleep_until", "name": "Wait for the van", "timestamp": "2030-01-02T08:00:00"},
                ),
            ),
            function("epilogue", block(do("Close the books"), do("Say thank you"))),
        ],
    },
}
"""An order workflow with nodes of all types."""


DETAILED: Graph = graph(
    do("a"),
    {"type": "loop", "nodes": [do("b"), {"type": "break", "kind": "break"}]},
    {"type": "parallel", "kind": "all_settled", "nodes": [do("c"), do("d")]},
    {
        "type": "try",
        "try_block": {"type": "block", "nodes": [call("f")]},
        "catch_block": {
            "type": "block",
            "nodes": [switch("exception", branch("KeyError"), branch(None, {"type": "break", "kind": "return"}))],
        },
    },
    {
        "type": "try",
        "try_block": {"type": "block", "nodes": [do("e")]},
        "catch_block": {"type": "block", "nodes": []},
    },
    functions={"f": function("f", do("g"))},
)
"""A graph with each kind of part that has details."""


def details_everywhere(text: str) -> Details:
    """Return details of `DETAILED` with this text as every source and every remark."""
    return Details([(part, Detail(text, (text, text))) for part in parts_of(DETAILED)])
