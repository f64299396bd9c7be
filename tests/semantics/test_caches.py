"""Functions with a cache, which run once for each combination of arguments."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text

BOX = """
from functools import cache, cached_property, lru_cache
class Box:
    def __init__(self):
        self.fn = a
        self.log = []
    @cached_property
    def act(self):
        self.log.append(b)
        return self.fn
    @{cache}
    def load(self):
        return self.fn
box = Box()
"""


@pytest.mark.parametrize("cache", ["cache", "lru_cache", "lru_cache()", "lru_cache(maxsize=None)"])
def test_a_cached_method_keeps_its_result(cache: str) -> None:
    assert graph_of(BOX.format(cache=cache) + "await box.load()()\nbox.fn = c\nawait box.load()()") == "a\na"


def test_a_cached_property_keeps_its_result() -> None:
    assert graph_of(BOX.format(cache="cache") + "await box.act()\nbox.fn = c\nawait box.act()") == "a\na"


def test_a_cached_property_runs_once() -> None:
    assert graph_of(BOX.format(cache="cache") + "box.act\nbox.act\nfor fn in box.log: await fn()") == "b"


@pytest.mark.parametrize("change", ["del box.act\nbox.fn = c", "box.act = c"])
def test_a_cached_property_can_be_deleted_or_replaced(change: str) -> None:
    assert graph_of(BOX.format(cache="cache") + f"await box.act()\n{change}\nawait box.act()") == "a\nc"


def test_a_cached_property_is_deleted_through_its_namespace() -> None:
    body = 'box.act\nbox.fn = c\nbox.__dict__.pop("act", None)\nawait box.act()'
    assert graph_of(BOX.format(cache="cache") + body) == "c"


def test_each_object_has_its_own_cached_property() -> None:
    assert graph_of(BOX.format(cache="cache") + "box.act\nother = Box()\nother.fn = c\nawait other.act()") == "c"


def test_a_property_cached_on_some_paths_is_either_result() -> None:
    assert graph_of(BOX.format(cache="cache") + "if x:\n    box.act\nbox.fn = c\nawait box.act()") == text("""
        switch box.act
        | case c
          c
        | case a
          a
    """)


CACHED = """
from functools import cache, lru_cache
fns = [a]
@{cache}
def load(key):
    return fns[-1]
"""


def test_a_cache_has_a_result_for_each_constant_argument() -> None:
    body = 'await load("x")()\nfns.append(b)\nawait load("x")()\nawait load("y")()'
    assert graph_of(CACHED.format(cache="cache") + body) == "a\na\nb"


@pytest.mark.parametrize(
    ("cache", "first", "second"), [("cache", "x", "x"), ("cache", '"x"', "x"), ("lru_cache(maxsize=1)", "1", "1")]
)
def test_an_uncertain_cache_hit_returns_either_result(cache: str, first: str, second: str) -> None:
    body = f"load({first})\nfns.append(b)\nawait load({second})()"
    assert graph_of(CACHED.format(cache=cache) + body) == text(f"""
        switch load({second})
        | case b
          b
        | case a
          a
    """)


def test_a_cleared_cache_calls_its_function_again() -> None:
    body = 'await load("x")()\nfns.append(b)\nload.cache_clear()\nawait load("x")()'
    assert graph_of(CACHED.format(cache="cache") + body) == "a\nb"


def test_a_cached_object_is_shared_by_its_users() -> None:
    assert (
        graph_of("""
        from functools import cache
        @cache
        def registry():
            return []
        registry().append(a)
        registry().append(b)
        for fn in registry():
            await fn()
    """)
        == "a\nb"
    )


HOLDER = """
import asyncio
from functools import cached_property, partial
class Runner:
    def __init__(self, fn):
        self.fn = fn
class Holder:
    def __init__(self):
        self.fn = a
    @cached_property
    def declare(self):
        return partial(step.do, config={"timeout": "1 minute"})
    @cached_property
    def runner(self):
        return Runner(self.fn)
    async def declared(self):
        @self.declare("x")
        async def x(): ...
        await x()
    async def through_runner(self):
        await self.runner.fn()
holder = Holder()
"""


@pytest.mark.parametrize("method", ["declared", "through_runner"])
def test_tasks_share_an_equal_cached_result(method: str) -> None:
    body = f"tasks = [asyncio.create_task(holder.{method}()) for row in rows]\nawait asyncio.gather(*tasks)"
    assert graph_of(HOLDER + body) == text(f"""
        parallel all
          loop
            call {method} [1>2]
        def {method}
          {"x" if method == "declared" else "a"}
    """)


def test_a_cached_object_differs_from_a_new_one() -> None:
    body = "if x:\n    holder.runner.fn = b\nholder.fn = c\nawait holder.runner.fn()"
    assert graph_of(HOLDER + body) == text("""
        switch holder.runner
        | case holder.runner 1
          c
        | case holder.runner 2
          b
    """)
