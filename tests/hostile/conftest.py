"""Running the command in a process of its own: what kills it, kills nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

# Far more than any of these takes: what does not end by then does not end.
PATIENCE_SECONDS = 240


@dataclass(frozen=True, slots=True)
class Ended:
    """How the command ended: its exit code, or a signal as a negative number, and what it said."""

    code: int
    out: str
    told: str

    @property
    def is_lawful(self) -> bool:
        """Whether it ended with a result or an error that was told, and not with a defect, a signal or a traceback."""
        said = self.told + self.out
        return self.code in (0, 1, 2, 3) and bool(said) and "Traceback (most recent" not in said


Command = Callable[..., Ended]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def stepgraph(folder: Path) -> Command:
    """Run `stepgraph` with the arguments given, in an empty folder."""

    def run(*arguments: str) -> Ended:
        command = [sys.executable, "-m", "stepgraph", *arguments]
        environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent), "SOURCE_DATE_EPOCH": "0"}
        ended = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=PATIENCE_SECONDS)
        return Ended(ended.returncode, *(text.decode("utf-8", "replace") for text in (ended.stdout, ended.stderr)))

    return run
