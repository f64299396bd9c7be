"""Code that Python cannot compile when it loads a module, such as `await` in a function without `async`."""

from __future__ import annotations

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.unloadable_imports import paths_of_loaded_modules
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
    _observe_new_syntax(interpreter)


def _observe_new_syntax(interpreter: Interpreter) -> None:
    """Record code for newer versions of Python in modules that are always loaded.

    Other modules may be imported only by these versions, as below `if sys.version_info >= (3, 14)`.
    """
    modules = [module for module in interpreter.modules.scopes if module.once(new_syntax)]
    loaded = paths_of_loaded_modules(interpreter) if modules else frozenset[str]()
    for module in modules:
        if module.path in loaded:
            for syntax in module.once(new_syntax):
                interpreter.observe(NewSyntaxUsed(syntax))
