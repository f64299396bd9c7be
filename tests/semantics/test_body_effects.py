"""Statements of module and class bodies that change existing objects, and values that later statements read."""

from __future__ import annotations

import pytest

from tests.semantics.body_effects import CALLS_A, CALLS_A_B, CALLS_B, OBJECT, REGISTER
from tests.semantics.notation import FUNCTIONS, text
from tests.semantics.projects import graph_of, notes_of

pytestmark = pytest.mark.usefixtures("empty_directory")


@pytest.mark.parametrize("value", ["job.run", "job.current", "getattr(job, 'run')"])
def test_attribute_of_an_imported_value(value: str) -> None:
    jobs = FUNCTIONS + OBJECT + f"job.run = b\nchosen = {value}\n"
    assert graph_of("from jobs import chosen\n", "await chosen(step)", jobs=jobs) == CALLS_B


def test_imported_value_of_a_decorated_registry() -> None:
    jobs = FUNCTIONS + OBJECT + "job.add(a)\njob.add(b)\nplan = job.build()\n"
    assert graph_of("from jobs import plan\n", "for run in plan:\n    await run(step)", jobs=jobs) == CALLS_A_B


def test_package_that_reads_an_attribute() -> None:
    package = "from shop.jobs import job\njob.run = job.other\nchosen = job.run\n"
    jobs = FUNCTIONS + OBJECT + "job.other = b\n"
    assert graph_of("from shop import chosen\n", "await chosen(step)", shop__=package, shop__jobs=jobs) == CALLS_B


def test_statements_after_an_import_run_later() -> None:
    jobs = FUNCTIONS + OBJECT + "chosen = job.run\n"
    head = "from jobs import b, chosen, job\njob.run = b\nlater = job.run\n"
    assert graph_of(head, "await chosen(step)", jobs=jobs) == CALLS_A
    assert graph_of(head, "await later(step)", jobs=jobs) == CALLS_B


@pytest.mark.parametrize("statement", ["job.run, limit = b, 3", "*rest, job.run = a, b", "[job.run] = limit = [b]"])
def test_attribute_among_other_targets(statement: str) -> None:
    assert graph_of(FUNCTIONS + OBJECT + f"{statement}\nchosen = job.run\n", "await chosen(step)") == CALLS_B


def test_swap_of_attributes() -> None:
    head = FUNCTIONS + OBJECT + "other = Job()\nother.run = b\njob.run, other.run = other.run, job.run\n"
    assert graph_of(head, "await job.run(step)\nawait other.run(step)") == text("""
        call b
        call a
        def b
          sleep 'b' 1
        def a
          sleep 'a' 1
    """)


@pytest.mark.parametrize("statement", ['TABLE["job"], limit = b, 3', '*rest, TABLE["job"] = 1, 2, b'])
def test_element_among_other_targets(statement: str) -> None:
    head = FUNCTIONS + f'TABLE = {{"job": a}}\n{statement}\n'
    assert graph_of(head, 'await TABLE["job"](step)') == CALLS_B


def test_element_with_a_key_of_the_same_assignment() -> None:
    head = FUNCTIONS + 'TABLE = {"job": a}\nkey, TABLE[key] = "job", b\n'
    assert graph_of(head, 'await TABLE["job"](step)') == CALLS_B


def test_assignment_of_two_names_runs_once() -> None:
    head = FUNCTIONS + "jobs = [b, a]\nfirst, second = jobs.pop(), jobs.pop()\n"
    assert graph_of(head, "await first(step)\nawait second(step)") == CALLS_A_B


@pytest.mark.slow
def test_names_of_one_call_are_equal() -> None:
    head = FUNCTIONS + "jobs = [a, b]\nfirst = second = jobs.pop()\n"
    assert graph_of(head, "await first(step)\nawait second(step)") == text("""
        call b
        call b
        def b
          sleep 'b' 1
    """)


def test_rest_of_an_iterator() -> None:
    head = FUNCTIONS + "first, *rest = iter((a, b))\n"
    assert graph_of(head, "await rest[0](step)") == CALLS_B


@pytest.mark.parametrize("statement", ["jobs += (b,)", "if len(jobs) == 1:\n    jobs += (b,)"])
def test_tuple_that_grows(statement: str) -> None:
    head = FUNCTIONS + f"jobs = (a,)\n{statement}\n"
    assert "call b" in graph_of(head, "for job in jobs:\n    await job(step)")


def test_tuple_of_a_class_that_grows() -> None:
    head = FUNCTIONS + "class Jobs:\n    all = (a,)\n    all += (b,)\n\n"
    assert graph_of(head, "for job in Jobs.all:\n    await job(step)") == CALLS_A_B


def test_dictionary_that_is_merged() -> None:
    head = FUNCTIONS + 'TABLE = {"job": a}\nTABLE |= {"job": b}\n'
    assert graph_of(head, 'await TABLE["job"](step)') == CALLS_B


