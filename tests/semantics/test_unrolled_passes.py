"""Tests of loop variables that the current pass of an unrolled loop decides."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text

PAIRS = 'for kind, fn in (("x", a), ("y", b), (None, c)):\n'


@pytest.mark.parametrize(
    "test",
    ['kind == "x"', 'not kind != "x"', 'kind in ("x", "z")', 'kind not in ["y", None]', "kind == KIND"],
)
def test_a_constant_decides_a_test(test: str) -> None:
    assert graph_of(f"KIND = 'x'\n{PAIRS}    if {test}:\n        await fn()").splitlines()[0] == "a"


@pytest.mark.parametrize("test", ["kind is None", "not kind"])
def test_none_decides_a_test(test: str) -> None:
    assert graph_of(f"{PAIRS}    if {test}:\n        await fn()") == "c"


def test_each_pass_runs_one_branch() -> None:
    body = (
        '    if kind == "x":\n        await fn()\n    elif kind == "y":\n        await d()\n    else:\n        return'
    )
    assert graph_of(PAIRS + body) == "a\nd"


@pytest.mark.parametrize(
    ("cases", "graph"),
    [
        ('case "x" | "z":\n            await fn()\n        case _:\n            await d()', "a\nd\nd"),
        ('case None:\n            await fn()\n        case "y" as each:\n            await d()', "d\nc"),
    ],
)
def test_a_constant_selects_a_case(cases: str, graph: str) -> None:
    assert graph_of(f"{PAIRS}    match kind:\n        {cases}") == graph


@pytest.mark.parametrize("test", ['kind == "x" and n == 1', 'not (kind == "y" or n == 3)'])
def test_constants_of_several_variables_decide_a_test(test: str) -> None:
    loop = 'for kind, n, fn in (("x", 1, a), ("y", 2, b), ("x", 3, c)):'
    assert graph_of(f"{loop}\n    if {test}:\n        await fn()") == "a"


def test_an_unknown_operand_leaves_a_test_undecided() -> None:
    test = 'wanted and kind == "x"'
    assert graph_of(f"{PAIRS}    if {test}:\n        await fn()").count(f"if {test}") == len("xyz")


@pytest.mark.parametrize("target", ["[kind, fn]", "kind, *_, fn", "kind, fn, *_"])
def test_constants_in_other_targets_decide_a_test(target: str) -> None:
    loop = f'for {target} in (("x", a), ("y", b)):'
    assert graph_of(f'{loop}\n    if kind == "x":\n        await fn()\n    else:\n        await d()') == "a\nd"


def test_items_after_a_starred_target_decide_a_test() -> None:
    loop = 'for kind, *fns, n in (("x", a, 1), ("y", b, c, 0)):'
    body = "for fn in fns:\n        await fn()\n    if n == 1:\n        await d()"
    assert graph_of(f"{loop}\n    {body}") == "a\nd\nb\nc"


@pytest.mark.parametrize("target", ["kind, *kind", "kind, (kind)"])
def test_a_variable_that_a_target_binds_twice_decides_no_test(target: str) -> None:
    assert "d" in graph_of(f'for {target} in (("x", a), ("y", b)):\n    if kind != "x":\n        await d()')


def test_a_pattern_of_a_class_is_undecided() -> None:
    cases = "case str():\n            await fn()"
    assert graph_of(f"{PAIRS}    match kind:\n        {cases}").count("switch kind") == len("xyz")


@pytest.mark.parametrize(
    "body",
    [
        'if op["kind"] == "x":\n        await op["fn"]()\n    else:\n        await d()',
        'match op:\n        case {"kind": "x"}:\n            await a()\n        case {}:\n            await d()',
        'match op:\n        case {"fn": f}:\n            await f()\n        case {}:\n            await d()',
    ],
)
def test_an_item_of_a_dictionary_decides_a_test(body: str) -> None:
    assert graph_of(f'for op in [{{"kind": "x", "fn": a}}, {{"kind": "y"}}]:\n    {body}') == "a\nd"


@pytest.mark.parametrize(
    "body",
    [
        'if op[0] == "x":\n        await op[1]()\n    else:\n        await d()',
        'match op:\n        case ("x", fn):\n            await fn()\n        case ("y", _):\n            await d()',
        'match op:\n        case ["z", _]: pass\n        case ("x", *_): await a()\n        case _: await d()',
        'match op:\n        case (_, _, _) | (_,): pass\n        case ("x", _): await a()\n        case _: await d()',
    ],
)
def test_an_item_of_a_tuple_decides_a_test(body: str) -> None:
    assert graph_of(f'for op in [("x", a), ("y", 5)]:\n    {body}') == "a\nd"


@pytest.mark.parametrize(
    ("operations", "change"),
    [('[("x", a)]', "if wanted: op = (x, b)"), ('[["x", a]]', "if wanted: op[0] = x"), ('[(x, a), ("y", b)]', "")],
)
def test_a_changed_or_unknown_tuple_decides_no_test(operations: str, change: str) -> None:
    cases = 'case ("x", _):\n            await a()\n        case _:\n            await c()'
    assert "switch op" in graph_of(f"for op in {operations}:\n    {change or 'pass'}\n    match op:\n        {cases}")


@pytest.mark.parametrize(
    "change",
    ['op["kind"] = x', "op.update(kind=x)", 'for each in ops:\n        each["kind"] = x', "op = dict(op, kind=x)"],
)
def test_a_changed_dictionary_decides_no_test(change: str) -> None:
    loop = (
        f'ops = [{{"kind": "x", "fn": a}}]\nfor op in ops:\n    {change}\n    if op["kind"] == "y":\n        await d()'
    )
    assert "d" in graph_of(loop)


def test_a_nested_function_may_change_a_variable() -> None:
    change = "    def change():\n        nonlocal kind\n        kind = 'z'\n    change()\n"
    assert "d" in graph_of(f"{PAIRS}{change}    if kind == 'z':\n        await d()\n    await fn()")


def test_a_comprehension_has_its_own_variable() -> None:
    body = '    await fn()\n    [await d() for kind in x if kind == "z"]'
    assert "d" in graph_of(PAIRS + body)


def test_a_generator_expression_has_its_own_variable() -> None:
    loop = 'for fn in (fn for kind, fn in (("x", a), ("y", b))):'
    assert "d" in graph_of(f"kind = x\n{loop}\n    if kind == 'z':\n        await d()\n    await fn()")


def test_each_pass_wraps_the_handler_of_the_previous_pass() -> None:
    assert graph_of("""
        class Inner:
            async def handle(self):
                await a()

        class First:
            def __init__(self, inner):
                self.inner = inner

            async def handle(self):
                await b()
                await self.inner.handle()

        class Second(First):
            async def handle(self):
                await c()
                await self.inner.handle()

        handler = Inner()
        for outer in (First, Second):
            handler = outer(handler)
        await handler.handle()
    """) == text("""
        call Second.handle
        def Second.handle
          c
          call First.handle
        def First.handle
          b
          call Inner.handle
        def Inner.handle
          a
    """)


def test_each_pass_wraps_the_function_of_the_previous_pass() -> None:
    assert graph_of("""
        class Middleware:
            def __init__(self, action):
                self.action = action

            async def handle(self, following):
                await self.action()
                await following()

        call = c
        for middleware in [Middleware(b), Middleware(a)]:
            call = functools.partial(middleware.handle, call)
        await call()
    """) == text("""
        call handle(handle)
        def handle(handle)
          a
          call handle(c)
        def handle(c)
          b
          c
    """)


STAGES = """
class Stages:
    async def stage_1(self):
        await a()

    async def stage_2(self):
        await b()

