"""Parsing: bytes in, a module or a problem with line and column out."""

from __future__ import annotations

import ast
import warnings

import libcst as cst

from stepgraph.model.note import InputError, Problem, ProblemKind
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.nesting import too_deep


def parse_module(source: bytes, path: str) -> SourceModule:
    """Return the module parsed from `source`. Raises InputError where it is not valid Python.

    To be called where there is room for deep recursion (`stepgraph.syntax.deep`): the native parser overflows a usual
    stack on long chains of calls.
    """
    try:
        deep = too_deep(source)
        if deep is not None:
            raise InputError(_invalid(path, deep.message, deep.advice, deep.line, deep.column))
        return SourceModule(path, cst.parse_module(source), source)
    except (cst.ParserSyntaxError, cst.CSTValidationError, SyntaxError, UnicodeDecodeError, TypeError) as error:
        # A TypeError is LibCST's own defect on valid code such as `x if y else(lambda: z)`.
        raise InputError(_syntax_problem(source, path, error)) from None


def _syntax_problem(source: bytes, path: str, error: Exception) -> Problem:
    """LibCST's positions are unreliable: ask CPython's parser, and use LibCST's only if that accepts the code."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except SyntaxError as refusal:
        # CPython's columns count bytes of UTF-8 in some versions; for most code they are the same.
        return _invalid(path, f"syntax error: {refusal.msg}.", "", refusal.lineno or 1, refusal.offset or 1)
    except (ValueError, RecursionError, MemoryError) as refusal:
        return _invalid(path, f"cannot be parsed: {refusal}.", "", 1, 1)
    if isinstance(error, cst.ParserSyntaxError):
        message = error.message.splitlines()[-1] if error.message else "not understood"
        return _invalid(path, f"syntax error: {message}.", "", error.editor_line, error.editor_column)
    message = "is valid Python that LibCST, the parser used, does not take."
    return Problem(path, message, "Put spaces around keywords that stand next to a bracket.")


def _invalid(path: str, message: str, advice: str, line: int, column: int) -> Problem:
    return Problem(path, message, advice, line, column, kind=ProblemKind.SYNTAX)
