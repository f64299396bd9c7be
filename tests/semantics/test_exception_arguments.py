"""The `args` of exceptions, through which a handler can reach steps."""

from __future__ import annotations

import pytest

from tests.semantics.notation import codes_of, graph_of, text


@pytest.mark.parametrize(
    ("definition", "raised"),
    [
        ("class Stop(Exception): pass", "Stop(b, a)"),
        ("class Stop(Exception): pass", "Stop(*[b, a])"),
        ("class Stop(Exception):\n    def __init__(self, fn):\n        super().__init__(b, fn)", "Stop(a)"),
        ("class Stop(Exception):\n    def __init__(self, *fns):\n        super().__init__(*fns)", "Stop(b, a)"),
    ],
)
def test_an_exception_stores_its_arguments(definition: str, raised: str) -> None:
    body = f"{definition}\ntry:\n    await c()\n    raise {raised}\nexcept Stop as e:\n    await e.args[1]()\nawait b()"
    assert codes_of(body) == []
    assert graph_of(body) == text("""
        try
          c
        catch
          switch exception
          | case Stop
            a
          | default
            return
        b
    """)


def test_post_init_calls_the_initializer_of_an_exception() -> None:
    body = """
        import dataclasses
        @dataclasses.dataclass
        class Stop(Exception):
            fn: object
            def __post_init__(self):
                super().__init__(self.fn)
        stop = Stop(a)
        await stop.args[0]()
    """
    assert codes_of(body) == []
    assert graph_of(body) == "a"


def test_a_handler_receives_the_exceptions_of_all_calls() -> None:
    assert graph_of("""
        class Stop(Exception):
            def __init__(self, fn):
                self.fn = fn
        def check(fn):
            if flag():
                raise Stop(fn)
            return fn
        try:
            await check(a)()
            await check(b)()
        except Stop as e:
            await e.fn()
    """) == text("""
        try
          a
          b
        catch
          switch exception
          | case Stop
            switch fn
            | case a
              a
            | case b
              b
          | default
            return
    """)


def test_an_exception_in_nested_loops_carries_one_list() -> None:
    assert graph_of("""
        class Stop(Exception):
            def __init__(self, *fns):
                self.fns = list(fns)
        for row in rows:
            for cell in row:
                try:
                    await c()
                    raise Stop(a, b)
                except Stop as e:
                    for fn in e.fns:
                        await fn()
    """) == text("""
        loop
          loop
            try
              c
            catch
              switch exception
              | case Stop
                a
                b
              | default
                return
    """)
