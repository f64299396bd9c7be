"""Lists and dictionaries of steps that several modules of a project fill."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph import WorkflowAnalysis, analyze_file

pytestmark = pytest.mark.usefixtures("empty_directory")

ENTRY = """
from workers import WorkflowEntrypoint
import alpha, beta

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        for job in alpha.JOBS:
            await job(step)
"""
ALPHA = """
async def pick(step):
    await step.sleep("pick", 1)

async def pack(step):
    await step.sleep("pack", 1)

JOBS = []
JOBS.append(pick)
"""


def workflow_with(beta: str, alpha: str = ALPHA, entry: str = ENTRY) -> WorkflowAnalysis:
    """Return the workflow of a project with the modules `entry`, `alpha` and `beta`."""
    for name, source in (("entry", entry), ("alpha", alpha), ("beta", beta)):
        Path(f"{name}.py").write_text(source)
    return analyze_file("entry.py").workflows[0]


def calls_in(workflow: WorkflowAnalysis) -> list[str]:
    """Return the functions of a workflow, in the order of their first calls."""
    assert workflow.graph is not None
    return list(workflow.graph["workflow"]["functions"])


@pytest.mark.parametrize(
    "beta",
    [
        "rows = alpha.JOBS\nrows.append(alpha.pack)",
        "rows = alpha.JOBS\nrows += [alpha.pack]",
        "def add(rows):\n    rows.append(alpha.pack)\nadd(alpha.JOBS)",
        'getattr(alpha, "JOBS").append(alpha.pack)',
        "for rows in (alpha.JOBS,):\n    rows.append(alpha.pack)",
        "class Jobs:\n    def __init__(self, rows):\n        rows.append(alpha.pack)\nJobs(alpha.JOBS)",
        "register = alpha.JOBS.append\nregister(alpha.pack)",
    ],
)
def test_a_list_that_its_own_and_another_module_fill(beta: str) -> None:
    workflow = workflow_with(f"import alpha\n{beta}")

    assert workflow.complete
    assert calls_in(workflow) == ["pick", "pack"]


def test_a_list_of_a_class_that_another_module_fills() -> None:
    alpha = ALPHA.replace("JOBS = []\nJOBS.append(pick)", "class Shop:\n    JOBS = []\n    JOBS.append(pick)")
    beta = "from alpha import Shop, pack\nrows = Shop.JOBS\nrows.append(pack)"
    workflow = workflow_with(beta, alpha, ENTRY.replace("alpha.JOBS", "alpha.Shop.JOBS"))

    assert workflow.complete
    assert calls_in(workflow) == ["pick", "pack"]


@pytest.mark.parametrize("register", ["alpha.JOBS.append", "register", "registrar()", 'table["add"]'])
def test_the_append_method_of_a_list_as_a_decorator(register: str) -> None:
    workflow = workflow_with(f"""
import alpha
register = alpha.JOBS.append
table = {{"add": register}}

def registrar():
    return alpha.JOBS.append

@{register}
async def ship(step):
    await step.sleep("ship", 1)
""")

    assert workflow.complete
    assert calls_in(workflow) == ["pick", "ship"]


@pytest.mark.parametrize(
    "beta",
    ["lib.fill(alpha.JOBS)", "lib.call(alpha.JOBS.append)", "bus = lib.Bus()\nbus.added = alpha.JOBS.append"],
)
def test_a_list_that_a_library_may_fill_is_reported(beta: str) -> None:
    assert not workflow_with(f"import alpha, lib\n{beta}").complete


def test_a_list_that_another_module_reads_is_complete() -> None:
    workflow = workflow_with("import alpha\nrows = alpha.JOBS\nprint(len(rows), [row.__name__ for row in rows])")

    assert workflow.complete
    assert calls_in(workflow) == ["pick"]
