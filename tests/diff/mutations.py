"""Random workflows with distinct names, and typical edits of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeAlias, cast

from stepgraph.model.payload import Workflow
from stepgraph.model.vocabulary import StepType
from stepgraph.model.walk import STEP_TYPES

Fields: TypeAlias = dict[str, Any]
Pair: TypeAlias = tuple[Workflow, Workflow]

DEEPEST = 3
OTHER_STEPS = tuple(step_type for step_type in STEP_TYPES if step_type != "step_do")
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _branches(*branches: tuple[str | None, list[Fields]]) -> list[Fields]:
    return [{"condition": condition, "nodes": nodes} for condition, nodes in branches]


CONTAINERS: dict[str, Callable[[str, list[Fields]], Fields]] = {
    "loop": lambda _, nodes: {"type": "loop", "nodes": nodes},
    "parallel": lambda _, nodes: {"type": "parallel", "kind": "all", "nodes": nodes},
    "try": lambda _, nodes: {"type": "try", "try_block": {"type": "block", "nodes": nodes}},
    "if": lambda name, nodes: {"type": "if", "branches": _branches((name, nodes), (None, []))},
    "switch": lambda name, nodes: {"type": "switch", "discriminant": name, "branches": _branches(("1", nodes))},
    "step": lambda name, nodes: {"type": "step_do", "name": name, "config": {}, "nodes": nodes},
    "block": lambda _, nodes: {"type": "block", "nodes": nodes},
    "one of a later version": lambda name, nodes: {"type": "map", "name": name, "nodes": nodes},
}


@dataclass(slots=True)
class _DistinctNames:
    """Dissimilar names."""

    count: int = field(default=0)

    def next(self) -> str:
        self.count += 1
        return "".join(LETTERS[self.count // 26**place % 26] * 3 for place in range(3))


def any_workflow(random: Random) -> Workflow:
    """Return a workflow of steps with distinct names, in containers of all kinds."""
    names = _DistinctNames()
    functions = {name: {"type": "function_def", "name": name, "nodes": _nodes(random, names, 1)} for name in ("f", "g")}
    chosen = {name: function for name, function in functions.items() if random.random() < 0.5}
    workflow = {"class_name": "Any", "functions": chosen, "nodes": _nodes(random, names, DEEPEST)}
    return copied(cast("Workflow", workflow))


def _nodes(random: Random, names: _DistinctNames, depth: int) -> list[Fields]:
    return [_node(random, names, depth) for _ in range(random.randint(1, 4))]


def _node(random: Random, names: _DistinctNames, depth: int) -> Fields:
    if depth == 0 or random.random() < 0.5:
        return random.choice([_step, _other_step, _call, _leave])(random, names)
    make = CONTAINERS[random.choice(list(CONTAINERS))]
    return make(names.next(), _nodes(random, names, depth - 1))


def _step(_: Random, names: _DistinctNames) -> Fields:
    return {"type": "step_do", "name": names.next(), **_fields_of_step("step_do")}


def _other_step(random: Random, names: _DistinctNames) -> Fields:
    """Return a step of any type but `step_do`."""
    step_type = random.choice(OTHER_STEPS)
    return {"type": step_type, "name": names.next(), **_fields_of_step(step_type)}


def _fields_of_step(step_type: StepType) -> Fields:
    """Return the fields of a step other than its type and its name."""
    match step_type:
        case "step_do":
            return {"config": {"timeout": "10 minutes"}, "nodes": []}
        case "step_sleep":
            return {"duration": "1 day"}
        case "step_sleep_until":
            return {"timestamp": "2030-01-02"}
        case "step_wait_for_event":
            return {"options": {"event_type": "paid", "timeout": "1 day"}}


def _call(_: Random, names: _DistinctNames) -> Fields:
    return {"type": "function_call", "name": f"elsewhere {names.next()}"}


def _leave(_: Random, __: _DistinctNames) -> Fields:
    return {"type": "break", "kind": "return"}


def copied(workflow: Workflow) -> Workflow:
    return cast("Workflow", json.loads(json.dumps(workflow)))


def objects(value: object) -> Iterator[Fields]:
    """Yield all objects of a payload, outermost first."""
    if isinstance(value, list):
        for item in value:
            yield from objects(item)
    elif isinstance(value, dict):
        yield value
        for item in value.values():
            yield from objects(item)


def node_lists(value: object) -> list[list[Fields]]:
    return [item["nodes"] for item in objects(value) if "nodes" in item]


def has_work(node: Fields) -> bool:
    """Return whether a node contains a step or call."""
    return any(
        str(item.get("type")).startswith("step_") or item.get("type") == "function_call" for item in objects(node)
    )


def places_of_work(workflow: Workflow) -> list[tuple[list[Fields], int]]:
    """Return the positions of all nodes that run steps."""
    return [(nodes, place) for nodes in node_lists(workflow) for place, node in enumerate(nodes) if has_work(node)]


def rename(random: Random, workflow: Workflow) -> None:
    """Rename a step."""
    steps = [item for item in objects(workflow) if str(item.get("type")).startswith("step_")]
    if steps:
        random.choice(steps)["name"] = "renamed"


def share_a_name(random: Random, workflow: Workflow) -> None:
    """Give several steps the same name, each next to a step of another type that identifies it."""
    for nodes in node_lists(workflow):
        steps = [node for node in nodes if node.get("type") == "step_do"]
        if steps and any(node.get("type") in OTHER_STEPS for node in nodes):
            random.choice(steps)["name"] = "shared"


def rename_the_shared(workflow: Workflow) -> None:
    """Rename all steps with the shared name."""
    for item in objects(workflow):
        if item.get("name") == "shared":
            item["name"] = "renamed"


def change_setting(random: Random, workflow: Workflow) -> None:
    """Change the configuration of a step."""
    steps = [item for item in objects(workflow) if item.get("type") == "step_do"]
    if steps:
        random.choice(steps)["config"] = {"timeout": "a second", "retries": {"limit": 17}}


def add(random: Random, workflow: Workflow) -> None:
    """Add a step."""
    nodes = random.choice(node_lists(workflow))
    nodes.insert(random.randint(0, len(nodes)), {"type": "step_sleep_until", "name": "new", "timestamp": "2030-01-02"})


def remove(random: Random, workflow: Workflow) -> None:
    """Remove a node."""
    places = places_of_work(workflow)
    if places:
        nodes, place = random.choice(places)
        del nodes[place]


def wrap(random: Random, workflow: Workflow) -> None:
    """Wrap adjacent nodes in a container."""
    places = places_of_work(workflow)
    if places:
        nodes, first = random.choice(places)
        beyond = first + 1
        while beyond < len(nodes) and has_work(nodes[beyond]) and random.random() < 0.7:
            beyond += 1
        make = CONTAINERS[random.choice(list(CONTAINERS))]
        nodes[first:beyond] = [make("around", nodes[first:beyond])]


def move(random: Random, workflow: Workflow) -> None:
    """Move a node out of a list that keeps another one."""
    places = [(nodes, place) for nodes, place in places_of_work(workflow) if sum(map(has_work, nodes)) > 1]
    if places:
        nodes, place = random.choice(places)
        node = nodes.pop(place)
        target = random.choice(node_lists(workflow))
        target.insert(random.randint(0, len(target)), node)
