"""The same input gives the same bytes, whatever the hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ENTRY = Path(__file__).resolve().parents[2] / "fixtures" / "orders" / "entry.py"


def output(seed: str, command: str, output_format: str) -> bytes:
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    arguments = [sys.executable, "-m", "stepgraph", command, str(ENTRY), "--format", output_format]
    return subprocess.run(arguments, env=environment, capture_output=True, check=True).stdout


@pytest.mark.parametrize("output_format", ["json", "text", "dot", "svg", "html", "mermaid"])
def test_no_format_depends_on_the_hash_seed(output_format: str) -> None:
    assert output("1", "graph", output_format) == output("2", "graph", output_format)


@pytest.mark.parametrize("output_format", ["text", "json", "sarif", "github", "markdown"])
def test_no_report_depends_on_the_hash_seed(output_format: str) -> None:
    assert output("1", "check", output_format) == output("2", "check", output_format)
