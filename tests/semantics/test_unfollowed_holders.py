"""Functions added to collections that belong to unresolved objects."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of_module, text, workflow_of_module

HEAD = """
import argparse, collections, functools, itertools, operator, random
from workers import WorkflowEntrypoint

async def rows(item):
    yield item

def same(item):
    return item

async def a(step):
    await step.do("a")(lambda: 1)()

async def b(step):
    await step.do("b")(lambda: 1)()

async def fetch(url):
    return url

class Job:
    async def run(self, step):
        await b(step)

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        fns = [a]
        table = {"key": a}
"""
LOOP = "for fn in fns:\n    await fn(step)"
CALLS = text("""
    loop
      switch fn
      | case a
        call a
      | case b
        call b
    def a
      a
    def b
      b
""")


def _source(body: str) -> str:
    return HEAD + "".join(f"        {line}\n" for line in body.splitlines())


def _is_noted(body: str) -> bool:
    notes = workflow_of_module(_source(body)).notes
    return [note.code for note in notes if note.incomplete][:1] == ["escapes"]


@pytest.mark.parametrize(
    "code",
    [
        "box = argparse.Namespace(fns=fns)\nbox.fns.append(b)",
        "box = await anext(rows(fns))\nbox.append(b)",
        "box = operator.getitem([fns], 0)\nbox.append(b)",
        "_, copy = itertools.tee([fns])\nnext(copy).append(b)",
        "try:\n    raise ValueError(fns)\nexcept ValueError as error:\n    error.args[0].append(b)",
        "operator.iadd(fns, [b])",
        "box = argparse.Namespace(fns=fns)\nbox.fns.append(lambda step: b(step))",
        "box = argparse.Namespace(fns=fns)\nbox.fns.append(functools.partial(b))",
        "box = argparse.Namespace(fns=fns)\nbox.fns[0] = b",
    ],
)
def test_a_function_put_into_a_list_that_another_object_holds(code: str) -> None:
    assert _is_noted(f"{code}\n{LOOP}")


@pytest.mark.parametrize(
    "code",
    [
        "box = argparse.Namespace(table=table)\nbox.table['key'] = b",
        "chain = collections.ChainMap(table)\nchain['key'] = b",
        "same.table = table\nsame.table['key'] = b",
    ],
)
def test_a_function_added_to_a_dictionary_of_another_object(code: str) -> None:
    assert _is_noted(f"{code}\nawait table['key'](step)")


def test_an_object_with_steps_added_to_a_list_of_another_object() -> None:
    body = "box = argparse.Namespace(fns=fns)\nbox.fns.append(Job())\nfor fn in fns:\n    await fn.run(step)"
    assert _is_noted(body)


@pytest.mark.parametrize("argument", ["fetch", "same", "lambda row: row.get('id')", "print"])
def test_a_function_without_steps_is_passed_to_other_code(argument: str) -> None:
    source = _source(f"rows = event['payload']\nrows.apply({argument})\nawait a(step)")
    assert workflow_of_module(source).complete
    assert graph_of_module(source) == text("""
        call a
        def a
          a
    """)


@pytest.mark.parametrize(
    "code",
    [
        "box = argparse.Namespace(fns=fns)\nbox.fns.reverse()",
        "box = argparse.Namespace(fns=fns)\ndel box.fns[0]",
        "box = argparse.Namespace(config={'fns': fns})\nbox.config['fns'].pop()",
        "random.shuffle(fns)",
    ],
)
def test_other_code_removes_or_reorders_elements(code: str) -> None:
    source = _source(f"fns = [a, b]\n{code}\n{LOOP}")
    assert workflow_of_module(source).complete
    assert graph_of_module(source) == CALLS


def test_a_list_that_is_only_read_keeps_its_order() -> None:
    for code in ("box = argparse.Namespace(fns=fns)", "print(fns)", "len(fns)"):
        assert graph_of_module(_source(f"fns = [a, b]\n{code}\n{LOOP}")) == text("""
            call a
            call b
            def a
              a
            def b
              b
        """)


@pytest.mark.parametrize(
    "code",
    ["list.append(fns, b)", "list.extend(fns, [b])"],
)
def test_a_method_of_a_built_in_type_called_by_the_type(code: str) -> None:
    source = _source(f"{code}\n{LOOP}")
    assert workflow_of_module(source).complete
    assert graph_of_module(source).startswith("call a\ncall b\n")


def test_a_method_of_dictionaries_called_by_the_type() -> None:
    for code in ("dict.update(table, key=b)", "dict.__setitem__(table, 'key', b)"):
        assert graph_of_module(_source(f"{code}\nawait table['key'](step)")) == text("""
            call b
            def b
              b
        """)
    assert graph_of_module(_source("await dict.get(table, 'key')(step)")).startswith("call a\n")