@pytest.mark.parametrize(
    "statement",
    [
        "for job in (a, b):\n    current = job\n    jobs.append(current)",
        "for current in (a, b):\n    jobs.append(current)",
        "try:\n    current = a\nfinally:\n    jobs.append(current)\n    jobs.append(b)",
    ],
)
def test_variable_that_is_read_in_the_statement_that_binds_it(statement: str) -> None:
    head = FUNCTIONS + f"jobs = []\ncurrent = None\n{statement}\n"
    assert graph_of(head, "for job in jobs:\n    await job(step)") == CALLS_A_B


def test_last_value_of_a_loop_variable() -> None:
    assert graph_of(FUNCTIONS + "for job in (a, b):\n    last = job\n", "await last(step)") == CALLS_B


def test_tuple_that_a_loop_builds() -> None:
    head = FUNCTIONS + "jobs = ()\nfor job in (a, b):\n    jobs = (*jobs, job)\n"
    assert graph_of(head, "for job in jobs:\n    await job(step)") == CALLS_A_B


def test_list_that_grows_on_some_paths() -> None:
    head = FUNCTIONS + "from os import environ\njobs = [a]\nif environ.get('B'):\n    jobs += [b]\n"
    assert graph_of(head, "for job in jobs:\n    await job(step)") == text("""
        loop
          switch job
          | case a
            call a
          | case b
            call b
        def a
          sleep 'a' 1
        def b
          sleep 'b' 1
    """)


def test_variable_that_the_body_rebinds_too_is_noted() -> None:
    calls = "register(a)\nJOBS = tuple(reversed(JOBS))\nregister(b)\n"
    head = FUNCTIONS + REGISTER.format(initial="JOBS = ()", value="(*JOBS, job)") + calls
    notes = notes_of(head, "for job in JOBS:\n    await job(step)")
    assert "functions reassign `JOBS`" in notes[0]


def test_context_variable_that_is_set_while_a_module_loads() -> None:
    head = FUNCTIONS + 'from contextvars import ContextVar\ncurrent = ContextVar("job", default=a)\ncurrent.set(b)\n'
    assert graph_of(head + "chosen = current.get()\n", "await chosen(step)") == CALLS_B


@pytest.mark.parametrize("iterator", ["iter((a, b))", "map(lambda job: job, (a, b))", "reversed([b, a])"])
@pytest.mark.parametrize("second", ["next(jobs)", "list(jobs)[0]"])
def test_iterator_that_statements_use_in_turn(iterator: str, second: str) -> None:
    head = FUNCTIONS + f"jobs = {iterator}\nfirst = next(jobs)\nsecond = {second}\n"
    assert graph_of(head, "await second(step)") == CALLS_B


def test_rest_of_an_iterator_in_the_workflow() -> None:
    head = FUNCTIONS + "jobs = iter((a, b))\nnext(jobs)\n"
    assert graph_of(head, "for job in jobs:\n    await job(step)") == CALLS_B


@pytest.mark.parametrize(
    "statement", ["jobs.popleft()", "jobs.rotate(1)\njobs.pop()", "jobs.popleft()\njobs.rotate(0)"]
)
def test_deque_that_loses_its_first_element(statement: str) -> None:
    head = FUNCTIONS + f"from collections import deque\njobs = deque([a, b])\n{statement}\n"
    assert "call b" in graph_of(head, "for job in jobs:\n    await job(step)")


@pytest.mark.parametrize("statement", ["jobs.appendleft(b)", "jobs.extendleft([b])"])
def test_deque_that_grows_at_the_left(statement: str) -> None:
    head = FUNCTIONS + f"from collections import deque\njobs = deque([a])\n{statement}\n"
    assert graph_of(head, "for job in jobs:\n    await job(step)") == text("""
        loop
          switch job
          | case a
            call a
          | case b
            call b
        def a
          sleep 'a' 1
        def b
          sleep 'b' 1
    """)


def test_set_that_loses_an_element() -> None:
    graph = graph_of(FUNCTIONS + "jobs = {a, b}\njobs.discard(a)\n", "for job in jobs:\n    await job(step)")
    assert "call b" in graph


def test_special_method_that_adds_to_a_list_is_noted() -> None:
    notes = notes_of(FUNCTIONS + "jobs = [a]\njobs.__iadd__([b])\n", "for job in jobs:\n    await job(step)")
    assert "`jobs` may be changed through an alias" in notes[0]


@pytest.mark.parametrize("value", ["reversed([b, a])", "map(lambda job: job, [a, b])", "iter([a, b])"])
def test_slice_that_an_iterator_replaces(value: str) -> None:
    assert graph_of(FUNCTIONS, f"jobs = [b]\njobs[:] = {value}\nfor job in jobs:\n    await job(step)") == CALLS_A_B


