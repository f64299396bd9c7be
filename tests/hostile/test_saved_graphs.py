"""Malformed saved graphs are drawn and compared, or refused with one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stepgraph.model.note import InputError
from stepgraph.model.saved import read_saved_graphs
from stepgraph.model.walk import NODE_TYPES
from tests.effort import sample
from tests.hostile.conftest import Command
from tests.hostile.saved_graphs import SavedGraphCounts, saved_graph, try_graph
from tests.text_formats import TEXT_DIFFS, TEXT_DRAWINGS


def graph(*nodes: object, **functions: object) -> object:
    return {"version": 1, "workflow": {"class_name": "Orders", "functions": functions, "nodes": list(nodes)}}


def sleep(name: object, duration: object = 1) -> dict[str, object]:
    return {"type": "step_sleep", "name": name, "duration": duration}


def function(name: str, *nodes: object) -> object:
    return {"type": "function_def", "name": name, "nodes": list(nodes)}


def call(name: str) -> object:
    return {"type": "function_call", "name": name}


def nested(depth: int) -> str:
    """Return nested loops as text, because `json` limits the nesting."""
    inner = '[{"type": "loop", "nodes": ' * depth + "[]" + "}]" * depth
    return f'{{"version": 1, "workflow": {{"class_name": "Orders", "nodes": {inner}}}}}'


def chain(length: int, times: int) -> object:
    """Return functions that each call the next one `times` times. Two calls each result in 2^length steps."""
    calls = {f"f{n}": function(f"f{n}", *[call(f"f{n + 1}")] * times) for n in range(length)}
    return graph(call("f0"), **calls, **{f"f{length}": function(f"f{length}", sleep("rest"))})


RETRIES = {"limit": 10**4000, "delay": 1e308, "backoff": "constant"}
GRAPHS: dict[str, object] = {
    "10,000 levels": nested(10_000),
    "100,000 levels": nested(100_000),
    "60 levels": nested(60),
    "400 levels": nested(400),
    "huge numbers": graph(sleep("a", 10**400), {"type": "step_do", "name": "b", "config": {"retries": RETRIES}}),
    "more digits than are read": '{"version": ' + "9" * 100_000 + "}",
    "no numbers": '{"version": 1, "workflow": {"class_name": "O", "nodes": [{"type": "step_sleep", "duration": NaN}]}}',
    "a function that calls itself": graph(call("f"), f=function("f", call("f"))),
    "functions that call each other": graph(call("f"), f=function("f", call("g")), g=function("g", call("f"))),
    "a function that is not there": graph(call("f")),
    "a function under another name": graph(call("f"), f=function("g", sleep("a"))),
    "a chain of 400 calls": chain(400, 1),
    "calls that double 100 times": chain(100, 2),
    "1,000 branches": graph({"type": "if", "branches": [{"condition": "a", "nodes": [sleep("b")]}] * 1_000}),
    "300 at once": graph({"type": "parallel", "kind": "all", "nodes": [sleep("a")] * 300}),
    "a name of 100 kilobytes": graph(sleep("a" * 100_000)),
    "a name of one word after another": graph(sleep("a " * 50_000)),
    "names that steer": graph(sleep("\ud800\0\x1b]0;title\x07\u202e<script>\r\n%%{init}"), sleep("")),
    "clocks that contradict": graph({**sleep("a"), "starts": 10**30, "resolves": -5}, {**sleep("b"), "starts": 2}),
    "names of no text": graph(sleep(["a"])),
    "nodes of no node": graph(None, 1, "a", [], {}),
    "empty": "",
    "a number": "1",
    "no end": "[" * 100_000,
}


def write(name: str, document: object) -> None:
    Path(name).write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("document", GRAPHS.values(), ids=GRAPHS.keys())
@pytest.mark.parametrize("form", TEXT_DRAWINGS)
def test_any_graph_is_drawn_or_refused(stepgraph: Command, form: str, document: object) -> None:
    write("a.json", document)
    result = stepgraph("render", "a.json", "-f", form)
    assert result.is_graceful
    assert "\x1b" not in result.out + result.err


@pytest.mark.slow
@pytest.mark.parametrize("document", GRAPHS.values(), ids=GRAPHS.keys())
@pytest.mark.parametrize("form", sample([*TEXT_DIFFS], 2))
def test_any_graph_is_compared_or_refused(stepgraph: Command, form: str, document: object) -> None:
    write("a.json", document)
    write("b.json", graph(sleep("rest"), sleep("again")))
    assert stepgraph("diff", "a.json", "b.json", "-f", form).is_graceful
    assert stepgraph("diff", "b.json", "a.json", "-f", form).is_graceful


@pytest.mark.slow
def test_random_graphs_are_drawn_and_compared(folder: Path) -> None:
    del folder
    counts = SavedGraphCounts()
    for number in range(25):
        try_graph(number, counts)
    assert (counts.defects, counts.forbidden) == ([], [])
    assert counts.results > 0, "the command refuses all of these graphs"


def is_readable(content: bytes) -> bool:
    try:
        read_saved_graphs(content)
    except InputError:
        return False
    return True


@pytest.mark.slow
def test_most_random_graphs_are_readable() -> None:
    readable = sum(is_readable(saved_graph(number)) for number in range(400))
    assert readable > 200, (
        f"the reader accepts only {readable} of 400 graphs: a node of `makers` in tests/hostile/saved_graphs.py "
        "lacks a required field, or model/saved.py lacks the default of an optional one"
    )


@pytest.mark.slow
def test_random_graphs_have_nodes_of_each_type() -> None:
    text = b"".join(saved_graph(number) for number in range(200)).decode("utf-8", "ignore")
    missing = [node_type for node_type in NODE_TYPES if f'"type": "{node_type}"' not in text]
    assert missing == [], "add these node types to `makers` in tests/hostile/saved_graphs.py"


def test_saved_graphs_are_reproducible() -> None:
    assert [saved_graph(number) for number in range(20)] == [saved_graph(number) for number in range(20)]
