"""A short notation of graphs for readable tests.

`graph_of` takes a body of `run` that can use the declared steps `a`, `b`, `c` and `d`, and returns the graph as lines.
A step is its name with its clock as `[starts>resolves]`. Nested nodes are indented.
"""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Iterator, Sequence
from functools import lru_cache

from stepgraph import Analysis, WorkflowAnalysis, analyze_source
from stepgraph.model.payload import Branch, Graph, Node, Shape

HEADER = """\
import asyncio
import contextlib
import functools
from typing import TYPE_CHECKING

from workers import WorkflowEntrypoint


class W(WorkflowEntrypoint):
    async def run(self, event, step):
"""

STEPS = "".join(f'@step.do("{name}")\nasync def {name}():\n    return 1\n\n' for name in "abcd")

FUNCTIONS = """
async def a(step):
    await step.sleep("a", 1)

async def b(step):
    await step.sleep("b", 1)

"""
"""Module code with the functions `a` and `b`, which sleep."""


def graph_of(body: str, *, after: str = "") -> str:
    """Return the graph of a workflow whose `run` declares the steps a, b, c, d, followed by `after` and the body.

    `after` are definitions that several tests share.
    """
    return notation(workflow_of(body, after=after).graph)


def dependent_graph_of(steps: str, body: str) -> str:
    """Return the graph of a workflow whose `run` declares steps such as `a b(a) *c(a, b)`, followed by the body.

    Parentheses contain the dependencies of a step. A star stands for `concurrent=True`.
    """
    return notation(dependent_workflow_of(steps, body).graph)


def dependent_workflow_of(steps: str, body: str) -> WorkflowAnalysis:
    """Return the analysis of the workflow of `dependent_graph_of`."""
    declared = "".join(
        f"@step.do({'concurrent=True' if star else ''})\nasync def {name}({needs}): ...\n\n"
        for star, name, needs in re.findall(r"(\*?)(\w+)(?:\(([^)]*)\))?", steps)
    )
    return module_of(HEADER + textwrap.indent(declared + textwrap.dedent(body), " " * 8)).workflows[0]


def workflow_of(body: str, *, after: str = "") -> WorkflowAnalysis:
    """Return the analysis of the workflow of `graph_of`."""
    return module_of(HEADER + textwrap.indent(STEPS + after + textwrap.dedent(body), " " * 8)).workflows[0]


def codes_of(body: str) -> list[str]:
    """Return the codes of the notes that make the graph of `graph_of` incomplete."""
    workflow = workflow_of(body)
    assert workflow.complete == (not any(note.incomplete for note in workflow.notes))
    return [note.code for note in workflow.notes if note.incomplete]


def workflow_of_module(source: str) -> WorkflowAnalysis:
    """Return the analysis of the workflow that a module defines."""
    return module_of(source).workflows[0]


def module_of(source: str) -> Analysis:
    """Return the analysis of a module. Consecutive assertions of a test about the same code share it."""
    return _analysis_in(os.environ.get("PYTEST_CURRENT_TEST"), source)


@lru_cache(maxsize=1)
def _analysis_in(_test: str | None, source: str) -> Analysis:
    return analyze_source(textwrap.dedent(source), "entry.py")


def graph_of_module(source: str, name: str = "W") -> str:
    """Return the graph of one workflow of a module."""
    workflows = [workflow for workflow in module_of(source).workflows if workflow.class_name == name]
    return notation(workflows[0].graph)


def text(expected: str) -> str:
    """Remove the indentation of an expected graph."""
    return textwrap.dedent(expected).strip("\n")


def notation(graph: Graph | None) -> str:
    """Return a graph as lines, followed by its functions as `def NAME`."""
    if graph is None:
        return "no graph"
    lines = list(_lines(graph["workflow"]["nodes"], 0))
    for function in graph["workflow"]["functions"].values():
        lines += [f"def {function['name']}", *_lines(function["nodes"], 1)]
    return "\n".join(lines)


def shape(payload: Shape | None) -> object:
    """Return the shape of a payload as nested dictionaries, with `...` for unknown values."""
    if payload is None or payload["type"] == "unknown":
        return ...
    return {key: shape(inner) for key, inner in payload["fields"].items()}


def _lines(nodes: Sequence[Node], depth: int) -> Iterator[str]:
    for node in nodes:
        for line, inner in _parts(node):
            yield "  " * depth + line
            yield from _lines(inner, depth + 1)


def _parts(node: Node) -> Iterator[tuple[str, Sequence[Node]]]:
    match node["type"]:
        case "step_do":
            yield node["name"] + _clock(node), node["nodes"]
        case "step_sleep":
            yield f"sleep {node['name']!r} {node['duration']!r}{_clock(node)}", ()
        case "step_sleep_until":
            yield f"until {node['name']!r} {node['timestamp']!r}{_clock(node)}", ()
        case "step_wait_for_event":
            options = node.get("options")
            type_and_timeout = "" if options is None else f" {options['event_type']!r} {options['timeout']!r}"
            yield f"wait {node['name']!r}{type_and_timeout}{_clock(node)}", ()
        case "function_call":
            yield f"call {node['name']}{_clock(node)}", ()
        case "loop" | "block":
            yield node["type"], node["nodes"]
        case "parallel":
            yield f"parallel {node['kind']}", node["nodes"]
        case "try":
            for key, word in (("try_block", "try"), ("catch_block", "catch"), ("finally_block", "finally")):
                if key in node:
                    yield word, node[key]["nodes"]  # type: ignore[literal-required] # one of its three blocks
        case "if":
            yield from _branches("if", "else", node["branches"])
        case "switch":
            yield f"switch {node['discriminant']}", ()
            for line, inner in _branches("case", "default", node["branches"]):
                yield f"| {line}", inner
        case "break":
            yield node["kind"], ()


def _branches(word: str, last: str, branches: Sequence[Branch]) -> Iterator[tuple[str, Sequence[Node]]]:
    for branch in branches:
        condition = branch["condition"]
        yield last if condition is None else f"{word} {condition}", branch["nodes"]


def _clock(node: Node) -> str:
    starts, resolves = node.get("starts"), node.get("resolves")
    return "" if starts is None and resolves is None else f" [{starts}>{'' if resolves is None else resolves}]"
