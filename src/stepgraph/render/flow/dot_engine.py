"""Run a program that draws DOT: Graphviz, or the optional package `graphviz-pure`."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from stepgraph.escaping.markup import without_commands_in_markup
from stepgraph.escaping.plain_text import visible
from stepgraph.phrases import system_reason

GRAPHVIZ: Final = "dot"
FALLBACK: Final = "graphviz-pure"
TIMEOUT_SECONDS: Final = 60.0
"""The timeout in seconds. A graph that takes longer is too large to view."""

# Prefixes of environment variables that the program does not inherit: search paths of Graphviz and Python, which could
# lead into the analyzed directory, and variables that make Graphviz act as part of a web server.
_DROPPED_PREFIXES: Final = ("GV", "SERVER_NAME", "PYTHON")


class DotEngineError(Exception):
    """DOT cannot be drawn. The message gives the reason, and the remedy if there is one, on one line."""


def svg_of(dot_source: str, *, timeout: float = TIMEOUT_SECONDS) -> str:
    """Return `dot_source` drawn as SVG. Raises DotEngineError."""
    path = _renderer()
    command, program = [path, "-Kdot", "-Tsvg"], visible(path)
    try:
        process = subprocess.run(  # noqa: S603 - no shell, constant arguments
            command,
            input=dot_source.encode(),
            capture_output=True,
            check=False,
            env=_environment(),
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        raise DotEngineError(
            f"{program} did not finish in {timeout:g} seconds. Fold the graph with `--depth`, or draw it "
            f"without `--engine dot`"
        ) from None
    except OSError as error:
        raise DotEngineError(f"{program} cannot be run: {visible(system_reason(error))}") from error
    if process.returncode != 0 or not process.stdout:
        raise DotEngineError(f"{program} failed: {_last_message(process)}. Draw the graph without `--engine dot`")
    return without_commands_in_markup(process.stdout.decode("utf-8", "replace"))


def _renderer() -> str:
    """Return the path of the first available renderer."""
    for path in _candidate_paths():
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
    raise DotEngineError("Graphviz was not found. Install it, or run `pip install graphviz-pure==0.2.2`")


def _candidate_paths() -> Iterator[Path]:
    """Yield candidate paths of renderers, never in relative directories, which may belong to anyone."""
    suffix = ".exe" if os.name == "nt" else ""
    path_folders = [folder for folder in map(Path, os.get_exec_path()) if folder.is_absolute()]
    python_folders = [Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))]
    for name, folders in ((GRAPHVIZ, path_folders), (FALLBACK, [*python_folders, *path_folders])):
        for folder in folders:
            yield folder / f"{name}{suffix}"


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_DROPPED_PREFIXES)}


def _last_message(process: subprocess.CompletedProcess[bytes]) -> str:
    lines = process.stderr.decode("utf-8", "replace").split("\n")
    messages = [line.strip() for line in lines if line.strip()]
    return visible(messages[-1]) if messages else f"it exited with status {process.returncode} and no message"
