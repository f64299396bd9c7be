"""Relevant values in operations without a model are reported, and never dropped silently."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import codes_of, graph_of, module_of, text, workflow_of

CALLED = """
class Service:
    def __init__(self):
        self.step = step

    async def go(self):
        await self.step.sleep("n", 1)

service = Service()
"""


@pytest.mark.parametrize(
    "use",
    [
        "await service.missing()",
        "await service.missing(step)",
        "await service.part.go()",
        "await getattr(service, name)()",
        "await plugin(getattr(service, name))",
        "for run in service.hooks:\n    await run()",
        "await service.hooks[kind]()",
        "await asyncio.gather(*service.hooks)",
        "first, second = service.hooks\nawait first()",
        "async with service.session():\n    await a()",
        "await vars(service)[name]()",
        "await service.__dict__[name]()",
        "await service.go.__func__(service)",
        "await type(service).missing(service)",
        "service(step)",
        "await service[name]()",
        "for run in service:\n    await run()",
        "run, *_ = service\nawait run()",
        "await (service + 1)",
    ],
)
def test_member_that_nothing_defines(use: str) -> None:
    assert codes_of(CALLED + textwrap.dedent(use))


COLLECTIONS = """
fns = [a, b]
table = {"x": a, "y": b}
"""


@pytest.mark.parametrize(
    "use",
    [
        "await fns.popleft_any()()",
        "await plugin(*fns)",
        "await sum([fns], [])[0]()",
        "await {**table, **plugin()}['x']()",
        "table.update(plugin())\nawait table['x']()",
        "table.update(plugin())\nawait table.get('x', c)()",
        "table |= plugin()\nawait table['x']()",
        "await (table | plugin())['x']()",
        "await {**table, **plugin()}.get(kind, c)()",
        "await {**plugin(), **table}.get(kind, c)()",
        "plugin.go = a",
        "plugin().go = fns",
        "plugin['go'] = lambda: a()",
        "plugin.fns, other = fns, 1",
        "await a.__wrapped__()",
        "await a.retry(3)()",
        "a.__call__()",
        "await functools.reduce(compose, fns)()",
        "await operator.itemgetter(0)(fns)()",
        "await {fns: 1}.fromkeys(fns)",
        "fns.__iadd__([c])\nfor fn in fns:\n    await fn()",
        "await (fns @ 3)[0]()",
        "await (-fns)()",
        "await (a + b)()",
    ],
)
def test_collection_of_steps_in_unmodeled_operations(use: str) -> None:
    assert "escapes" in codes_of(COLLECTIONS + use) or "unresolved-call" in codes_of(COLLECTIONS + use)


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        (
            "await table.popitem()[1]()\nawait a()",
            "b\na",
        ),
        ("for fn in {a} | {b}:\n    await fn()", "loop\n  switch fn\n  | case a\n    a\n  | case b\n    b"),
        ("for fn in {a, b} - {b}:\n    await fn()", "loop\n  switch fn\n  | case a\n    a\n  | case b\n    b"),
        ("for fn in {a: 1, b: 2}:\n    await fn()", "loop\n  switch fn\n  | case a\n    a\n  | case b\n    b"),
        ("for fn in table.copy().values():\n    await fn()", "a\nb"),
        ("await dict(table)['x']()\nawait b()", "a\nb"),
        ("await dict([('x', a), ('y', b)])['y']()\nawait a()", "b\na"),
        ("await {'x': b, **table}['x']()\nawait b()", "a\nb"),
        ("await {**plugin(), **table}['x']()\nawait b()", "a\nb"),
        ("await ({'x': b} | table)['x']()\nawait b()", "a\nb"),
        ("table.update([('x', b)])\nawait table['x']()\nawait a()", "b\na"),
        ("await {}.get(kind, a)()\nawait b()", "a\nb"),
        ("await next(iter([]), a)()\nawait b()", "a\nb"),
        ("await table.get('z', a)()\nawait b()", "a\nb"),
        (
            "for fn in fns + plugin():\n    await fn()",
            "loop\n  switch fn\n  | case a\n    a\n  | case b\n    b\n  | case plugin()",
        ),
    ],
)
def test_collection_of_steps_that_is_followed(use: str, expected: str) -> None:
    assert codes_of(COLLECTIONS + use) == []
    assert graph_of(COLLECTIONS + use) == expected


STARTED = "loop\n  parallel all\n    sleep 'n' 1 [1>]"


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        ("any(step.sleep('n', 1) for row in rows)", STARTED),
        ("all(step.sleep('n', 1) for row in rows)", STARTED),
        ("sum(step.sleep('n', 1) for row in rows)", STARTED),
        ("max((step.sleep('n', 1) for row in rows), default=1)", STARTED),
        ("sorted(rows, key=lambda row: step.sleep('n', 1))", STARTED),
        ("[3].sort(key=lambda row: step.sleep('n', 1))", STARTED),
        ("max(rows, key=lambda row: step.sleep('n', 1))", STARTED),
        ("min(a, b, key=rank)", "no graph"),
        ("await max([a, b], key=rank)()", "switch max([a, b], key=rank)\n| case a\n  a\n| case b\n  b"),
        ("await min(a, b)()", "switch min(a, b)\n| case a\n  a\n| case b\n  b"),
    ],
)
def test_builtins_that_iterate_over_their_arguments(use: str, expected: str) -> None:
    assert graph_of("rows = event['payload']['rows']\n" + use) == expected


@pytest.mark.parametrize("use", ["await eval('step.do(1)(f)()')", "exec('x = step', {})", "await eval(text)"])
def test_code_in_a_string_may_use_the_step_object(use: str) -> None:
    assert "escapes" in codes_of(use)


MAKERS = {
    "new": """
        class Maker:
            def __new__(cls, fn):
                return fn
    """,
    "metaclass": """
        class Meta(type):
            def __call__(cls, fn):
                return fn

        class Maker(metaclass=Meta):
            pass
    """,
    "inherited new": """
        class Base:
            def __new__(cls, fn):
                return fn

        class Maker(Base):
            pass
    """,
    "usual new": """
        class Maker:
            def __new__(cls, fn):
                return super().__new__(cls)

            def __init__(self, fn):
                self.fn = fn

            def __call__(self):
                return self.fn()
    """,
    "new that writes": """
        class Maker:
            def __new__(cls, *args):
                self = super().__new__(cls)
                self.made = True
                return self

            def __init__(self, fn):
                self.fn = fn

            def __call__(self):
                return self.fn()
    """,
    "usual metaclass": """
        class Meta(type):
            def __call__(cls, *args):
                return super().__call__(*args)

        class Maker(metaclass=Meta):
            def __init__(self, fn):
                self.fn = fn

            def __call__(self):
                return self.fn()
    """,
}


@pytest.mark.parametrize("maker", MAKERS)
def test_class_whose_call_returns_another_object(maker: str) -> None:
    definition = textwrap.dedent(MAKERS[maker])
    assert codes_of(definition + "\nawait Maker(a)()") == []
    assert graph_of(definition + "\nawait Maker(a)()").replace("call __call__\ndef __call__\n  ", "") == "a"


RETRY = """
class Retry(Exception):
    def __init__(self, action):
        self.action = action
