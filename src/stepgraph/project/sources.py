"""From the paths that someone names to the modules that are worth analysing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

from stepgraph.model.note import InputError, Problem
from stepgraph.project.encoding import check_text
from stepgraph.project.reading import StrPath, read_bytes, shown_path
from stepgraph.project.search import search_folder

STANDARD_INPUT = "-"
STANDARD_INPUT_NAME = "<stdin>"

# A module that does not hold this word has no workflow class of its own, and is not worth parsing.
_MARK = b"WorkflowEntrypoint"


@dataclass(frozen=True, slots=True)
class Source:
    """A module to analyse: how it is named, its bytes, and whether these stand in a file of that name."""

    path: str
    content: bytes
    on_disk: bool = True


@dataclass(frozen=True, slots=True)
class Sources:
    """What was found: modules and problems in the order met, and the path of every file that was looked at."""

    modules: tuple[Source, ...]
    problems: tuple[Problem, ...]
    searched: tuple[str, ...]


@dataclass(slots=True)
class _Finds:
    """What has been found so far. A file reached by two paths is analysed once, under the first."""

    modules: list[Source] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    searched: dict[str, None] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)


def find_sources(paths: Iterable[StrPath]) -> Sources:
    """Return the modules that `paths` name, in their order.

    These are each file, the modules below each folder that have workflows, and standard input for `-`. What cannot be
    read is among the problems; the rest is still found.
    """
    finds = _Finds()
    for path in paths:
        try:
            _find(path, finds)
        except InputError as error:
            finds.problems.append(error.problem)
    return Sources(tuple(finds.modules), tuple(finds.problems), tuple(finds.searched))


def _find(path: StrPath, finds: _Finds) -> None:
    name = shown_path(path)
    if name == STANDARD_INPUT:
        _add_standard_input(finds)
    elif os.path.isdir(path):
        _add_folder(name, finds)
    else:
        finds.searched[name] = None
        _add(name, read_bytes(path), finds)


def _add_folder(folder: str, finds: _Finds) -> None:
    search = search_folder(folder)
    finds.problems.extend(search.problems)
    for path in search.files:
        finds.searched[path] = None
        try:
            content = read_bytes(path)
            if _MARK in content:
                _add(path, content, finds)
        except InputError as error:
            finds.problems.append(error.problem)


def _add(path: str, content: bytes, finds: _Finds) -> None:
    real = os.path.realpath(path)
    if real in finds.known:
        return
    finds.known.add(real)
    check_text(content, path)
    finds.modules.append(Source(path, content))


def _add_standard_input(finds: _Finds) -> None:
    if STANDARD_INPUT in finds.known:
        return
    finds.known.add(STANDARD_INPUT)
    finds.searched[STANDARD_INPUT_NAME] = None
    content = _read_standard_input()
    check_text(content, STANDARD_INPUT_NAME)
    finds.modules.append(Source(STANDARD_INPUT_NAME, content, on_disk=False))


def _read_standard_input() -> bytes:
    # Python leaves None where the process was started without one.
    if sys.stdin is None:
        raise InputError(Problem(STANDARD_INPUT_NAME, "standard input is closed.", "Name a file instead of `-`."))
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        message = f"standard input cannot be read: {error.strerror or type(error).__name__}."
        raise InputError(Problem(STANDARD_INPUT_NAME, message)) from None
