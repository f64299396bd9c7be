"""The shared model modules are cheap to import."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("module", ["model", "model.payload", "model.note", "model.span"])
def test_pydantic_is_not_imported_for(module: str) -> None:
    code = f"import sys, stepgraph.{module}; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
