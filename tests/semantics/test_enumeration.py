"""Every node of LibCST and every method and function of Python is modeled, or its operands are reported."""

from __future__ import annotations

import asyncio
import builtins
import collections
import contextlib
import functools
import inspect
import itertools
import textwrap
import types
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import libcst as cst
import pytest

from stepgraph.interpreter.entry import CALLERS
from stepgraph.interpreter.interpreter import HandlerTable
from stepgraph.interpreter.library.models import ALIASES, HARMLESS, MODELS, MODULES_BY_PACKAGE, NAMED_RESULTS, model_of
from stepgraph.interpreter.objects.attributes.access import METADATA_ATTRIBUTES
from stepgraph.interpreter.objects.builtin_methods import METHODS
from stepgraph.interpreter.python.definitions import TRANSPARENT_CLASS_DECORATORS
from stepgraph.interpreter.python.expressions import EVALUATORS
from stepgraph.interpreter.python.statements import EXECUTORS
from stepgraph.interpreter.values.containers import Collection
from stepgraph.interpreter.values.containers import Mapping as MappingValue
from stepgraph.interpreter.workflow.unawaited import modeled_special_methods
from tests.semantics.notation import module_of

HEAD = """\
import asyncio, contextlib, functools, itertools
from collections import deque
from workers import WorkflowEntrypoint
"""
RUN = "class {name}(WorkflowEntrypoint):\n    async def run(self, event, step):\n"
# Workflows per module. They share its limits, which suffice for this number.
AT_ONCE = 25


def complete_bodies(bodies: Mapping[str, str]) -> list[str]:
    """Return the names of the bodies of `run` whose graph is complete."""
    complete: list[str] = []
    names = list(bodies)
    for first in range(0, len(names), AT_ONCE):
        part = names[first : first + AT_ONCE]
        source = HEAD + "".join(
            "\n\n" + RUN.format(name=f"W{number}") + textwrap.indent(textwrap.dedent(bodies[name]), " " * 8)
            for number, name in enumerate(part)
        )
        workflows = {workflow.class_name: workflow for workflow in module_of(source).workflows}
        complete += [name for number, name in enumerate(part) if workflows[f"W{number}"].complete]
    return complete


def classes_of(*names: str) -> set[str]:
    """Return the names of the node classes that derive from one of these classes."""
    bases = tuple(vars(cst)[name] for name in names)
    named = {name: kind for name, kind in vars(cst).items() if inspect.isclass(kind) and not name.startswith("Base")}
    return {name for name, kind in named.items() if issubclass(kind, bases)}


def types_in(table: HandlerTable[type[cst.CSTNode], Any]) -> set[str]:
    """Return the names of the node classes that a table handles."""
    return {kind.__name__ for kind in (*table, *table.names)}


def test_expressions() -> None:
    """`StarredDictComp` is `{**row for row in rows}`, a syntax error in all versions of Python so far."""
    unknown = classes_of("BaseExpression") - types_in(EVALUATORS)
    assert unknown <= {"StarredDictComp"}


def test_statements() -> None:
    """`lazy import` binds an unknown name."""
    unknown = classes_of("BaseSmallStatement", "BaseCompoundStatement") - types_in(EXECUTORS)
    assert unknown <= {"LazyImport", "LazyImportFrom"}


PATTERNS = {
    "MatchAs": "case fn:\n    step.sleep('n', 1)\n    other.go = fn",
    "MatchClass": "case Job(fn):\n    await fn()",
    "MatchList": "case [fn, *rest]:\n    await plugin(fn)",
    "MatchMapping": "case {'x': 1, **rest}:\n    await rest['y']()",
    "MatchOr": "case [fn, _] | {'x': fn}:\n    await plugin(fn)",
    "MatchSingleton": "case None:\n    await plugin(step)",
    "MatchTuple": "case (fn, *rest):\n    await plugin(rest[0])",
    "MatchValue": "case 1:\n    await plugin(step)",
    "MatchSequence": "case [*rest]:\n    await plugin(rest[0])",
}


