"""Code that Python cannot compile when it loads a module, such as `await` in a function without `async`."""

from __future__ import annotations

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.ir.syntax_facts import AsyncKeyword, CompileFailure, MisplacedAwait, NewSyntaxUsed
from stepgraph.model.span import Span
from stepgraph.syntax.compile_errors import compile_error
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.new_syntax import new_syntax
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


def observe_compile_failures(interpreter: Interpreter) -> None:
    """Record the analyzed modules that Python, or an older version of it, cannot compile."""
    for module in tuple(interpreter.modules.scopes):
        error = module.once(compile_error)
        if error is not None:
            position = error.line, error.column
            interpreter.observe(CompileFailure(error.message, Span(module.path, *position, *position)))
        for syntax in module.once(new_syntax):
            interpreter.observe(NewSyntaxUsed(syntax))
