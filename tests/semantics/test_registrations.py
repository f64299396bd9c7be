"""Statements of a module that fill a collection of functions indirectly."""

from __future__ import annotations

import pytest

from tests.semantics.notation import notation, text, workflow_of_module

MODULE = """
import functools
from workers import WorkflowEntrypoint

JOBS = []

def register(job):
    JOBS.append(job)
    return job

async def a(step):
    await step.do("a")(lambda: 1)()

async def b(step):
    await step.do("b")(lambda: 1)()

register(a)
{statement}

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        for job in JOBS:
            await job(step)
"""
BOTH = text("""
    call a
    call b
    def a
      a
    def b
      b
""")
EITHER_JOB = text("""
    loop
      switch job
      | case a
        call a
      | case b
        call b
    def a
      a
    def b
      b
""")


@pytest.mark.parametrize(
    "statement",
    [
        "@lambda job: register(b)\ndef other(): ...",
        "(lambda: register(b))()",
        "class Jobs:\n    def __iadd__(self, job):\n        return register(job)\n\njobs = Jobs()\njobs += b",
        "limit: register(b) = 1",
        "limit: register(b)",
        "first, = (register(job) for job in [b])",
    ],
)
def test_statement_that_registers_a_function(statement: str) -> None:
    workflow = workflow_of_module(MODULE.format(statement=statement))
    assert notation(workflow.graph) == BOTH


def test_postponed_annotation_registers_no_function() -> None:
    module = "from __future__ import annotations\n" + MODULE.format(statement="limit: register(b) = 1")
    assert notation(workflow_of_module(module).graph) == text("""
        call a
        def a
          a
    """)


def test_statement_that_runs_if_the_module_is_imported() -> None:
    statement = 'if __name__ != "__main__":\n    register(b)'
    workflow = workflow_of_module(MODULE.format(statement=statement))
    assert notation(workflow.graph) == EITHER_JOB


def test_statement_that_does_not_run_if_the_module_is_imported() -> None:
    statement = 'if __name__ == "__main__":\n    register(b)'
    assert notation(workflow_of_module(MODULE.format(statement=statement)).graph) == text("""
        call a
        def a
          a
    """)


@pytest.mark.parametrize(
    "statement",
    [
        "functools.reduce(lambda before, job: register(job), {a, b}, None)",
        "''.join(register(job) for job in [b])",
        "1 in (register(job) for job in [b])",
    ],
)
def test_function_that_a_library_may_register(statement: str) -> None:
    workflow = workflow_of_module(MODULE.format(statement=statement))
    assert "escapes" in [note.code for note in workflow.notes]


def test_function_that_reduce_registers() -> None:
    statement = "functools.reduce(lambda before, job: register(job), [b], None)"
    assert notation(workflow_of_module(MODULE.format(statement=statement)).graph) == text("""
        call a
        call b
        def a
          a
        def b
          b
    """)


def test_function_that_a_filter_registers() -> None:
    assert notation(workflow_of_module(MODULE.format(statement="list(filter(register, [b]))")).graph) == EITHER_JOB


@pytest.mark.parametrize("base", ["Enum", "IntEnum", "Flag"])
@pytest.mark.parametrize("method", ["__init__(self, *values)", "__new__(cls, *values)"])
def test_enumeration_whose_members_register_a_function(base: str, method: str) -> None:
    result = "return object.__new__(cls)" if "__new__" in method else "pass"
    members = f"    ONE = 1\n\n    def {method}:\n        register(b)\n        {result}\n"
    statement = f"from enum import {base}\n\nclass Kind({base}):\n{members}"
    assert notation(workflow_of_module(MODULE.format(statement=statement)).graph) == BOTH


def test_local_enumeration_whose_members_register_a_function() -> None:
    workflow = workflow_of_module("""
        from enum import Enum
        from workers import WorkflowEntrypoint

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                jobs = []

                class Kind(Enum):
                    ONE = "one"

                    def __init__(self, name):
                        jobs.append(self.pay)

                    async def pay(self, step):
                        await step.do("a")(lambda: 1)()

                for job in jobs:
                    await job(step)
    """)
    assert notation(workflow.graph) == text("""
        call pay
        def pay
          a
    """)


