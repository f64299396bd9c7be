"""Variables and attributes in code that runs only if a test of their type, or a test for None, succeeds."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, graph_of_module, notation, text, workflow_of

RESULTS = """\
class Ok:
    __match_args__ = ("value",)

    def __init__(self, value):
        self.value = value

class Err:
    def __init__(self, reason, handler):
        self.reason, self.handler = reason, handler

result = Ok(a) if event["payload"]["ok"] else Err("late", b)
"""
NODE = """\
class Node:
    next = None

    async def go(self):
        await a()
        if self.next is not None:
            await self.next.go()

"""


def codes_of(body: str) -> list[str]:
    """Return the codes of the notes that make the graph of a body incomplete."""
    return [note.code for note in workflow_of(body).notes if note.incomplete]


def lines_of(body: str, after: str = RESULTS) -> list[str]:
    """Return the lines of the graph of a body after definitions. The analysis must be complete."""
    assert codes_of(after + body) == []
    return graph_of(after + body).split("\n")


@pytest.mark.parametrize(
    "test",
    [
        "isinstance(result, Ok)",
        "isinstance(result, (Ok, int))",
        "isinstance(result, Ok | int)",
        "not isinstance(result, Err)",
        "not isinstance(result, (Err, str))",
    ],
)
def test_isinstance_selects_the_objects_of_a_class(test: str) -> None:
    body = f"if {test}:\n    await result.value()\nelse:\n    await result.handler()"
    assert lines_of(body) == [f"if {test}", "  a", "else", "  b"]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("steps = result.steps if isinstance(result, Chain) else [result]", ["a"]),
        ("steps = [result.first] if not isinstance(result, (list, Chain)) else result.steps", ["a"]),
        (
            "if isinstance(result, list | tuple):\n    steps = list(result)\nelse:\n    steps = [*result.steps, b]",
            ["a", "b"],
        ),
        (
            "steps = [a]\nif isinstance(result, Chain):\n    await b()",
            ["if isinstance(result, Chain)", "  b", "a"],
        ),
    ],
)
def test_isinstance_decides_values_but_shows_steps(choice: str, expected: list[str]) -> None:
    definitions = "class Chain:\n    def __init__(self, *steps):\n        self.steps = steps\n\nresult = Chain(a)\n"
    assert lines_of(f"{choice}\nfor one in steps:\n    await one()", definitions) == expected


def test_a_step_is_no_instance_of_a_project_class() -> None:
    definitions = "class Chain:\n    def __init__(self, *steps):\n        self.steps = steps\n\nresult = a\n"
    body = "for one in result.steps if isinstance(result, Chain) else [result]:\n    await one()"
    assert lines_of(body, definitions) == ["a"]


def test_the_step_object_is_no_instance_of_a_project_class() -> None:
    definitions = "class Chain:\n    def __init__(self, first):\n        self.first = first\n\n"
    choice = "result = step if x else Chain(a)\n"
    body = "if isinstance(result, Chain):\n    await result.first()\nelse:\n    await result.sleep('s', 1)"
    assert lines_of(body, definitions + choice) == ["if isinstance(result, Chain)", "  a", "else", "  sleep 's' 1"]


@pytest.mark.slow
def test_the_step_object_lacks_the_attributes_of_other_objects() -> None:
    definitions = "class Chain:\n    def __init__(self, first):\n        self.first = first\n\n"
    results = "results = {'step': step, 'chain': Chain(a)}\n"
    body = "await results[event['payload']['name']].first()"
    assert lines_of(body, definitions + results) == ["switch event['payload']['name']", "| case 'chain'", "  a"]


def test_isinstance_of_one_of_several_objects() -> None:
    definitions = (
        "class Chain:\n    def __init__(self, *steps):\n        self.steps = steps\n\n"
        "result = Chain(a) if x else Chain(b)\n"
    )
    body = "for one in result.steps if isinstance(result, Chain) else [result]:\n    await one()"
    assert lines_of(body, definitions) == ["if x", "  a", "else", "  b"]


def test_a_step_may_be_an_instance_of_a_protocol() -> None:
    definitions = """
import typing

@typing.runtime_checkable
class Runs(typing.Protocol):
    def __call__(self): ...

