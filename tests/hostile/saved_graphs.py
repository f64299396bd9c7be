"""Saved graphs that no API would give, drawn and compared: `python -m tests.hostile.saved_graphs COUNT [FIRST]`.

Each graph follows from its number. It is drawn in every format, and compared with the one before it. Graphs are tried
in batches, each in a process of its own, as `fuzzing` does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Final
from xml.etree import ElementTree as ET

from tests.escaping.hostile_texts import HOSTILE
from tests.escaping.readers import command_lines, hidden_lines
from tests.hostile.fuzzing import run
from tests.hostile.mutations import mutated, texts

DRAWINGS: Final = ("text", "dot", "svg", "html", "mermaid")
DIFFS: Final = ("text", "json", "markdown", "svg")

_ROOT: Final = Path(__file__).resolve().parents[2]
_BATCH: Final = 250
# For a whole batch, which takes a minute.
_PATIENCE_SECONDS: Final = 1800
_DEEPEST: Final = 4
_MOST_NAMED: Final = 20
_MUTATED: Final = 0.25
_LEFT_OUT: Final = 0.005
_WORDS: Final = ("charge card", "Orders", "f", "order.paid", "5 minutes", "1 day")
_NUMBERS: Final = (0, 1, 2, 5, -1, 1.5, 1e308, -0.0, 10**30, 10**400)
_KINDS: Final = ("all", "all_settled", "any", "race", "return", "break", "constant", "linear", "exponential")


@dataclass(slots=True)
class Counts:
    """What became of graphs, of runs of the command on them, and what must not be, by number of the graph."""

    graphs: int = 0
    results: int = 0
    refused: int = 0
    defects: list[int] = field(default_factory=list)
    forbidden: list[int] = field(default_factory=list)
    stopped: list[int] = field(default_factory=list)

    def add(self, other: Counts) -> None:
        """Count what another has counted."""
        self.graphs += other.graphs
        self.results += other.results
        self.refused += other.refused
        self.defects += other.defects
        self.forbidden += other.forbidden
        self.stopped += other.stopped


def saved_graph(number: int) -> bytes:
    """Return the saved graph of a number."""
    chance = Random(number)  # noqa: S311 - no secret
    graph = {"version": 1, "workflow": _workflow(chance)}
    content = json.dumps(graph if chance.random() < _MUTATED else {"graph": graph, **_version(chance)}).encode()
    return mutated(chance, content, texts(".json")) if chance.random() < _MUTATED else content


def _version(chance: Random) -> dict[str, object]:
    return {"id": _text(chance), "class_name": _text(chance), "created_on": _text(chance), "limits": {}}


def _workflow(chance: Random) -> dict[str, object]:
    names = [_text(chance) for _ in range(chance.randrange(4))]
    functions = {name: _function(chance, name) for name in names}
    nodes = [_node(chance, 0, names) for _ in range(chance.randint(1, 5))]
    made: dict[str, object] = {"class_name": _text(chance), "functions": functions, "nodes": nodes}
    if chance.random() < _MUTATED:
        made["payload"] = {"type": "object", "fields": {_text(chance): {"type": "unknown"} for _ in range(3)}}
    return made


def _function(chance: Random, name: str) -> dict[str, object]:
    return {"type": "function_def", "name": name, "nodes": [_node(chance, 1, [name])]}


def _node(chance: Random, depth: int, functions: list[str]) -> object:
    def below() -> list[object]:
        count = chance.randrange(3) if depth < _DEEPEST else 0
        return [_node(chance, depth + 1, functions) for _ in range(count)]

    def block() -> object:
        return {"type": "block", "nodes": below()}

    def branches() -> list[object]:
        return [
            {"condition": chance.choice([None, _text(chance)]), "nodes": below()} for _ in range(chance.randint(1, 3))
        ]

    name, value, kind = _text(chance), _value(chance), chance.choice(_KINDS)
    config = {"retries": {"limit": value, "delay": _value(chance), "backoff": kind}, "timeout": _value(chance)}
    makers: list[Callable[[], dict[str, object]]] = [
        lambda: {"type": "step_do", "name": name, "config": config, "nodes": below()},
        lambda: {"type": "step_sleep", "name": name, "duration": value},
        lambda: {"type": "step_sleep_until", "name": name, "timestamp": _text(chance)},
        lambda: {"type": "step_wait_for_event", "name": name, "options": {"event_type": name, "timeout": value}},
        lambda: {"type": "loop", "nodes": below()},
        lambda: {"type": "parallel", "kind": kind, "nodes": below()},
        lambda: {"type": "block", "nodes": below()},
        lambda: {"type": "if", "branches": branches()},
        lambda: {"type": "switch", "discriminant": name, "branches": branches()},
        lambda: {"type": "try", "try_block": block(), "catch_block": block()},
        lambda: {"type": "function_call", "name": chance.choice([*functions, name])},
        lambda: {"type": "break", "kind": kind},
        lambda: {"type": name, "name": _text(chance), "nodes": below()},
    ]
    made = chance.choice(makers)()
    if chance.random() < _MUTATED:
        made |= {"starts": chance.choice(_NUMBERS), "resolves": chance.choice(_NUMBERS)}
    return {key: each for key, each in made.items() if chance.random() >= _LEFT_OUT}


def _text(chance: Random) -> str:
    parts = chance.choices([*HOSTILE, *_WORDS * 8], k=chance.choice([1, 1, 1, 2]))
    return "".join(parts).encode("utf-8", "ignore").decode()


def _value(chance: Random) -> object:
    return chance.choice([_text(chance), *_NUMBERS])


def tried(count: int, first: int = 0) -> Counts:
    """Return what becomes of so many graphs, from a number on."""
    counts = Counts()
    at, end = first, first + count
    while at < end:
        batch = _batch(at, min(end, at + _BATCH))
        counts.add(batch)
        at += batch.graphs
    return counts


def _batch(first: int, end: int) -> Counts:
    """Return what becomes of graphs in a process of their own: of all, or of those up to one that ends it or hangs."""
    with tempfile.TemporaryDirectory() as folder:
        counted = Path(folder, "counted")
        command = [sys.executable, "-m", "tests.hostile.saved_graphs", "--here", str(counted), str(first), str(end)]
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(command, cwd=_ROOT, check=False, timeout=_PATIENCE_SECONDS)
        counts = Counts(**json.loads(counted.read_bytes())) if counted.exists() else Counts()
    if counts.graphs < end - first:
        counts.stopped.append(first + counts.graphs)
        counts.graphs += 1
    return counts


def _try_here(counted: str, first: int, end: int) -> None:
    """Try graphs in this process, and write the counts after each."""
    counts = Counts()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for number in range(first, end):
            try_graph(number, counts)
            Path(counted).write_text(json.dumps(asdict(counts)), encoding="utf-8")
        os.chdir(_ROOT)


def try_graph(number: int, counts: Counts) -> None:
    """Draw the graph of a number in all formats in the working directory, and compare it with the one before it."""
    Path("a.json").write_bytes(saved_graph(number - 1))
    Path("b.json").write_bytes(saved_graph(number))
    compared = ("diff", "a.json", "b.json", "-f", DIFFS[number % len(DIFFS)])
    runs = [*(("render", "b.json", "-f", form) for form in DRAWINGS), compared]
    counts.graphs += 1
    for arguments in runs:
        code, said = run(arguments)
        counts.results += code in (0, 1)
        counts.refused += code in (2, 3)
        if code not in (0, 1, 2, 3) or not said or "Traceback (most" in said:
            counts.defects.append(number)
        elif not _is_harmless(said, arguments[-1], is_result=code in (0, 1)):
            counts.forbidden.append(number)


def _is_harmless(said: str, form: str, *, is_result: bool) -> bool:
    """Return whether nothing in what was said acts on who reads it, and pictures can be parsed."""
    if hidden_lines(said, tabs=form == "dot") or command_lines(said):
        return False
    if form == "svg" and is_result:
        # What is told of the picture stands before it.
        ET.fromstring(said[said.index("<svg") : said.index("</svg>") + len("</svg>")])  # noqa: S314 - it is ours
    return True


def told_counts(counts: Counts) -> Iterator[str]:
    """Yield the counts in lines for people."""
    yield f"graphs {counts.graphs:,}: results {counts.results:,}, refusals {counts.refused:,}"
    for name, numbers in (
        ("internal errors", counts.defects),
        ("forbidden output", counts.forbidden),
        ("crashes and hangs", counts.stopped),
    ):
        named = f": graphs {', '.join(map(str, numbers[:_MOST_NAMED]))}" if numbers else ""
        yield f"{name} {len(numbers):,}{named}"


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--here", counted, first, end]:
            _try_here(counted, int(first), int(end))
        case [count, *first]:
            print("\n".join(told_counts(tried(int(count), *map(int, first)))))  # noqa: T201 - what it is for
