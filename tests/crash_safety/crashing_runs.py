"""Crash the command at each of its changes to files: `python crashing_runs.py FOLDER ARGUMENTS`.

Each run starts with the same folder and prints a line of JSON: the number of the prevented change (null for a run that
completed), the exit code or negative signal, and the contents of all files in the folder.
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

CRASHED = 99
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

# Audit events of changes to files, other than `open`. `os.fsync` has no audit event.
_EVENTS = frozenset({"os.rename", "os.remove", "os.chmod", "os.mkdir", "os.link", "os.truncate", "shutil.move"})


def exit_before_change(change: int, folder: str) -> None:
    """Exit this process immediately before the change to the folder with this number, counted from 0."""
    remaining = change
    fsync = os.fsync

    def before_change() -> None:
        nonlocal remaining
        if remaining == 0:
            os._exit(CRASHED)
        remaining -= 1

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        opened = event == "open" and isinstance(arguments[2], int) and bool(arguments[2] & _WRITING)
        path = str(arguments[0])
        # A relative path belongs to the descriptor of the folder or of a directory in it.
        if (opened or event in _EVENTS) and (path.startswith(folder) or not Path(path).is_absolute()):
            before_change()

    def synchronized(descriptor: int) -> None:
        before_change()
        fsync(descriptor)

    sys.addaudithook(watch)
    setattr(os, "fsync", synchronized)  # noqa: B010 - the replacement has a narrower type


def limit_file_size(size: int) -> None:
    """Make the system kill this process while it writes more than `size` bytes to a file."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def run(prepare: Callable[[], None], arguments: list[str]) -> int:
    """Run the command in a forked process, and return its exit code, or its signal as a negative number."""
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


def crash_runs(folder: Path, arguments: list[str]) -> Iterator[tuple[int | None, int, dict[str, str]]]:
    """Yield the number of the change, the exit code and the files of each crashed run and of a completed one."""
    before = folder.with_name("before")
    shutil.copytree(folder, before, symlinks=True)

    def run_again(prepare: Callable[[], None]) -> tuple[int, dict[str, str]]:
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(before, folder, symlinks=True, dirs_exist_ok=True)
        code = run(prepare, arguments)
        return code, files(folder)

    change = 0
    while True:
        code, contents = run_again(partial(exit_before_change, change, str(folder)))
        if code != CRASHED:
            break
        yield change, code, contents
        change += 1
    for size in (1, 100):
        yield -size, *run_again(partial(limit_file_size, size))
    yield None, code, contents


if __name__ == "__main__":
    directory = Path(sys.argv[1])
    os.chdir(directory)
    import_pipeline()  # before the forks
    for outcome in crash_runs(directory, sys.argv[2:]):
        print(json.dumps(outcome), flush=True)  # noqa: T201 - a script
