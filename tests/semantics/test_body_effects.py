"""Statements of module and class bodies that change existing objects, and values that later statements read of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.semantics.notation import text
from tests.semantics.test_modules import graph_of, notes_of

HEAD = """
async def a(step):
    await step.sleep("a", 1)

async def b(step):
    await step.sleep("b", 1)

"""
CALLS_A = text("""
    call a
    def a
      sleep 'a' 1
""")
CALLS_B = text("""
    call b
    def b
      sleep 'b' 1
""")
CALLS_A_B = text("""
    call a
    call b
    def a
      sleep 'a' 1
    def b
      sleep 'b' 1
""")


@pytest.fixture(autouse=True)
def in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# Values that another module computes from an object

OBJECT = """
class Job:
    def __init__(self):
        self.run = a
        self.runs = []

    @property
    def current(self):
        return self.run

    def add(self, run):
        self.runs.append(run)
        return run

    def build(self):
        return tuple(self.runs)

job = Job()
"""


@pytest.mark.parametrize("value", ["job.run", "job.current", "getattr(job, 'run')"])
def test_attribute_of_an_imported_value(value: str) -> None:
    jobs = HEAD + OBJECT + f"job.run = b\nchosen = {value}\n"
    assert graph_of("from jobs import chosen\n", "await chosen(step)", jobs=jobs) == CALLS_B


def test_imported_value_of_a_decorated_registry() -> None:
    jobs = HEAD + OBJECT + "job.add(a)\njob.add(b)\nplan = job.build()\n"
    assert graph_of("from jobs import plan\n", "for run in plan:\n    await run(step)", jobs=jobs) == CALLS_A_B


def test_package_that_reads_an_attribute() -> None:
    package = "from shop.jobs import job\njob.run = job.other\nchosen = job.run\n"
    jobs = HEAD + OBJECT + "job.other = b\n"
    assert graph_of("from shop import chosen\n", "await chosen(step)", shop__=package, shop__jobs=jobs) == CALLS_B


def test_statements_after_an_import_run_later() -> None:
    jobs = HEAD + OBJECT + "chosen = job.run\n"
    head = "from jobs import b, chosen, job\njob.run = b\nlater = job.run\n"
    assert graph_of(head, "await chosen(step)", jobs=jobs) == CALLS_A
    assert graph_of(head, "await later(step)", jobs=jobs) == CALLS_B
