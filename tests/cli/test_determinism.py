"""The same input gives the same bytes, whatever the hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ENTRY = Path(__file__).resolve().parents[2] / "fixtures" / "orders" / "entry.py"


def output(seed: str, output_format: str) -> bytes:
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-m", "stepgraph", "graph", str(ENTRY), "--format", output_format]
    return subprocess.run(command, env=environment, capture_output=True, check=True).stdout


@pytest.mark.parametrize("output_format", ["json", "text", "dot", "svg", "html", "mermaid"])
def test_no_format_depends_on_the_hash_seed(output_format: str) -> None:
    assert output("1", output_format) == output("2", output_format)
