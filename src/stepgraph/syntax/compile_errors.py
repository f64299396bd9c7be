"""Source code that Python parses but does not compile, in each version or before 3.14, such as a misplaced `await`."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import libcst as cst
from msgspec import Struct

from stepgraph.model.span import Span
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import all_nodes

if TYPE_CHECKING:
    from stepgraph.syntax.pieces.parsing import ParsedPiece

_MAX_TOKENS: Final = 100_000
"""The maximum number of tokens of a module that is compiled. A longer module would take too much time and memory."""

_MAX_CAPTURE_COST: Final = 1_000_000
"""The maximum sum of the squared numbers of names that the patterns of a compiled module bind.

For each name, the compiler reorders the values of all names of the pattern. This many take 50 MB.
"""

_FEW_TOKENS: Final = 2_000
"""The number of tokens that cannot exceed `_MAX_CAPTURE_COST`, because other tokens are between the names."""

_FAR_REACHING_WORDS: Final = (b"global", b"nonlocal", b"yield")
"""Words of statements that are valid or invalid depending on distant statements."""

_FUTURE_IMPORT: Final = "from __future__ import annotations\n"
"""The only import that changes which other statements are valid. It restricts annotations."""

_LITERAL_ERROR: Final = r"\((?:unicode|value) error\) |bytes can only contain ASCII"
"""The beginning of the parser's message about a string with invalid content, which LibCST accepts."""

_UNKNOWN_CHARACTER: Final = "unknown Unicode character name"
"""The end of the message about a character that another version of Python may know."""

NewConstruct: TypeAlias = Literal["exceptions", "template string"]
"""Several exception types of an `except` without parentheses (PEP 758), or a template string (PEP 750)."""

# A search for a first character is faster than a search for the text before it.
_TEMPLATE: Final = rb"""[tTrR](?<![\w"'].)(?:(?<=[tT])[rR]?|(?<=[rR])[tT])["']"""
"""The start of a template string. Comments and strings may also match."""

_TYPES: Final = rb"(?!\w)(?:\\\r?\n|[^][(){}:#,\n\r]|\([^()]*+\)|\[[^][]*+\])++,"
"""The first of several exception types after `except`, unless it contains nested brackets."""


class CompileError(Struct, frozen=True):
    """The first error that Python reports when it compiles a module."""

    message: str
    line: int
    column: int


def compile_error(module: SourceModule) -> CompileError | None:
    """Return the error of a module that Python cannot compile. Call this function through `module.once`.

    LibCST accepts the module, so most errors of the parser mean that it is valid in another version of Python. They are
    ignored, except errors in the content of strings.
    """
    if module.tokens > _MAX_TOKENS:
        return None
    pieces = [] if any(map(module.mentions, _FAR_REACHING_WORDS)) else _pieces_of(module)
    if _compile_new_pieces(pieces):
        return None
    try:
        has_patterns = module.mentions(b"case") and module.tokens > _FEW_TOKENS
        compile_source(module.content, has_finally=module.mentions(b"finally"), has_patterns=has_patterns)
    except SyntaxError as error:
        is_certain = _is_in_string(error) or _is_parsed(module)
        return CompileError(error.msg, error.lineno or 1, error.offset or 1) if is_certain else None
    except (ValueError, RecursionError, MemoryError):
        return None
    for parsed, opening in pieces:
        parsed.valid_openings.add(opening)
    return None


def _is_in_string(error: SyntaxError) -> bool:
    """Return whether an error is in the content of a string, where all versions of Python report it."""
    return re.match(_LITERAL_ERROR, error.msg) is not None and not error.msg.endswith(_UNKNOWN_CHARACTER)


def _is_parsed(module: SourceModule) -> bool:
    # Imported here because few sources have errors.
    from stepgraph.syntax.deferred.outline import python_tree

    return python_tree(module.content) is not None


def _pieces_of(module: SourceModule) -> list[tuple[ParsedPiece, str]]:
    """Return the pieces of a module that was parsed in pieces, each with code that opens the blocks around it."""
    if module.joined is None:
        return []
    future = _FUTURE_IMPORT if module.mentions(b"__future__") else ""
    openings = [future + opening for opening in module.joined.openings]
    return [*zip(module.joined.pieces, openings, strict=True)]


def _compile_new_pieces(pieces: Sequence[tuple[ParsedPiece, str]]) -> bool:
    """Compile the pieces of a module that no earlier version without errors had. Return whether this succeeds.

    If all pieces are new, compile none and return False, because it takes less time to compile the whole module.
    """
    changed = [(parsed, opening) for parsed, opening in pieces if opening not in parsed.valid_openings]
    if len(changed) == len(pieces):
        return False
    for parsed, opening in changed:
        code = parsed.code_in(opening)
        try:
            compile_source(code.encode(), has_finally="finally" in code, has_patterns="case" in code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
        parsed.valid_openings.add(opening)
    return True


def compile_source(source: bytes, *, has_finally: bool = True, has_patterns: bool = True) -> None:
    """Compile a module, without running it.

    Raises SyntaxError, and ValueError, RecursionError or MemoryError for code that the compiler cannot process.
    Without `has_finally`, the source contains no `finally`. Without `has_patterns`, its patterns bind few names.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source) if has_finally or has_patterns else None
        if tree is not None and has_patterns:
            _check_captures(tree)
        code = source if tree is None else _FinallyBlocks().visit(tree)
        compile(code, "<module>", "exec", dont_inherit=True)


def _check_captures(tree: ast.Module) -> None:
    """Raise ValueError if the patterns of a module bind too many names to be compiled."""
    patterns = (node.pattern for node in ast.walk(tree) if isinstance(node, ast.match_case))
    if sum(_capture_count(pattern) ** 2 for pattern in patterns) > _MAX_CAPTURE_COST:
        raise ValueError("its patterns bind too many names")


def _capture_count(pattern: ast.pattern) -> int:
    return sum(
        bool(node.rest if isinstance(node, ast.MatchMapping) else node.name)
        for node in ast.walk(pattern)
        if isinstance(node, ast.MatchAs | ast.MatchStar | ast.MatchMapping)
    )


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


class NewSyntax(Struct, frozen=True):
    """A construct that Python compiles only from version 3.14 on."""

    construct: NewConstruct
    text: str
    """The source of the construct, or its start."""
    span: Span


def new_syntax(module: SourceModule) -> tuple[NewSyntax, ...]:
    """Return the code of a module that Python 3.13 cannot compile. Call this function through `module.once`."""
    if not _may_contain(module.utf_8_source):
        return ()
    return tuple(sorted(_constructs(module), key=lambda each: each.span))


def _may_contain(source: bytes) -> bool:
    """Return whether a source may contain a construct. This is a cheap test before a search of the tree."""
    parts = source.split(b"except")
    return re.search(_TEMPLATE, source, re.DOTALL) is not None or any(
        before.rstrip(b" \t\f")[-1:] in (b"", b"\n", b"\r") and re.match(_TYPES, part) is not None
        for before, part in pairwise(parts)
    )


def _constructs(module: SourceModule) -> Iterator[NewSyntax]:
    for node in all_nodes(module.tree):
        match node:
            case (
                cst.ExceptHandler(type=cst.Tuple(lpar=[]) as types)
                | cst.ExceptStarHandler(type=cst.Tuple(lpar=[]) as types)
            ):
                yield NewSyntax("exceptions", module.brief_text(types), module.span(types))
            case cst.TemplatedString():
                yield NewSyntax("template string", module.brief_text(node), module.span(node))
