"""Workflows and their graphs in short, for tests that are read.

`graph_of` takes the body of `run`, in which the steps `a`, `b`, `c` and `d` are declared, and gives the graph as lines:
a step is its name, with its clock as `[starts>resolves]`; what is in something stands indented below it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

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


def graph_of(body: str, *, after: str = "") -> str:
    """Return the graph of a workflow whose `run` declares the steps a, b, c, d and then has this body.

    The body stands `after` the definitions that several tests share.
    """
    return notation(workflow_of(body, after=after).graph)


def dependent_graph_of(steps: str, body: str) -> str:
    """Return the graph of a workflow whose `run` declares steps such as `a b(a) *c(a, b)` and then has this body.

    In brackets are the names of the steps that one needs; a star makes it `concurrent=True`.
    """
    return notation(dependent_workflow_of(steps, body).graph)


def dependent_workflow_of(steps: str, body: str) -> WorkflowAnalysis:
    """Return the analysis of such a workflow."""
    declared = "".join(
        f"@step.do({'concurrent=True' if star else ''})\nasync def {name}({needs}): ...\n\n"
        for star, name, needs in re.findall(r"(\*?)(\w+)(?:\(([^)]*)\))?", steps)
    )
    return module_of(HEADER + textwrap.indent(declared + textwrap.dedent(body), " " * 8)).workflows[0]


def workflow_of(body: str, *, after: str = "") -> WorkflowAnalysis:
    """Return the analysis of such a workflow."""
    return module_of(HEADER + textwrap.indent(STEPS + after + textwrap.dedent(body), " " * 8)).workflows[0]


def workflow_of_module(source: str) -> WorkflowAnalysis:
    """Return the analysis of the workflow that a module defines."""
    return module_of(source).workflows[0]


def module_of(source: str) -> Analysis:
    """Return the analysis of a module."""
    return analyze_source(textwrap.dedent(source), "entry.py")


def graph_of_module(source: str, name: str = "W") -> str:
    """Return the graph of one workflow of a module."""
    found = [workflow for workflow in module_of(source).workflows if workflow.class_name == name]
    return notation(found[0].graph)


def text(expected: str) -> str:
    """Return an expected graph written indented in a test."""
    return textwrap.dedent(expected).strip("\n")


def notation(graph: Graph | None) -> str:
    """Return a graph as lines, its functions after it, as `def NAME`."""
    if graph is None:
        return "no graph"
    lines = list(_lines(graph["workflow"]["nodes"], 0))
    for function in graph["workflow"]["functions"].values():
        lines += [f"def {function['name']}", *_lines(function["nodes"], 1)]
    return "\n".join(lines)


def shape(found: Shape | None) -> object:
    """Return the shape of a payload as nested dictionaries; `...` is what is not known."""
    if found is None or found["type"] == "unknown":
        return ...
    return {key: shape(inner) for key, inner in found["fields"].items()}


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
            told = "" if options is None else f" {options['event_type']!r} {options['timeout']!r}"
            yield f"wait {node['name']!r}{told}{_clock(node)}", ()
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
