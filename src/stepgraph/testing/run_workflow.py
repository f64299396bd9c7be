"""Workflows in which the steps of functions have the names that the arguments of calls give them.

`await self.charge(step, "card")` decides the name of the step `charge {method}` in the function `charge`. The workflow
contains a copy of the function for each of its calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias, cast

from stepgraph.model.details import ComparableDetails, ComputedTexts, text_of_run
from stepgraph.model.literal_texts import partial_text
from stepgraph.model.payload import FunctionDef, Node, Workflow
from stepgraph.model.walk import STEP_TYPES, called_functions, is_step, walk

_MAX_PARTS: Final = 20_000
"""The maximum number of parts of the copies. With more, the workflow remains unchanged."""

_Passed: TypeAlias = tuple[Mapping[str, str], ...]
"""The values that the calls around a node pass by the marks of their parameters, innermost first."""


class _TooManyPartsError(Exception):
    """The copies of functions exceed the limit."""


def with_run_names(workflow: Workflow, details: ComparableDetails) -> Workflow:
    """Return a workflow with a copy of each function for the calls that decide names of steps in it.

    Names that no call decides, and those in recursive calls, remain. Without such names, and with too many copies, the
    workflow itself is the result.
    """
    named = _functions_with_named_steps(workflow, details)
    if not named:
        return workflow
    copies = _Copies(workflow["functions"], details, named)
    try:
        nodes = copies.of_nodes(workflow["nodes"], (), ())
    except (_TooManyPartsError, RecursionError):
        return workflow
    return cast("Workflow", {**workflow, "nodes": nodes, "functions": {**workflow["functions"], **copies.functions}})


def _functions_with_named_steps(workflow: Workflow, details: ComparableDetails) -> frozenset[str]:
    """Return the functions that run steps, directly or by calls, whose names calls decide."""
    functions = workflow["functions"]
    named = {
        key
        for key, function in functions.items()
        if any(is_step(node) and details.texts_of(node).parametric_name for node in walk(function["nodes"]))
    }
    calling = (
        key for key, function in functions.items() if named and named & called_functions(function["nodes"], functions)
    )
    return frozenset({*named, *calling})


class _Copies:
    """The copies of functions."""

    def __init__(self, functions: Mapping[str, FunctionDef], details: ComparableDetails, named: frozenset[str]) -> None:
        """Prepare the copies. `named` are the functions that are copied."""
        self.functions: dict[str, FunctionDef] = {}
        """The copies, by their keys."""
        self._originals = functions
        self._details = details
        self._named = named
        self._remaining = _MAX_PARTS

    def of_nodes(self, nodes: Sequence[Node], passed: _Passed, enclosing: tuple[str, ...]) -> list[Node]:
        """Return copies of nodes in functions, outermost first, with the names that calls give their steps."""
        return [cast("Node", self._copy(node, passed, enclosing)) for node in nodes]

    def _copy(self, part: object, passed: _Passed, enclosing: tuple[str, ...]) -> object:
        self._remaining -= 1
        if self._remaining < 0:
            raise _TooManyPartsError
        match part:
            case list():
                return [self._copy(each, passed, enclosing) for each in part]
            case dict():
                copy = {key: self._copy(value, passed, enclosing) for key, value in part.items()}
                return {**copy, **self._name(cast("Node", part), passed, enclosing)}
            case _:
                return part

    def _name(self, part: Node, passed: _Passed, enclosing: tuple[str, ...]) -> Mapping[str, str]:
        """Return the name of a step or call in a copy, or nothing for another part."""
        match part:
            case {"type": "function_call", "name": name} if name in self._named and name not in enclosing:
                values = dict(self._details.texts_of(part).passed)
                return {"name": self._function(name, (values, *passed), enclosing)}
            case {"type": node_type, "name": str(name)} if node_type in STEP_TYPES:
                return {"name": _run_name(self._details.texts_of(part), name, passed)}
            case _:
                return {}

    def _function(self, name: str, passed: _Passed, enclosing: tuple[str, ...]) -> str:
        """Add a copy of a function for a call, and return its key."""
        key = f"{name} {len(self.functions) + 1}"
        function = self._originals[name]
        self.functions[key] = function
        nodes = self.of_nodes(function["nodes"], passed, (*enclosing, name))
        self.functions[key] = {"type": "function_def", "name": key, "nodes": nodes}
        return key


def _run_name(texts: ComputedTexts, name: str, passed: _Passed) -> str:
    """Return the name of a step in the logs of runs, with unknown expressions in braces."""
    text = text_of_run(texts.parametric_name, passed) if texts.parametric_name else ""
    return (partial_text(text, name) if text else None) or name
