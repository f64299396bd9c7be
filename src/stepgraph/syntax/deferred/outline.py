"""The bodies of functions and classes that can be parsed later, and the skeleton: the source without them.

Python's own parser checks the syntax of the whole source and locates the bodies, in a tenth of the time of LibCST.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.syntax.deferred.blocks import STUB

MIN_BODY_LENGTH: Final = 50
"""The minimum length of a body that is parsed later, in characters."""
_MAX_CLASS_LENGTH: Final = 2_000
"""The maximum length of the body of a class that is parsed later, in characters. In longer ones, the methods are."""
_MAX_LENGTH_PER_FUNCTION: Final = 20_000
"""The length of a source per function beyond which most of it belongs to a few long functions."""

_OUTER_FUNCTION: Final = re.compile(r"\n(?: {1,4}|\t)?(?:async[ \t]+)?def[ \t]")
"""The start of a function after a line end. This search is faster than a search at the start of each line."""
_BACKSLASH_FIRST: Final = re.compile(r"\n[ \t]*+\\\r?$", re.MULTILINE)
_NOTHING_OR_COMMENT: Final = ("", "#")

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


class BodyRange(Struct, frozen=True):
    """The lines of the body of a definition, from the comments before its first statement to its last statement."""

    first_line: int
    """The number of the first line. The first line of the source has the number 1."""
    line_count: int
    start: int
    """The offset of the first line."""
    end: int
    """The offset after the last line."""
    indents: tuple[str, ...]
    """The whitespace at the start of the lines of the body, after that of the methods of a class."""
    annotation_names: frozenset[str] = frozenset()
    """The names in the annotations of a class: of its variables, and of the signatures of its methods."""


class OutlinedDefinition(Struct, frozen=True):
    """A function of a module, a class whose body is parsed later, or a method of another class."""

    name: str
    class_number: int | None
    """The number of the class among the classes of the module, or None for a function or method."""
    body: BodyRange | None
    """The body, or None if it is in the skeleton."""


class Outline(Struct, frozen=True):
    """The source of a module without the bodies that are parsed later."""

    skeleton: str
    """The source with a stub in place of each of these bodies."""
    definitions: tuple[OutlinedDefinition, ...]
    """The functions, classes and methods in source order."""

    @property
    def bodies(self) -> Iterator[BodyRange]:
        """The bodies that are parsed later."""
        return (each.body for each in self.definitions if each.body is not None)


def find_bodies(text: str, newline: str, min_body_length: int) -> Outline | None:
    """Return the outline of a source, or None if it is invalid or should be parsed whole."""
    if len(text) > _MAX_LENGTH_PER_FUNCTION * count_functions(text):
        return None
    # The tokenizer resets its column at a form feed. LibCST drops a backslash at the start of a line.
    if "\f" in text or ("\\" in text and _BACKSLASH_FIRST.search(f"\n{text}")):
        return None
    tree = python_tree(text)
    if tree is None:
        return None
    lines = _Lines(text)
    definitions = tuple(_definitions_in(tree, lines, min_body_length))
    parts: list[str] = []
    end = 0
    for body in (each.body for each in definitions):
        if body is not None:
            parts += (text[end : body.start], body.indents[-1], STUB, newline)
            end = body.end
    return Outline("".join([*parts, text[end:]]), definitions) if parts else None


def count_functions(text: str) -> int:
    """Return the number of functions that are at most one level deep."""
    return len(_OUTER_FUNCTION.findall(f"\n{text}"))


def python_tree(source: str | bytes) -> ast.Module | None:
    """Return the tree of Python's own parser, or None if the source is not valid or nested too deeply for it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _definitions_in(tree: ast.Module, lines: _Lines, min_length: int) -> Iterator[OutlinedDefinition]:
    class_number = 0
    for statement in tree.body:
        if isinstance(statement, Function):
            yield OutlinedDefinition(statement.name, None, lines.body_of(statement, None, min_length))
        elif isinstance(statement, ast.ClassDef):
            body = lines.body_of(statement, None, min_length)
            if body is not None and body.end - body.start <= _MAX_CLASS_LENGTH:
                names = frozenset(_annotation_names(statement))
                yield OutlinedDefinition(statement.name, class_number, replace(body, annotation_names=names))
            else:
                methods = (inner for inner in statement.body if isinstance(inner, Function))
                yield from (
                    OutlinedDefinition(each.name, None, lines.body_of(each, statement, min_length)) for each in methods
                )
            class_number += 1


