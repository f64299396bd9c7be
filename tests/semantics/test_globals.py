"""Reads and assignments of `globals()[name]`."""

from __future__ import annotations

import pytest

from tests.semantics.notation import notation, text
from tests.semantics.projects import graph_of, notes_of, running, workflow_of

pytestmark = pytest.mark.usefixtures("empty_directory")

HEAD = """
async def on_a(step):
    await step.sleep("a", 1)

async def on_b(step):
    await step.sleep("b", 1)

"""
CALLS_B = text("""
    call on_b
    def on_b
      sleep 'b' 1
""")


@pytest.mark.parametrize("name", ['"on_b"', '"on_" + "b"', 'f"{event}_b"'])
def test_a_name_of_the_module(name: str) -> None:
    graph = graph_of(HEAD, f"await globals()[{name}](step)")
    assert "call on_b" in graph
    assert "call on_a" not in graph


def test_one_of_several_names_is_a_switch() -> None:
    graph = graph_of(HEAD, 'name = "on_a" if event else "on_b"\nawait globals()[name](step)')
    assert [line for line in graph.splitlines() if "case" in line] == ['| case "on_a"', '| case "on_b"']


@pytest.mark.parametrize("name", ['event["name"]', '"on_c"', '"on_a" if event else event["name"]'])
def test_another_name_is_noted(name: str) -> None:
    assert notes_of(HEAD, f"await globals()[{name}](step)")


@pytest.mark.parametrize("call", ["on_a(step)", 'globals()["on_a"](step)', "new(step)"])
def test_an_assigned_name(call: str) -> None:
    assert graph_of(HEAD, f'globals()["on_a"] = on_b\nglobals()["new"] = on_b\nawait {call}') == CALLS_B


@pytest.mark.parametrize(
    ("head", "call"), [("from helpers import go, install\n", "go(step)"), ("import helpers\n", "helpers.inner(step)")]
)
def test_a_function_that_is_called_again_after_an_assignment(head: str, call: str) -> None:
    helpers = f"{HEAD}inner = on_a\nasync def go(step): await inner(step)\ndef install(): globals()['inner'] = on_b\n"
    outer = f"async def outer(step): await {call}\n"
    body = f"await outer(step)\n{'helpers.' if 'helpers.' in call else ''}install()\nawait outer(step)"
    graph = notation(workflow_of(running(head + outer, body), helpers=helpers).graph)
    assert "call on_a" in graph
    assert "call on_b" in graph


def test_an_assignment_by_an_unknown_name_is_noted() -> None:
    assert notes_of(HEAD, 'globals()[event["name"]] = on_b\nawait on_a(step)')


GO = 'async def go(step):\n    await step.sleep("go", 1)\n\n'
USES = {
    "a key": "def use(fn):\n    globals()['current'] = fn\n    return fn\n\n@use\n" + GO,
    "a later call": "def use(fn):\n    globals()['current'] = fn\n\n" + GO + "use(go)\n",
    "a lambda": "@(lambda fn: globals().update(current=fn) or fn)\n" + GO,
    "a statement": GO + "globals().update(current=go)\n",
    "the module": "import sys\ndef use(fn):\n    vars(sys.modules[__name__])['current'] = fn\n\n" + GO + "use(go)\n",
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_placeholder_that_code_at_import_replaces_is_noted(use: str) -> None:
    (note,) = notes_of(f"current = None\n{use}", "await current(step)")
    assert note.endswith("[escapes]")


def test_a_placeholder_that_no_code_replaces_is_none() -> None:
    assert graph_of("current = None\n", 'await step.sleep(f"{current}", 1)') == "sleep 'None' 1"
