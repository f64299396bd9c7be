"""Parsing of source files into modules, with a line and column for each syntax error."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.limits import HELD_TOKENS
from stepgraph.model.note import InputError, Problem, ProblemKind
from stepgraph.phrases import counted
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.normal_names import LIBCST_ERRORS, UnusualNameError, parse_names
from stepgraph.syntax.quick_scan import SourceScan, quick_scan

if TYPE_CHECKING:
    from stepgraph.syntax.deferred.blocks import ParsedTokens
    from stepgraph.syntax.deferred.modules import DeferredModule
    from stepgraph.syntax.nesting import NestingSums
    from stepgraph.syntax.pieces.joining import JoinedModule


class TokenBudgetError(InputError):
    """A module could be parsed alone, but has too many tokens for the room that other modules leave in memory."""


_NO_ROOM: Final = f"not parsed: it and the modules it is analyzed with have more than {HELD_TOKENS:,} tokens."
_NO_ROOM_FOR_SEVERAL: Final = (
    f"not parsed, like {{}}: they and the modules they are analyzed with have more than {HELD_TOKENS:,} tokens."
)
_MIN_LENGTH_IN_PIECES: Final = 8_000
"""The minimum length of a source that is parsed in pieces, in characters. Parsing a shorter one saves little time."""
_MIN_LENGTH_OF_VERSION: Final = 3_000
"""The minimum length of a source that is parsed in pieces if later versions share them. A shorter one has one piece."""
_MIN_LENGTH_IN_SHORT_PIECES: Final = 1_000
"""The minimum length of a source that is parsed in pieces if earlier modules have the same structures."""
_MIN_LENGTH_WITHOUT_BODIES: Final = 2_000
"""The minimum length of a source whose bodies are parsed on first use, if there are many modules in memory."""
_MANY_TOKENS: Final = 50_000
"""The number of tokens in memory from which the bodies of short modules are parsed on first use, too.

A workflow uses few bodies of so many modules. Without the others, twice as many modules fit into the memory.
"""
_SHORT_MODULES_TRIED: Final = 16
"""The number of short modules after which their repetition decides whether others are parsed in pieces."""
_short_modules: Final = {"parsed": 0}
"""The number of short modules that this process has parsed."""


def parse_module(
    source: bytes,
    path: str,
    room: int = HELD_TOKENS,
    earlier: SourceModule | None = None,
    memory: ParsedTokens | None = None,
    *,
    has_versions: bool = False,
) -> SourceModule:
    """Return the module parsed from `source`, with the unchanged pieces of `earlier`, an earlier version of the module.

    With `has_versions`, later versions may be parsed, so shorter modules are parsed in pieces, too.

    With `memory`, the bodies of functions in a long module are parsed on first use, and counted there. If it has a
    recorder, the bodies are separate in short modules, too, unless one is long, and reads of them are recorded. With
    many modules in memory, the bodies of short modules are parsed on first use, too.

    Raises InputError if the source is not valid Python, is nested too deeply, or exceeds the token limit of a module,
    and TokenBudgetError if it has more than `room` tokens. Call this function in `run_with_large_stack`, because the
    native parser overflows a stack of the default size on long chains of calls.
    """
    try:
        text, encoding = _decode(source)
        has_pieces = len(text) >= (_MIN_LENGTH_OF_VERSION if has_versions else _MIN_LENGTH_IN_PIECES)
        try:
            version = _parse_changes(earlier, source, text, encoding, room) if earlier and has_pieces else None
        except LIBCST_ERRORS:
            version, has_pieces = None, False  # because an error in the whole module has the right location
        if version is None:
            scan = _scan(text, path)
            is_deferrable = memory is not None and (
                has_pieces or memory.recorder is not None or _saves_memory(text, memory)
            )
            deferred = _defer(text, encoding, path, scan, memory, earlier) if memory and is_deferrable else None
            _check_room(scan.quick.tokens if deferred is None else deferred.tokens_in_memory, path, room)
            if deferred is not None:
                return SourceModule(path, deferred.tree, source, scan.quick.tokens, scan, deferred=deferred)
            joined = _parse_in_pieces(text, encoding) if has_pieces or _is_repetitive(text) else None
        else:
            scan, joined = version
        tree = parse_names(source, text) if joined is None else joined.tree
        results = {} if version is None or earlier is None else earlier.code_results
        return SourceModule(path, tree, source, scan.quick.tokens, scan, joined, earlier_results=results)
    except (*LIBCST_ERRORS, SyntaxError, UnicodeDecodeError) as error:
        raise InputError(_syntax_problem(source, path, error)) from None


def _scan(text: str, path: str) -> SourceScan:
    """Return the scan of a source. Raises InputError if it exceeds a limit."""
    quick = quick_scan(text)
    nesting = None if quick.is_shallow else _check_nesting(path, text)
    if quick.tokens > HELD_TOKENS:
        message = f"not parsed: it has more than {HELD_TOKENS:,} tokens."
        raise InputError(Problem(path, message, "Split the module."))
    return SourceScan(quick, nesting)


def _check_room(tokens: int, path: str, room: int) -> None:
    """Raise TokenBudgetError if a module with this number of tokens exceeds the room for it in memory."""
    if tokens > room:
        raise TokenBudgetError(Problem(path, _NO_ROOM, "Analyze fewer modules at once, or import less."))


def merge_room_problems(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems with one for all modules that exceed the room in memory, at the first of these modules."""
    merged = list(problems)
    indexes = [index for index, problem in enumerate(merged) if problem.message == _NO_ROOM]
    if len(indexes) > 1:
        first = indexes[0]
        others = counted(len(indexes) - 1, "other imported module")
        merged[first] = replace(merged[first], message=_NO_ROOM_FOR_SEVERAL.format(others))
        for index in reversed(indexes[1:]):
            del merged[index]
    return merged


