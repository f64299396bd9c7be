"""Context managers that swallow exceptions, or may."""

from __future__ import annotations

import pytest

from tests.semantics.contexts import graph_of
from tests.semantics.notation import text


def test_a_manager_that_swallows_is_a_try() -> None:
    assert graph_of("""
        with Swallow():
            await step.sleep("a", 1)
            await step.sleep("b", 1)
        await step.sleep("c", 1)
    """) == text("""
        try
          sleep 'a' 1
          sleep 'b' 1
        catch
        sleep 'c' 1
    """)


def test_a_raise_that_a_manager_swallows() -> None:
    assert graph_of("""
        with Swallow():
            await step.sleep("a", 1)
            raise ValueError
        await step.sleep("c", 1)
    """) == text("""
        try
          sleep 'a' 1
        catch
        sleep 'c' 1
    """)


def test_a_manager_that_swallows_nothing_is_its_block() -> None:
    assert graph_of("""
        with Timer():
            await step.sleep("a", 1)
            if event:
                raise ValueError
        await step.sleep("c", 1)
    """) == text("""
        sleep 'a' 1
        if event
          return
        sleep 'c' 1
    """)


@pytest.mark.parametrize(
    "result", ["True", "kind is ValueError", "self.quiet", "await self.decide()", "kind and issubclass(kind, OSError)"]
)
def test_a_manager_that_may_swallow(result: str) -> None:
    head = f"""
        class Maybe:
            async def __aenter__(self):
                return self
            async def __aexit__(self, kind, error, traceback):
                if kind is None:
                    return False
                return {result}
            async def decide(self):
                return self.quiet
    """
    assert graph_of('async with Maybe():\n    await step.sleep("a", 1)\nawait step.sleep("c", 1)', head) == text("""
        try
          sleep 'a' 1
        catch
        sleep 'c' 1
    """)


@pytest.mark.parametrize("result", ["", "None", "False", "await self.close()"])
def test_a_manager_that_never_swallows(result: str) -> None:
    head = f"""
        class Never:
            async def __aenter__(self):
                return self
            async def __aexit__(self, kind, error, traceback):
                return {result}
            async def close(self):
                print("closed")
    """
    assert graph_of('async with Never():\n    await step.sleep("a", 1)', head) == "sleep 'a' 1"


def test_an_attempt_is_tried_again() -> None:
    head = """
        class Attempt:
            def __init__(self, last):
                self.last = last
            def __enter__(self):
                return self
            def __exit__(self, kind, error, traceback):
                return kind is not None and not self.last
    """
    assert graph_of(
        """
        for i in range(3):
            with Attempt(i == 2):
                await step.sleep("a", 1)
                break
        """,
        head,
    ) == text("""
        loop
          try
            sleep 'a' 1
            break
          catch
    """)


@pytest.mark.slow
def test_a_manager_that_swallows_and_runs_steps() -> None:
    head = """
        class Saga:
            def __init__(self, step):
                self.step = step
            async def __aenter__(self):
                return self
            async def __aexit__(self, kind, error, traceback):
                if kind is not None:
                    await self.step.sleep("undo", 1)
                return True
    """
    assert graph_of(
        """
        async with Saga(step):
            await step.sleep("a", 1)
            raise ValueError
        await step.sleep("c", 1)
        """,
        head,
    ) == text("""
        try
          sleep 'a' 1
        catch
        finally
          call __aexit__
        sleep 'c' 1
    """)


def test_a_generator_that_swallows_a_raise() -> None:
    head = """
        @contextmanager
        def quiet():
            try:
                yield
            except Exception:
                pass
    """
    assert graph_of(
        """
        with quiet():
            await step.sleep("a", 1)
            raise ValueError
        await step.sleep("c", 1)
        """,
        head,
    ) == text("""
        try
          sleep 'a' 1
        catch
        sleep 'c' 1
    """)


def test_a_generator_that_swallows_some_errors() -> None:
    head = """
        @contextmanager
        def quiet():
            try:
                yield
            except ValueError:
                print("ignored")
    """
    assert graph_of(
        """
        with quiet():
            await step.sleep("a", 1)
            if event:
                raise ValueError
            await step.sleep("b", 1)
        await step.sleep("c", 1)
        """,
        head,
    ) == text("""
        try
          sleep 'a' 1
          if event
          else
            sleep 'b' 1
        catch
          switch exception
          | case ValueError
          | default
            return
        sleep 'c' 1
    """)


@pytest.mark.parametrize(
    "body",
    [
        "with contextlib.suppress(Exception):\n                yield",
        "try:\n                yield\n            except Exception:\n                print(1)\n                return",
        "with Swallow():\n                yield",
    ],
)
def test_a_generator_that_swallows_in_another_way(body: str) -> None:
    head = f"""
        @contextmanager
        def quiet():
            {body}
    """
    assert graph_of('with quiet():\n    await step.sleep("a", 1)\nawait step.sleep("c", 1)', head) == text("""
        try
          sleep 'a' 1
        catch
        sleep 'c' 1
    """)


@pytest.mark.parametrize("manager", ["open('x')", "asyncio.Lock()", "asyncio.timeout(9)", "contextlib.nullcontext()"])
def test_a_manager_of_python_swallows_nothing(manager: str) -> None:
    assert (
        graph_of(f"""
        with {manager}:
            await step.sleep("a", 1)
            raise ValueError
        await step.sleep("c", 1)
    """)
        == "sleep 'a' 1"
    )


def test_a_lock_in_an_attribute_swallows_nothing() -> None:
    assert (
        graph_of("""
        self.lock = asyncio.Lock()
        async with self.lock:
            await step.sleep("a", 1)
            raise ValueError
        await step.sleep("c", 1)
    """)
        == "sleep 'a' 1"
    )


def test_a_manager_chosen_at_random_may_swallow() -> None:
    head = "import random\nfrom guards import managers"
    assert graph_of(
        """
        with random.choice(managers):
            await step.sleep("a", 1)
            raise ValueError
        await step.sleep("c", 1)
        """,
        head,
    ) == text("""
        try
          sleep 'a' 1
        catch
        sleep 'c' 1
    """)


@pytest.mark.parametrize(
    "manager",
    [
        "__import__('contextlib').suppress(ValueError)",
        "importlib.import_module(event['name']).suppress(ValueError)",
        "operator.call(contextlib.suppress, ValueError)",
        "functools.lru_cache(contextlib.suppress)(ValueError)",
        "types.SimpleNamespace(manager=contextlib.suppress(ValueError)).manager",
        "queue.Queue().get()",
    ],
)
def test_a_manager_from_a_function_of_python_may_swallow(manager: str) -> None:
    head = "import contextlib, functools, importlib, operator, queue, types"
    assert graph_of(f"with {manager}:\n    raise ValueError\nawait step.sleep('c', 1)", head) == "sleep 'c' 1"


def test_an_attempt_of_a_library_is_tried_again() -> None:
    head = "from tenacity import Retrying"
    assert graph_of(
        """
        for attempt in Retrying():
            with attempt:
                await step.sleep("a", 1)
                await step.sleep("b", 1)
        """,
        head,
    ) == text("""
        loop
          try
            sleep 'a' 1
            sleep 'b' 1
          catch
    """)
