"""A directory and a shell for the examples of a page, with stepgraph installed and no access to the network."""

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

# `python -m venv` copies the programs below into the environment. `python -m pip` only prints its version, which
# imports pip from where the command line would find it.
_PYTHON: Final = """case " $* " in
*" -m venv "*)
  {python} "$@" --without-pip || exit
  for folder; do :; done
  rm -f "$folder"/bin/python* # links, through which `cp` would write
  cp {here}/* "$folder/bin" ;;
*" -m pip "*)
  isolated=; [ "$1" != -I ] || isolated=-I
  exec {python} $isolated -m pip --version ;;
*)
  exec {python} "$@" ;;
esac"""

# Shell scripts by the name of the program. Python is the running interpreter, and installation does nothing.
_PROGRAMS: Final = {
    "stepgraph": 'exec {python} -m stepgraph "$@"',
    "pytest": 'exec {python} -m pytest "$@"',
    "python": _PYTHON,
    "python3": _PYTHON,
    "pip": "exit 0",
    "gh": "exit 0",
    # The response of Cloudflare's API to a request for a graph.
    "curl": "exec {python} -m stepgraph graph -f json {root}/fixtures/orders/entry.py",
}

# Prefixes of variables that pytest, GitHub Actions or the user may have set.
_HIDDEN_VARIABLES: Final = ("PYTEST_", "GITHUB_", "GIT_", "CLOUDFLARE_", "STEPGRAPH_", "SOURCE_DATE_EPOCH")

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
class Sandbox:
    """A working directory, which is empty at first, and a directory of programs."""

    folder: Path
    programs: Path

    @classmethod
    def create(cls, scratch: Path) -> Sandbox:
        """Create a sandbox in an empty directory."""
        folder, programs = scratch / "work", scratch / "programs"
        folder.mkdir()
        programs.mkdir()
        names = {"python": sys.executable, "here": str(programs), "root": str(ROOT)}
        quoted = {name: shlex.quote(value) for name, value in names.items()}
        for name, text in _PROGRAMS.items():
            filled = re.sub(r"\{(python|here|root)\}", lambda match: quoted[match[1]], text)
            (programs / name).write_text(f"#!/bin/sh\n{filled}\n", encoding="utf-8")
            (programs / name).chmod(0o755)
        return cls(folder, programs)

    def write(self, path: str, text: str) -> None:
        """Write a file in the working directory."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def read(self, path: str) -> str:
        """Return the text of a file in the working directory."""
        return (self.folder / path).read_text(encoding="utf-8")

    def run(self, command: str, *, allowed_codes: Sequence[int] = (0,), folder: Path | None = None) -> str:
        """Run a shell command, and return its output. Raises ValueError for an exit code that is not allowed."""
        completed = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", command],  # noqa: S607 - from PATH, as on the page
            cwd=folder or self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        output = completed.stdout.decode()
        if completed.returncode not in allowed_codes:
            raise ValueError(f"`{command}` exits with {completed.returncode}:\n{output}")
        return output

    def _environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(_HIDDEN_VARIABLES)}
        path = f"{self.programs}{os.pathsep}{inherited['PATH']}"
        return {**inherited, **_GIT, "PATH": path, "STEPGRAPH_NO_CACHE": "1", "REPOSITORY": str(ROOT)}