def test_names_of_registered_functions_are_keys() -> None:
    workflow = workflow_of_module("""
        from workers import WorkflowEntrypoint

        TOOLS = {}

        def tool(function):
            TOOLS[function.__name__] = function
            return function

        @tool
        async def search(step):
            await step.sleep("search", 1)

        @tool
        async def write(step):
            await step.sleep("write", 1)

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await TOOLS[event["payload"]["tool"]](step)
                await TOOLS["write"](step)
    """)
    assert notation(workflow.graph) == text("""
        switch event["payload"]["tool"]
        | case "search"
          call search
        | case "write"
          call write
        call write
        def search
          sleep 'search' 1
        def write
          sleep 'write' 1
    """)


def test_names_of_registered_classes_are_conditions() -> None:
    workflow = workflow_of_module("""
        from workers import WorkflowEntrypoint

        class Stage:
            stages = []

            def __init_subclass__(cls):
                Stage.stages.append(cls)

        class Build(Stage):
            async def run(self, step):
                await step.sleep("build", 1)

        class Test(Stage):
            async def run(self, step):
                await step.sleep("test", 1)

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                for stage in Stage.stages:
                    await stage().run(step)
    """)
    assert notation(workflow.graph) == text("""
        loop
          switch stage
          | case Build
            call Build.run
          | case Test
            call Test.run
        def Build.run
          sleep 'build' 1
        def Test.run
          sleep 'test' 1
    """)


METACLASS = """
JOBS = []

class Meta(type):
    {method}
        {create}
        if bases:
            JOBS.append(cls)
        {end}

class Base(metaclass=Meta):
    pass

class First(Base):
    async def go(self, step):
        await step.sleep("first", 1)

class Second(Base):
    async def go(self, step):
        await step.sleep("second", 1)

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        for job in JOBS:
            await job().go(step)
"""


@pytest.mark.parametrize(
    ("method", "create", "end"),
    [
        (
            "def __new__(mcs, name, bases, namespace):",
            "cls = super().__new__(mcs, name, bases, namespace)",
            "return cls",
        ),
        (
            "def __new__(mcs, name, bases, namespace):",
            "cls = type.__new__(mcs, name, bases, namespace)",
            "return cls",
        ),
        ("def __init__(cls, name, bases, namespace):", "super().__init__(name, bases, namespace)", "pass"),
    ],
)
def test_metaclass_that_registers_its_classes(method: str, create: str, end: str) -> None:
    source = "from workers import WorkflowEntrypoint\n" + METACLASS.format(method=method, create=create, end=end)
    workflow = workflow_of_module(source)
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        loop
          switch job
          | case First
            call First.go
          | case Second
            call Second.go
        def First.go
          sleep 'first' 1
        def Second.go
          sleep 'second' 1
    """)


def test_a_metaclass_that_calls_its_base_initializer() -> None:
    workflow = workflow_of_module("""
        class Registry(type):
            handlers = {}

            def __new__(mcls, name, bases, namespace, **options):
                cls = super().__new__(mcls, name, bases, namespace)
                mcls.handlers[name] = cls
                return cls

            def __init__(cls, name, bases, namespace, **options):
                super().__init__(name, bases, namespace)

        class Job(metaclass=Registry):
            async def run(self, step):
                await step.sleep("job", 1)

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await Registry.handlers[event]().run(step)
    """)
    assert workflow.complete


TOOLS = """
from dataclasses import dataclass
from workers import WorkflowEntrypoint

async def a(step):
    await step.do("a")(lambda: 1)()

async def b(step):
    await step.do("b")(lambda: 1)()

class Tool:
    def __init__(self, name, call):
        self.name = name
        self.call = call

@dataclass
class Spec:
    name: str
    call: object

class Box:
    def __init__(self, prefix=""):
        self.prefix = prefix
        self.tools = {}

    def add(self, *tools):
        for tool in tools:
            self.tools[tool.name] = tool

    def task(self, name):
        def add(call):
            self.tools[f"{self.prefix}{name}"] = Tool(name, call)
            return call
        return add

