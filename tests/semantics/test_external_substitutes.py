"""Names that refer to a definition of the project on some paths and to an external one on others."""

from __future__ import annotations

import pytest

from tests.semantics.notation import notation, text, workflow_of_module

MODULE = """
import os
import acme
from workers import WorkflowEntrypoint

{head}

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        await {call}(step)
"""

LOCAL = """
async def local(step):
    await step.do("local")(lambda: 1)()
"""

FALLBACK = """
try:
    from acme import go
except ImportError:
    go = None
"""


@pytest.mark.parametrize(
    "head",
    [
        f"{LOCAL}\ngo = acme.hook or local",
        f"{LOCAL}\ngo = local\nif os.environ.get('X'):\n    go = acme.hook",
        f"{LOCAL}\nif os.environ.get('X'):\n    go = acme.hook\nelse:\n    go = local",
        f"{FALLBACK}\nif go is None:\n    async def go(step): await step.do('local')(lambda: 1)()",
    ],
)
def test_call_of_a_name_that_may_be_external(head: str) -> None:
    workflow = workflow_of_module(MODULE.format(head=head, call="go"))
    assert [note.code for note in workflow.notes] == ["escapes"]


def test_external_class_on_some_paths() -> None:
    head = """
class Client:
    async def go(self, step):
        await step.do("local")(lambda: 1)()

if os.environ.get("REMOTE"):
    Client = acme.Client
"""
    workflow = workflow_of_module(MODULE.format(head=head, call="Client().go"))
    assert [note.code for note in workflow.notes] == ["escapes"]


def test_class_of_the_standard_library_on_some_paths() -> None:
    head = """
import enum
if hasattr(enum, "StrEnum"):
    from enum import StrEnum
else:
    class StrEnum(str, enum.Enum): ...

class Kind(StrEnum):
    A = "a"

async def go(step):
    await step.do("local")(lambda: 1)()
"""
    workflow = workflow_of_module(MODULE.format(head=head, call="go"))
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        call go
        def go
          local
    """)


def test_fallback_for_a_missing_package() -> None:
    head = """
try:
    from acme import go
except ImportError:
    async def go(step):
        await step.do("local")(lambda: 1)()
"""
    workflow = workflow_of_module(MODULE.format(head=head, call="go"))
    assert workflow.complete
    assert notation(workflow.graph) == "call go\ndef go\n  local"
