"""Malformed logs, and logs on malformed graphs, are shown, replayed and explained, or refused with one line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest

from stepgraph.cli.formats import FAILURE_FORMATS, INSTANCE_FORMATS, REPLAY_FORMATS
from tests.effort import sample
from tests.hostile.conftest import Command
from tests.hostile.test_saved_graphs import GRAPHS, call, function, graph, write

pytestmark = pytest.mark.slow

RUNS: Final = [
    (command, form)
    for command, formats in (("instance", INSTANCE_FORMATS), ("replay", REPLAY_FORMATS), ("why", FAILURE_FORMATS))
    for form, entry in formats.items()
    if not entry.is_binary
]
UNSAFE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|^\\s*::|##\\[", re.MULTILINE)
TEXTS: Final = (
    "\x1b]0;title\x07\x1b[2J",
    "\n::add-mask::e",
    "##[add-mask]e",
    "\ud800\0\u202e",
    "a\n```\n<script>alert(1)</script>",
    "]]>--></style></script><img src=x onerror=alert(1)>",
    "'; touch here; '",
)


def step(name: object, number: int, **fields: object) -> dict[str, object]:
    """Return a step that fails, a second after the one before."""
    start, end = f"2026-11-29T00:00:{number:02}.000Z", f"2026-11-29T00:00:{number:02}.500Z"
    attempt = {"start": start, "end": end, "success": False, "error": {"name": "Error", "message": "no"}}
    return {"name": name, "type": "step", "start": start, "end": end, "success": False, "attempts": [attempt], **fields}


def log(*steps: object, **fields: object) -> object:
    start, end = "2026-11-29T00:00:00.000Z", "2026-11-29T00:01:00.000Z"
    return {"status": "errored", "start": start, "end": end, "steps": steps, **fields}


def do(name: str) -> object:
    return {"type": "step_do", "name": name}


@pytest.mark.parametrize("document", GRAPHS.values(), ids=GRAPHS.keys())
@pytest.mark.parametrize(("command", "form"), sample(RUNS, 4))
def test_log_on_any_graph(stepgraph: Command, command: str, form: str, document: object) -> None:
    write("graph.json", document)
    write("log.json", log(step("rest-1", 0, type="sleep"), step("a-1", 1)))
    result = stepgraph(command, "log.json", "--graph", "graph.json", "-f", form)
    assert result.is_graceful
    assert "\x1b" not in result.out + result.err


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(("command", "form"), RUNS)
def test_text_in_a_log_stays_text(stepgraph: Command, command: str, form: str, text: str) -> None:
    error = {"name": text, "message": text}
    failing = step("charge-1", 1, attempts=[{**step("", 1), "error": error}])
    write("graph.json", graph(do("{any}"), do("charge")))
    status = "running" if command == "replay" else "errored"
    write("log.json", log(step(f"{text}-1", 0, success=True), failing, status=status, error=error, id=text))
    result = stepgraph(command, "log.json", "--graph", "graph.json", "-f", form)
    assert (result.code, result.err) in ((0, ""), (1, ""))
    assert UNSAFE.search(result.out) is None
    assert form not in ("svg", "html") or "<img" not in result.out


@pytest.mark.parametrize("status", ["", "\x1b[2J", "running", None, 1, ["errored"]])
@pytest.mark.parametrize("part", [None, -1, 10**40, "\ud800", [], {}, [[]], "9999-12-31T23:59:59.999+23:59"])
def test_parts_of_the_wrong_kind(stepgraph: Command, status: object, part: object) -> None:
    write("graph.json", graph(do("a"), do("b")))
    parts = dict.fromkeys(("start", "end", "success", "attempts", "error", "config", "output"), part)
    write("log.json", log(step("a-1", 0), step("b-1", 1, **parts), part, status=status, error=part, output=part))
    for command in ("instance", "replay", "why"):
        assert stepgraph(command, "log.json", "--graph", "graph.json").is_graceful


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 100,
        b"[" * 100_000,
        b'{"steps":' * 10_000,
        b'{"steps": [{"name": "\xff-1"}]}',
        b'{"steps": [], "a": 1e999}',
    ],
)
def test_bytes_that_are_not_a_log(stepgraph: Command, folder: Path, content: bytes) -> None:
    write("graph.json", graph(do("a")))
    (folder / "log.json").write_bytes(content)
    for command in ("instance", "replay", "why"):
        assert stepgraph(command, "log.json", "--graph", "graph.json").is_graceful


@pytest.mark.parametrize(
    "document",
    [
        graph(call("f"), f=function("f", do("a"), call("f"))),
        graph({"type": "parallel", "kind": "all", "nodes": [do("a")] * 100}),
        graph({"type": "parallel", "kind": "all", "nodes": [{"type": "loop", "nodes": [do("a"), do("b")]}] * 20}),
        graph(*[{"type": "if", "branches": [{"condition": "c", "nodes": [do("{x}")]}]}] * 50),
        graph(do("".join(f"{{x{number}}}a" for number in range(40)) + "b")),
    ],
)
def test_logs_that_many_paths_explain(stepgraph: Command, document: object) -> None:
    write("graph.json", document)
    write("log.json", log(*[step(f"a-{number}", number % 60) for number in range(1, 101)]))
    result = stepgraph("instance", "log.json", "--graph", "graph.json", "-f", "json")
    assert json.loads(result.out)["version"] == 1
