"""Relevant values in operations without a model are reported, and never dropped silently."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import codes_of, graph_of, module_of, text, workflow_of

GENERATOR = """
async def pages():
    yield await a()
    yield await b()
"""

# Steps without a declaration that a `lost-step` note could report.
NAPS = """
async def pages():
    yield await step.sleep("one", 1)
    yield await step.sleep("two", 1)
"""

MANAGER = """
@contextlib.asynccontextmanager
async def lock():
    await step.sleep("lock", 1)
    yield
"""


@pytest.mark.parametrize(
    "use",
    [
        "g = pages()\nawait anext(g)\nawait anext(g)",
        "await pages().__anext__()",
        "g = pages()\nawait g.asend(None)",
        "g = pages()\nawait g.athrow(ValueError)",
        "await plugin(pages())",
        "await plugin(source=pages())",
        "await plugin([pages()])",
        "plugin.source = pages()",
        "plugin['source'] = pages()",
        "feeds = {'a': pages()}\nawait plugin(feeds)",
        "async for x in aiostream.merge(pages(), other()):\n    await c()",
        "first = anext(pages())\nawait first",
        "asyncio.create_task(anext(pages()))",
    ],
)
def test_async_generator_that_escapes(use: str) -> None:
    assert codes_of(NAPS + use)


@pytest.mark.parametrize(
    "use",
    [
        "cm = lock()\nawait cm.__aenter__()",
        "await plugin(lock())",
        "await plugin(cm=lock())",
        "stack = plugin()\nawait stack.use(lock())",
        "holder = [lock()]\nawait holder[0].__aenter__()",
    ],
)
def test_generator_manager_that_escapes(use: str) -> None:
    assert codes_of(MANAGER + use)


@pytest.mark.parametrize("use", ["next(g)", "g.send(None)", "g.throw(ValueError)", "plugin(g)", "list(map(str, g))"])
def test_plain_generator_with_sleeps_that_escapes(use: str) -> None:
    assert codes_of(f"def naps():\n    step.sleep('n', 1)\n    yield 1\n\ng = naps()\n{use}")


def test_generator_that_is_not_made_runs_nothing() -> None:
    assert codes_of(NAPS + "await a()") == []


@pytest.mark.parametrize("use", ["pages()", "g = pages()", "g = pages()\nawait g.aclose()", "[pages() for x in xs]"])
def test_generator_that_nothing_iterates_over(use: str) -> None:
    assert codes_of(NAPS + use) == ["generator"]


PAGINATION = """
async def pages():
    cursor = None
    while True:
        page = await a()
        yield page
        cursor = page["next"]
        if not cursor:
            {leave}
"""


@pytest.mark.parametrize("leave", ["break", "return"])
def test_pagination(leave: str) -> None:
    assert graph_of(PAGINATION.format(leave=leave) + "async for page in pages():\n    await b()\nawait c()") == text("""
        loop
          a
          b
          if not cursor
            break
        c
    """)


@pytest.mark.parametrize(
    "head",
    [
        "async for page in contextlib.aclosing(pages()):\n    await b()",
        "async with contextlib.aclosing(pages()) as found:\n    async for page in found:\n        await b()",
        "found = pages()\nasync for page in found:\n    await b()",
        "rows = [await b() async for page in pages()]",
        "async for page in pages():\n    if skip(page):\n        continue\n    await b()",
    ],
)
def test_pagination_under_other_loops(head: str) -> None:
    if head.startswith("async for page in contextlib"):
        assert codes_of(PAGINATION.format(leave="return") + head)
        return
    lines = graph_of(PAGINATION.format(leave="return") + head + "\nawait c()").split("\n")
    assert lines[:2] == ["loop", "  a"]
    assert "    if not cursor" not in lines
    assert lines[-1] == "c"
    assert codes_of(PAGINATION.format(leave="return") + head) == []


def test_generator_with_several_yields_is_written_out() -> None:
    assert graph_of(GENERATOR + "async for page in pages():\n    await c()\nawait d()") == text("""
        a
        c
        b
        c
        d
    """)


def test_break_out_of_a_generator_with_one_loop() -> None:
    assert graph_of(
        PAGINATION.format(leave="return") + "async for page in pages():\n    if await b():\n        break\nawait c()"
    ) == text("""
        loop
          a
          b
          if await b()
            break
          if not cursor
            break
        c
    """)


def test_return_from_a_loop_over_a_generator() -> None:
    assert graph_of(
        PAGINATION.format(leave="return") + "async for page in pages():\n    if await b():\n        return\nawait c()"
    ) == text("""
        loop
          a
          b
          if await b()
            return
          if not cursor
            break
        c
    """)


@pytest.mark.parametrize(
    "body",
    [
        # A second loop over a generator continues where the first one ended.
        "g = pages()\nasync for x in g:\n    await c()\nasync for x in g:\n    await d()",
        "g = pages()\nfor row in rows:\n    async for x in g:\n        await c()",
    ],
)
def test_generator_that_is_not_run_to_its_end_is_reported(body: str) -> None:
    assert codes_of(GENERATOR.replace("a()", 'step.sleep("a", 1)') + body)


def test_generator_with_a_cleanup_left_by_a_break_is_reported() -> None:
    assert codes_of("""
        async def pages():
            try:
                while True:
                    yield await a()
            finally:
                await b()

        async for x in pages():
            await c()
            if x:
                break
        await d()
    """)


def test_generator_over_another_generator() -> None:
    assert graph_of("""
        async def pages():
            while True:
                page = await a()
                yield page
                if not page:
                    break

        async def rows():
            async for page in pages():
                for row in page:
                    yield row

        async for row in rows():
            await b()
    """) == text("""
        loop
          a
          loop
            b
          if not page
            break
    """)


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


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("job.name = 'x'", "sleep 'set' 1"),
        ("job.name: str = 'x'", "sleep 'set' 1"),
        ("job.name, other = 'x', 1", "sleep 'set' 1"),
        ("for job.name in names:\n    pass", "loop\n  sleep 'set' 1"),
        ("job.other = 'x'", "no graph"),
        ("setattr(job, 'name', 'x')", "sleep 'set' 1"),
    ],
)
def test_setter_of_a_property_runs(assignment: str, expected: str) -> None:
    graph = graph_of(
        """
