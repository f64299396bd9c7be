"""Conversion of activities to payload nodes."""

from __future__ import annotations

from stepgraph.ir.nodes import EventWait, MergedStepConfig, PayloadShape, Sleep, SleepUntil, StepRun
from stepgraph.model.payload import (
    Node,
    ObjectShape,
    Retries,
    Shape,
    StepConfig,
    StepDo,
    StepSleep,
    StepSleepUntil,
    StepWaitForEvent,
    UnknownShape,
)


def step_do(run: StepRun, nodes: list[Node]) -> StepDo:
    """Return the node of a step. `nodes` are the nodes of its body."""
    definition = run.definition
    return {"type": "step_do", "name": definition.name, "config": _config(definition.settings), "nodes": nodes}


def leaf_node(activity: Sleep | SleepUntil | EventWait) -> StepSleep | StepSleepUntil | StepWaitForEvent:
    """Return the node of a sleep or a wait."""
    match activity:
        case Sleep(name=name, duration=duration):
            return {"type": "step_sleep", "name": name, "duration": duration}
        case SleepUntil(name=name, timestamp=timestamp):
            return {"type": "step_sleep_until", "name": name, "timestamp": timestamp}
        case EventWait():
            return _wait(activity)


def payload_shape(payload: PayloadShape) -> Shape | None:
    """Return the shape of a payload, None if the program reads no key of it."""
    return _value_shape(payload) if payload.fields else None


def _value_shape(value: PayloadShape) -> Shape:
    if not value.fields:
        unknown: UnknownShape = {"type": "unknown"}
        return unknown
    result: ObjectShape = {
        "type": "object",
        "fields": {key: _value_shape(inner) for key, inner in value.fields.items()},
    }
    return result


def _wait(wait: EventWait) -> StepWaitForEvent:
    node: StepWaitForEvent = {"type": "step_wait_for_event", "name": wait.name}
    if wait.event_type is not None:
        node["options"] = {"event_type": wait.event_type, "timeout": wait.timeout}
    payload = payload_shape(wait.payload)
    if payload is not None:
        node["payload"] = payload
    return node


def _config(settings: MergedStepConfig) -> StepConfig:
    retries: Retries = {"limit": settings.limit, "delay": settings.delay, "backoff": settings.backoff}
    return {"retries": retries, "timeout": settings.timeout}