FILL

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        await TABLE[event["payload"]["k"]].call(step)
"""


def _tools(fill: str) -> list[str]:
    """Return the lines of the graph of a module that fills `TABLE`, up to the functions."""
    workflow = workflow_of_module(TOOLS.replace("FILL", fill))
    assert workflow.complete
    return notation(workflow.graph).split("\ndef ")[0].splitlines()


@pytest.mark.parametrize(
    "fill",
    [
        'TABLE = {tool.name: tool for tool in (Tool("x", a), Tool("y", b))}',
        'TABLE = {tool.name: tool for tool in [Spec("x", a), Spec(call=b, name="y")]}',
        'TABLE = {}\nfor tool in [Tool("x", a), Tool("y", b)]:\n    TABLE[tool.name] = tool',
        'def table(*tools):\n    return {tool.name: tool for tool in tools}\nTABLE = table(Tool("x", a), Tool("y", b))',
        'BOX = Box()\nBOX.add(Tool("x", a))\nBOX.add(Spec("y", b))\nTABLE = BOX.tools',
        'BOX = Box()\nBOX.add(Tool("x", a), Tool("y", b))\nTABLE = BOX.tools',
        'BOX = Box("")\nBOX.task("x")(a)\nBOX.task("y")(b)\nTABLE = BOX.tools',
    ],
)
def test_attributes_of_objects_made_at_import_are_constant_keys(fill: str) -> None:
    assert _tools(fill) == ['switch event["payload"]["k"]', '| case "x"', "  call a", '| case "y"', "  call b"]


@pytest.mark.parametrize(
    "change",
    [
        'ONE.name = "z" if DEBUG else "x"',
        'setattr(ONE, NAME, "z")',
        "def rename(tool):\n    tool.name = tool.name * 2\n\nrename(ONE)",
        "if DEBUG:\n    ONE.name = 'z'",
    ],
)
def test_changed_attributes_are_no_constant_keys(change: str) -> None:
    fill = f'from elsewhere import DEBUG, NAME\nONE = Tool("x", a)\n{change}\nTABLE = {{}}\nTABLE[ONE.name] = ONE'
    assert '| case "x"' not in _tools(fill)


def test_attributes_are_keys_in_functions_of_the_workflow() -> None:
    source = TOOLS.replace("FILL", 'ALL = [Tool("x", a), Tool("y", b)]').replace(
        "TABLE[", "{tool.name: tool for tool in ALL}["
    )
    workflow = workflow_of_module(source)
    assert notation(workflow.graph).split("\ndef ")[0].splitlines()[1::2] == ['| case "x"', '| case "y"']


KINDS = """
import enum

class Kind(enum.Enum):
    X = "x"
    Y = "y"

class Mode(enum.Enum):
    X = 1
    Y = 2

    def describe(self):
        return self.name

def on(key):
    def add(call):
        TABLE[key] = Tool("", call)
        return call
    return add

TABLE = {}
"""


@pytest.mark.parametrize("kind", ["Kind", "Mode"])
@pytest.mark.parametrize(
    "fill",
    ["on(KIND.X)(a)\non(KIND.Y)(b)", "TABLE = {tool.name: tool for tool in (Tool(KIND.X, a), Tool(KIND.Y, b))}"],
)
def test_members_of_an_enumeration_are_keys(fill: str, kind: str) -> None:
    cases = [f"| case {kind}.X", "  call a", f"| case {kind}.Y", "  call b"]
    assert _tools(KINDS + fill.replace("KIND", kind)) == ['switch event["payload"]["k"]', *cases]


LAYERS = """
import functools

class First:
    order = 1
    call = staticmethod(a)

class Second:
    order = 2
    call = staticmethod(b)

def wrap(inner, layer):
    async def run(step):
        await layer.call(step)
        await inner(step)
    return run

async def last(step):
    await step.sleep("last", 1)

