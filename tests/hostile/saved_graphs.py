"""Draw and compare random saved graphs: `python -m tests.hostile.saved_graphs COUNT [FIRST]`.

The number of a graph is its seed. Each graph is drawn in every format and compared with the previous one. Each batch
runs in a subprocess, as in `fuzzing`.
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
from tests.escaping.readers import FORMATS_WITH_TABS, command_lines, hidden_lines
from tests.hostile.fuzzing import run
from tests.hostile.mutations import mutate, texts
from tests.text_formats import TEXT_DIFFS, TEXT_DRAWINGS

_ROOT: Final = Path(__file__).resolve().parents[2]
_BATCH: Final = 250
# The time limit for a whole batch, which usually takes a minute.
_PATIENCE_SECONDS: Final = 1800
_DEEPEST: Final = 4
_MOST_NAMED: Final = 20
_MUTATED: Final = 0.25
_LEFT_OUT: Final = 0.005
_WORDS: Final = ("charge card", "Orders", "f", "order.paid", "5 minutes", "1 day")
_NUMBERS: Final = (0, 1, 2, 5, -1, 1.5, 1e308, -0.0, 10**30, 10**400)
_KINDS: Final = ("all", "all_settled", "any", "race", "return", "break", "constant", "linear", "exponential")


@dataclass(slots=True)
class SavedGraphCounts:
    """Totals of the graphs and runs, and the numbers of the graphs that failed."""

    graphs: int = 0
    results: int = 0
    """Runs that ended with a result."""
    refused: int = 0
    """Runs that ended with an error message."""
    defects: list[int] = field(default_factory=list)
    """Graphs that raised an exception."""
    forbidden: list[int] = field(default_factory=list)
    """Graphs for which the output had control characters or was not well-formed."""
    stopped: list[int] = field(default_factory=list)
    """Graphs that crashed the interpreter or hung."""

    def add(self, counts: SavedGraphCounts) -> None:
        """Add the counts of another batch."""
        self.graphs += counts.graphs
        self.results += counts.results
        self.refused += counts.refused
        self.defects += counts.defects
        self.forbidden += counts.forbidden
        self.stopped += counts.stopped


def saved_graph(number: int) -> bytes:
    """Generate the saved graph whose seed is `number`."""
    rng = Random(number)  # noqa: S311 - not for cryptography
    graph = {"version": 1, "workflow": _workflow(rng)}
    content = json.dumps(graph if rng.random() < _MUTATED else {"graph": graph, **_version(rng)}).encode()
    return mutate(rng, content, texts(".json")) if rng.random() < _MUTATED else content


def _version(rng: Random) -> dict[str, object]:
    return {"id": _text(rng), "class_name": _text(rng), "created_on": _text(rng), "limits": {}}


def _workflow(rng: Random) -> dict[str, object]:
    names = [_text(rng) for _ in range(rng.randrange(4))]
    functions = {name: _function(rng, name) for name in names}
    nodes = [_node(rng, 0, names) for _ in range(rng.randint(1, 5))]
    node: dict[str, object] = {"class_name": _text(rng), "functions": functions, "nodes": nodes}
    if rng.random() < _MUTATED:
        node["payload"] = {"type": "object", "fields": {_text(rng): {"type": "unknown"} for _ in range(3)}}
    return node


def _function(rng: Random, name: str) -> dict[str, object]:
    return {"type": "function_def", "name": name, "nodes": [_node(rng, 1, [name])]}


def _node(rng: Random, depth: int, functions: list[str]) -> object:
    def below() -> list[object]:
        count = rng.randrange(3) if depth < _DEEPEST else 0
        return [_node(rng, depth + 1, functions) for _ in range(count)]

    def block() -> object:
        return {"type": "block", "nodes": below()}

    def branches() -> list[object]:
        return [{"condition": rng.choice([None, _text(rng)]), "nodes": below()} for _ in range(rng.randint(1, 3))]

    name, value, kind = _text(rng), _value(rng), rng.choice(_KINDS)
    config = {"retries": {"limit": value, "delay": _value(rng), "backoff": kind}, "timeout": _value(rng)}
    makers: list[Callable[[], dict[str, object]]] = [
        lambda: {"type": "step_do", "name": name, "config": config, "nodes": below()},
        lambda: {"type": "step_sleep", "name": name, "duration": value},
        lambda: {"type": "step_sleep_until", "name": name, "timestamp": _text(rng)},
        lambda: {"type": "step_wait_for_event", "name": name, "options": {"event_type": name, "timeout": value}},
        lambda: {"type": "loop", "nodes": below()},
        lambda: {"type": "parallel", "kind": kind, "nodes": below()},
        lambda: {"type": "block", "nodes": below()},
        lambda: {"type": "if", "branches": branches()},
        lambda: {"type": "switch", "discriminant": name, "branches": branches()},
        lambda: {"type": "try", "try_block": block(), "catch_block": block()},
        lambda: {"type": "function_call", "name": rng.choice([*functions, name])},
        lambda: {"type": "function_def", "name": name, "nodes": below()},
        lambda: {"type": "break", "kind": kind},
        lambda: {"type": "start", "class_name": name, "functions": {}, "nodes": below()},
        lambda: {"type": name, "name": _text(rng), "nodes": below()},
    ]
    node = rng.choice(makers)()
    if rng.random() < _MUTATED:
        node |= {"starts": rng.choice(_NUMBERS), "resolves": rng.choice(_NUMBERS)}
    return {key: each for key, each in node.items() if rng.random() >= _LEFT_OUT}


def _text(rng: Random) -> str:
    parts = rng.choices([*HOSTILE, *_WORDS * 8], k=rng.choice([1, 1, 1, 2]))
    return "".join(parts).encode("utf-8", "ignore").decode()


def _value(rng: Random) -> object:
    return rng.choice([_text(rng), *_NUMBERS])


def run_trials(count: int, first: int = 0) -> SavedGraphCounts:
    """Run `count` trials, from the number `first` on."""
    counts = SavedGraphCounts()
    at, end = first, first + count
    while at < end:
        batch = _batch(at, min(end, at + _BATCH))
        counts.add(batch)
        at += batch.graphs
    return counts


def _batch(first: int, end: int) -> SavedGraphCounts:
    """Run trials in a subprocess, up to the first that crashes or hangs."""
    with tempfile.TemporaryDirectory() as folder:
        counts_path = Path(folder, "counted")
        command = [sys.executable, "-m", "tests.hostile.saved_graphs", "--here", str(counts_path), str(first), str(end)]
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(command, cwd=_ROOT, check=False, timeout=_PATIENCE_SECONDS)
        counts = (
            SavedGraphCounts(**json.loads(counts_path.read_bytes())) if counts_path.exists() else SavedGraphCounts()
        )
    if counts.graphs < end - first:
        counts.stopped.append(first + counts.graphs)
        counts.graphs += 1
    return counts


def _try_in_process(counts_path: str, first: int, end: int) -> None:
    """Run trials in this process, and write the counts as JSON after each."""
    counts = SavedGraphCounts()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for number in range(first, end):
            try_graph(number, counts)
            Path(counts_path).write_text(json.dumps(asdict(counts)), encoding="utf-8")
        os.chdir(_ROOT)


def try_graph(number: int, counts: SavedGraphCounts) -> None:
    """Draw a graph in all formats in the working directory, and compare it with the previous graph."""
    Path("a.json").write_bytes(saved_graph(number - 1))
    Path("b.json").write_bytes(saved_graph(number))
    compared = ("diff", "a.json", "b.json", "-f", list(TEXT_DIFFS)[number % len(TEXT_DIFFS)])
    runs = [*(("render", "b.json", "-f", form) for form in TEXT_DRAWINGS), compared]
    counts.graphs += 1
    for arguments in runs:
        code, output = run(arguments)
        counts.results += code in (0, 1)
        counts.refused += code in (2, 3)
        if code not in (0, 1, 2, 3) or not output or "Traceback (most" in output:
            counts.defects.append(number)
        elif not _is_harmless(output, arguments[-1], is_result=code in (0, 1)):
            counts.forbidden.append(number)


def _is_harmless(output: str, form: str, *, is_result: bool) -> bool:
    """Return whether the output has no control characters or markup from the graph, and a picture is well-formed."""
    if hidden_lines(output, tabs=form in FORMATS_WITH_TABS) or command_lines(output):
        return False
    if form == "svg" and is_result:
        # Notes on the picture precede it.
        ET.fromstring(output[output.index("<svg") : output.index("</svg>") + len("</svg>")])  # noqa: S314 - written by stepgraph
    return True


def format_counts(counts: SavedGraphCounts) -> Iterator[str]:
    """Yield the lines of a summary."""
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
        case ["--here", counts_path, first, end]:
            _try_in_process(counts_path, int(first), int(end))
        case [count, *first]:
            print("\n".join(format_counts(run_trials(int(count), *map(int, first)))))  # noqa: T201 - a script
