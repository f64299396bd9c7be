"""Measure `stepgraph lsp` as an editor sees it: from a keystroke to the diagnostics, and its answers and memory."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.inputs import workflow
from benchmarks.language_client import LanguageClient
from benchmarks.watch import MODULES, write_imports

STEPS: Final = 500
MEMORY_EDITS: Final = 5_000

_MAX_KEYSTROKE: Final = 150.0
_MAX_HELPER: Final = 300.0
_MAX_REQUEST: Final = 50.0
"""The maximum times in milliseconds."""
_MAX_MEMORY_RATIO: Final = 1.3
"""The maximum ratio of the memory after the edits to that before."""

_IDLE_SECONDS: Final = 0.5
"""The time between two measured keystrokes, as of a person who looks at the result."""
_WARM_UP_ROUNDS: Final = 2
_WARM_UP_EDITS: Final = 50
_BURST: Final = 5
"""The number of keystrokes before each wait for diagnostics, as of a fast typist. It is odd, so that they change."""


class _Times(NamedTuple):
    """The times of an action in milliseconds."""

    wall: float
    """The median wall-clock time."""
    processor: float
    """The mean processor time of the server, which other load on the machine does not change."""


class _Spot(NamedTuple):
    """A position in a document at which a character adds a finding."""

    name: str
    line: int
    column: int
    character: str

    def types(self, client: LanguageClient, number: int) -> None:
        """Insert the character at even numbers, and delete it at odd ones."""
        inserts = number % 2 == 0
        client.type(self.name, self.line, self.column, self.character if inserts else "", 0 if inserts else 1)


def print_lsp(folder: Path, rounds: int) -> None:
    """Print median times of a number of rounds, and the growth of the memory."""
    print(f"{'':<56}{'ms':>8}{'at most':>9}{'processor':>11}")
    large, project = folder / "large", folder / "project"
    large.mkdir()
    # The steps return nothing, because the engine cannot store a response, and there would be a finding in each step.
    (large / "entry.py").write_text(workflow(STEPS).replace("return await", "await"), encoding="utf-8")
    unit = _spot(large, "entry.py", f'"step {STEPS // 2}", config={{"retries": {{"limit": 3, "delay": "5 seconds', "x")
    with LanguageClient(large) as client:
        client.open(unit.name)
        _print(f"keystroke in {STEPS} steps, until its diagnostics", _keystrokes(client, unit, rounds), _MAX_KEYSTROKE)
        _print_requests(client, unit, f"{STEPS} steps", rounds)
    project.mkdir()
    write_imports(project)
    helper = _spot(project, "module_7.py", '"timeout": "5 minutes', "x")
    with LanguageClient(project) as client:
        client.open("entry.py")
        client.open(helper.name)
        name = f"keystroke in a helper of {MODULES} modules, until diagnostics"
        _print(name, _keystrokes(client, helper, rounds), _MAX_HELPER)
        _print_requests(client, helper, f"{MODULES} modules", rounds)
        _print_memory(client, helper)


def _spot(folder: Path, name: str, before: str, character: str) -> _Spot:
    """Return the position after the first occurrence of a text."""
    text, found, _ = (folder / name).read_text(encoding="utf-8").partition(before)
    lines = f"{text}{found}".splitlines()
    return _Spot(name, len(lines) - 1, len(lines[-1]), character)


def _keystrokes(client: LanguageClient, spot: _Spot, rounds: int) -> _Times:
    """Return the times from a keystroke to the diagnostics of the text with it."""
    numbers: set[int] = set()

    def edit(number: int) -> None:
        spot.types(client, number)
        numbers.add(client.wait_for_diagnostics(spot.name))

    times = _measure(client, edit, rounds)
    if len(numbers) == 1:
        raise RuntimeError(f"{spot.name}: the keystrokes change no finding")
    return times


def _print_requests(client: LanguageClient, spot: _Spot, name: str, rounds: int) -> None:
    document = {"uri": client.uri(spot.name)}
    position = {"line": spot.line, "character": spot.column}

    def hover(_: int) -> None:
        if not client.request("textDocument/hover", {"textDocument": document, "position": position}):
            raise RuntimeError(f"{spot.name}: no hover at {position}")

    def symbols(_: int) -> None:
        if not client.request("textDocument/documentSymbol", {"textDocument": document}):
            raise RuntimeError(f"{spot.name}: no symbols")

    _print(f"hover, {name}", _measure(client, hover, rounds), _MAX_REQUEST)
    _print(f"document symbols, {name}", _measure(client, symbols, rounds), _MAX_REQUEST)


def _measure(client: LanguageClient, action: Callable[[int], None], rounds: int) -> _Times:
    """Return the times of an action with a number, after warm-up rounds."""
    seconds: list[float] = []
    processor = 0.0
    for number in range(-_WARM_UP_ROUNDS, rounds):
        time.sleep(_IDLE_SECONDS)
        before, began = client.processor, time.perf_counter()
        action(number)
        if number >= 0:
            seconds.append(time.perf_counter() - began)
            processor += client.processor - before
    return _Times(statistics.median(seconds) * 1000, processor / rounds * 1000)


def _print_memory(client: LanguageClient, spot: _Spot) -> None:
    """Print the ratio of the memory of the server after many edits to that after a few."""
    _edit(client, spot, _WARM_UP_EDITS)
    before = client.memory
    _edit(client, spot, MEMORY_EDITS)
    ratio = client.memory / before
    name = f"memory after {MEMORY_EDITS:,} edits, relative to {before / 1e6:.0f} MB"
    print(f"{name:<56}{ratio:>8.2f}{_MAX_MEMORY_RATIO:>9.2f}{' !' if ratio > _MAX_MEMORY_RATIO else ''}", flush=True)


def _edit(client: LanguageClient, spot: _Spot, edits: int) -> None:
    for number in range(edits):
        spot.types(client, number)
        if number % _BURST == _BURST - 1:
            client.wait_for_diagnostics(spot.name)


def _print(name: str, times: _Times, maximum: float) -> None:
    mark = "!" if times.wall > maximum else ""
    print(f"{name:<56}{times.wall:>8.1f}{maximum:>9.0f}{times.processor:>11.1f} {mark}".rstrip(), flush=True)