def _saves_memory(text: str, memory: ParsedTokens) -> bool:
    """Return whether the bodies of a module are parsed on first use to save memory, even in a short module."""
    return len(text) >= _MIN_LENGTH_WITHOUT_BODIES and memory.tokens >= _MANY_TOKENS


def _is_repetitive(text: str) -> bool:
    """Return whether a short module may repeat the structures of earlier modules, so that pieces save time.

    The first module does not decide, because most runs parse only one.
    """
    if len(text) < _MIN_LENGTH_IN_SHORT_PIECES:
        return False
    number = _short_modules["parsed"] = _short_modules["parsed"] + 1
    if number == 1:
        return False
    from stepgraph.syntax.pieces.templates import repetition

    return number <= _SHORT_MODULES_TRIED or repetition.saves_time


def _parse_in_pieces(text: str, encoding: str) -> JoinedModule | None:
    """Return a long module parsed in pieces, or None if the module has to be parsed whole."""
    # Imported here because only long modules need it.
    from stepgraph.syntax.pieces.versions import parse_in_pieces

    try:
        return parse_in_pieces(text, encoding)
    except LIBCST_ERRORS:
        return None


def _defer(
    text: str, encoding: str, path: str, scan: SourceScan, memory: ParsedTokens, earlier: SourceModule | None
) -> DeferredModule | None:
    """Return a module whose function bodies are parsed on first use, or None if it has to be parsed whole."""
    # Other encodings may not write the skeleton as they read the source.
    if not scan.quick.is_shallow or not encoding.startswith("utf-8"):
        return None
    # Imported here because only long modules need it.
    from stepgraph.syntax.deferred.modules import parse_skeleton
    from stepgraph.syntax.deferred.outline import MIN_BODY_LENGTH

    try:
        deferred = parse_skeleton(text, encoding, path, memory, MIN_BODY_LENGTH)
    except LIBCST_ERRORS:
        return None
    if deferred is not None and earlier is not None and earlier.deferred is not None:
        deferred.bodies.reuse(earlier.deferred.bodies)
    # The bodies of a short module are parsed now, so that syntax that LibCST does not support is reported.
    may_wait = len(text) >= _MIN_LENGTH_IN_PIECES or _saves_memory(text, memory)
    is_complete = deferred is None or may_wait or deferred.bodies.parse_all()
    return deferred if is_complete else None


