"""`__new__`: which object it returns, and when `__init__` initializes that object."""

from __future__ import annotations

from tests.semantics.notation import graph_of, text


def test_object_that_new_keeps_in_its_class() -> None:
    assert graph_of("""
        class Hub:
            _instance = None
            def __new__(cls, job):
                if cls._instance is None:
                    cls._instance = super().__new__(cls)
                return cls._instance
            def __init__(self, job):
                self.job = job
            async def go(self):
                await self.job()
        await Hub(a).go()
        await b()
    """) == text("""
        call go
        b
        def go
          a
    """)


def test_new_that_returns_an_object_of_a_subclass() -> None:
    assert graph_of("""
        class Job:
            def __new__(cls, fast):
                return super().__new__(Fast if fast else cls)
            def __init__(self, fast):
                self.last = b
            async def go(self):
                await a()
        class Fast(Job):
            async def go(self):
                await self.last()
        await Job(event).go()
    """) == text("""
        if fast
          call Fast.go
        else
          call Job.go
        def Fast.go
          b
        def Job.go
          a
    """)


def test_new_that_returns_an_object_of_another_class() -> None:
    assert graph_of("""
        class Plan:
            last = a
        class Job:
            def __new__(cls):
                return Plan()
            def __init__(self):
                self.last = b
        await Job().last()
    """) == text("""
        a
    """)
