"""Asynchronous code in functions without `async`, for which Python raises a SyntaxError when the module is loaded."""

from __future__ import annotations

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.ir.facts import AsyncKeyword, MisplacedAwait
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import SCOPES, ancestors_of


def observe_misplaced_await(interpreter: Interpreter, node: cst.CSTNode, keyword: AsyncKeyword) -> None:
    """Record asynchronous code that the body of a function contains although the function is not asynchronous.

    A generator expression may contain it in every function.
    """
    function: cst.CSTNode | None = None
    for ancestor in ancestors_of(interpreter.module.parents, node):
        if isinstance(ancestor, cst.GeneratorExp):
            return
        if isinstance(ancestor, SCOPES):
            function = ancestor
            break
    if isinstance(function, cst.FunctionDef) and function.asynchronous is None:
        definition = SourcePlace(interpreter.module, function.name)
        interpreter.observe(MisplacedAwait(keyword, definition, interpreter.place(node)))
