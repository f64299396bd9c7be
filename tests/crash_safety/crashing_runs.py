"""Runs of the command that die at a moment of their writing, each in a process: `python dying.py FOLDER ARGUMENTS`.

Before each run, the folder is as it was before the first. After each, a line of JSON tells at which moment it died
(null for the last, which lived), its exit code or signal, and the names and contents of all files in the folder.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NoReturn

from stepgraph.cli.main import main
from stepgraph.source_analysis import import_pipeline

DIED = 99
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

# What has an event of Python's own, and what has not.
_EVENTS = frozenset({"os.rename", "os.remove", "os.chmod", "os.mkdir", "os.link", "os.truncate", "shutil.move"})


def die_at(moment: int, folder: str) -> None:
    """Have this process end at once when it is about to change the folder for that many times, from 0."""
    left = moment
    fsync = os.fsync

    def about_to_change() -> None:
        nonlocal left
        if left == 0:
            os._exit(DIED)
        left -= 1

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        opened = event == "open" and isinstance(arguments[2], int) and bool(arguments[2] & _WRITING)
        if (opened or event in _EVENTS) and str(arguments[0]).startswith(folder):
            about_to_change()

    def synchronized(descriptor: int) -> None:
        about_to_change()
        fsync(descriptor)

    sys.addaudithook(watch)
    setattr(os, "fsync", synchronized)  # noqa: B010 - its type says more than is used


def die_in_a_write(most: int) -> None:
    """Have this process killed by the system in the midst of writing more than so many bytes to a file."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def run(prepare: Callable[[], None], arguments: list[str]) -> int:
    """Return the exit code of a run in a process of its own, or its signal as a negative number."""
    process = os.fork()
    if process == 0:
        _run_and_end(prepare, arguments)
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status)


def _run_and_end(prepare: Callable[[], None], arguments: list[str]) -> NoReturn:
    code = 1
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        prepare()
        code = main(arguments)
    finally:
        os._exit(code)


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def deaths(folder: Path, arguments: list[str]) -> Iterator[tuple[int | None, int, dict[str, str]]]:
    """Yield the moment, the exit code and the files of each run that dies, and of one that does not."""
    before = folder.with_name("before")
    shutil.copytree(folder, before, symlinks=True)

    def again(prepare: Callable[[], None]) -> tuple[int, dict[str, str]]:
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(before, folder, symlinks=True, dirs_exist_ok=True)
        code = run(prepare, arguments)
        return code, files(folder)

    moment = 0
    while True:
        code, found = again(partial(die_at, moment, str(folder)))
        if code != DIED:
            break
        yield moment, code, found
        moment += 1
    for most in (1, 100):
        yield -most, *again(partial(die_in_a_write, most))
    yield None, code, found


if __name__ == "__main__":
    place = Path(sys.argv[1])
    os.chdir(place)
    import_pipeline()  # once, not in each run
    for death in deaths(place, sys.argv[2:]):
        print(json.dumps(death), flush=True)  # noqa: T201 - what it is for
