"""Functions of a module that `getattr` selects by name."""

from __future__ import annotations

import pytest

from tests.semantics.notation import text
from tests.semantics.projects import graph_of, notes_of

pytestmark = pytest.mark.usefixtures("empty_directory")

TASKS = """
async def load(step):
    await step.sleep("load", 1)

async def save(step):
    await step.sleep("save", 1)
"""
BOTH = text("""
    call load
    call save
    def load
      sleep 'load' 1
    def save
      sleep 'save' 1
""")


@pytest.mark.parametrize("names", ['["load", "save"]', '("load", "save")'])
def test_a_loop_over_the_exports_of_a_module_is_unrolled(names: str) -> None:
    body = "for name in tasks.__all__:\n    await getattr(tasks, name)(step)"
    assert graph_of("import tasks\n", body, tasks=f"__all__ = {names}\n{TASKS}") == BOTH


def test_a_variable_may_hold_the_list_of_names() -> None:
    body = "for name in tasks.__all__:\n    member = getattr(tasks, name)\n    member.append(1)"
    assert notes_of(
        "import tasks\n",
        f"{body}\nfor name in tasks.__all__:\n    await getattr(tasks, name)(step)",
        tasks=f"__all__ = ['load', 'save']\n{TASKS}",
    )
