"""The git history of an input: many commits, written at once."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

COMMITS: Final = 1_000

_BEGINNING: Final = 1_700_000_000
"""The time of the first commit, in seconds since 1970."""
_HOUR: Final = 3_600
_AUTHOR: Final = "Benchmark <benchmark@example.com>"
_IDENTITY: Final = {
    "GIT_AUTHOR_NAME": "Benchmark",
    "GIT_AUTHOR_EMAIL": "benchmark@example.com",
    "GIT_COMMITTER_NAME": "Benchmark",
    "GIT_COMMITTER_EMAIL": "benchmark@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def write_history(folder: Path, earlier: Mapping[str, str]) -> None:
    """Make a directory a repository whose last commit contains its files.

    `earlier` are the texts of some files in the commit before. Each of the earlier commits changes one of these files.
    """
    _git(folder, "init", "--quiet", "--initial-branch", "main")
    _git(folder, "fast-import", "--quiet", stream=b"".join(_commits(earlier)))
    _git(folder, "add", "--all")
    _git(folder, "-c", "gc.auto=0", "commit", "--quiet", "--message", "Change the last file")


def _commits(earlier: Mapping[str, str]) -> Iterator[bytes]:
    """Yield the commands of `git fast-import` for all commits but the last."""
    names = list(earlier)
    for number in range(COMMITS - 1):
        name = names[number % len(names)]
        is_final = number >= COMMITS - 1 - len(names)
        text = earlier[name] if is_final else f"{earlier[name]}# version {number}\n"
        message = f"Change {name}, part {number}"
        yield f"commit refs/heads/main\ncommitter {_AUTHOR} {_BEGINNING + number * _HOUR} +0000\n".encode()
        yield b"%sM 100644 inline %s\n%s" % (_data(message), name.encode(), _data(text))


def _data(text: str) -> bytes:
    content = text.encode()
    return b"data %d\n%s\n" % (len(content), content)


def _git(folder: Path, *arguments: str, stream: bytes = b"") -> None:
    subprocess.run(["git", *arguments], cwd=folder, input=stream, check=True, env={**os.environ, **_IDENTITY})  # noqa: S607 - the git of the machine
