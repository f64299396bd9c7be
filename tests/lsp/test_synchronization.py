"""The texts that the language server analyzes."""

from __future__ import annotations

import pytest

from stepgraph.lsp.sessions.diagnostics import SOURCE
from tests.cli.sources import module, workflow
from tests.lsp.editor import OpenProject

ORDERS = module(workflow("Orders", "rest"))
UNKNOWN_UNIT = ORDERS.replace("1 hour", "1 fortnight")


@pytest.mark.slow
def test_an_unsaved_text_is_analyzed(project: OpenProject) -> None:
    project.write("orders.py", ORDERS)
    project.open("orders.py")
    assert project.findings("orders.py") == []
    project.change("orders.py", UNKNOWN_UNIT)
    assert [each.source for each in project.diagnostics("orders.py")] == [SOURCE]
    project.change("orders.py", ORDERS)
    assert project.findings("orders.py") == []