result = a
"""
    assert lines_of("if isinstance(result, Runs):\n    await b()", definitions) == [
        "if isinstance(result, Runs)",
        "  b",
    ]


def test_isinstance_includes_subclasses() -> None:
    subclass = RESULTS.replace("result = Ok(a)", "class Cached(Ok):\n    pass\n\nresult = Cached(a)")
    body = "if isinstance(result, Ok):\n    await result.value()\nelse:\n    await result.handler()"
    assert lines_of(body, subclass) == ["if isinstance(result, Ok)", "  a", "else", "  b"]


def test_the_code_after_a_return_sees_the_other_objects() -> None:
    body = "if isinstance(result, Err):\n    await result.handler()\n    return\nawait result.value()"
    assert lines_of(body) == ["if isinstance(result, Err)", "  b", "  return", "a"]


def test_a_later_assignment_replaces_a_narrowed_object() -> None:
    body = (
        "if isinstance(result, Err):\n    await result.handler()\n    return\n"
        "await result.value()\nresult = Err('x', c)\nawait result.handler()"
    )
    assert lines_of(body)[-2:] == ["a", "c"]


@pytest.mark.parametrize(
    "definitions",
    [
        "class Meta(type):\n    def __instancecheck__(cls, other): ...\n\nclass Ok(metaclass=Meta):\n    pass\n",
        "from abc import ABC\n\nclass Ok(ABC):\n    pass\n\nOk.register(Err)\n",
        "from abc import ABC\n\nclass Ok(ABC):\n    @classmethod\n    def __subclasshook__(cls, other): ...\n",
        "from typing import Protocol\n\nclass Ok(Protocol):\n    value: object\n",
        "from typing import Protocol\n\nclass Ok(Protocol):\n    def handler(self): ...\n",
        "from typing import Protocol\n\nclass Ok(Protocol):\n    def get(self): ...\n\nOk.register(Err)\n",
        "isinstance = lambda value, cls: True\n",
    ],
)
def test_an_ambiguous_test_narrows_nothing(definitions: str) -> None:
    body = f"{definitions}if isinstance(result, Ok):\n    await result.handler()"
    assert "b" in graph_of(RESULTS + body).split()


@pytest.mark.parametrize(
    "member", ["__class__ = Err", "__class__ = property(lambda self: Err)", "def __getattribute__(self, name): ..."]
)
def test_a_proxy_may_be_an_instance_of_its_target(member: str) -> None:
    """The function `isinstance` also examines `__class__`."""
    body = f"class Proxy:\n    {member}\n\nproxy = Proxy()\nif isinstance(proxy, Err):\n    await c()"
    assert graph_of(RESULTS + body).split("\n")[-2:] == ["if isinstance(proxy, Err)", "  c"]


@pytest.mark.parametrize("base", ["ABC", "metaclass=ABCMeta"])
def test_isinstance_of_a_subclass_of_an_abstract_class(base: str) -> None:
    results = RESULTS.replace("class Ok", f"from abc import ABC, ABCMeta\n\nclass Base({base}): ...\n\nclass Ok(Base)")
    body = "if isinstance(result, Ok):\n    await result.value()\nelse:\n    await result.handler()"
    assert lines_of(body, results) == ["if isinstance(result, Ok)", "  a", "else", "  b"]


PROTOCOL = """\
from typing import Protocol, runtime_checkable

@runtime_checkable
class Undoable(Protocol):
    async def undo(self): ...

class Log: ...

