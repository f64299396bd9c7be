"""Someone who follows a page: a folder, and a shell in which stepgraph is installed and nothing reaches the network."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docs.generate.files import ROOT

# An environment has the programs of the reader, and what is installed there has been: pip itself is imported, as it is
# looked for where the line says, and says its version.
_PYTHON: Final = """case " $* " in
*" -m venv "*)
  {python} "$@" --without-pip || exit
  for folder; do :; done
  rm -f "$folder"/bin/python* # links, through which a copy would be written
  cp {here}/* "$folder/bin" ;;
*" -m pip "*)
  isolated=; [ "$1" != -I ] || isolated=-I
  exec {python} $isolated -m pip --version ;;
*)
  exec {python} "$@" ;;
esac"""

# What the programs do that a reader has: those of Python are those that run this, and installing has been done.
_PROGRAMS: Final = {
    "stepgraph": 'exec {python} -m stepgraph "$@"',
    "pytest": 'exec {python} -m pytest "$@"',
    "python": _PYTHON,
    "python3": _PYTHON,
    "pip": "exit 0",
    "gh": "exit 0",
    # Cloudflare's API, as far as it is asked for a graph.
    "curl": "exec {python} -m stepgraph graph -f json {root}/fixtures/orders/entry.py",
}

# What this is run by may be tests too, or a job of GitHub, which tell their own processes so; settings of who runs it.
_NOT_OF_A_READER: Final = ("PYTEST_", "GITHUB_", "GIT_", "CLOUDFLARE_", "STEPGRAPH_", "SOURCE_DATE_EPOCH")

_GIT: Final = {
    "GIT_AUTHOR_NAME": "reader",
    "GIT_AUTHOR_EMAIL": "reader@example.com",
    "GIT_COMMITTER_NAME": "reader",
    "GIT_COMMITTER_EMAIL": "reader@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "init.defaultBranch",
    "GIT_CONFIG_VALUE_0": "main",
}


@dataclass(frozen=True, slots=True)
class Reader:
    """What a reader has: a folder, which is empty at first, and programs."""

    folder: Path
    programs: Path

    @classmethod
    def at(cls, scratch: Path) -> Reader:
        """Return a reader whose folder and programs are in an empty folder."""
        folder, programs = scratch / "work", scratch / "programs"
        folder.mkdir()
        programs.mkdir()
        names = {"python": sys.executable, "here": str(programs), "root": str(ROOT)}
        quoted = {name: shlex.quote(value) for name, value in names.items()}
        for name, text in _PROGRAMS.items():
            filled = re.sub(r"\{(python|here|root)\}", lambda found: quoted[found[1]], text)
            (programs / name).write_text(f"#!/bin/sh\n{filled}\n", encoding="utf-8")
            (programs / name).chmod(0o755)
        return cls(folder, programs)

    def writes(self, path: str, text: str) -> None:
        """Write a file of the folder."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def reads(self, path: str) -> str:
        """Return what is in a file of the folder."""
        return (self.folder / path).read_text(encoding="utf-8")

    def runs(self, command: str, *, fine: Sequence[int] = (0,), folder: Path | None = None) -> str:
        """Run a command of the shell, and return what it prints. Raises ValueError where it ends in another code."""
        run = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", command],  # noqa: S607 - the reader's own
            cwd=folder or self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        said = run.stdout.decode()
        if run.returncode not in fine:
            raise ValueError(f"`{command}` ends in {run.returncode}:\n{said}")
        return said

    def _environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(_NOT_OF_A_READER)}
        path = f"{self.programs}{os.pathsep}{inherited['PATH']}"
        return {**inherited, **_GIT, "PATH": path, "STEPGRAPH_NO_CACHE": "1", "REPOSITORY": str(ROOT)}