@pytest.mark.slow
def test_patterns() -> None:
    assert classes_of("MatchPattern") == {"MatchPattern", *PATTERNS}
    head = "go = lambda: step.sleep('n', 1)\nmatch [go, go]:\n"
    assert complete_bodies({name: head + textwrap.indent(case, "    ") for name, case in PATTERNS.items()}) == []


KINDS = (
    *(object, type, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, range, slice, memoryview),
    *(types.FunctionType, types.MethodType, types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType),
    *(types.ModuleType, property, super, BaseException, contextlib.AbstractAsyncContextManager),
)
# Special names that no built-in type has.
NAMED = (
    *(
        "__aenter__",
        "__aexit__",
        "__bytes__",
        "__class_getitem__",
        "__complex__",
        "__copy__",
        "__deepcopy__",
        "__del__",
    ),
    *("__fspath__", "__init_subclass__", "__instancecheck__", "__length_hint__", "__matmul__", "__imatmul__"),
    *("__rmatmul__", "__missing__", "__post_init__", "__prepare__", "__replace__", "__set_name__", "__round__"),
    *("__subclasscheck__", "__trunc__", "__floor__", "__ceil__", "__buffer__", "__release_buffer__", "__mro_entries__"),
)


def special_methods() -> set[str]:
    """Return the names of the special methods of Python."""
    names = {name for kind in KINDS for name in dir(kind) if callable(getattr(kind, name, None))}
    return {name for name in (*names, *NAMED) if name.startswith("__") and name.endswith("__")}


@pytest.mark.slow
def test_special_methods() -> None:
    bodies = {
        name: f"""
            class Job:
                def __init__(self):
                    self.step = step
                def {name}(self, *args):
                    self.step.sleep("n", 1)
            job = Job()
        """
        for name in sorted(special_methods() - modeled_special_methods() - METADATA_ATTRIBUTES)
    }
    assert complete_bodies(bodies) == []


