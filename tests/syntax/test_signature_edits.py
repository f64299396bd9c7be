"""Edits of parameters and arguments change all uses or nothing."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst
import pytest

from stepgraph.syntax.bindings import parameters
from stepgraph.syntax.edits.editing import apply_source_edits
from stepgraph.syntax.edits.signature_edits import inline_parameter, rename_parameter, shadows_variable
from stepgraph.syntax.edits.source_edits import AddedArgument, RemovedArgument, RemovedParameter
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.parse import parse_module
from stepgraph.syntax.walk import all_nodes

RENAMED = {
    "def f(a: str = 'x', b=2):\n    a = a + b\n": "def f(z: str = 'x', b=2):\n    z = z + b\n",
    "def f(a):\n    a.a = g(a=a)\n": "def f(z):\n    z.a = g(a=z)\n",
    "def f(a):\n    return f'{a} a'\n": "def f(z):\n    return f'{z} a'\n",
    "def f(a):\n    def h(q=a):\n        return a\n": "def f(z):\n    def h(q=z):\n        return z\n",
    "def f(a):\n    return [a for x in a]\n": "def f(z):\n    return [z for x in z]\n",
    "def f(a):\n    for a, b in c:\n        del a\n": "def f(z):\n    for z, b in c:\n        del z\n",
    "f = lambda a: a\n": "f = lambda z: z\n",
}
NOT_RENAMED = [
    "def f(a, z):\n    return a\n",
    "def f(a):\n    return z(a)\n",
    "def f(a):\n    def h(a):\n        return a\n",
    "def f(a):\n    def h():\n        nonlocal a\n        a = 1\n",
    "def f(a):\n    return [a for a in x]\n",
    "def f(a):\n    import a\n",
    "def f(a):\n    class a: pass\n",
]
INLINED = {
    "def f(a=x.y, b=2):\n    return g(a, b=b, a=f'{a}')\n": "def f(b=2):\n    return g(x.y, b=b, a=f'{x.y}')\n",
    "def f(a=a):\n    return f'{a}'\n": "def f():\n    return f'{a}'\n",
    "def f(b, a='s'):\n    return a\n": "def f(b):\n    return 's'\n",
}
NOT_INLINED = [
    "def f(a='s'):\n    return f'{a}'\n",
    "def f(a=a):\n    a += 1\n",
    "def f(a=x):\n    x = 1\n    return a\n",
    "def f(a=x, *, x):\n    return a\n",
    "def f(a=x()):\n    return a\n",
]
WITHOUT_B = {
    "def f(a=a, b=b): pass\n": "def f(a=a): pass\n",
    "def f(b=b, a=a): pass\n": "def f(a=a): pass\n",
    "def f( b=b ): pass\n": "def f(): pass\n",
    "def f(\n    a=a,\n    b=b,\n): pass\n": "def f(\n    a=a,\n): pass\n",
    "def f(\n    a=a,\n    b=b\n): pass\n": "def f(\n    a=a\n): pass\n",
    "def f(\n    a,  # A\n    b=b,  # B\n): pass\n": "def f(\n    a,  # A\n): pass\n",
    "def f(\n    b=b,\n): pass\n": "def f(): pass\n",
    "def f(a, *, b=b): pass\n": "def f(a): pass\n",
    "def f(a, *args, b=b): pass\n": "def f(a, *args): pass\n",
    "def f(b=b, /, a=a): pass\n": "def f(a=a): pass\n",
    "f = lambda b=b: b\n": "f = lambda: b\n",
}
CALLS_WITHOUT_B = {
    "f(a, b=b)\n": "f(a)\n",
    "f( b=b )\n": "f()\n",
    "f(b=b, c=c)\n": "f(c=c)\n",
    "f(\n    a,\n    b=b,\n)\n": "f(\n    a,\n)\n",
    "f(\n    a,\n    b=b\n)\n": "f(\n    a\n)\n",
    "f(\n    a,  # A\n    b=b,  # B\n)\n": "f(\n    a,  # A\n)\n",
    "f(\n    a,  # A\n    b=b  # B\n)\n": "f(\n    a  # A\n)\n",
    "f(\n    a  # A\n    , b=b)\n": "f(\n    a  # A\n    )\n",
    "f(\n    a,\n    # B\n    b=b,\n    # end\n)\n": "f(\n    a,\n    # end\n)\n",
}
CALLS_WITH_B = {
    "f()\n": "f(b=[x])\n",
    "f(a)\n": "f(a, b=[x])\n",
    "f(a, c=c)\n": "f(a, c=c, b=[x])\n",
    "f(\n    a,\n    c=c,\n)\n": "f(\n    a,\n    c=c,\n    b=[x],\n)\n",
    "f(\n    a,\n)\n": "f(\n    a,\n    b=[x],\n)\n",
    "f(\n    a,  # A\n)\n": "f(\n    a,  # A\n    b=[x],\n)\n",
    "f(\n    a,  # A\n    c=c,  # C\n)\n": "f(\n    a,  # A\n    c=c,  # C\n    b=[x],\n)\n",
}


def first(module: SourceModule, kind: type[cst.CSTNode]) -> SourcePlace:
    return next(SourcePlace(module, node) for node in all_nodes(module.tree) if isinstance(node, kind))


def function_and_parameter(source: str, name: str) -> tuple[SourcePlace, SourcePlace]:
    module = parse_module(source.encode(), "entry.py")
    function = next(node for node in nodes(module) if isinstance(node, cst.FunctionDef | cst.Lambda))
    parameter = next(
        parameter_node for parameter_node in parameters(function.params) if parameter_node.name.value == name
    )
    return SourcePlace(module, function), SourcePlace(module, parameter)


def nodes(module: SourceModule) -> Iterator[cst.CSTNode]:
    return all_nodes(module.tree)


@pytest.mark.parametrize(("source", "expected"), RENAMED.items())
def test_a_parameter_is_renamed(source: str, expected: str) -> None:
    function, parameter = function_and_parameter(source, "a")

    edits = rename_parameter(function, parameter, "z")

    assert apply_source_edits(function.module, edits).decode() == expected


@pytest.mark.parametrize("source", NOT_RENAMED)
def test_a_renaming_that_changes_the_meaning_is_refused(source: str) -> None:
    assert rename_parameter(*function_and_parameter(source, "a"), "z") == ()


@pytest.mark.parametrize(("source", "expected"), INLINED.items())
def test_a_parameter_is_inlined(source: str, expected: str) -> None:
    function, parameter = function_and_parameter(source, "a")

    edits = inline_parameter(function, parameter)

    assert apply_source_edits(function.module, edits).decode() == expected


@pytest.mark.parametrize("source", NOT_INLINED)
def test_inlining_that_changes_the_meaning_is_refused(source: str) -> None:
    assert inline_parameter(*function_and_parameter(source, "a")) == ()


def test_a_parameter_of_another_function_is_not_edited() -> None:
    function, _ = function_and_parameter("def f(a): pass\n", "a")
    _, parameter = function_and_parameter("def g(a): pass\n", "a")

    assert (rename_parameter(function, parameter, "z"), inline_parameter(function, parameter)) == ((), ())


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def g():\n    a = 1\n    def f(a): pass\n", True),
        ("def g(a):\n    def f(a): pass\n", True),
        ("def g():\n    def a(): pass\n    def f(a): pass\n", False),
        ("a = 1\ndef f(a): pass\n", False),
    ],
)
def test_a_variable_of_the_enclosing_function_is_shadowed(source: str, expected: bool) -> None:  # noqa: FBT001
    module = parse_module(source.encode(), "entry.py")
    function = next(node for node in nodes(module) if isinstance(node, cst.FunctionDef) and node.name.value == "f")

    assert shadows_variable(SourcePlace(module, function), SourcePlace(module, function.params.params[0])) is expected


@pytest.mark.parametrize(("source", "expected"), WITHOUT_B.items())
def test_a_removed_parameter_leaves_the_layout(source: str, expected: str) -> None:
    function, parameter = function_and_parameter(source, "b")

    assert apply_source_edits(function.module, [RemovedParameter(parameter)]).decode() == expected


@pytest.mark.parametrize(("source", "expected"), CALLS_WITHOUT_B.items())
def test_a_removed_argument_leaves_the_layout(source: str, expected: str) -> None:
    module = parse_module(source.encode(), "entry.py")
    arguments = [node for node in nodes(module) if isinstance(node, cst.Arg)]
    value = next(argument.value for argument in arguments if module.text(argument).startswith("b="))

    assert apply_source_edits(module, [RemovedArgument(SourcePlace(module, value))]).decode() == expected


@pytest.mark.parametrize(("source", "expected"), CALLS_WITH_B.items())
def test_an_added_argument_follows_the_layout(source: str, expected: str) -> None:
    module = parse_module(source.encode(), "entry.py")

    edit = AddedArgument(first(module, cst.Call), "b", "[x]")

    assert apply_source_edits(module, [edit]).decode() == expected