class Job:
    @property
    def name(self):
        return self._name

    @name.setter
    def name(self, value):
        step.sleep("set", 1)
        self._name = value

job = Job()
"""
        + assignment
    )
    assert graph.replace(" [1>]", "").replace("call Job.name", "call name").split("def ")[0].strip() in (
        expected,
        expected.replace("sleep 'set' 1", "call name"),
    )


@pytest.mark.parametrize(
    "definition",
    [
        "handler = property(get, put)",
        "@property\n    def handler(self): return self._h\n    @handler.setter\n    def handler(self, h): self._h = h",
    ],
)
def test_setter_keeps_a_function_for_its_getter(definition: str) -> None:
    assert (
        graph_of(f"""
def get(self): return self._h
def put(self, h): self._h = h
class Job:
    {definition}

job = Job()
job.handler = a
await job.handler()
""")
        == "a"
    )


@pytest.mark.parametrize(
    "accessors",
    [
        "def __set__(self, job, value): job.kept = value\n    def __get__(self, job, of): return job.kept",
        "def __get__(self, job, of): return a",
        "def __get__(self, job, of=None):\n        return lambda: a()",
    ],
)
def test_descriptor(accessors: str) -> None:
    assert (
        graph_of(f"""
class Kept:
    {accessors}

class Job:
    go = Kept()

job = Job()
job.go = a
await job.go()
""")
        == "a"
    )


@pytest.mark.parametrize(
    "result",
    [
        "return self if job is None else lambda: self.function(job)",
        "if job is not None:\n            return lambda: self.function(job)\n        return self",
    ],
)
def test_a_descriptor_returns_itself_to_its_class_only(result: str) -> None:
    assert graph_of(f"""
class Bound:
    def __init__(self, function):
        self.function = function
    def __get__(self, job, owner=None):
        {result}
    async def __call__(self, job):
        await b()

async def act(job):
    await a()

class Job:
    go = Bound(act)

await Job().go()
await Job.go(None)
""") == text("""
            call act
            call __call__
            def act
              a
            def __call__
              b
        """)


@pytest.mark.parametrize(
    "change",
    [
        "job = job._replace(n=5)",
        "job = dataclasses.replace(job, n=5)",
        "job = copy.copy(job)",
        "job = copy.deepcopy(job)",
        "job = Job(**job._asdict())",
        "job = copy.replace(job, n=5)",
    ],
)
def test_changed_copy_of_an_object(change: str) -> None:
    assert (
        graph_of(f"""
import copy, dataclasses
from typing import NamedTuple

class Job(NamedTuple):
    fn: object
    n: int = 0

job = Job(a)
{change}
await job.fn()
""")
        == "a"
    )


def test_changed_copy_of_an_object_with_another_step() -> None:
    assert (
        graph_of("""
from typing import NamedTuple

class Job(NamedTuple):
    fn: object
    n: int = 0

job = Job(a)
other = job._replace(fn=b)
await other.fn()
await job.fn()
""")
        == "b\na"
    )


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
