"""Collections that statements of modules and classes fill and read in turn."""

from __future__ import annotations

import pytest

from stepgraph import WorkflowAnalysis
from tests.semantics.notation import module_of, notation

HEAD = """
from workers import WorkflowEntrypoint

async def a(step):
    await step.sleep("a", 1)
async def b(step):
    await step.sleep("b", 1)
async def c(step):
    await step.sleep("c", 1)

"""
REGISTRY = """
REG = []
def register(fn):
    REG.append(fn)
    return fn
"""


def workflow_of(head: str, body: str) -> WorkflowAnalysis:
    """Return the analysis of a workflow whose `run` has this body, in a module with this code before it."""
    lines = "".join(f"        {line}\n" for line in body.splitlines())
    source = HEAD + head + "\nclass W(WorkflowEntrypoint):\n    async def run(self, event, step):\n" + lines
    return module_of(source).workflows[-1]


def calls_of(head: str, body: str) -> list[str]:
    """Return the functions that `run` calls in this workflow. The graph must be complete."""
    workflow = workflow_of(head, body)
    assert workflow.complete, workflow.notes
    return [line.removeprefix("call ") for line in notation(workflow.graph).splitlines() if line.startswith("call ")]


LOOP = "for fn in {}:\n    await fn(step)"


def test_an_element_read_before_its_change() -> None:
    head = 'TABLE = {"x": a}\nOLD = TABLE["x"]\nTABLE["x"] = b\n'
    assert calls_of(head, 'await OLD(step)\nawait TABLE["x"](step)') == ["a", "b"]


def test_an_element_read_after_its_change() -> None:
    assert calls_of('TABLE = {"x": a}\nTABLE["x"] = b\nNEW = TABLE["x"]\n', "await NEW(step)") == ["b"]


@pytest.mark.parametrize(
    "copy",
    [
        "REG[:]",
        "tuple(REG)",
        "[*REG]",
        "[fn for fn in REG]",
        "(lambda: list(REG))()",
        "dict(enumerate(REG)).values()",
    ],
)
def test_a_copy_made_before_a_change(copy: str) -> None:
    assert calls_of(f"REG = [a]\nCOPY = {copy}\nREG.append(b)\n", LOOP.format("COPY")) == ["a"]


def test_an_alias_shows_later_changes() -> None:
    assert calls_of("REG = [a]\nALIAS = REG\nREG.append(b)\n", LOOP.format("ALIAS")) == ["a", "b"]


def test_a_change_through_an_alias_between_two_calls() -> None:
    head = """
REG = [a]
ALIAS = REG
def snapshot():
    return tuple(REG)
FIRST = snapshot()
ALIAS.append(b)
SECOND = snapshot()
REG.append(c)
"""
    assert calls_of(head, LOOP.format("FIRST")) == ["a"]
    assert calls_of(head, LOOP.format("SECOND")) == ["a", "b"]
    assert calls_of(head, LOOP.format("REG")) == ["a", "b", "c"]


def test_default_arguments_are_evaluated_at_the_definition() -> None:
    head = (
        'TABLE = {"x": a}\ndef go(fn=TABLE["x"], fns=tuple(TABLE.values())):\n    return [fn, *fns]\nTABLE["x"] = b\n'
    )
    assert calls_of(head, LOOP.format("go()")) == ["a", "a"]


@pytest.mark.slow
def test_a_list_rebound_between_changes() -> None:
    head = "REG = [a]\nREG.append(b)\nOLD = list(REG)\nREG = [*REG, c]\nREG.append(a)\n"
    assert calls_of(head, LOOP.format("OLD")) == ["a", "b"]
    assert calls_of(head, LOOP.format("REG")) == ["a", "b", "c", "a"]


def test_a_copy_between_two_registrations() -> None:
    head = REGISTRY + "register(a)\nCOPY = list(REG)\ndef go(fns=tuple(REG)):\n    return fns\nregister(b)\n"
    assert calls_of(head, LOOP.format("COPY")) == ["a"]
    assert calls_of(head, LOOP.format("go()")) == ["a"]
    assert calls_of(head, LOOP.format("REG")) == ["a", "b"]


