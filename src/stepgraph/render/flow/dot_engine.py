"""DOT drawn by a program of its own: Graphviz, or the optional package that stands in for it."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from stepgraph.escaping.markup import without_commands_in_markup
from stepgraph.escaping.visible import visible

GRAPHVIZ: Final = "dot"
STAND_IN: Final = "graphviz-pure"
PATIENCE: Final = 60.0
"""How many seconds a renderer has. What takes it longer is too large to be looked at."""

# Where Graphviz looks for files and plugins, what makes it take itself for part of a web server, and where Python looks
# for modules: a relative path there leads into the folder that is analyzed.
_UNHEEDED: Final = ("GV", "SERVER_NAME", "PYTHON")


class DotEngineError(Exception):
    """There is no drawing. The message says why, on one line, and what to do."""


def svg_of(dot_source: str, *, timeout: float = PATIENCE) -> str:
    """Return `dot_source` drawn as SVG. Raises `DotEngineError`."""
    command = [_renderer(), "-Kdot", "-Tsvg"]
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and no words of others
            command,
            input=dot_source.encode(),
            capture_output=True,
            check=False,
            env=_environment(),
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        raise DotEngineError(
            f"{_name(command)} was not done after {timeout:g} seconds: fold the graph with `--depth`, or draw it "
            f"without `--engine dot`"
        ) from None
    except OSError as error:
        raise DotEngineError(f"{_name(command)} cannot be run: {visible(error.strerror or str(error))}") from error
    if done.returncode != 0 or not done.stdout:
        raise DotEngineError(f"{_name(command)} failed: {_last_words(done)}. It can be drawn without `--engine dot`")
    return without_commands_in_markup(done.stdout.decode("utf-8", "replace"))


def _renderer() -> str:
    """Return the path of the first renderer there is."""
    for path in _places():
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
    raise DotEngineError("there is nothing to draw DOT with: install Graphviz, or `pip install graphviz-pure==0.2.2`")


def _places() -> Iterator[Path]:
    """Yield where renderers may be, never in a folder relative to where we are: its owner may be anyone."""
    suffix = ".exe" if os.name == "nt" else ""
    on_path = [folder for folder in map(Path, os.get_exec_path()) if folder.is_absolute()]
    of_python = [Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))]
    for name, folders in ((GRAPHVIZ, on_path), (STAND_IN, [*of_python, *on_path])):
        for folder in folders:
            yield folder / f"{name}{suffix}"


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_UNHEEDED)}


def _name(command: list[str]) -> str:
    return visible(command[0])


def _last_words(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode("utf-8", "replace").split("\n")
    said = [line.strip() for line in lines if line.strip()]
    return visible(said[-1]) if said else f"it ended with status {done.returncode} and said nothing"
