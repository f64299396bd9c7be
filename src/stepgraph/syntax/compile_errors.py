"""Errors in source code that Python can parse but not compile, such as `await` outside of a function."""

from __future__ import annotations

import ast
import warnings
from typing import Final

from msgspec import Struct

from stepgraph.syntax.module import SourceModule

_MAX_TOKENS: Final = 100_000
"""The maximum number of tokens of a module that is compiled. A longer module would take too much time and memory."""


class CompileError(Struct, frozen=True):
    """The first error that Python reports when it compiles a module."""

    message: str
    line: int
    column: int


def compile_error(module: SourceModule) -> CompileError | None:
    """Return the error of a module that Python cannot compile. Call this function through `module.once`.

    An error of the parser is ignored: LibCST accepts the module, so that it is valid in another version of Python.
    """
    if module.tokens > _MAX_TOKENS:
        return None
    try:
        compile_source(module.content, has_finally=module.mentions(b"finally"))
    except SyntaxError as error:
        is_parsed = _is_parsed(module.content)
        return CompileError(error.msg, error.lineno or 1, error.offset or 1) if is_parsed else None
    except (ValueError, RecursionError, MemoryError):
        return None
    return None


def compile_source(source: bytes, *, has_finally: bool = True) -> None:
    """Compile a module, without running it.

    Raises SyntaxError, and ValueError, RecursionError or MemoryError for code that the compiler cannot process.
    Without `has_finally`, the source contains no `finally`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = _FinallyBlocks().visit(ast.parse(source)) if has_finally else source
        compile(code, "<module>", "exec", dont_inherit=True)


class _FinallyBlocks(ast.NodeTransformer):
    """Moves the statements of `finally` blocks to other blocks.

    Python compiles a `finally` block once for each way to leave the `try`, so that nested ones take exponential time.
    """

    def visit_Try(self, node: ast.Try | ast.TryStar) -> ast.AST:
        self.generic_visit(node)
        if not node.finalbody:
            return node
        if node.handlers:
            node.orelse, node.finalbody = [*node.orelse, *node.finalbody], []
            return node
        test = ast.copy_location(ast.Name("_", ast.Load()), node)
        return ast.copy_location(ast.If(test, node.body, node.finalbody), node)

    def visit_TryStar(self, node: ast.TryStar) -> ast.AST:
        return self.visit_Try(node)


def _is_parsed(source: bytes) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
