"""Test that the acceptor is independent of the analysis: it shares only the payload types."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ACCEPTOR = (
    "acceptor",
    "construction",
    "group",
    "loop",
    "sequence",
    "step_names",
    "term",
    "trace",
    "try_blocks",
    "work",
)


def test_acceptor_imports_only_payload_types() -> None:
    folder = Path(__file__).parent
    imported = {name for module in ACCEPTOR for name in _imports(folder / f"{module}.py")}
    acceptor_modules = {f"tests.acceptance.{module}" for module in ACCEPTOR}
    assert {name for name in imported if name.startswith("stepgraph")} == {"stepgraph.model.payload"}
    assert {name for name in imported if name.startswith("tests")} <= {
        *acceptor_modules,
        "tests.execution.limits",
        "tests.execution.runner",
    }


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