def test_registrations_in_assignments_and_decorators() -> None:
    head = REGISTRY + 'STEPS = {}\nSTEPS["a"] = register(a)\n'
    head += '@register\nasync def d(step):\n    await step.sleep("d", 1)\nSTEPS["c"] = register(c)\n'
    assert calls_of(head, 'await STEPS["a"](step)\n' + LOOP.format("REG")) == ["a", "a", "d", "c"]


def test_two_registries_with_a_common_function() -> None:
    head = """
ONE = []
TWO = []
def one(fn):
    ONE.append(fn)
def two(fn):
    TWO.append(fn)
def both(fn):
    one(fn)
    two(fn)
two(a)
both(b)
two(c)
"""
    assert calls_of(head, LOOP.format("ONE") + "\n" + LOOP.format("TWO")) == ["b", "a", "b", "c"]


def test_a_registration_in_a_branch() -> None:
    workflow = workflow_of(REGISTRY + "import os\nif os.environ:\n    register(a)\n", LOOP.format("REG"))
    assert "sleep 'a'" in notation(workflow.graph)


def test_a_copy_in_a_branch_with_a_change() -> None:
    head = "import os\nREG = [a]\nif os.environ:\n    OLD = list(REG)\n    REG.append(b)\nelse:\n    OLD = [c]\n"
    graph = notation(workflow_of(head, LOOP.format("OLD")).graph)
    assert "sleep 'a'" in graph
    assert "sleep 'b'" not in graph
    assert "sleep 'c'" in graph


def test_a_copy_in_a_class_body() -> None:
    head = "class Jobs:\n    fns = [a]\n    first = fns[0]\n    fns.insert(0, b)\nREG = [c]\n"
    assert calls_of(head, "await Jobs.first(step)") == ["a"]


def test_a_class_body_copies_a_list_of_the_module() -> None:
    head = "REG = [a]\nclass Jobs:\n    copied = tuple(REG)\nREG.append(b)\n"
    assert calls_of(head, LOOP.format("Jobs.copied")) == ["a"]


def test_a_list_of_a_class_that_its_body_fills() -> None:
    assert calls_of("class Jobs:\n    fns = [a]\n    fns.append(b)\n", LOOP.format("Jobs.fns")) == ["a", "b"]


def test_a_list_of_a_class_that_the_module_fills() -> None:
    assert calls_of("class Jobs:\n    fns = [a]\nJobs.fns.append(b)\n", LOOP.format("Jobs.fns")) == ["a", "b"]


def test_init_subclass_fills_a_list_of_the_base() -> None:
    head = """
class Base:
    jobs = []
    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        Base.jobs.append(cls.job)
class First(Base):
    job = staticmethod(a)
class Second(Base):
    job = staticmethod(b)
"""
    assert calls_of(head, LOOP.format("Base.jobs")) == ["a", "b"]


APP = """
class App:
    handler = staticmethod(a)
    def __init__(self):
        self.fns = []
    def task(self, fn):
        self.fns.append(fn)
        return fn
    def on(self, fn):
        self.handler = fn
        return fn
app = App()
"""


def test_a_decorator_of_an_object_fills_its_list() -> None:
    head = APP + '@app.task\nasync def d(step):\n    await step.sleep("d", 1)\napp.task(b)\n'
    assert calls_of(head, LOOP.format("app.fns")) == ["d", "b"]


def test_a_copy_between_registrations_with_an_object() -> None:
    head = APP + "app.task(a)\nCOPY = list(app.fns)\napp.task(b)\n"
    assert calls_of(head, LOOP.format("COPY")) == ["a"]


def test_a_decorator_of_an_object_sets_its_attribute() -> None:
    head = APP + 'FIRST = app.handler\n@app.on\nasync def d(step):\n    await step.sleep("d", 1)\n'
    assert calls_of(head, "await FIRST(step)\nawait app.handler(step)") == ["a", "d"]


def test_a_method_without_arguments_sets_an_attribute() -> None:
    head = "class App:\n    job = staticmethod(a)\n    def swap(self):\n        self.job = b\napp = App()\napp.swap()\n"
    assert calls_of(head, "await app.job(step)") == ["b"]


