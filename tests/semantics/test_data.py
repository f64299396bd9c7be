"""Data: values that lead to no step. They need no note, and a large workflow skips calls that handle only data."""

from __future__ import annotations

import pytest

from stepgraph.limits import Budget, Limit
from tests.semantics.notation import codes_of, graph_of, graph_of_module, notation, text, workflow_of_module

ROWS_BY_DATE = """
    by_date = {}
    for row in rows:
        by_date.setdefault(row["date"], []).append(row)
    for date in sorted(by_date):
        for row in by_date[date]:
            total += row["amount"]
"""

NESTED_DATA = """
    chosen = None
    for message in messages:
        for attachment in message.attachments:
            parsed = {"issues": [{"lines": [{"text": attachment}]}], "facts": {attachment.key: [attachment]}}
            if valid(attachment):
                chosen = (attachment, parsed)
                break
        attachment, parsed = chosen
        json.dumps(parsed)
        await a()
"""


def test_rows_that_are_grouped_by_a_key() -> None:
    assert graph_of(ROWS_BY_DATE + "    await a()") == "a"


def test_steps_that_are_grouped_by_a_key_are_a_choice() -> None:
    assert graph_of("jobs = {}\njobs.setdefault(x, a)\njobs.setdefault(y, b)\nawait jobs[z]()") == text("""
        switch z
        | case x
          a
        | case y
          b
    """)


def test_a_lookup_after_an_unknown_update_is_noted() -> None:
    assert codes_of("jobs = {}\njobs[x] = a\njobs.update(more)\nawait jobs[y]()") == ["unresolved-call"]


def test_data_that_is_nested_deeper_in_each_pass() -> None:
    assert graph_of(NESTED_DATA) == "loop\n  a"


def test_steps_that_are_nested_deeper_in_each_pass_are_noted() -> None:
    assert codes_of(
        "job = a\nfor row in rows:\n    job = [job]\nwhile isinstance(job, list):\n    job = job[0]\nawait job()"
    )


def test_a_variable_that_may_be_unbound_has_the_default() -> None:
    assert graph_of("if x:\n    rows = [1]\nfor row in locals().get('rows', []):\n    await a()") == "loop\n  a"


WITH_FUNCTION = "async def job():\n    await a()\nrows = event['rows']\nawait job()\n"


@pytest.mark.parametrize(
    ("use", "graph"),
    [
        ("for row in locals().get('rows', []): await b()", "call job\nloop\n  b"),
        ("for row in locals()['rows']: await locals().get('other', b)()", "call job\nloop\n  b"),
        ("for row in locals().get('columns', []): await b()", "call job"),
        (
            "for key in x:\n    for row in locals().get('new', []): await b()\n    new = [key]",
            "call job\nloop\n  loop\n    b",
        ),
    ],
)
def test_a_table_of_local_names_with_functions(use: str, graph: str) -> None:
    assert graph_of(f"{WITH_FUNCTION}{use}").split("\ndef ")[0] == graph


SKIPPED = """
from workers import WorkflowEntrypoint

JOBS = []
TABLE = {{"rows": []}}

class Store:
    def __init__(self):
        self.rows = []
        self.first = None

    def load(self):
        self.rows.append(1)
        self.first = [1]

def fill(rows):
    rows.append(1)

def fill_inside(table):
    table["rows"] += [1]

async def run_jobs():
    for job in JOBS:
        await job()

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        rows, store, table = [], Store(), {{"rows": []}}

        @step.do("a")
        async def a():
            {call}

        @step.do("b")
        async def b(): ...

        {run}
"""


@pytest.fixture
def strained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each workflow count as large from its first statement."""
    monkeypatch.setattr(Budget, "is_strained", property(lambda _: True))


def test_a_workflow_is_large_above_a_tenth_of_a_limit() -> None:
    budget = Budget()
    budget.spend(Limit.JOINED, 20_000)
    assert not budget.is_strained
    budget.spend(Limit.JOINED)
    assert budget.is_strained


def skipped(call: str, run: str) -> str:
    return graph_of_module(SKIPPED.format(call=call, run=run.replace("\n", "\n        ")))


@pytest.mark.usefixtures("strained")
@pytest.mark.parametrize(
    ("call", "items"),
    [
        ("fill(rows)", "rows"),
        ("fill_inside(table)", "table['rows']"),
        ("store.load()", "store.rows"),
        ("store.load()", "store.first"),
    ],
)
def test_a_skipped_call_may_change_all_that_it_reaches(call: str, items: str) -> None:
    assert skipped(call, f"await a()\nfor row in {items}:\n    await b()") == "a\nloop\n  b"


@pytest.mark.usefixtures("strained")
def test_a_call_with_a_step_is_not_skipped() -> None:
    source = SKIPPED.format(call="await run_all([b])", run="await a()")
    graph = graph_of_module(source + "\n\nasync def run_all(jobs):\n    for job in jobs:\n        await job()\n")
    assert graph == "a\n  call run_all(b)\ndef run_all(b)\n  b"


@pytest.mark.usefixtures("strained")
def test_no_call_is_skipped_after_a_module_has_stored_a_step() -> None:
    assert skipped("await run_jobs()", "JOBS.append(b)\nawait a()") == ("a\n  call run_jobs\ndef run_jobs\n  b")


@pytest.mark.usefixtures("strained")
@pytest.mark.parametrize("call", ["fill([2])", "new = [2]; fill(new); json.dumps(new)"])
def test_a_skipped_call_that_cannot_matter_has_no_note(call: str) -> None:
    workflow = workflow_of_module(SKIPPED.format(call=call, run="await a()\n        await b()"))
    assert workflow.complete
    assert notation(workflow.graph) == "a\nb"


@pytest.mark.usefixtures("strained")
@pytest.mark.parametrize(
    "run", ["for job in JOBS: await job()", "SHARED.rows.append(b)", "await Table.get()", "print(ROWS['x'])"]
)
def test_skipped_calls_with_effects_on_run_are_noted(run: str) -> None:
    shared = """
SHARED = Store()
ROWS = {"x": []}

class Table:
    job = None

    @classmethod
    async def get(cls):
        if cls.job:
            await cls.job()

def other():
    Table.job = other
"""
    source = SKIPPED.format(call="fill([2]); fill([3])", run=f"await a()\n        {run}") + shared
    assert [note.code for note in workflow_of_module(source).notes if note.code == "skipped-calls"] == ["skipped-calls"]