def _parse_changes(
    earlier: SourceModule, source: bytes, text: str, encoding: str, room: int
) -> tuple[SourceScan, JoinedModule] | None:
    """Return a new version of a long module, of which only the changed pieces are scanned and parsed.

    Return None if the whole module has to be scanned and parsed. The scan of the changed pieces does not suffice for
    parsing the whole module, because the change may turn strings after them into code. Raises the errors of LibCST, and
    InputError if both parsers reject the changed pieces.
    """
    from stepgraph.syntax.pieces.parsing import RejectedPieceError
    from stepgraph.syntax.pieces.versions import find_change

    change = None if earlier.joined is None else find_change(earlier.joined, text)
    scan = (
        None if change is None or earlier.scan is None else earlier.scan.with_change(change.old_text, change.new_text)
    )
    if change is None or scan is None or scan.quick.tokens > min(room, HELD_TOKENS):
        return None
    try:
        joined = change.parse(encoding)
    except RejectedPieceError as rejection:
        problem = _python_problem(source, earlier.path)
        if problem is not None and problem.line is not None and change.has_line(problem.line):
            raise InputError(problem) from None
        raise rejection.error from None
    return None if joined is None else (scan, joined)


def _decode(source: bytes) -> tuple[str, str]:
    """Return the source decoded as the parser decodes it, because an encoding may hide brackets, and the encoding.

    Raises SyntaxError or UnicodeDecodeError if the source is not valid in its declared encoding.
    """
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    return source.decode(encoding), encoding


def _check_nesting(path: str, text: str) -> NestingSums:
    """Return the nesting of a source. Raises InputError if it exceeds a limit of the native parser."""
    # Imported here because few modules need the scanner, and its regular expressions take 2 ms to compile.
    from stepgraph.syntax.nesting import LimitViolation, check_nesting

    nesting = check_nesting(text)
    if isinstance(nesting, LimitViolation):
        raise InputError(_problem_at(path, nesting.message, nesting.advice, nesting.line, nesting.column))
    return nesting


def _syntax_problem(source: bytes, path: str, error: Exception) -> Problem:
    """Return the problem of a source that LibCST rejects.

    LibCST's positions are unreliable, so CPython locates the error unless it accepts the source. Raises InputError if
    the source exceeds a limit of the native parser.
    """
    if isinstance(error, cst.CSTLogicError):
        message = "the parser, LibCST, does not support a template string after another string."
        return Problem(path, message, "Write a single template string.")
    problem = _python_problem(source, path)
    if problem is not None:
        return _conflict_problem(source, path) or problem
    if isinstance(error, UnusualNameError):
        name, normal, position = error.first()
        message = f"Python reads the name `{name}` as `{normal}`, so the code differs from what it seems to be."
        return Problem(path, message, f"Write `{normal}`.", *position)
    message = "valid Python that the parser, LibCST, does not support."
    if isinstance(error, cst.ParserSyntaxError):
        _check_nesting(path, _decode(source)[0])
        return _problem_at(path, message, "Rewrite the code here.", error.editor_line, error.editor_column)
    return Problem(path, message, "Put spaces between keywords and brackets.")


def _conflict_problem(source: bytes, path: str) -> Problem | None:
    """Return the problem of an unresolved merge conflict in a source, or None without a conflict."""
    # Imported here because few sources have syntax errors.
    from stepgraph.merge_conflicts import CONFLICT_ADVICE, CONFLICT_MESSAGE, find_conflict

    line = find_conflict(source.decode("utf-8", "replace"))
    return None if line is None else _problem_at(path, f"syntax error: {CONFLICT_MESSAGE}", CONFLICT_ADVICE, line, 1)


def _python_problem(source: bytes, path: str) -> Problem | None:
    """Return the problem of a source that CPython rejects, or None if it accepts the source."""
    # Imported here because few sources have syntax errors.
    from stepgraph.syntax.compile_errors import compile_source

    try:
        compile_source(source)
    except SyntaxError as rejection:
        # Some versions of CPython count columns in UTF-8 bytes, which makes no difference in most code.
        message = f"syntax error: {rejection.msg}{'' if rejection.msg.endswith('?') else '.'}"
        return _problem_at(path, message, "", rejection.lineno or 1, rejection.offset or 1)
    except (ValueError, RecursionError, MemoryError) as rejection:
        return _problem_at(path, f"cannot be parsed: {rejection}.", "", 1, 1)
    return None


def _problem_at(path: str, message: str, advice: str, line: int, column: int) -> Problem:
    return Problem(path, message, advice, line, column, kind=ProblemKind.SYNTAX)
