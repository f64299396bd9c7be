"""Classes: decorators, bases, metaclasses and special methods."""

from __future__ import annotations

import pytest

from tests.semantics.classes import HEAD, graph_of, notes_of
from tests.semantics.notation import graph_of_module, text

ROOT = """
class Root(WorkflowEntrypoint):
    DELAY = 1

    async def run(self, event, step):
        await self.hook(step)
        await step.sleep("root", self.DELAY)

    async def hook(self, step):
        await step.sleep("hook", 1)


class A:
    async def hook(self, step):
        await step.sleep("a", 1)


class B:
    async def hook(self, step):
        await step.sleep("b", 1)


CHOSEN = A if Mixin else B
MIXINS = {}
BASES = (A, Root)
"""


@pytest.mark.parametrize("base", ["Mixin", "traced(A)", "CHOSEN", 'MIXINS["a"]', "*MIXINS"])
def test_an_unknown_base_may_define_members_of_later_bases(base: str) -> None:
    source = ROOT + f"class W({base}, Root):\n    pass\n"
    assert set(notes_of(source)) == {"unknown-base"}
    assert "sleep 'root' '{self.DELAY}'" in graph_of_module(HEAD + source)


@pytest.mark.parametrize(
    "bases", ["Root, Mixin", "typing.Generic, Root", "WorkflowEntrypoint, Root", "typing.Generic[int], Root"]
)
def test_a_later_base_or_one_without_steps_changes_nothing(bases: str) -> None:
    assert graph_of(ROOT + f"class W({bases}):\n    pass\n") == text("""
        call hook
        sleep 'root' 1
        def hook
          sleep 'hook' 1
    """)


def test_an_unknown_base_only_affects_members_with_steps() -> None:
    assert (
        notes_of("""
        class Named:
            def name(self):
                return "n"

        class Job(Mixin, Named):
            pass

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await step.sleep(Job().name(), 1)
    """)
        == []
    )


def test_starred_bases_are_those_of_the_tuple() -> None:
    assert graph_of(ROOT + "class W(*BASES):\n    pass\n") == text("""
        call hook
        sleep 'root' 1
        def hook
          sleep 'a' 1
    """)


JOBS = """
class Jobs:
    def __init__(self, step):
        self.step = step

    async def go(self, name):
        await self.step.sleep("go", 1)

    def look(self, name):
        return name

"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "use"),
    [
        ("__getitem__(self, key)", 'jobs["a"]'),
        ("__add__(self, key)", "(jobs + 1)"),
        ("__ror__(self, key)", "(1 | jobs)"),
        ("__neg__(self, key=1)", "(-jobs)"),
        ("__getattr__(self, key)", "jobs.anything"),
        ("__await__(self, key=1)", "jobs"),
    ],
)
def test_special_methods_of_objects_are_called(method: str, use: str) -> None:
    body = f"""
class W(WorkflowEntrypoint):
    async def run(self, event, step):
        jobs = Jobs(step)
        await step.sleep("own", 1)
        await {use}
"""
    name = method.partition("(")[0]
    result = "self.go(key).__await__()" if name == "__await__" else "self.go(key)"
    assert graph_of(JOBS + f"    def {method}:\n        return {result}\n" + body) == text(f"""
        sleep 'own' 1
        call {name}
        def {name}
          call go
        def go
          sleep 'go' 1
    """)
    assert graph_of(JOBS + f"    def {method}:\n        return self.look(key)\n" + body) == "sleep 'own' 1"


def test_comparison_methods_are_called_and_reported() -> None:
    """Sorts and comparisons of lists may call them, too."""
    source = f"""{JOBS}
    def __lt__(self, key):
        return self.go(key)

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        await (Jobs(step) < 1)
"""
    assert notes_of(source) == ["escapes"]
    assert graph_of_module(HEAD + source) == text("""
        call __lt__
        def __lt__
          call go
        def go
          sleep 'go' 1
    """)


def test_an_object_that_is_awaited_by_several_is_started() -> None:
    assert graph_of(
        JOBS
        + """
    def __await__(self):
        yield from self.go("a").__await__()

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        import asyncio
        await asyncio.gather(Jobs(step), step.sleep("own", 1))