stages = Stages()
"""


@pytest.mark.parametrize("name", ['f"stage_{n}"', '"stage_" + str(n)'])
@pytest.mark.parametrize("numbers", ["(1, 2)", "range(1, 3)"])
def test_a_loop_over_numbers_in_names_is_unrolled(name: str, numbers: str) -> None:
    graph = graph_of(f"{STAGES}for n in {numbers}:\n    await getattr(stages, {name})()")
    assert graph.splitlines()[:2] == ["call stage_1", "call stage_2"]


def test_a_loop_over_many_numbers_is_a_loop() -> None:
    graph = graph_of(f'{STAGES}for n in range(1, 1000):\n    await getattr(stages, f"stage_{{n}}")()')
    assert graph.splitlines()[0] == "loop"


@pytest.mark.parametrize("owner", ["event", "event['payload']", "self.env", "User()"])
def test_a_loop_over_names_of_data_is_a_loop(owner: str) -> None:
    loop = f"owner = {owner}\nfor name in ('x', 'y'):\n    if getattr(owner, name, None):\n        await a()"
    assert graph_of(f'class User:\n    name = "x"\n\n{loop}').splitlines()[0] == "loop"


@pytest.mark.parametrize(
    "owner",
    [
        "class Ops:\n    pass\n\nops = Ops()\nops.x, ops.y = a, b",
        "class Ops:\n    x = lambda self: a()\n    y = lambda self: b()\n\nops = Ops()",
    ],
)
def test_a_loop_over_names_of_functions_in_fields_is_unrolled(owner: str) -> None:
    assert graph_of(f"{owner}\nfor name in ('x', 'y'):\n    await getattr(ops, name)()") == "a\nb"


CLASSES = """
class Charge:
    async def run(self): await a()

class Ship:
    async def run(self): await b()

"""


@pytest.mark.parametrize("objects", ["(cls() for cls in (Charge, Ship))", "[cls() for cls in (Charge, Ship)]"])
def test_a_comprehension_over_classes_creates_an_object_of_each(objects: str) -> None:
    graph = graph_of(f"{CLASSES}charge, ship = {objects}\nawait ship.run()\nawait charge.run()")
    assert [line for line in graph.splitlines() if line.startswith("call")] == ["call Ship.run", "call Charge.run"]


def test_a_loop_over_objects_that_a_generator_expression_creates() -> None:
    graph = graph_of(f"{CLASSES}for job in (cls() for cls in (Charge, Ship)):\n    await job.run()")
    assert graph.splitlines()[:2] == ["loop", "  switch cls"]