RECEIVERS: dict[type, str] = {
    list: "[go]",
    tuple: "(go,)",
    dict: "{'x': go}",
    set: "{go}",
    frozenset: "frozenset([go])",
    collections.deque: "deque([go])",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", RECEIVERS)
def test_methods_of_collections(kind: type) -> None:
    modeled = dict(METHODS)[MappingValue if kind is dict else Collection]
    names = {name for name in dir(kind) if callable(getattr(kind, name))} - modeled.keys() - METADATA_ATTRIBUTES
    head = f"go = lambda: step.sleep('n', 1)\nkept = {RECEIVERS[kind]}\n"
    assert complete_bodies({name: f"{head}await kept.{name}(1)[0]()" for name in sorted(names)}) == []


@pytest.mark.slow
@pytest.mark.parametrize("receiver", ["'x'", "b'x'", "1", "1.5", "text"])
def test_methods_of_text_and_numbers(receiver: str) -> None:
    """These values contain no steps, but their methods may receive functions with steps."""
    names = {name for name in (*dir(str), *dir(int)) if not name.startswith("__")}
    assert complete_bodies({name: f"({receiver}).{name}(lambda: step.sleep('n', 1))" for name in sorted(names)}) == []


MADE = {
    "function": "async def made():\n    await step.sleep('n', 1)\n",
    "coroutine": "async def go():\n    await step.sleep('n', 1)\nmade = go()\n",
    "generator": "async def go():\n    yield await step.sleep('n', 1)\nmade = go()\n",
    "step": "made = step.do('n')(lambda: 1)\n",
    "step object": "made = step\n",
    "partial": "made = functools.partial(step.do('n'), print)\n",
    "object": "class Job:\n    def __init__(self):\n        self.step = step\nmade = Job()\n",
}
ATTRIBUTES = (
    "__get__",
    "__func__",
    "__self__",
    "func",
    "retry",
    "send",
    "throw",
    "asend",
    "athrow",
    "cr_await",
    "gi_frame",
)


NO_COROUTINE_ATTRIBUTES = ("func", "retry", "asend", "athrow", "gi_frame")
"""Attributes that coroutines lack, so code that reads them raises an AttributeError."""


@pytest.mark.slow
@pytest.mark.parametrize("kind", MADE)
def test_attributes_that_are_not_modeled(kind: str) -> None:
    names = [name for name in ATTRIBUTES if kind != "coroutine" or name not in NO_COROUTINE_ATTRIBUTES]
    assert complete_bodies({name: f"{MADE[kind]}await made.{name}(1)(1)" for name in names}) == []


@pytest.mark.parametrize("table", [EVALUATORS, EXECUTORS, CALLERS])
def test_handlers_in_other_modules(table: HandlerTable[type, Callable[..., object]]) -> None:
    assert [kind for kind, name in table.names.items() if table[kind].__name__ != name.partition(":")[2]] == []


def test_modules_of_models() -> None:
    for package in MODULES_BY_PACKAGE:
        model_of(f"{package}.")
    modules = {(name.partition(".")[0], model.__module__.rpartition(".")[2]) for name, model in MODELS.items()}
    listed = {(package, module) for package, modules in MODULES_BY_PACKAGE.items() for module in modules}
    assert listed == modules


@pytest.mark.slow
@pytest.mark.parametrize("module", [builtins, asyncio, functools, contextlib, itertools])
def test_functions_of_the_library(module: ModuleType) -> None:
    model_of(f"{module.__name__}.")  # imports the models
    names = {name for name in dir(module) if callable(getattr(module, name)) and not name.startswith("_")}
    modeled = HARMLESS | MODELS.keys() | ALIASES.keys() | NAMED_RESULTS | TRANSPARENT_CLASS_DECORATORS
    unknown = {name for name in names if f"{module.__name__}.{name}" not in modeled}
    prefix = "" if module is builtins else f"{module.__name__}."
    calls = {name: f"{prefix}{name}(lambda: step.sleep('n', 1))" for name in sorted(unknown)}
    assert set(complete_bodies(calls)) <= INERT


INERT = frozenset(
    [
        *("cache", "copyright", "credits", "exit", "help", "license", "quit"),
    ]
)
"""Operations that take no callable, or return it unchanged."""

STEP_FAILURES = ["iteration", "comprehension", "manager"]
"""Operations that the step object lacks (SDK): code that uses them raises a TypeError, which SG117 reports."""

OPERATORS = ["+", "-", "*", "/", "//", "%", "**", "@", "&", "|", "^", "<<", ">>"]


@pytest.mark.slow
@pytest.mark.parametrize("value", ["go", "step", "job", "step.do"])
def test_operators(value: str) -> None:
    head = (
        "go = lambda: step.sleep('n', 1)\nclass Job:\n    def __init__(self):\n        self.step = step\njob = Job()\n"
    )
    bodies = {operator: f"{head}await ({value} {operator} other)()" for operator in OPERATORS}
    bodies |= {f"{operator}=": f"{head}{value} {operator}= other" for operator in OPERATORS}
    bodies |= {operator: f"{head}await ({operator}{value})()" for operator in ("-", "+", "~")}
    bodies |= {
        "subscript": f"{head}await {value}[0]()",
        "slice": f"{head}await {value}[1:]()",
        "iteration": f"{head}for each in {value}:\n    await each()",
        "comprehension": f"{head}[await each() for each in {value}]",
        "star": f"{head}await plugin(*{value})",
        "parts": f"{head}one, two = {value}\nawait one()",
        "manager": f"{head}async with {value} as entered:\n    await entered()",
    }
    assert complete_bodies(bodies) == (STEP_FAILURES if value == "step" else [])
