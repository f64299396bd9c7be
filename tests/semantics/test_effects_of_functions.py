"""Functions that change objects and variables while modules are imported."""

from __future__ import annotations

import pytest

from tests.semantics.body_effects import CALLS_A, CALLS_A_B, CALLS_B, OBJECT, REGISTER
from tests.semantics.notation import FUNCTIONS, text
from tests.semantics.projects import graph_of, notes_of

pytestmark = pytest.mark.usefixtures("empty_directory")


@pytest.mark.parametrize(
    "calls", ["register(a)\nregister(b)\n", "@register\nasync def c(step): await a(step)\nregister(b)\n"]
)
@pytest.mark.parametrize("value", ["(*JOBS, job)", "JOBS + (job,)"])
def test_tuple_that_a_function_rebinds(calls: str, value: str) -> None:
    head = FUNCTIONS + REGISTER.format(initial="JOBS = ()", value=value) + calls
    graph = graph_of(head, "for job in JOBS:\n    await job(step)")
    assert graph.startswith(("call a\ncall b\n", "call c\ncall b\n"))


def test_dictionary_that_a_function_rebinds() -> None:
    head = FUNCTIONS + REGISTER.format(initial='JOBS = {"job": a}', value='{**JOBS, "job": job}') + "register(b)\n"
    assert graph_of(head, 'await JOBS["job"](step)') == CALLS_B


def test_object_that_a_function_rebinds() -> None:
    jobs = "class Job:\n    run = staticmethod(a)\n\nclass Other(Job):\n    run = staticmethod(b)\n\n"
    head = FUNCTIONS + jobs + REGISTER.format(initial="JOBS = Job()", value="job") + "register(Other())\n"
    assert graph_of(head, "await JOBS.run(step)") == CALLS_B


@pytest.mark.parametrize("head", ["from jobs import JOBS, a, b, register\n", "from jobs import *\n"])
def test_variable_that_is_imported_before_a_function_rebinds_it(head: str) -> None:
    jobs = FUNCTIONS + REGISTER.format(initial="JOBS = (a,)", value="(job,)")
    body = "for job in JOBS:\n    await job(step)"
    assert graph_of(f"{head}register(b)\n", body, jobs=jobs) == CALLS_A


def test_variable_of_a_module_that_a_function_rebinds() -> None:
    jobs = FUNCTIONS + REGISTER.format(initial="JOBS = (a,)", value="(job,)")
    body = "for job in jobs.JOBS:\n    await job(step)"
    assert graph_of("import jobs\njobs.register(jobs.b)\n", body, jobs=jobs) == CALLS_B


def test_value_between_calls_of_a_function_that_rebinds() -> None:
    head = (
        FUNCTIONS + REGISTER.format(initial="JOBS = ()", value="(job,)") + "register(a)\nfirst = JOBS[0]\nregister(b)\n"
    )
    assert graph_of(head, "await first(step)\nawait JOBS[0](step)") == CALLS_A_B


def test_placeholder_that_a_function_rebinds_is_noted() -> None:
    head = FUNCTIONS + REGISTER.format(initial="JOBS = None", value="job") + "register(a)\n"
    (note,) = notes_of(head, "await JOBS(step)")
    assert "the step object is passed to `JOBS`" in note


PAIR = """
def pair():
    current = a

    def use(job):
        nonlocal current
        current = job
        return job

    def get():
        return current

    async def go(step):
        await current(step)

    return use, get, go

use, get, go = pair()
"""


@pytest.mark.parametrize("head", [PAIR + "use(b)\nchosen = get()\n", PAIR + "use(use(b))\nchosen = get()\n"])
def test_closure_that_returns_a_changed_variable(head: str) -> None:
    assert graph_of(FUNCTIONS + head, "await chosen(step)") == CALLS_B
    assert graph_of("from jobs import chosen\n", "await chosen(step)", jobs=FUNCTIONS + head) == CALLS_B
    by_name = "from importlib import import_module\nchosen = import_module('jobs').chosen\n"
    assert graph_of(by_name, "await chosen(step)", jobs=FUNCTIONS + head) == CALLS_B


def test_closure_that_calls_a_changed_variable() -> None:
    assert graph_of(FUNCTIONS + PAIR + "use(b)\n", "await go(step)") == text("""
        call go
        def go
          call b
        def b
          sleep 'b' 1
    """)


def test_closure_over_an_object() -> None:
    head = FUNCTIONS + OBJECT + "def pair():\n    job = Job()\n    return job.add, job.build\n\nadd, build = pair()\n"
    body = "for job in build():\n    await job(step)"
    assert graph_of(head + "add(a)\nadd(b)\n", body) == CALLS_A_B


