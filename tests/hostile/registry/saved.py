"""Large saved graphs: deep, wide, with many functions or long names."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, TypeAlias

from stepgraph.limits import SAVED_NODES
from tests.hostile.hostile_input import Files, HostileInput
from tests.text_formats import TEXT_DRAWINGS

Json: TypeAlias = dict[str, object]
Nodes: TypeAlias = list[Json]

GRAPH: Final = "graph.json"


def saved(nodes: Sequence[Mapping[str, object]], functions: Mapping[str, object] | None = None) -> str:
    """Return a saved graph of these nodes as JSON text."""
    workflow = {"class_name": "Orders", "functions": functions or {}, "nodes": nodes}
    return json.dumps({"version": 1, "workflow": workflow})


def sleep(name: str, **more: object) -> Json:
    """Return a `step.sleep` node."""
    return {"type": "step_sleep", "name": name, "duration": 1, **more}


def call(name: str) -> Json:
    """Return a call of a function."""
    return {"type": "function_call", "name": name}


def function(name: str, nodes: Nodes) -> Json:
    """Return the definition of a function."""
    return {"type": "function_def", "name": name, "nodes": nodes}


def sleeps(size: int) -> str:
    """Return a graph of sequential steps."""
    return saved([sleep(f"s{n}") for n in range(size)])


def functions(size: int) -> str:
    """Return a graph of functions, each with one step and one call."""
    defined = {f"f{n}": function(f"f{n}", [sleep(f"s{n}")]) for n in range(size)}
    return saved([call(f"f{n}") for n in range(size)], defined)


def chain(size: int) -> str:
    """Return a graph with a chain of functions that each call the next."""
    defined: Json = {f"f{n}": function(f"f{n}", [call(f"f{n + 1}")]) for n in range(size)}
    return saved([call("f0")], {**defined, f"f{size}": function(f"f{size}", [sleep("rest")])})


def branches(size: int) -> str:
    """Return a graph of one `if` of many branches."""
    return saved([{"type": "if", "branches": [{"condition": f"c{n}", "nodes": [sleep(f"s{n}")]} for n in range(size)]}])


def ifs(size: int) -> str:
    """Return a graph of many `if`s with a `return` each."""
    leave = {"type": "break", "kind": "return"}
    return saved(
        [{"type": "if", "branches": [{"condition": f"c{n}", "nodes": [sleep(f"s{n}"), leave]}]} for n in range(size)]
    )


def parallel(size: int) -> str:
    """Return a graph of one group of many steps."""
    return saved([{"type": "parallel", "kind": "all", "nodes": [sleep(f"s{n}") for n in range(size)]}])


def clocks(size: int) -> str:
    """Return a graph of steps that each overlap with their ten neighbors."""
    return saved([sleep(f"s{n}", starts=n, resolves=n + 10) for n in range(size)])


def nested_clocks(size: int) -> str:
    """Return a graph of steps that all overlap."""
    return saved([sleep(f"s{n}", starts=n, resolves=2 * size - n) for n in range(size)])


def long_name(size: int) -> str:
    """Return a graph of one step with a long name of many words."""
    return saved([sleep("a " * (size // 2))])


def long_word(size: int) -> str:
    """Return a graph of one step with a long name of one word."""
    return saved([sleep("a" * size)])


def deep(size: int) -> str:
    """Return a graph of many loops with the maximum nesting."""
    nodes: Nodes = []
    for number in range(size // 90):
        inner: Nodes = [sleep(f"s{number}")]
        for _ in range(90):
            inner = [{"type": "loop", "nodes": inner}]
        nodes += inner
    return saved(nodes)


def tries(size: int) -> str:
    """Return a graph of many `try` statements."""
    return saved(
        [
            {
                "type": "try",
                "try_block": {"type": "block", "nodes": [sleep(f"s{n}")]},
                "catch_block": {"type": "block", "nodes": [sleep(f"t{n}")]},
            }
            for n in range(size)
        ]
    )


def one_function(size: int) -> str:
    """Return a graph of many calls of one function."""
    return saved([call("f")] * size, {"f": function("f", [sleep("s")])})


def starts(size: int) -> str:
    """Return a graph of `start`s, each with a function of the same name."""
    return saved(
        [
            {"type": "start", "class_name": f"C{n}", "functions": {"f": function("f", [sleep(f"s{n}")])}, "nodes": []}
            for n in range(size)
        ]
    )


def nested_calls(size: int) -> str:
    """Return a graph of functions that each call all functions after them, with `size` calls in total."""
    count = int((2 * size) ** 0.5)
    defined: Json = {f"f{n}": function(f"f{n}", [call(f"f{m}") for m in range(n + 1, count)]) for n in range(count)}
    return saved([call("f0")], {**defined, f"f{count - 1}": function(f"f{count - 1}", [sleep("rest")])})


def steps_in_steps(size: int) -> str:
    """Return a graph with a step that contains many others."""
    return saved([{"type": "step_do", "name": "outer", "nodes": [sleep(f"s{n}") for n in range(size)]}])


def payload(size: int) -> str:
    """Return a graph whose payload has many fields."""
    fields = {f"k{n}": {"type": "unknown"} for n in range(size)}
    nodes = [{"type": "step_wait_for_event", "name": "w", "payload": {"type": "object", "fields": fields}}]
    return saved(nodes)


def calls_of_a_long_function(size: int) -> str:
    """Return a graph of many calls of a function with many steps."""
    half = size // 2
    return saved([call("f")] * half, {"f": function("f", [sleep(f"s{n}") for n in range(half)])})


def empty_branches(size: int) -> str:
    """Return a graph of empty branches."""
    return saved([{"type": "if", "branches": [{}] * size}])


def graphs(size: int) -> str:
    """Return an array of graphs with the same name."""
    return f"[{', '.join([sleeps(1)] * size)}]"


GRAPHS: Final[dict[str, tuple[Callable[[int], str], int]]] = {
    "steps": (sleeps, 2_000),
    "functions": (functions, 2_000),
    "chain of calls": (chain, 1_000),
    "branches": (branches, 1_000),
    "ifs that return": (ifs, 1_000),
    "parallel steps": (parallel, 2_000),
    "clocks": (clocks, 1_000),
    "nested clocks": (nested_clocks, 1_000),
    "long name": (long_name, 200_000),
    "long word": (long_word, 200_000),
    "deep loops": (deep, 2_000),
    "tries": (tries, 1_000),
    "calls of one function": (one_function, 2_000),
    "start nodes": (starts, 1_000),
    "functions that call each other": (nested_calls, 2_000),
    "nested steps": (steps_in_steps, 2_000),
    "payload": (payload, 2_000),
    "calls of a long function": (calls_of_a_long_function, 4_000),
    "empty branches": (empty_branches, 4_000),
}


def _files(graph: Callable[[int], str], size: int) -> Files:
    return {GRAPH: graph(size)}


INPUTS = [
    HostileInput(f"{form}: {name}", partial(_files, graph), size, ("render", GRAPH, "-f", form))
    for name, (graph, size) in GRAPHS.items()
    for form in TEXT_DRAWINGS
]
INPUTS += [
    HostileInput(
        f"{form}: calls of a folded function",
        partial(_files, calls_of_a_long_function),
        4_000,
        ("render", GRAPH, "-f", form, "--fold", "function"),
    )
    for form in TEXT_DRAWINGS
]
INPUTS += [
    HostileInput(f"{form}: graphs of one name", partial(_files, graphs), 500, ("render", GRAPH, "-f", form, *output))
    for form, output in (("text", ()), ("html", ()), ("svg", ("-o", "out/")))
]
# The maximum number of nodes. Ten times as many are refused.
INPUTS += [
    HostileInput(f"{form}: as many {name} as are read", partial(_files, graph), size, ("render", GRAPH, "-f", form))
    for name, graph, size in (
        ("steps", sleeps, SAVED_NODES - 1),
        ("functions", functions, (SAVED_NODES - 1) // 3),
        ("ifs that return", ifs, (SAVED_NODES - 1) // 4),
        ("tries", tries, (SAVED_NODES - 1) // 5),
    )
    for form in TEXT_DRAWINGS
]
