"""Attributes that Python or a built-in base class may define, looked up with a default."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.notation import FUNCTIONS, codes_of, graph_of, graph_of_module

ERROR = """
class Stop(Exception):
    def __init__(self):
        self.act = a
try:
    if event:
        raise Stop
    await d()
except Exception as error:
    pass
"""


@pytest.mark.parametrize(
    ("use", "names"),
    [
        ("await getattr(error, 'act', b)()", {"a", "b"}),
        ("for each in getattr(error, 'exceptions', []):\n        await c()", {"c"}),
        ("for each in getattr(error, 'other', []):\n        await c()", set()),
    ],
)
def test_a_caught_exception_may_be_of_another_class(use: str, names: set[str]) -> None:
    graph = graph_of(ERROR.replace("    pass", f"    {use}"))
    assert {"a", "b", "c"} & set(graph.split()) == names


@pytest.mark.parametrize("found", ["getattr(Table(x=1), 'keys', list)()", "getattr(Table, '__annotations__', [])"])
def test_the_default_of_a_builtin_attribute(found: str) -> None:
    graph = graph_of(f"class Table(dict):\n    size: int\nfor each in {found}:\n    await c()")
    assert "c" in graph.split()


@pytest.mark.parametrize(
    "choice", ["{Stop: a}.get(type(error), b)", "{Stop: a}.get(error.__class__, b)", "choose(error)"]
)
def test_the_class_of_a_caught_exception_is_unknown(choice: str) -> None:
    graph = graph_of_module(f"""
        import functools
        from workers import WorkflowEntrypoint
        {textwrap.indent(FUNCTIONS, " " * 8)}
        class Stop(Exception):
            pass
        @functools.singledispatch
        def choose(error):
            return b
        @choose.register
        def choose_stop(error: Stop):
            return a
        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                try:
                    if event: raise Stop
                except Exception as error:
                    await {choice}(step)
    """)
    assert {"call a", "call b"} <= {line.strip() for line in graph.splitlines()}


def test_an_iterator_of_a_project_has_no_items_by_index() -> None:
    assert codes_of("""
class Queue:
    def __init__(self): self.jobs = [a]
    def __iter__(self): return self
    def __next__(self):
        if not self.jobs: raise StopIteration
        return self.jobs.pop()
    def __getitem__(self, key): return b
for job in list(Queue()):
    await job()
""") == ["escapes"]
