"""The names that refer to a local variable of a function."""

from __future__ import annotations

import libcst as cst
import pytest

from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.parse import parse_module
from stepgraph.syntax.variables import Variable, assigned_variable, variable_of_function, variable_of_parameter
from stepgraph.syntax.walk import all_nodes


def parse(source: str) -> SourceModule:
    return parse_module(source.encode(), "entry.py")


def functions(module: SourceModule, name: str) -> list[SourcePlace]:
    nodes = (node for node in all_nodes(module.tree) if isinstance(node, cst.FunctionDef))
    return [SourcePlace(module, node) for node in nodes if node.name.value == name]


def marked(source: str, variable: Variable) -> str:
    """Return a source with each occurrence of a variable between `<` and `>`."""
    lines = source.split("\n")
    for place in reversed(variable.occurrences):
        span = place.span
        line = lines[span.line - 1]
        start, end = span.column - 1, span.end_column - 1
        lines[span.line - 1] = f"{line[:start]}<{line[start:end]}>{line[end:]}"
    return "\n".join(lines)


@pytest.mark.parametrize(
    "body",
    [
        "<x>(); y.x; f(x=<x>)",
        "tasks = [<x>, *<x>]",
        "a = f'{<x>()} x'",
        "def inner(): <x>()",
        "def inner(x): x()",
        "def inner(y=<x>, *x): x()",
        "def inner():\n        x = 1\n        def deepest(): x",
        "def inner():\n        nonlocal <x>\n        <x> = 1",
        "def inner():\n        global x\n        x = 1",
        "g = lambda: <x>",
        "g = lambda x=<x>: x",
        "g = [x for x in <x> if x]",
        "g = [<x>(y) for y in z for z in <x>]",
        "g = {x: x for y in <x> for x in y}",
        "if (<x> := 1): pass",
        "for <x> in y: pass",
        "with y as <x>: pass",
        "class C(<x>):\n        y = <x>\n        def m(self): <x>()",
        "class C:\n        x = 1\n        y = x\n        z = [x for x in x]\n        def m(self, y=x): <x>()",
        "class <x>: pass",
        "match y:\n        case C(x=<x>): pass",
        "import m as <x>",
        "def inner[x](y: x): x()",
    ],
)
def test_names_of_inner_scopes_are_other_variables(body: str) -> None:
    source = f"def f():\n    def <x>(): ...\n    {body}\n"
    module = parse(source.replace("<", "").replace(">", ""))
    variable = variable_of_function(functions(module, "x")[0])
    assert variable is not None
    assert marked(source.replace("<", "").replace(">", ""), variable) == source


def test_a_parameter_hides_the_variable_around_it() -> None:
    source = "def f():\n    def x(): ...\n    @x\n    def g(x): return x\n"
    module = parse(source)
    parameter = next(node for node in all_nodes(module.tree) if isinstance(node, cst.Param))
    variable = variable_of_parameter(SourcePlace(module, parameter.name))
    assert variable is not None
    assert marked(source, variable) == "def f():\n    def x(): ...\n    @x\n    def g(<x>): return <x>\n"


def test_an_assigned_value_has_a_variable() -> None:
    source = "def f():\n    x = step(g)\n    y = z = step(h)\n    return x\n"
    module = parse(source)
    calls = [SourcePlace(module, node) for node in all_nodes(module.tree) if isinstance(node, cst.Call)]
    variables = {call.text: assigned_variable(call) for call in calls}
    assert variables["step(h)"] is None
    assert variables["step(g)"] is not None
    assert marked(source, variables["step(g)"]) == source.replace("x", "<x>")


@pytest.mark.parametrize("source", ["def x(): ...\n", "class C:\n    def x(self): ...\n"])
def test_functions_of_modules_and_classes_have_no_local_variable(source: str) -> None:
    module = parse(source)
    assert variable_of_function(functions(module, "x")[0]) is None


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("y = 1", 3),
        ("print(y)", 3),
        ("def g(): return y", 3),
        ("def g(y): return x", 3),
        ("def g():\n        def h(y=x): ...", None),
        ("def g(y): ...", None),
        ("[x for y in z]", 3),
        ("[1 for y in x]", None),
        ("f(y=x).y", None),
    ],
)
def test_a_new_name_must_have_no_meaning_near_the_variable(body: str, line: int | None) -> None:
    module = parse(f"def f(z):\n    def x(): ...\n    {body}\n")
    variable = variable_of_function(functions(module, "x")[0])
    assert variable is not None
    conflict = variable.conflict("y")
    assert (None if conflict is None else conflict.span.line) == line