class Stop(Retry):
    pass
"""
FAIL = "def fail():\n    raise Retry(a)\n"
EITHER = "try:\n    await b()\n    if event:\n        raise Retry(a)\n    raise Stop(c)\n"


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        (
            "try:\n    await b()\n    raise Retry(a)\nexcept Retry as error:\n    await error.action()",
            "try\n  b\ncatch\n  switch exception\n  | case Retry\n    a\n  | default\n    return",
        ),
        (
            FAIL + "try:\n    await b()\n    fail()\nexcept Exception as error:\n    await error.action()",
            "try\n  b\ncatch\n  a",
        ),
        (
            EITHER + "except Stop as error:\n    await error.action()\nexcept Retry as error:\n    pass",
            None,
        ),
    ],
)
def test_callable_that_an_exception_carries(use: str, expected: str | None) -> None:
    graph = graph_of(RETRY + use)
    assert expected is None or graph == expected
    assert expected is not None or ("| case Stop\n    c" in graph and "\n    a" not in graph)
    assert "escapes" not in codes_of(RETRY + use)


@pytest.mark.parametrize(
    "use",
    [
        "try:\n    raise Plain(a)\nexcept Plain as error:\n    await error.args[0]()",
        "try:\n    raise ValueError(a)\nexcept ValueError as error:\n    await error.args[0]()",
        "try:\n    plugin()\nexcept Plain as error:\n    await b()\nplugin(Plain(a))",
        (
            "class Own(Plain):\n    def __init__(self, fn):\n        super().__init__(fn)\n"
            "try:\n    raise Own(a)\nexcept Own as error:\n    await error.args[0]()"
        ),
    ],
)
def test_argument_of_an_exception(use: str) -> None:
    graph = graph_of("class Plain(Exception):\n    pass\n" + use)
    assert graph == "a" or "a" in graph.split() or "escapes" in codes_of("class Plain(Exception):\n    pass\n" + use)


@pytest.mark.parametrize(
    "name",
    [
        *("__str__", "__repr__", "__bool__", "__len__", "__eq__", "__hash__", "__del__", "__format__"),
        *("__index__", "__int__", "__instancecheck__"),
        *("__set_name__", "__delete__", "__reversed__", "__copy__", "__reduce__", "__dir__", "__fspath__"),
    ],
)
def test_special_method_with_steps(name: str) -> None:
    assert codes_of(f"""
