"""One module through all the layers: syntax, program, graph."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.graph.build import build_graph
from stepgraph.program.lowering.program import find_workflows, read_workflow
from stepgraph.syntax.deep import run_deep
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.parse import parse_module


def analyze_module(source: bytes, path: str) -> tuple[WorkflowAnalysis, ...]:
    """Return the workflows of a module, in source order. Raises InputError for what is not valid Python."""
    with _without_collection():
        return run_deep(lambda: _workflows(parse_module(source, path, PurePath(path).stem)))


def _workflows(module: SourceModule) -> tuple[WorkflowAnalysis, ...]:
    return tuple(_workflow(module, name) for name in find_workflows(module))


def _workflow(module: SourceModule, name: str) -> WorkflowAnalysis:
    program = read_workflow(module, name)
    built = build_graph(program)
    notes = sorted((*program.notes, *built.notes), key=lambda note: (note.span, note.code))
    return WorkflowAnalysis(name, name, program.place.span, built.graph, tuple(notes))


@contextmanager
def _without_collection() -> Iterator[None]:
    """The trees hold no garbage while they are made; collecting meanwhile takes half the time of a large module."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