"""
    ) == text("""
        parallel all
          call __await__ [1>2]
          sleep 'own' 1 [1>2]
        def __await__
          call go
        def go
          sleep 'go' 1
    """)


@pytest.mark.slow
def test_the_result_of_getattribute_is_unresolved() -> None:
    source = """
    async def hook(self, step):
        pass

    def __getattribute__(self, name):
        if name == "hook":
            return OTHER
        return super().__getattribute__(name)

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("own", 1)
        await Jobs(step).hook(step)
"""
    source_with_method = JOBS + source.replace("OTHER", "lambda step: self.go(name)")
    assert notes_of(source_with_method) == ["escapes", "unresolved-await"]
    assert "unresolved-call" in notes_of(
        source_with_method.replace('name == "hook"', "name").replace(".hook(step)", ".other()")
    )
    assert notes_of(JOBS + source.replace("OTHER", "name")) == []


def test_next_of_an_iterator_runs_before_each_iteration() -> None:
    assert graph_of("""
        class Pages:
            def __init__(self, step):
                self.step = step

            def __aiter__(self):
                return self

            async def __anext__(self):
                await self.step.sleep("fetch", 1)
                raise StopAsyncIteration

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                async for page in Pages(step):
                    await step.sleep("page", 1)
                [page async for page in Pages(step)]
    """) == text("""
        loop
          call __anext__
          if no more
            break
          sleep 'page' 1
        loop
          call __anext__
          if no more
            break
        def __anext__
          sleep 'fetch' 1
    """)


def test_a_partial_method_is_the_method() -> None:
    assert graph_of("""
        class W(WorkflowEntrypoint):
            async def _job(self, name, step):
                await step.sleep("job", 1)

            job = partialmethod(_job, "a")

            async def run(self, event, step):
                await self.job(step)
    """) == text("""
        call _job
        def _job
          sleep 'job' 1
    """)


def test_a_generator_context_manager_surrounds_its_block() -> None:
    assert graph_of("""
        @asynccontextmanager
        async def saga(step):
            await step.sleep("enter", 1)
            yield step
            await step.sleep("exit", 1)

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                async with saga(step) as inner, saga(inner):
                    await inner.sleep("body", 1)
    """) == text("""
        sleep 'enter' 1
        sleep 'enter' 1
        sleep 'body' 1
        sleep 'exit' 1
        sleep 'exit' 1
    """)


def test_the_cleanup_of_a_context_manager_is_a_finally() -> None:
    assert graph_of("""
        @asynccontextmanager
        async def saga(step):
            await step.sleep("enter", 1)
            try:
                yield
            except ValueError:
                await step.sleep("undo", 1)
                raise
            finally:
                await step.sleep("exit", 1)

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                async with saga(step):
                    await step.sleep("body", 1)
                    if event:
                        return
                await step.sleep("after", 1)
    """) == text("""
        sleep 'enter' 1
        try
          sleep 'body' 1
          if event
            return
        catch
          switch exception
          | case ValueError
            sleep 'undo' 1
            return
          | default
            return
        finally
          sleep 'exit' 1
        sleep 'after' 1
    """)


def test_a_context_manager_without_steps_changes_nothing() -> None:
    assert graph_of("""
        @asynccontextmanager
        async def timed():
            try:
                yield 1
            finally:
                print("done")

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                async with timed():
                    await step.sleep("body", 1)
    """) == text("""
        sleep 'body' 1
    """)


@pytest.mark.parametrize(
    ("manager", "body"),
    [("yield", "for x in event: return"), ("if not step: return\n            yield", "await step.sleep('b', 1)")],
)
def test_a_block_that_is_left_past_a_context_manager_is_reported(manager: str, body: str) -> None:
    assert notes_of(f"""
        @asynccontextmanager
        async def saga(step):
            {manager}
            await step.sleep("exit", 1)

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                await step.sleep("own", 1)
                async with saga(step):
                    {body}
    """) == ["context-manager"]


def test_either_of_two_context_managers_is_entered() -> None:
    assert graph_of(
        JOBS
        + """
    async def __aenter__(self):
        await self.step.sleep("enter", 1)

    async def __aexit__(self, *args):
        pass