"""


@pytest.mark.parametrize(
    ("key", "outermost"),
    [
        ("key=lambda layer: -layer.order", "a"),
        ("key=lambda layer: layer.order, reverse=True", "a"),
        ("key=lambda layer: layer.order", "b"),
    ],
)
def test_layers_sorted_at_import_wrap_each_other(key: str, outermost: str) -> None:
    build = f"def build(layers):\n    return functools.reduce(wrap, sorted(layers, {key}), last)\n\n"
    fill = f"{build}APP = build([First(), Second()])"
    source = TOOLS.replace("FILL", LAYERS + fill).replace('TABLE[event["payload"]["k"]].call(step)', "APP(step)")
    workflow = workflow_of_module(source)
    assert workflow.complete
    assert notation(workflow.graph).split("\ndef ")[1].splitlines()[1] == f"  call {outermost}"


@pytest.mark.parametrize("key", ["key=lambda layer: layer.order * SCALE", "key=lambda layer: str(layer)"])
def test_layers_with_an_unknown_order_are_reported(key: str) -> None:
    fill = f"from elsewhere import SCALE\nAPP = functools.reduce(wrap, sorted([First(), Second()], {key}), last)"
    source = TOOLS.replace("FILL", LAYERS + fill).replace('TABLE[event["payload"]["k"]].call(step)', "APP(step)")
    assert not workflow_of_module(source).complete


SEVERAL = """
from enum import Enum, StrEnum, auto
from workers import WorkflowEntrypoint

class Plain(Enum):
    X = auto()
    Y = auto()
    Z = auto()

class Text(StrEnum):
    X = auto()
    Y = auto()
    Z = auto()

class Number(Enum):
    X = 1
    Y = 2
    Z = 3

TABLE = {}

def on(*keys):
    def add(call):
        for key in keys:
            TABLE[key] = call
        return call
    return add

@on(FIRST)
async def a(step):
    await step.sleep("a", 1)

@on(OTHERS)
async def b(step):
    await step.sleep("b", 1)

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        await TABLE[KEY](step)
"""


def _lookup(first: str, others: str, key: str = 'event["payload"]["k"]') -> list[str]:
    source = SEVERAL.replace("FIRST", first).replace("OTHERS", others).replace("KEY", key)
    return notation(workflow_of_module(source).graph).split("\ndef ")[0].splitlines()


@pytest.mark.parametrize("cls", ["Plain", "Text", "Number"])
def test_a_loop_registers_a_function_for_several_members(cls: str) -> None:
    cases = [f"| case {cls}.X", "  call a", f"| case {cls}.Y", "  call b", f"| case {cls}.Z", "  call b"]
    assert _lookup(f"{cls}.X", f"{cls}.Y, {cls}.Z") == ['switch event["payload"]["k"]', *cases]


def test_a_loop_registers_a_function_for_several_texts() -> None:
    cases = ['| case "x"', "  call a", '| case "y"', "  call b", '| case "z"', "  call b"]
    assert _lookup('"x"', '"y", "z"') == ['switch event["payload"]["k"]', *cases]


@pytest.mark.parametrize("key", ["Plain.Y", "Plain.Z", "Text.Z", '"z"', "Number.Z"])
def test_a_known_key_selects_the_function_of_a_loop(key: str) -> None:
    cls = "Text" if key == '"z"' else key.split(".", 1)[0]
    assert _lookup(f"{cls}.X", f"{cls}.Y, {cls}.Z", key) == ["call b"]


def test_a_later_registration_replaces_the_function_of_a_member() -> None:
    assert _lookup("Plain.X, Plain.Y", "Plain.Y", "Plain.Y") == ["call b"]


@pytest.mark.parametrize(("first", "other"), [("Plain.X", "Number.X"), ("Number.X", "1"), ("Plain.X", '"X"')])
def test_a_member_is_not_equal_to_its_value(first: str, other: str) -> None:
    assert _lookup(first, other, first) == ["call a"]


@pytest.mark.parametrize(
    "members",
    [
        "(str, Enum):\n    X = 'x'\n    Y = 'y'",  # equal to their values
        "(Enum):\n    Y = 2\n    X = auto()",  # may be equal
        "(Enum):\n    X = auto()\n    Y: int = 1",
        "(Enum):\n    X = Y = auto()",
        "(Enum):\n    _generate_next_value_ = staticmethod(len)\n    X = auto()\n    Y = auto()",
        "(StrEnum):\n    _generate_next_value_ = staticmethod(print)\n    X = auto()\n    Y = auto()",
        "(Enum):\n    X = value()\n    Y = value()",
    ],
)
def test_members_that_may_be_equal_are_no_certain_keys(members: str) -> None:
    source = SEVERAL.replace("TABLE = {}", f"class Other{members}\n\nTABLE = {{}}")
    source = source.replace("FIRST", "Other.X").replace("OTHERS", "Other.Y").replace("KEY", "Other.X")
    assert notation(workflow_of_module(source).graph).startswith("switch Other.X")
