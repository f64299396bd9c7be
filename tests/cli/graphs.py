"""Saved graphs for the command to draw."""

from __future__ import annotations

import json
from pathlib import Path


def sleep(name: str) -> dict[str, object]:
    return {"type": "step_sleep", "name": name, "duration": "1 hour"}


def response(class_name: str = "Orders", *nodes: object) -> dict[str, object]:
    """Return a version graph response with these nodes, or one step."""
    workflow = {"class_name": class_name, "functions": {}, "nodes": list(nodes) or [sleep("rest")]}
    return {"id": "1", "class_name": class_name, "graph": {"version": 1, "workflow": workflow}}


def without_graph(class_name: str) -> dict[str, object]:
    return {"id": "1", "class_name": class_name, "graph": None}


def save(path: str, data: object) -> None:
    """Write JSON to a path below the working directory."""
    Path(path).write_text(json.dumps(data), encoding="utf-8")
