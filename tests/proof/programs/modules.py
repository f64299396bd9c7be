"""Whole programs: an entry module with a workflow `W`, and maybe another that it imports."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.proof.programs.declarations import decorated
from tests.proof.programs.drawing import Drawing, Mode
from tests.proof.programs.functions import method, module_function
from tests.proof.programs.printing import Block, Clause, Statement, Text, line
from tests.proof.programs.scope import Callee, Scope
from tests.proof.programs.statements import statement

HEADER = """\
import asyncio
import contextlib
import functools
import itertools
from datetime import datetime, timedelta

from js import Promise
from pyodide.ffi import JsException
from workers import WorkflowEntrypoint
from workers.workflows import NonRetryableError
from world import flip, held, held_later, more, pick, rows, stream, wanted
"""
_PAYLOAD = [Text('event["payload"]["one"]'), Text('event["payload"].get("two")')]


@dataclass(frozen=True)
class Program:
    """The text of its modules by name, the entry first, and the mode in which steps name what they need."""

    sources: Mapping[str, str]
    mode: Mode

    def __repr__(self) -> str:
        texts = [f"# {name}.py ({self.mode})\n{text}" for name, text in self.sources.items()]
        return "\n\n".join(texts)


def programs(most: int = 60) -> st.SearchStrategy[Program]:
    """Draw a program of up to so many calls of steps and functions.

    It stands in a list, as the only one, because Hypothesis tries no copies within elements that have to be unique: of
    a program with hundreds of draws these are nearly the same program again, five times over.
    """
    return st.lists(_programs(most), min_size=1, max_size=1, unique_by=repr).map(lambda drawn: drawn[0])


@st.composite
def _programs(draw: st.DrawFn, most: int) -> Program:
    sizes = [most // 4, most // 2, most]
    mode: Mode = draw(st.sampled_from(["implicit", "implicit", "legacy"]))
    drawing = Drawing(draw, statement, left=draw(st.integers(3, draw(st.sampled_from(sizes)))), mode=mode)
    drawing.needy = drawing.chance(3)
    known = Scope("step")
    parts = _functions(drawing, known, 2)
    own = _functions(drawing, known, 2)
    workflow = _workflow(drawing, known)
    return _printed(drawing, parts, [*own, *workflow], mode)


def _functions(drawing: Drawing, scope: Scope, most: int) -> list[Statement]:
    with drawing.share(0.3):
        return [module_function(drawing, scope) for _ in range(drawing.number(0, most))]


def _workflow(drawing: Drawing, known: Scope) -> list[Statement]:
    """Draw the class, with a base of its own or without."""
    inherited = known.inside(in_class=True, depth=0)
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
    first: list[Statement] = [decorated(drawing, inner) for _ in range(drawing.number(1, 8 if drawing.needy else 4))]
    if inherits:
        first.append(_base_run(drawing, inner))
    body = drawing.block(inner, 12, goes_on=10)
    called = [line(f"await {drawing.among(inner.thunks)}()") for _ in range(drawing.number(0, 1))]
    return Clause("async def run(self, event, step)", Block((*first, *body.statements, *called)))


def _base_run(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a call of the `run` of the base class, or a name for it."""
    if drawing.chance(2):
        return line("await super().run(event, step)")
    scope.callees.append(Callee("base_run", ("event", "step")))
    return line("base_run = super().run")


def _printed(drawing: Drawing, parts: list[Statement], entry: list[Statement], mode: Mode) -> Program:
    entry_text, parts_text = _text(entry), _text(parts)
    if mode == "legacy" and "depends=" not in entry_text:
        mode = "implicit"
    if not parts:
        return Program({"entry": f"{HEADER}{entry_text}"}, mode)
    if not drawing.chance(2):
        return Program({"entry": f"{HEADER}{parts_text}{entry_text}"}, mode)
    names = ", ".join(sorted(set(re.findall(r"^async def (\w+)", parts_text, re.MULTILINE))))
    imported = f"from parts import {names}\n"
    return Program({"entry": f"{HEADER}{imported}{entry_text}", "parts": f"{HEADER}{parts_text}"}, mode)


def _text(statements: list[Statement]) -> str:
    return "".join("\n\n" + "\n".join(each.lines()) + "\n" for each in statements)