def _annotation_names(node: ast.ClassDef) -> Iterator[str]:
    for statement in node.body:
        match statement:
            case ast.ClassDef():
                yield from _annotation_names(statement)
            case ast.AnnAssign(annotation=annotation):
                yield from _names_in(annotation)
            case ast.FunctionDef(args=arguments) | ast.AsyncFunctionDef(args=arguments):
                extra = (each for each in (arguments.vararg, arguments.kwarg) if each is not None)
                parameters = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra)
                annotations = (*(each.annotation for each in parameters), statement.returns)
                for annotation in filter(None, annotations):
                    yield from _names_in(annotation)


def _names_in(expression: ast.expr) -> Iterator[str]:
    if isinstance(expression, ast.Name):
        yield expression.id
    else:
        yield from (node.id for node in ast.walk(expression) if isinstance(node, ast.Name))


class _Lines:
    """The lines of a source."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = text.split("\n")
        self._starts = [*accumulate([len(line) + 1 for line in self._lines], initial=0)]
        """The offset of each line, and of the end of the source."""

    def body_of(
        self, definition: Function | ast.ClassDef, outer: ast.ClassDef | None, min_length: int
    ) -> BodyRange | None:
        """Return the lines of the body of a definition, or None if they cannot be separated from it, or are short."""
        last_statement = definition.body[-1]
        first, last = _first_line(definition.body[0]), last_statement.end_lineno or 0
        start, end = self._starts[self._start_of_comments(first) - 1], self._starts[last]
        # The last line has no line ending if the source ends without one.
        if end - start < min_length or end > len(self._text):
            return None
        indents = (*(() if outer is None else (self._indent(definition),)), self._indent(definition.body[0]))
        is_separate = (
            all(indents)
            and not self._is_continued(self._start_of_comments(first) - 1)
            and not self._is_continued(last)
            and (isinstance(last_statement, _SIMPLE) or not self._has_line_in_block(last + 1, indents[-1]))
        )
        if not is_separate:
            return None
        first = self._start_of_comments(first)
        return BodyRange(first, last - first + 1, start, end, indents)

    def _start_of_comments(self, line: int) -> int:
        """Return the first of the comments and blank lines before a line."""
        while self._lines[line - 2].lstrip(" \t\r")[:1] in _NOTHING_OR_COMMENT:
            line -= 1
        return line

    def _indent(self, statement: ast.stmt) -> str:
        """Return the whitespace before a statement, or an empty string if it does not start its line."""
        line = self._lines[_first_line(statement) - 1]
        indent = line[: len(line) - len(line.lstrip(" \t"))]
        if isinstance(statement, _Decorated) and statement.decorator_list:
            is_first = line.startswith("@", len(indent))  # a decorator in parentheses starts in a later line
        else:
            is_first = statement.col_offset == len(indent)
        return indent if is_first else ""

    def _is_continued(self, line: int) -> bool:
        """Return whether a line ends with a backslash."""
        return self._lines[line - 1].endswith(("\\", "\\\r"))

    def _has_line_in_block(self, line: int, indent: str) -> bool:
        """Return whether a line after a block, up to the next statement, has the indentation of the block."""
        for index in range(line - 1, len(self._lines)):
            text = self._lines[index]
            if text.lstrip(" \t\r")[:1] not in _NOTHING_OR_COMMENT:
                return False
            if text.startswith(indent):
                return True
        return False


_Decorated: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_SIMPLE: Final = (
    *(ast.Return, ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Raise, ast.Pass, ast.Delete, ast.Assert),
    *(ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal, ast.Break, ast.Continue),
)
"""Statements without blocks."""


def _first_line(statement: ast.stmt) -> int:
    """Return the line of a statement or of its first decorator."""
    decorators: Sequence[ast.expr] = statement.decorator_list if isinstance(statement, _Decorated) else ()
    return decorators[0].lineno if decorators else statement.lineno
