"""Generate whole programs: an entry module with workflow `W`, and optionally an imported module."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.execution.platform import Mode
from tests.proof.programs.declarations import decorated_step
from tests.proof.programs.drawing import Drawing
from tests.proof.programs.functions import method, module_function
from tests.proof.programs.printing import Block, Clause, SourceExpression, Statement, line
from tests.proof.programs.scope import Callee, Scope
from tests.proof.programs.statements import statement

HEADER = """\
import asyncio
import collections
import contextlib
import functools
import itertools
import types
from datetime import datetime, timedelta

from js import Promise
from pyodide.ffi import JsException, to_js
from workers import WorkflowEntrypoint
from workers.workflows import NonRetryableError
from world import flip, held, held_later, more, pick, rows, stream, wanted
"""
_STATEFUL_BUDGET = 25
"""The largest budget of programs with changing objects. In larger ones, the analysis would exceed its limits."""

_PAYLOAD = [SourceExpression('event["payload"]["one"]'), SourceExpression('event["payload"].get("two")')]


@dataclass(frozen=True)
class GeneratedProgram:
    """The source of each module by name, the entry module first, and the dependency mode."""

    sources: Mapping[str, str]
    mode: Mode

    def __repr__(self) -> str:
        texts = [f"# {name}.py ({self.mode})\n{text}" for name, text in self.sources.items()]
        return "\n\n".join(texts)


def programs(most: int = 60) -> st.SearchStrategy[GeneratedProgram]:
    """Draw a program with at most `most` calls of steps and functions.

    A program is the only element of a list with unique elements, because Hypothesis does not duplicate parts within
    those. Duplication would yield nearly equal programs again and again.
    """
    return st.lists(_programs(most), min_size=1, max_size=1, unique_by=repr).map(lambda drawn: drawn[0])


@st.composite
def _programs(draw: st.DrawFn, most: int) -> GeneratedProgram:
    sizes = [most // 4, most // 2, most]
    mode: Mode = draw(st.sampled_from(["implicit", "implicit", "legacy"]))
    drawing = Drawing(draw, statement, budget=draw(st.integers(3, draw(st.sampled_from(sizes)))), mode=mode)
    drawing.prefers_dependencies = drawing.chance(3)
    drawing.stateful = drawing.budget <= _STATEFUL_BUDGET
    scope = Scope("step")
    parts = _functions(drawing, scope, 2)
    entry_functions = _functions(drawing, scope, 2)
    workflow = _workflow(drawing, scope)
    return _assemble(drawing, parts, [*entry_functions, *workflow], mode)


def _functions(drawing: Drawing, scope: Scope, most: int) -> list[Statement]:
    with drawing.share(0.3):
        return [module_function(drawing, scope) for _ in range(drawing.number(0, most))]


def _workflow(drawing: Drawing, scope: Scope) -> list[Statement]:
    """Draw the workflow class, with or without a base class."""
    inherited = scope.inside(in_class=True, depth=0)
    base: list[Statement] = []
    bases, inherits_run = "WorkflowEntrypoint", False
    if drawing.chance(3):
        with drawing.share(0.3):
            methods = _methods(drawing, inherited)
            runs = [_run(drawing, inherited)] if not methods or drawing.chance(2) else []
        base = [Clause("class Base(WorkflowEntrypoint)", Block((*methods, *runs)))]
        bases = "Base"
        inherits_run = bool(runs)
    with drawing.share(0.3):
        methods = _methods(drawing, inherited)
    return [
        *base,
        Clause(f"class W({bases})", Block((*methods, _run(drawing, inherited, once=True, inherits=inherits_run)))),
    ]


def _methods(drawing: Drawing, scope: Scope) -> list[Statement]:
    return [method(drawing, scope) for _ in range(drawing.number(0, 2))]


def _run(drawing: Drawing, scope: Scope, *, once: bool = False, inherits: bool = False) -> Statement:
    inner = scope.function(depth=1, once=once)
    inner.conditions += _PAYLOAD
    first: list[Statement] = [
        decorated_step(drawing, inner) for _ in range(drawing.number(1, 8 if drawing.prefers_dependencies else 4))
    ]
    if inherits:
        first.append(_base_run(drawing, inner))
    body = drawing.block(inner, 12, continue_weight=10)
    called = [line(f"await {drawing.choose(inner.thunks)}()") for _ in range(drawing.number(0, 1))]
    return Clause("async def run(self, event, step)", Block((*first, *body.statements, *called)))


def _base_run(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a call of the inherited `run`, or an alias for it."""
    if drawing.chance(2):
        return line("await super().run(event, step)")
    scope.callees.append(Callee("base_run", ("event", "step")))
    return line("base_run = super().run")


def _assemble(drawing: Drawing, parts: list[Statement], entry: list[Statement], mode: Mode) -> GeneratedProgram:
    entry_text, parts_text = _text(entry), _text(parts)
    if mode == "legacy" and "depends=" not in entry_text:
        mode = "implicit"
    if not parts:
        return GeneratedProgram({"entry": f"{HEADER}{entry_text}"}, mode)
    if not drawing.chance(2):
        return GeneratedProgram({"entry": f"{HEADER}{parts_text}{entry_text}"}, mode)
    names = ", ".join(sorted(set(re.findall(r"^async def (\w+)", parts_text, re.MULTILINE))))
    imported = f"from parts import {names}\n"
    return GeneratedProgram({"entry": f"{HEADER}{imported}{entry_text}", "parts": f"{HEADER}{parts_text}"}, mode)


def _text(statements: list[Statement]) -> str:
    return "".join("\n\n" + "\n".join(each.lines()) + "\n" for each in statements)
