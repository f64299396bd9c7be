"""The judge shares nothing with what it judges but the types of the payload."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

JUDGE = ("names", "trace", "term", "sequence", "work", "loop", "group", "protection", "reading", "judge")


def test_the_judge_imports_the_types_of_the_payload_and_nothing_else_of_the_package() -> None:
    folder = Path(__file__).parent
    imported = {name for module in JUDGE for name in _imports(folder / f"{module}.py")}
    own = {f"tests.acceptance.{module}" for module in JUDGE}
    assert {name for name in imported if name.startswith("stepgraph")} == {"stepgraph.model.payload"}
    assert {name for name in imported if name.startswith("tests")} <= {
        *own,
        "tests.execution.limits",
        "tests.execution.running",
    }


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
