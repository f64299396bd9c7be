"""Parsing of source files into modules, or into problems with line and column."""

from __future__ import annotations

import ast
import io
import tokenize
import warnings

import libcst as cst

from stepgraph.limits import HELD_TOKENS
from stepgraph.model.note import InputError, Problem, ProblemKind
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.parsing.shallow import quick_scan


class TokenBudgetError(InputError):
    """A module that is small enough to be parsed, but not together with the modules in memory."""


def parse_module(source: bytes, path: str, room: int = HELD_TOKENS) -> SourceModule:
    """Return the module parsed from `source`.

    Raises InputError if the source is not valid Python or exceeds the limit of tokens for a module, and NoRoomError if
    it has more than `room` tokens. Call this function in `run_with_large_stack`, because the native parser overflows a
    stack of the default size on long chains of calls.
    """
    try:
        text = _decode(source)
        estimate = quick_scan(text)
        if not estimate.is_shallow:
            _check_nesting(path, text)
        if estimate.tokens > HELD_TOKENS:
            message = f"not parsed: it has more than {HELD_TOKENS:,} tokens."
            raise InputError(Problem(path, message, "Split the module."))
        if estimate.tokens > room:
            message = f"not parsed: it and the modules it is analyzed with have more than {HELD_TOKENS:,} tokens."
            raise TokenBudgetError(Problem(path, message, "Analyze fewer modules at once, or import less."))
        return SourceModule(path, cst.parse_module(source), source, estimate.tokens)
    except (cst.ParserSyntaxError, cst.CSTValidationError, SyntaxError, UnicodeDecodeError, TypeError) as error:
        # LibCST raises TypeError on valid code such as `x if y else(lambda: z)`.
        raise InputError(_syntax_problem(source, path, error)) from None


def _decode(source: bytes) -> str:
    """Return the source decoded as the parser decodes it, because an encoding may hide brackets.

    Raises SyntaxError or UnicodeDecodeError if the source is not valid in its declared encoding.
    """
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    return source.decode(encoding)


def _check_nesting(path: str, text: str) -> None:
    """Raise InputError if the source exceeds a limit of the native parser."""
    # Imported here because few modules need the scanner, and its regular expressions take 2 ms to compile.
    from stepgraph.syntax.parsing.nesting import find_limit_violation

    violation = find_limit_violation(text)
    if violation is not None:
        raise InputError(_problem_at(path, violation.message, violation.advice, violation.line, violation.column))


def _syntax_problem(source: bytes, path: str, error: Exception) -> Problem:
    """Return the problem of a source that LibCST rejects.

    LibCST's positions are unreliable, so CPython's parser locates the error unless it accepts the source.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except SyntaxError as rejection:
        # Some versions of CPython count columns in bytes of UTF-8, which makes no difference in most code.
        return _problem_at(path, f"syntax error: {rejection.msg}.", "", rejection.lineno or 1, rejection.offset or 1)
    except (ValueError, RecursionError, MemoryError) as rejection:
        return _problem_at(path, f"cannot be parsed: {rejection}.", "", 1, 1)
    if isinstance(error, cst.ParserSyntaxError):
        message = error.message.splitlines()[-1] if error.message else "not understood"
        return _problem_at(path, f"syntax error: {message}.", "", error.editor_line, error.editor_column)
    message = "is valid Python that LibCST, the parser used, does not take."
    return Problem(path, message, "Put spaces around keywords that stand next to a bracket.")


def _problem_at(path: str, message: str, advice: str, line: int, column: int) -> Problem:
    return Problem(path, message, advice, line, column, kind=ProblemKind.SYNTAX)
