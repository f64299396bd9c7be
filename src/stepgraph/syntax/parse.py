"""Parsing of source files into modules, with a line and column for each syntax error.

A quick scan proves most sources safe for the native parser, at a fraction of the cost of parsing them.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.limits import CHAINED_LINKS, HELD_TOKENS
from stepgraph.model.note import InputError, Problem, ProblemKind
from stepgraph.syntax.module import SourceModule


class TokenBudgetError(InputError):
    """A module could be parsed alone, but has too many tokens for the room that other modules leave in memory."""


def parse_module(source: bytes, path: str, room: int = HELD_TOKENS) -> SourceModule:
    """Return the module parsed from `source`.

    Raises InputError if the source is not valid Python, is nested too deeply, or exceeds the token limit of a module,
    and TokenBudgetError if it has more than `room` tokens. Call this function in `run_with_large_stack`, because the
    native parser overflows a stack of the default size on long chains of calls.
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
    from stepgraph.syntax.nesting import find_limit_violation

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
        # Some versions of CPython count columns in UTF-8 bytes, which makes no difference in most code.
        return _problem_at(path, f"syntax error: {rejection.msg}.", "", rejection.lineno or 1, rejection.offset or 1)
    except (ValueError, RecursionError, MemoryError) as rejection:
        return _problem_at(path, f"cannot be parsed: {rejection}.", "", 1, 1)
    if isinstance(error, cst.ParserSyntaxError):
        message = error.message.splitlines()[-1] if error.message else "invalid syntax"
        return _problem_at(path, f"syntax error: {message}.", "", error.editor_line, error.editor_column)
    message = "valid Python that the parser, LibCST, does not support."
    return Problem(path, message, "Put spaces between keywords and brackets.")


def _problem_at(path: str, message: str, advice: str, line: int, column: int) -> Problem:
    return Problem(path, message, advice, line, column, kind=ProblemKind.SYNTAX)


_MAX_LINE_OPERATORS: Final = 60
"""The number of brackets and operators that a logical line may contain without a further check."""
_TOKENS_PER_LINE: Final = 2
"""The number of tokens that the parser adds for a line."""

# Source without code: comments, strings, and format strings with simple fields. An unterminated string matches too, as
# the parser rejects it at once, and another attempt at each quote in it would take quadratic time.
_TRIPLE_QUOTED: Final = r"""\"\"\"(?:[^"\\]|\\.|"(?!""))*+(?:\"\"\")?|'''(?:[^'\\]|\\.|'(?!''))*+(?:''')?"""
_SINGLE_QUOTED: Final = r""""(?:[^"\\\n]|\\.)*+"?|'(?:[^'\\\n]|\\.)*+'?"""
_FIELD_IN_DOUBLE: Final = r"\{(?:[^{}\"'\\\n]|'[^{}\"'\\\n]*+'){0,80}+\}"
_FIELD_IN_SINGLE: Final = r"\{(?:[^{}\"'\\\n]|\"[^{}\"'\\\n]*+\"){0,80}+\}"
_COMMENT_OR_STRING: Final = re.compile(
    rf"""\#[^\n]*
    |(?<!\w)[bBrRuU]{{0,2}}(?:{_TRIPLE_QUOTED}|{_SINGLE_QUOTED})
    |(?<!\w)(?P<formatted>[fFrRtT]{{1,2}}(?:
        "(?!"")(?:[^"\\\n{{}}]|\\[^{{}}N]|\{{\{{|\}}\}}|{_FIELD_IN_DOUBLE})*+"
        |'(?!'')(?:[^'\\\n{{}}]|\\[^{{}}N]|\{{\{{|\}}\}}|{_FIELD_IN_SINGLE})*+'
    ))""",
    re.VERBOSE | re.DOTALL,
)
_TOKEN: Final = re.compile(r"\w++|[^\w\s]")
_FIELD: Final = re.compile(r"\{[^{}\n]*+\}")
_LINK_KEYWORDS: Final = re.compile(r"\b(?:lambda|else|not|await|for)\b")
_BRACKET_IN_CASE: Final = re.compile(r"^[ \t\f]*case\b[^(\[{\n]*[(\[{]", re.MULTILINE)

_COUNTED_BYTES: Final = b"()[]{}.+-*/%@&|^~<>\n"
_DELETED_BYTES: Final = bytes(set(range(256)) - set(_COUNTED_BYTES))
_UNIFY_BRACKETS: Final = bytes.maketrans(b"[]{}", b"()()")


class QuickScan(Struct, frozen=True):
    """An estimate of the work of parsing a source, made without parsing it."""

    is_shallow: bool
    """Whether no expression and no pattern can exceed a limit of the native parser; False if unknown."""
    tokens: int
    """The approximate number of tokens, as a measure of the parser's memory use.

    It counts names, numbers, strings, comments and operators, including those in the fields of format strings, and two
    tokens for each line. The text between these fields does not count.
    """


def quick_scan(text: str) -> QuickScan:
    """Return an estimate of the nesting and the number of tokens of a source, made with regular expressions."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    format_strings: list[str] = []

    def blank(match: re.Match[str]) -> str:
        if match.lastgroup is not None:
            format_strings.append(match.group())
        return " "

    code, count = _COMMENT_OR_STRING.subn(blank, text)
    if _has_quote(code):
        # A format string did not match, so code after it may have matched as a string. Count the whole text as code.
        count, token_source = 0, text
    else:
        token_source = code + "".join(_FIELD.findall("\n".join(format_strings)))
    tokens = count + _count_tokens(token_source) + _TOKENS_PER_LINE * text.count("\n")
    return QuickScan(_is_shallow(code), tokens)


def _count_tokens(code: str) -> int:
    return _TOKEN.subn("", code)[1]


def _has_quote(code: str) -> bool:
    return '"' in code or "'" in code


def _is_shallow(code: str) -> bool:
    code = code.replace("\\\n", "")
    # The remaining quotes belong to format strings with complex fields.
    if _has_quote(code) or ("case" in code and _BRACKET_IN_CASE.search(code)):
        return False
    if sum(map(code.count, ("lambda", "else", "not", "await", "for"))) > CHAINED_LINKS:
        code = _LINK_KEYWORDS.sub("~", code)
    encoded = code.encode("utf-8", "surrogatepass")
    return _has_short_lines(encoded.translate(_UNIFY_BRACKETS, _DELETED_BYTES))


def _has_short_lines(counted: bytes) -> bool:
    depth = length = 0
    for line in counted.split(b"\n"):
        if not line:
            continue
        length += len(line)
        if length > _MAX_LINE_OPERATORS:
            return False
        depth += line.count(b"(") - line.count(b")")
        if depth <= 0:
            depth = length = 0
    return True