"""


def test_a_protocol_excludes_objects_without_its_methods() -> None:
    definitions = "class Save:\n    async def undo(self):\n        await a()\n\naction = Save() if event else Log()\n"
    body = "if isinstance(action, Undoable):\n    await action.undo()\n"
    assert lines_of(body, PROTOCOL + definitions) == [
        "if isinstance(action, Undoable)",
        "  call undo",
        "def undo",
        "  a",
    ]


def test_a_protocol_includes_objects_that_look_up_methods() -> None:
    definitions = (
        "class Save:\n    def __getattr__(self, name):\n        return a\n\naction = Save() if event else Log()\n"
    )
    body = "if isinstance(action, Undoable):\n    await action.undo()\n"
    assert lines_of(body, PROTOCOL + definitions) == ["if isinstance(action, Undoable)", "  a"]


@pytest.mark.parametrize("pattern", ["Ok(value=function)", "Ok(function)"])
def test_a_class_pattern_captures_attributes_of_its_objects(pattern: str) -> None:
    body = (
        f"match result:\n    case {pattern}:\n        await function()\n    case Err(handler=h):\n        await h()\n"
    )
    assert lines_of(body) == ["switch result", f"| case {pattern}", "  a", "| case Err(handler=h)", "  b"]


def test_a_class_pattern_selects_the_objects_of_the_subject() -> None:
    body = (
        "match result:\n    case Ok():\n        await result.value()\n    case Err():\n        await result.handler()"
    )
    assert lines_of(body) == ["switch result", "| case Ok()", "  a", "| case Err()", "  b"]


def test_alternative_patterns_capture_either_attribute() -> None:
    body = "match result:\n    case Ok(value=h) | Err(handler=h):\n        await h()"
    assert {"a", "b"} <= set(graph_of(RESULTS + body).split())


def test_positional_patterns_without_declared_names_are_noted() -> None:
    body = "match result:\n    case Err(_, h):\n        await h()"
    assert "unresolved-call" in codes_of(RESULTS + body)


def test_an_attribute_of_none_has_no_steps() -> None:
    body = "first, second = Node(), Node()\nfirst.next = second\nawait first.go()"
    assert lines_of(body, NODE) == [
        "call go",
        "def go",
        "  a",
        "  if self.next is not None",
        "    call go #2",
        "def go #2",
        "  a",
    ]


@pytest.mark.parametrize(
    "change",
    [
        "setattr(node, event['payload']['name'], Node())",
        "arm(Node)",
    ],
)
def test_an_attribute_that_unknown_code_may_set_is_not_none(change: str) -> None:
    definitions = f"from acme import arm\n{NODE}node = Node()\n{change}\n"
    assert codes_of(definitions + "await node.go()") != []


def test_a_metaclass_may_set_an_attribute_that_is_none() -> None:
    definitions = NODE.replace(
        "class Node:", "class Meta(type):\n    def arm(self):\n        self.next = b\n\nclass Node(metaclass=Meta):"
    )
    assert codes_of(definitions + "Node.arm()\nawait Node().go()") != []


def test_an_operator_that_tests_its_operand_at_import() -> None:
    source = """
    from workers import WorkflowEntrypoint

    async def a(step):
        await step.sleep("a", 1)

    class Stage:
        def __init__(self, *functions):
            self.functions = functions

        def __rshift__(self, other):
            if isinstance(other, Stage):
                return Stage(*self.functions, *other.functions)
            return Stage(*self.functions, other)

        async def run(self, step):
            for function in self.functions:
                await function(step)

    STAGE = Stage(a) >> Stage(a) >> a

    class W(WorkflowEntrypoint):
        async def run(self, event, step):
            await STAGE.run(step)
    """
    assert graph_of_module(source) == text("""
        call Stage.run
        def Stage.run
          call a
          call a
          call a
        def a
          sleep 'a' 1
    """)


PLUGINS = """\
class Loader:
    before = staticmethod(a)

class Cleaner:
    after = staticmethod(b)

"""


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        ("before = getattr(p, 'before', None)\nif before is not None: await before()", ["  if before is not None"]),
        ("before = getattr(p, 'before', None)\nif before: await before()", ["  if before"]),
        (
            "if (before := getattr(p, 'before', None)) is not None: await before()",
            ["  if (before := getattr(p, 'before', None)) is not None"],
        ),
        ("if hasattr(p, 'before'): await p.before()", ["  if hasattr(p, 'before')"]),
        (
            "if callable(getattr(p, 'before', None)): await p.before()",
            ["  if callable(getattr(p, 'before', None))"],
        ),
        ("if hasattr(p, 'during'): await p.during(step)\nelse: await a()", ["a"]),
        ("if callable(getattr(p, 'during', None)): await p.during(step)", None),
    ],
)
def test_optional_methods_are_those_of_the_classes(use: str, expected: list[str] | None) -> None:
    lines = [f"    {line}" for line in use.splitlines()]
    body = "\n".join(["for p in [Loader(), Cleaner()]:", *lines, "    await getattr(p, 'after', a)()"])
    shown = ["  a"] if expected == ["a"] else [] if expected is None else [*expected, "    a"]
    rest = ["  switch p", "  | case Cleaner()", "    b", "  | case Loader()", "    a"]
    assert sorted(lines_of(body, PLUGINS)) == sorted(["loop", *shown, *rest])


@pytest.mark.parametrize(
    "test",
    [
        "hasattr(self, 'env')",
        "hasattr(table, 'move_to_end')",
        "hasattr(table, '__len__')",
        "hasattr(late, 'extra')",
        "hasattr(late, 'added')",
    ],
)
def test_attributes_that_the_classes_do_not_show(test: str) -> None:
    definitions = (
        "import collections\nclass Table(collections.OrderedDict): ...\nclass Late: ...\n"
        "def extend(each, name):\n    each.extra = 1\n    setattr(Late, name, a)\n"
        "table = Table()\nlate = Late()\nextend(late, event)\n"
    )
    assert lines_of(f"if {test}: await a()", definitions) == [f"if {test}", "  a"]


def test_partial_objects_have_no_name() -> None:
    body = "f = functools.partial(a) if event else 1\nif not hasattr(f, '__name__'): await f()"
    assert lines_of(body, "import functools\n") == ["if not hasattr(f, '__name__')", "  a"]


ONE_OR_SEVERAL = """\
async def execute(work):
    for f in as_list(work):
        await f()

