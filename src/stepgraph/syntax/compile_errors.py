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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(module.content, "<module>", "exec", dont_inherit=True)
        except SyntaxError as error:
            is_parsed = _is_parsed(module.content)
            return CompileError(error.msg, error.lineno or 1, error.offset or 1) if is_parsed else None
        except (ValueError, RecursionError, MemoryError):
            return None
    return None


def _is_parsed(source: bytes) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
