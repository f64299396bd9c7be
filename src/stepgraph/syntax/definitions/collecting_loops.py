"""The loops that append tasks or functions to a collection, whose elements run later as the passes of a loop.

`for item in items: tasks.append(pack(item))` has the definition of the comprehension `[pack(item) for item in items]`.
"""

from __future__ import annotations

from itertools import pairwise, takewhile

import libcst as cst

from stepgraph.syntax.definitions.defined_texts import defined_loop, defined_test
from stepgraph.syntax.definitions.definition_scope import DefinitionScope
from stepgraph.syntax.definitions.loop_completion import exit_texts
from stepgraph.syntax.definitions.variable_changes import LoopStatement
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import COMPREHENSIONS, ancestors_of, code_without_layout


def defined_collection(place: SourcePlace, scope: DefinitionScope) -> str:
    """Return the loops and conditions around an element of a collection in its function.

    Return an empty string without a loop, and for an element of a comprehension.
    """
    outer_nodes = ancestors_of(place.module.parents, place.node)
    path = (place.node, *takewhile(lambda each: not isinstance(each, cst.FunctionDef), outer_nodes))
    if any(isinstance(each, COMPREHENSIONS) for each in path):
        return ""
    if not any(isinstance(outer, LoopStatement) and inner is outer.body for inner, outer in pairwise(path)):
        return ""
    texts = (_text(inner, outer, place, scope) for inner, outer in reversed([*pairwise(path)]))
    return "".join(texts).strip()


def _text(inner: cst.CSTNode, outer: cst.CSTNode, place: SourcePlace, scope: DefinitionScope) -> str:
    """Return the head of a loop or the condition of a branch around an element, or an empty string."""
    at = SourcePlace(place.module, outer)
    match outer:
        case cst.For() | cst.While() if inner is outer.body:
            return " exits if ".join((f" {defined_loop(at, scope)}", *exit_texts(at, scope)))
        case cst.If(test=test) if inner in (outer.body, outer.orelse):
            condition = defined_test(test, SourcePlace(place.module, test), scope)
            return f" if {condition}" if inner is outer.body else f" if not ({condition})"
        case cst.Match(subject=subject):
            return f" if {defined_test(subject, at, scope)}"
        case cst.MatchCase(pattern=pattern, guard=guard):
            return "".join(f" if {code_without_layout(each)}" for each in (pattern, guard) if each is not None)
        case cst.ExceptHandler(type=cst.BaseExpression() as types) | cst.ExceptStarHandler(type=types):
            return f" if {code_without_layout(types)}"
        case _:
            return ""