def as_list(work):
    return {value}

await execute(a)
await execute([b, c])
"""


@pytest.mark.parametrize(
    "value",
    [
        "work if isinstance(work, list) else [work]",
        "[work] if not isinstance(work, (list, tuple)) else work",
        "list(work) if isinstance(work, collections.abc.Sequence) else [work]",
        "[work] if callable(work) or isinstance(work, str) else work",
    ],
)
def test_isinstance_tells_collections_from_functions(value: str) -> None:
    assert codes_of(f"import collections.abc\n{ONE_OR_SEVERAL.format(value=value)}") == []


def test_calls_with_a_list_and_a_tuple_differ() -> None:
    source = ONE_OR_SEVERAL.format(value="work if isinstance(work, list) else (c,)")
    source = source.replace("execute(a)", "execute((b, c))")
    assert lines_of(source, after="") == text("""
        call execute(c)
        call execute(b, c)
        def execute(c)
          c
        def execute(b, c)
          b
          c
    """).split("\n")


@pytest.mark.parametrize(
    "use",
    [
        "for value in [x.value for x in results if isinstance(x, Ok)]:\n    await value()",
        "for x in (x for x in results if isinstance(x, Ok)):\n    await x.value()",
        "[await x.value() for x in results if x and isinstance(x, Ok)]",
    ],
)
def test_filters_of_comprehensions_select_objects(use: str) -> None:
    results = 'results = [Ok(a), Err("late", b), None]\n'
    assert lines_of(f"{use}\nawait b()", RESULTS + results) == ["loop", "  a", "b"]


def test_objects_without_the_method_end_the_path() -> None:
    body = "for x in [Ok(a), Err('late', b)]:\n    await x.value()\nawait b()"
    assert lines_of(body) == ["loop", "  switch x", "  | case Ok(a)", "    a", "b"]


@pytest.mark.parametrize(
    "change", ["setattr(errors[0], name, a)", "Err.value = a", "errors[0].__dict__.update(value=a)"]
)
def test_objects_that_may_get_the_method(change: str) -> None:
    objects = f"name = event['payload']['name']\nerrors = [Err('late', b)]\n{change}\n"
    body = "for x in [Ok(b), *errors]:\n    await x.value()"
    workflow = workflow_of(RESULTS + objects + body)
    steps = [line.strip() for line in notation(workflow.graph).splitlines()]
    assert not workflow.complete or "a" in steps


def test_slices_of_one_of_two_tuples_have_an_unknown_type() -> None:
    body = """
todo = (a, b)
if event["payload"]["late"]:
    todo = (b, a)
while todo:
    todo = todo[1:]
    f = a if isinstance(todo, tuple) else b
    await f()
"""
    assert "    a" in lines_of(body, after="")


def test_sums_of_one_of_two_tuples_are_tuples() -> None:
    body = """
todo = ((a, b) if event["payload"]["late"] else (b,)) + (a,)
f = a if isinstance(todo, list) else b
await f()
await a()
"""
    assert lines_of(body, after="") == ["b", "a"]


def test_code_for_other_classes_has_no_steps() -> None:
    body = "if isinstance(one, Ok):\n    await one.value()\nelse:\n    await one.handler()\nawait a()"
    assert lines_of(f"one = Err('late', b)\n{body}") == ["if isinstance(one, Ok)", "else", "  b", "a"]
