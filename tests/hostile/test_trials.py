"""Hostile paths and git trees have a result or a refusal, and no file outside the project is read or changed.

`STEPGRAPH_EXAMPLES=10000 pytest tests/hostile/test_trials.py` tries more inputs at random. Without it, they are always
the same.
"""

from __future__ import annotations

import os
import sys
from random import Random

import pytest

from tests.cli.repositories import needs_git
from tests.hostile.trials import run_trials

pytestmark = [
    needs_git,
    pytest.mark.skipif(sys.platform == "win32", reason="such files and names cannot be created there"),
]

_EXAMPLES = os.environ.get("STEPGRAPH_EXAMPLES")
EFFORT = int(_EXAMPLES or "60")


@pytest.mark.slow
@pytest.mark.parametrize("module", ["tests.hostile.hostile_paths", "tests.hostile.git_trees"])
def test_nothing_outside_is_read_or_changed(module: str) -> None:
    first = 0 if _EXAMPLES is None else Random().randrange(10**9)  # noqa: S311 - not for cryptography
    counts = run_trials(module, EFFORT, first)
    assert counts.violations == []
    assert counts.inputs == EFFORT
    assert counts.results > EFFORT / 20
    assert counts.refused > EFFORT / 20
    assert counts.results + counts.refused == EFFORT


@pytest.mark.slow
def test_reads_and_writes_outside_are_detected() -> None:
    counts = run_trials("tests.hostile.leaking_input", 1)
    assert counts.inputs == 1
    detected = {violation.split(" ", 1)[1].partition(" '")[0] for violation in counts.violations}
    assert detected == {
        "opened",
        "changed",
        "printed a secret",
        "changed a file outside",
        "ended with 4: hunter2-ghp-canary",
    }
