"""Imports of names that the SDK's modules do not define."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from stepgraph.ir.facts import WrongImport
from stepgraph.syntax.bindings import imported_module
from stepgraph.syntax.module import Place, SourceModule
from stepgraph.syntax.walk import statements

# The name that programs commonly import from the wrong module (SDK: `workers.workflows`).
_NAME: Final = "NonRetryableError"
_MODULE: Final = "workers"
_RIGHT_MODULE: Final = "workers.workflows"


def wrong_imports_of(module: SourceModule) -> Iterator[WrongImport]:
    """Yield the wrong imports among the top-level statements of a module: no `try` guards these."""
    if module.mentions(_NAME.encode()):
        for statement in statements(module.tree):
            if isinstance(statement, cst.ImportFrom):
                yield from wrong_imports(module, statement)


def wrong_imports(module: SourceModule, statement: cst.ImportFrom) -> Iterator[WrongImport]:
    """Yield the names that a statement imports from a module that does not define them."""
    if isinstance(statement.names, cst.ImportStar) or imported_module(statement) != (0, _MODULE):
        return
    for alias in statement.names:
        if alias.evaluated_name == _NAME:
            yield WrongImport(_NAME, _MODULE, _RIGHT_MODULE, Place(module, alias.name), Place(module, statement))
