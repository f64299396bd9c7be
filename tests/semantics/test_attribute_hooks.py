"""`__setattr__`, `__delattr__` and `__getattribute__` of classes of the project."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text, workflow_of

STORES = [
    "object.__setattr__(self, name, value)",
    "super().__setattr__(name, value)",
    "self.__dict__[name] = value",
]


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("assignment", ["job.fn = a", 'setattr(job, "fn", a)'])
def test_setattr_stores_an_attribute(store: str, assignment: str) -> None:
    cls = f"class Job:\n    def __setattr__(self, name, value):\n        {store}\n"
    assert graph_of(f"{cls}job = Job()\n{assignment}\nawait job.fn()") == "a"


def test_setattr_may_drop_a_value() -> None:
    assert graph_of("""
        class Once:
            def __setattr__(self, name, value):
                if not hasattr(self, name):
                    super().__setattr__(name, value)
        once = Once()
        once.fn = a
        once.fn = b
        await once.fn()
    """) == text("""
        if not hasattr(self, name)
          b
        else
          a
    """)


def test_setattr_stores_values_in_another_attribute() -> None:
    assert (
        graph_of("""
        class Names:
            def __init__(self):
                super().__setattr__("table", {})
            def __setattr__(self, name, value):
                self.table[name] = value
            def __getattr__(self, name):
                return self.table[name]
        names = Names()
        names.x = a
        names.y = b
        await names.y()
        await names.x()
    """)
        == "b\na"
    )


def test_setattr_runs_steps() -> None:
    graph = graph_of("""
        class Log:
            def __setattr__(self, name, value):
                asyncio.create_task(a())
        log = Log()
        log.level = 1
        await b()
    """)
    assert "a [1>]" in graph


def test_setattr_receives_the_fields_of_a_data_class() -> None:
    assert (
        graph_of("""
        from dataclasses import dataclass
        @dataclass
        class Job:
            fn: object
            def __setattr__(self, name, value):
                object.__setattr__(self, name, b)
        await Job(a).fn()
    """)
        == "b"
    )


def test_delattr_may_keep_the_attribute() -> None:
    assert (
        graph_of("""
        class Job:
            def __delattr__(self, name):
                pass
        job = Job()
        job.fn = a
        del job.fn
        await job.fn()
    """)
        == "a"
    )


@pytest.mark.parametrize("look_up", ["object.__getattribute__(self, name)", "super().__getattribute__(name)"])
def test_getattribute_looks_an_attribute_up(look_up: str) -> None:
    hook = f"def __getattribute__(self, name):\n        return {look_up}"
    body = f"class Job:\n    {hook}\n    async def go(self): await a()\nawait Job().go()"
    assert graph_of(body).split()[:2] == ["call", "go"]


def test_getattribute_wraps_an_attribute_of_the_object() -> None:
    graph = graph_of("""
        class Job:
            def __init__(self, fn):
                self.fn = fn
            def __getattribute__(self, name):
                fn = object.__getattribute__(self, name)
                async def wrapped():
                    await b()
                    await fn()
                return wrapped
        await Job(a).fn()
    """)
    assert graph.split()[-2:] == ["b", "a"]


def test_getattribute_of_an_unknown_name_is_noted() -> None:
    assert not workflow_of("""
        class Job:
            def __init__(self):
                self.fn = a
            def __getattribute__(self, name):
                return object.__getattribute__(self, name.lower())
        await Job().FN()
    """).complete


def test_calls_with_different_keys_of_a_dictionary_differ() -> None:
    graph = graph_of("""
        async def run_all(table):
            for fn in table:
                await fn()
        await run_all({a: 1})
        await run_all({b: 1})
    """)
    assert {"a", "b"} <= set(graph.split())
