"""Parsing: bytes in, a module or a problem with line and column out."""

from __future__ import annotations

import ast
import io
import tokenize
import warnings

import libcst as cst

from stepgraph.limits import HELD_TOKENS
from stepgraph.model.note import InputError, Problem, ProblemKind
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.shallow import glance


class NoRoomError(InputError):
    """A module that may be parsed, but not beside the others that are in memory."""


def parse_module(source: bytes, path: str, room: int = HELD_TOKENS) -> SourceModule:
    """Return the module parsed from `source`.

    Raises InputError where it is not valid Python, or has more tokens than a module may have, and NoRoomError where it
    has more than `room`. To be called where there is room for deep recursion (`stepgraph.syntax.deep`): the
    native parser overflows a usual stack on long chains of calls.
    """
    try:
        text = _decoded(source)
        seen = glance(text)
        if not seen.is_shallow:
            _check_nesting(path, text)
        if seen.tokens > HELD_TOKENS:
            message = f"not parsed: it has more than {HELD_TOKENS:,} tokens."
            raise InputError(Problem(path, message, "Split the module."))
        if seen.tokens > room:
            message = f"not parsed: it and the modules it is analyzed with have more than {HELD_TOKENS:,} tokens."
            raise NoRoomError(Problem(path, message, "Analyze fewer modules at once, or import less."))
        return SourceModule(path, cst.parse_module(source), source, seen.tokens)
    except (cst.ParserSyntaxError, cst.CSTValidationError, SyntaxError, UnicodeDecodeError, TypeError) as error:
        # A TypeError is LibCST's own defect on valid code such as `x if y else(lambda: z)`.
        raise InputError(_syntax_problem(source, path, error)) from None


def _decoded(source: bytes) -> str:
    """Return the text as the parser will see it: an encoding may hide brackets.

    Raises SyntaxError or UnicodeDecodeError for what is no text in the encoding that it claims.
    """
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    return source.decode(encoding)


def _check_nesting(path: str, text: str) -> None:
    """Raise InputError where a text exceeds a limit of the native parser."""
    # Imported here: hardly any module is not shallow, and the scanner's expressions take 2 ms to compile.
    from stepgraph.syntax.nesting import too_deep

    deep = too_deep(text)
    if deep is not None:
        raise InputError(_invalid(path, deep.message, deep.advice, deep.line, deep.column))


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