@pytest.mark.parametrize(
    "statement",
    [
        "if (job := b): pass",
        "[job := each for each in (a, b)]",
        "print(job := b)",
        "pair = [job := b, a]",
    ],
)
@pytest.mark.parametrize("before", ["", "job = a\n"])
def test_assignment_expression_of_a_body(before: str, statement: str) -> None:
    assert graph_of(f"{FUNCTIONS}{before}{statement}\n", "await job(step)") == CALLS_B


def test_assignment_after_an_assignment_expression() -> None:
    assert graph_of(FUNCTIONS + "if (job := a): pass\njob = b\n", "await job(step)") == CALLS_B


def test_assignment_expression_runs_once() -> None:
    head = FUNCTIONS + "jobs = [a, b]\nfirst = (second := jobs.pop())\n"
    assert graph_of(head, "await first(step)\nawait second(step)") == text("""
        call b
        call b
        def b
          sleep 'b' 1
    """)


def test_assignment_expression_of_a_generator_is_noted() -> None:
    (note,) = notes_of(FUNCTIONS + "job = a\nany((job := each) is b for each in (a, b))\n", "await job(step)")
    assert "[generator]" in note


@pytest.mark.parametrize(
    "statement", ["from contextlib import nullcontext\nwith nullcontext(b) as job: pass", "for job in (b,): pass"]
)
def test_target_of_a_compound_statement(statement: str) -> None:
    assert graph_of(FUNCTIONS + statement + "\n", "await job(step)") == CALLS_B


@pytest.mark.parametrize(
    "block",
    [
        "if True:\n    {statements}",
        "try:\n    {statements}\nexcept ValueError:\n    pass",
        "class Jobs:\n    {statements}\n\nchosen = Jobs.chosen",
    ],
)
@pytest.mark.parametrize("value", ["jobs[-1]", "jobs.pop()"])
def test_value_after_a_statement_of_its_block(block: str, value: str) -> None:
    head = FUNCTIONS + "jobs = [a]\n" + block.format(statements=f"jobs.append(b)\n    chosen = {value}") + "\n"
    assert graph_of(head, "await chosen(step)") == CALLS_B


def test_value_after_a_statement_of_its_branch() -> None:
    head = (
        FUNCTIONS
        + "from os import environ\njobs = [a]\nif environ.get('B'):\n    jobs.append(b)\n    chosen = jobs[-1]\n"
    )
    assert graph_of(head + "else:\n    chosen = a\n", "await chosen(step)") == text("""
        if environ.get('B')
          call b
        else
          call a
        def b
          sleep 'b' 1
        def a
          sleep 'a' 1
    """)


def test_default_value_after_the_start_of_a_with() -> None:
    manager = "class using:\n    def __enter__(self):\n        jobs.append(b)\n    def __exit__(self, *error): pass\n\n"
    job = "with using():\n    async def job(step, run=jobs[-1]):\n        await run(step)\n"
    assert "call b" in graph_of(FUNCTIONS + "jobs = [a]\n" + manager + job, "await job(step)")


def test_list_that_a_branch_creates_and_fills() -> None:
    head = (
        FUNCTIONS
        + "from os import environ\nif environ.get('B'):\n    jobs = [a]\n    jobs.append(b)\nelse:\n    jobs = [b, a]\n"
    )
    graph = graph_of(head, "for job in jobs:\n    await job(step)")
    assert graph.startswith("if environ.get('B')\n  loop\n    switch job\n")


@pytest.mark.slow
def test_dictionary_of_a_branch_that_a_later_statement_changes() -> None:
    branches = "from os import environ\njobs = {'job': a} if environ.get('B') else {'job': a, 'other': a}\n"
    graph = graph_of(FUNCTIONS + branches + "jobs['job'] = b\n", "await jobs['job'](step)")
    assert "call b" in graph


def test_list_in_a_block_grows_once() -> None:
    head = FUNCTIONS + "jobs = [a]\nif True:\n    jobs += [b]\n"
    assert graph_of(head, "for job in jobs:\n    await job(step)") == CALLS_A_B


def test_a_module_that_runs_in_a_try_block_keeps_its_branches() -> None:
    head = FUNCTIONS + (
        "jobs = []\n\ndef stored():\n    return jobs\n\n"
        "try:\n    import installed\nexcept ImportError:\n    go = a\n    jobs.append(go)\n"
        "else:\n    go = b\n    jobs.append(go)\n"
    )
    run = "try:\n    stored()\n    await step.sleep('x', 1)\nexcept Exception:\n    pass\nawait go(step)"
    assert graph_of(head, run) == text("""
        try
          sleep 'x' 1
        catch
        switch exception
        | case no exception
          call b
        | case ImportError
          call a
        def b
          sleep 'b' 1
        def a
          sleep 'a' 1
    """)
