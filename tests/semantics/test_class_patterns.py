"""Class patterns of `match`, and the attributes that they capture if the subject is one of several objects."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import graph_of, notation, text, workflow_of

RESULTS = """
import abc, dataclasses, typing

@dataclasses.dataclass
class Ok:
    kind: typing.ClassVar[str] = "ok"
    extra: object = dataclasses.field(init=False, default=None)
    fn: object = None

@dataclasses.dataclass
class Err:
    error: object

result = Ok(a) if event else Err(b)
"""


def body(cases: str, head: str = RESULTS) -> str:
    return f"{head}match result:\n{textwrap.indent(textwrap.dedent(cases).strip(), '    ')}\n"


@pytest.mark.parametrize("first", ["Ok(fn)", "Ok(fn=fn)", "Ok(fn=fn) as ok", "Ok(fn=object() as fn)"])
def test_a_pattern_captures_attributes_of_its_class(first: str) -> None:
    graph = graph_of(body(f"case {first}:\n    await fn()\ncase Err(error=e):\n    await e()"))
    assert graph == text(f"""
        switch result
        | case {first}
          a
        | case Err(error=e)
          b
    """)


def test_a_pattern_narrows_its_subject() -> None:
    graph = graph_of(body("case Err() as err:\n    await err.error()\ncase Ok() as ok:\n    await ok.fn()"))
    assert graph == text("""
        switch result
        | case Err() as err
          b
        | case Ok() as ok
          a
    """)


def test_capture_of_a_later_iteration_needs_no_note() -> None:
    """In the first iteration, the subject has no case of the class `Err`."""
    head = RESULTS.replace("Ok(a) if event else Err(b)", "Ok(event)")
    cases = textwrap.indent(
        body("case Ok():\n    result = Err('')\ncase Err(e):\n    await step.do('x')(lambda: e)()", ""), "    "
    )
    workflow = workflow_of(f"{head}while event:\n{cases}")
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        loop
          switch result
          | case Ok()
          | case Err(e)
            x
    """)


def test_captured_data_needs_no_note() -> None:
    head = RESULTS.replace("Ok(a)", "Ok(event)").replace("Err(b)", "Err(str(event))")
    cases = "case Ok(fn=value):\n    await step.do('x')(lambda: value)()\ncase Err(error=e):\n    await c()"
    workflow = workflow_of(body(cases, head))
    assert workflow.complete
    assert notation(workflow.graph) == text("""
        switch result
        | case Ok(fn=value)
          x
        | case Err(error=e)
          c
    """)


def test_a_pattern_of_a_base_class() -> None:
    head = """
class Base:
    def __init__(self, fn): self.fn = fn
class Sub(Base): pass
result = Base(a) if event else Sub(b)
"""
    graph = graph_of(body("case Sub(fn=fn):\n    await fn()\ncase Base(fn=fn):\n    await fn()", head))
    assert graph == text("""
        switch result
        | case Sub(fn=fn)
          b
        | case Base(fn=fn)
          switch fn
          | case a
            a
          | case b
            b
    """)


def test_positions_that_a_class_names() -> None:
    head = "class P:\n    __match_args__ = ('y',)\n    def __init__(self, x, y): self.y = y\nresult = P(a, b)\n"
    graph = graph_of(body("case P(fn):\n    await fn()", head))
    assert graph == text("""
        switch result
        | case P(fn)
          b
    """)


def test_an_abstract_class_may_match_any_object() -> None:
    head = """
import abc
class Base(abc.ABC): pass
class One:
    def __init__(self, fn): self.fn = fn
class Two(Base):
    def __init__(self, fn): self.fn = fn
Base.register(One)
result = One(a) if event else Two(b)
"""
    graph = graph_of(body("case Base(fn=fn):\n    await fn()", head))
    assert {"a", "b"} <= set(graph.split())


@pytest.mark.parametrize(
    "head",
    [
        "class P:\n    __match_args__ = tuple(['y'])\n    def __init__(self, x, y): self.y = y\nresult = P(a, b)\n",
        "class P:\n    def __init__(self, fn): self.fn = fn\nresult = P(a) if event else plugin.load(step)\n",
    ],
    ids=["computed names of positions", "unknown object"],
)
def test_unknown_parts_are_reported(head: str) -> None:
    assert not workflow_of(body("case P(fn):\n    await fn()", head)).complete