class Quiet:
    async def __aenter__(self):
        pass

    async def __aexit__(self, *args):
        pass

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        async with Jobs(step) if event else Quiet():
            await step.sleep("body", 1)
"""
    ) == text("""
        if event
          call __aenter__
        else
        sleep 'body' 1
        def __aenter__
          sleep 'enter' 1
    """)


def test_the_value_of_a_manager_without_steps_is_resolved() -> None:
    assert graph_of(
        JOBS
        + """

@asynccontextmanager
async def opened(step):
    yield Jobs(step)

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        async with opened(step) as jobs:
            await jobs.go("a")
"""
    ) == text("""
        call go
        def go
          sleep 'go' 1
    """)


def test_a_base_class_sets_a_method_of_the_classes_below_it() -> None:
    assert graph_of("""
        class Registered:
            def __init_subclass__(cls, **settings):
                cls.settings = settings

        class Base(WorkflowEntrypoint):
            def __init_subclass__(cls, **settings):
                super().__init_subclass__(**settings)
                inner = cls.run

                async def run(self, event, step):
                    await step.sleep("before", 1)
                    await inner(self, event, step)

                cls.run = run

        class W(Base, Registered, retries=1):
            DELAY = 1

            async def run(self, event, step):
                await step.sleep("own", self.DELAY)
    """) == text("""
        sleep 'before' 1
        call W.run
        def W.run
          sleep 'own' 1
    """)


META = """
class Meta(type):
    known = []

    METHOD

class Base(WorkflowEntrypoint, metaclass=Meta):
    DELAY = 1

class W(Base):
    async def run(self, event, step):
        await step.sleep("own", self.DELAY)
"""


@pytest.mark.parametrize(
    "method",
    [
        "def __new__(m, n, b, ns): ns['run'] = traced(ns['run']); return super().__new__(m, n, b, ns)",
        "def __new__(m, n, b, ns): return super().__new__(m, n, b, {k: traced(v) for k, v in ns.items()})",
        "def __new__(m, n, b, ns): cls = type.__new__(m, n, b, ns); cls.run = traced(cls.run); return cls",
        "def __init__(cls, n, b, ns): setattr(cls, ns['name'], traced)",
        "def __new__(m, n, b, ns): type.__new__(m, n, b, ns); return traced",
        "def __prepare__(m, n, b): return {}",
    ],
)
def test_a_metaclass_that_may_replace_methods_is_reported(method: str) -> None:
    assert len(notes_of(META.replace("METHOD", method))) == 1


@pytest.mark.parametrize(
    "method",
    [
        "pass",
        "def __new__(m, n, b, ns): cls = super().__new__(m, n, b, ns); m.known.append(cls); return cls",
        "def __new__(m, n, b, ns): assert 'x' not in ns; return type.__new__(m, n, b, ns)",
        "def __init__(cls, n, b, ns): Meta.known.append(cls)",
        "def __call__(cls, *args): return super().__call__(*args)",
    ],
)
def test_a_metaclass_that_leaves_methods_alone_is_not(method: str) -> None:
    assert graph_of(META.replace("METHOD", method)) == "sleep 'own' 1"


def test_an_external_metaclass_is_reported() -> None:
    assert notes_of("""
        class W(WorkflowEntrypoint, metaclass=traced):
            async def run(self, event, step):
                await step.sleep("own", 1)
    """) == ["unknown-metaclass"]


def test_a_method_that_may_be_overridden_is_reported() -> None:
    source = """
        class Base:
            async def hook(self, step):
                pass

        class W(Mixin, Base, WorkflowEntrypoint):
            async def run(self, event, step):
                await step.sleep("own", 1)
                await self.hook(HANDED)
    """
    assert notes_of(source.replace("HANDED", "step")) == ["unknown-base"]
    assert notes_of(source.replace("HANDED", "event")) == []
