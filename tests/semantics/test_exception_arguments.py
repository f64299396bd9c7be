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