GROUPS = """
GROUPS = {{}}
def grouped(key):
    def decorate(fn):
        {add}
        return fn
    return decorate
grouped("x")(a)
"""


@pytest.mark.parametrize(
    "add",
    [
        "GROUPS.setdefault(key, []).append(fn)",
        "found = GROUPS.setdefault(key, [])\n        found.append(fn)",
        "GROUPS[key] = []\n        GROUPS[key].append(fn)",
    ],
)
def test_a_decorator_fills_a_list_in_a_dictionary(add: str) -> None:
    assert "sleep 'a'" in notation(workflow_of(GROUPS.format(add=add), LOOP.format('GROUPS["x"]')).graph)


def test_a_list_in_a_dictionary_that_the_module_fills() -> None:
    head = 'TABLE = {"x": [a]}\nCOPY = list(TABLE["x"])\nTABLE["x"].append(b)\n'
    assert calls_of(head, LOOP.format("COPY")) == ["a"]
    assert calls_of(head, LOOP.format('TABLE["x"]')) == ["a", "b"]


KEYED = """
REG = {}
def reg(key):
    def decorate(fn):
        REG[key] = fn
        return fn
    return decorate
"""


def test_a_key_that_is_an_argument_of_a_decorator() -> None:
    head = KEYED + 'reg("x")(a)\nreg("y")(b)\nreg("x")(c)\n'
    assert calls_of(head, 'await REG["y"](step)\nawait REG["x"](step)') == ["b", "c"]


def test_a_key_that_is_an_argument_of_a_method() -> None:
    head = """
class App:
    def __init__(self):
        self.jobs = {}
    def on(self, key):
        def decorate(fn):
            self.jobs[key] = fn
            return fn
        return decorate
app = App()
app.on("x")(a)
app.on("y")(b)
"""
    assert calls_of(head, 'await app.jobs["y"](step)') == ["b"]


def test_a_key_that_a_decorator_computes_is_not_constant() -> None:
    head = KEYED.replace("def decorate", "key = key.upper()\n    def decorate") + 'reg("x")(a)\nreg("y")(b)\n'
    graph = notation(workflow_of(head, 'await REG["x"](step)').graph)
    assert "call a" in graph
    assert "call b" in graph


def test_groups_by_an_argument_of_a_decorator() -> None:
    head = GROUPS.format(add="GROUPS.setdefault(key, []).append(fn)") + 'grouped("y")(b)\ngrouped("x")(c)\n'
    assert calls_of(head, LOOP.format('GROUPS["x"]')) == ["a", "c"]
    assert calls_of(head, LOOP.format('GROUPS["y"]')) == ["b"]


def test_a_recursion_over_a_number_ends() -> None:
    head = REGISTRY + "def times(fn, n):\n    if n > 0:\n        register(fn)\n        times(fn, n - 1)\ntimes(a, 3)\n"
    assert "sleep 'a'" in notation(workflow_of(head, LOOP.format("REG")).graph)


def test_an_object_in_a_dictionary_fills_its_list() -> None:
    head = APP.replace("app = App()", 'APPS = {"x": App()}') + 'APPS["x"].task(b)\n'
    assert calls_of(head, LOOP.format('APPS["x"].fns')) == ["b"]


def test_an_object_fills_a_list_of_the_module() -> None:
    head = "class Jobs:\n    def __init__(self, fns):\n        self.fns = fns\n    def add(self, fn):\n"
    head += "        self.fns.append(fn)\nREG = []\njobs = Jobs(REG)\njobs.add(a)\nCOPY = list(REG)\njobs.add(b)\n"
    assert calls_of(head, LOOP.format("REG")) == ["a", "b"]
    assert calls_of(head, LOOP.format("COPY")) == ["a"]
    assert calls_of(head, LOOP.format("jobs.fns")) == ["a", "b"]


def test_a_method_that_module_code_adds_to_a_class() -> None:
    head = "class Base:\n    async def go(self, step):\n        await a(step)\nclass Job:\n    pass\nJob.go = Base.go\n"
    head += "REG = []\ndef register(fn):\n    REG.append(fn)\nregister(Job().go)\n"
    assert "sleep 'a'" in notation(workflow_of(head, "for go in REG:\n    await go(step)").graph)