@pytest.mark.parametrize(
    "definition",
    [
        "def jobs(all=[]):\n    return all\n",
        "def add(job, all=[]):\n    all.append(job)\n    return all\n\ndef jobs():\n    return add(b)\n\nadd(a)\n",
        "from functools import cache\n\n@cache\ndef jobs():\n    return []\n\njobs().append(a)\njobs().append(b)\n",
    ],
)
def test_state_of_a_function(definition: str) -> None:
    head = (
        FUNCTIONS + definition + ("jobs().extend([a, b])\n" if "append" not in definition else "") + "chosen = jobs()\n"
    )
    assert graph_of(head, "for job in chosen:\n    await job(step)") == CALLS_A_B


def test_variable_that_a_called_function_reads_in_a_block() -> None:
    head = (
        FUNCTIONS + "def show():\n    return current\n\ncurrent = a\nif True:\n    current = b\n    chosen = show()\n"
    )
    assert graph_of(head, "await chosen(step)") == CALLS_B


REGISTRY = (
    FUNCTIONS
    + """
class Registry:
    def __init__(self):
        self.jobs = []
        self.job = None

    async def fire(self, step):
        for job in self.jobs:
            await job(step)

{registry}

def on(name):
    def register(job):
        {object}.jobs.append(job)
        return job
    return register

class Plugin:
    def __init__(self, job):
        self.job = job
        {object}.jobs.append(self.job)

    def __init_subclass__(cls):
        {object}.jobs.append(cls.job)
"""
)


MANAGER = """
from contextlib import contextmanager

@contextmanager
def group(job):
    registry.jobs.append(job)
    yield

"""


@pytest.mark.parametrize(
    "changes",
    [
        "on('a')(a)\non('b')(b)\n",
        "Plugin(a)\nPlugin(b)\n",
        "class A(Plugin):\n    job = a\n\nclass B(Plugin):\n    job = b\n",
        "from functools import partial\n\npartial(on, 'a')()(a)\npartial(on('b'), b)()\n",
        MANAGER + "with group(a), group(b):\n    pass\n",
    ],
)
def test_object_that_functions_fill(changes: str) -> None:
    head = REGISTRY.format(registry="registry = Registry()\n", object="registry") + changes
    assert graph_of(head, "for job in registry.jobs:\n    await job(step)") == CALLS_A_B


@pytest.mark.slow
def test_object_that_runs_registered_functions() -> None:
    head = REGISTRY.format(registry="registry = Registry()\n", object="registry") + "on('a')(a)\n"
    assert graph_of(head, "await registry.fire(step)") == text("""
        call fire
        def fire
          call a
        def a
          sleep 'a' 1
    """)


def test_object_that_a_decorator_of_another_module_fills() -> None:
    registry = REGISTRY.format(registry="registry = Registry()\n", object="registry")
    handlers = "from registry import a, b, on\n\non('a')(a)\non('b')(b)\n"
    head = "import handlers\nfrom registry import registry\n"
    body = "for job in registry.jobs:\n    await job(step)"
    assert graph_of(head, body, registry=registry, handlers=handlers) == CALLS_A_B


def test_attribute_that_a_decorator_factory_assigns() -> None:
    route = "def route(path):\n    def use(job):\n        registry.job = job\n    return use\n\nroute('/')(b)\n"
    head = REGISTRY.format(registry="registry = Registry()\n", object="registry") + route
    assert graph_of(head, "await registry.job(step)") == CALLS_B


@pytest.mark.parametrize(
    "registry",
    [
        "def get(registry=Registry()):\n    return registry\n",
        "get = lambda registry=Registry(): registry\n",
        "def make():\n    made = Registry()\n    def get():\n        return made\n    return get\n\nget = make()\n",
        "REGISTRIES = {}\n\ndef get():\n    return REGISTRIES.setdefault('x', Registry())\n",
    ],
)
def test_object_that_a_function_returns(registry: str) -> None:
    head = REGISTRY.format(registry=registry, object="get()") + "on('a')(a)\non('b')(b)\n"
    assert graph_of(head, "for job in get().jobs:\n    await job(step)") == CALLS_A_B


def test_object_that_an_unknown_function_fills_is_noted() -> None:
    head = (
        REGISTRY.format(registry="registry = Registry()\n", object="registry")
        + "import lib\n\n@lib.on\ndef f():\n    on('a')(a)\n"
    )
    assert notes_of(head + "lib.fill(registry, a)\n", "for job in registry.jobs:\n    await job(step)")