class Job:
    def __init__(self):
        self.step = step
    def {name}(self, *args):
        self.step.sleep("n", 1)
        return ""
job = Job()
""") == ["escapes"]


def test_special_method_without_steps() -> None:
    assert graph_of("""
class Job:
    def __init__(self):
        self.step = step
    def __repr__(self):
        return "job"
    def __eq__(self, other):
        return True
    async def go(self):
        await a()
await Job().go()
""") == text("""
        call go
        def go
          a
    """)


@pytest.mark.parametrize(
    "body",
    [
        "await self.handle_x()",
        "await getattr(self, 'handle_x')()",
        "await getattr(self, f'handle_{kind}')()",
        "await type(self).handle_x(self)",
        "fn = self.handle_x\nawait fn()",
    ],
)
def test_methods_added_under_an_unknown_name(body: str) -> None:
    source = (
        "from workers import WorkflowEntrypoint\n\n\n"
        "class W(WorkflowEntrypoint):\n    async def run(self, event, step):\n"
        "        self.step = step\n"
        + textwrap.indent(body, " " * 8)
        + "\n\n\nasync def h(self):\n    await self.step.sleep('n', 1)\n\n\n"
        'for name in ("x", "y"):\n    setattr(W, f"handle_{name}", h)\n'
    )
    (workflow,) = module_of(source).workflows
    assert not workflow.complete


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ("case [first, second]:\n        await first()\n        await second()", "a\nb"),
        ("case (first, _):\n        await first()\n        await b()", "a\nb"),
        ("case [*rest]:\n        await rest[0]()\n        await b()", "a\nb"),
        ("case [first, *rest]:\n        await rest[0]()\n        await a()", "b\na"),
        ("case every:\n        await every[0]()\n        await b()", "a\nb"),
        ("case list() as every:\n        await every[0]()\n        await b()", "a\nb"),
        ("case ([first, _] | [first]):\n        await first()\n        await b()", "a\nb"),
    ],
)
def test_steps_bound_by_a_sequence_pattern(match: str, expected: str) -> None:
    body = f"match [a, b]:\n    {match}"
    assert codes_of(body) == []
    assert [line.strip() for line in graph_of(body).split("\n")][2:] == expected.split("\n")


@pytest.mark.parametrize(
    ("match", "complete"),
    [
        ("case {'x': fn}:\n        await fn()", True),
        ("case {'x': {'y': fn}}:\n        await fn()", True),
        ("case {'y': 1, **rest}:\n        await rest['x']()", False),
        ("case Job(fn=run):\n        await run()", True),
        ("case Job(run):\n        await run()", True),
        ("case Job(_, run):\n        await run()", False),
    ],
)
def test_steps_bound_by_other_patterns(match: str, *, complete: bool) -> None:
    subject = "{'x': a}" if "{'x': fn}" in match or "rest" in match else "{'x': {'y': a}}"
    subject = "Job(a)" if "Job" in match else subject
    head = "class Job:\n    __match_args__ = ('fn',)\n    def __init__(self, fn):\n        self.fn = fn\n"
    body = f"{head}match {subject}:\n    {match}\n"
    assert ("unresolved-call" in codes_of(body)) != complete
    assert not complete or "a" in graph_of(body).split()


def test_a_logger_calls_its_filters() -> None:
    escapes = """
        import logging
        log = logging.getLogger("orders")
        log.addFilter(lambda record: asyncio.ensure_future(a()))
        log.info("begins with %s", b)
    """
    assert [note.code for note in workflow_of(escapes).notes if note.code == "escapes"] == ["escapes"]


REGISTRY = """
class Registry:
    def __init__(self):
        self.steps = {"a": a}

    def __contains__(self, name):
        return name in self.steps

"""


@pytest.mark.parametrize(("container", "codes"), [('{"a": a}', []), ("Registry()", []), ("[a]", ["escapes"])])
def test_only_elements_are_compared_with_a_member(container: str, codes: list[str]) -> None:
    search = f"from plugins import find\nif find() in {container}:\n    await b()"
    assert [code for code in codes_of(REGISTRY + search) if code == "escapes"] == codes


def test_an_argument_of_a_call_by_unknown_code_is_passed_to_other_code() -> None:
    workflow = workflow_of("jobs = {}\nexternal(functools.partial(jobs.register, a))\nawait b()")
    assert [note.message for note in workflow.notes] == [
        "the step 'a' is passed to other code, which stepgraph does not model."
    ]
