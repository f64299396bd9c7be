"""Modules whose functions and short classes are parsed on first use."""

from __future__ import annotations

import ast
import re
import threading
from bisect import bisect_left
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import accumulate
from typing import Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.large_stack import run_with_large_stack
from stepgraph.syntax.deferred.blocks import STUB, DeferredBlock, ParsedTokens
from stepgraph.syntax.deferred.outline import BodyRange, Outline, find_bodies, python_tree
from stepgraph.syntax.deferred.sketch_nodes import has_sketch_names
from stepgraph.syntax.deferred.sketches import Sketcher, UnsupportedSyntaxError
from stepgraph.syntax.pieces.cutting import PIECE_LENGTH, Piece, PieceBlock, PiecePosition, cut_part
from stepgraph.syntax.pieces.joining import JoinedModule, JoinedPieces, join_block
from stepgraph.syntax.pieces.parsing import PieceContext, RejectedPieceError, WrongCutError, parse_piece
from stepgraph.syntax.pieces.versions import line_ending, parse_in_pieces, parse_parts
from stepgraph.syntax.positions import Range
from stepgraph.syntax.quick_scan import quick_scan
from stepgraph.syntax.walk import Parents

LIBCST_ERRORS: Final = (cst.ParserSyntaxError, cst.CSTValidationError, TypeError)
"""The errors of LibCST. It raises TypeError on valid code such as `x if y else(lambda: z)`."""

_MIN_SKELETON_IN_PIECES: Final = 8_000
"""The minimum length of a skeleton that is parsed in pieces, in characters."""
_OPENING: Final = "with 0:"
_WORD: Final = re.compile(r"[A-Za-z_]\w*+", re.ASCII)
_ATTRIBUTE: Final = re.compile(r"\.\s*+([A-Za-z_]\w*+)", re.ASCII)
_READERS_BY_TEXT: Final = ("getattr", "vars", "globals", "locals", "__dict__")
"""Source text of code that reads a name of any module by a string literal."""
# A comment or a continued line that may separate a dot from an attribute.
_SEPARATE_DOT: Final = re.compile(r"\.\s*+[\\#]")


class ParsedBody(Struct, frozen=True, eq=False):
    """The nodes of the body of a function or class."""

    first_line: int
    """The number of the first line of the body in its module."""
    joined: JoinedPieces

    def range_of(self, node: cst.CSTNode) -> Range | None:
        """Return the range of a node in the module, or None if it is not in the body."""
        position = self.joined.range_of(node)
        if position is None:
            return None
        line, column, end_line, end_column = position
        lines_before = self.first_line - 1
        return lines_before + line, column, lines_before + end_line, end_column


class _Body(Struct, frozen=True, eq=False):
    """The body of a function or class that may not be parsed yet."""

    module: DeferredBodies
    index: int

    @property
    def text(self) -> str:
        """The source."""
        return self.module.text_of(self.index)

    def parse(self, block: DeferredBlock) -> Sequence[cst.BaseStatement]:
        """Return the statements of the body, which become those of the block."""
        return self.module.parse_body(self.index, block)

    def sketch(self) -> cst.BaseSuite:
        """Return the body for `sketch_of`."""
        return self.module.sketch(self.index)


class DeferredBodies(Struct, eq=False, dict=True):
    """The bodies of a module that are parsed on first use."""

    path: str
    text: str
    newline: str
    indent: str
    """The indentation of the first block in the source."""
    ranges: tuple[BodyRange, ...]
    memory: ParsedTokens
    tokens: int = 0
    """The number of tokens of the parsed bodies."""
    blocks: list[DeferredBlock] = field(default_factory=list)
    parsed: dict[int, ParsedBody] = field(default_factory=dict)
    """The parsed bodies, by index."""
    parents: Parents | None = None
    """The parents of the nodes of the module, which include those of its parsed bodies; None if no parents are used."""
    _stub_lines: list[int] = field(default_factory=list)
    """The line of each stub in the skeleton."""
    _lines_before: list[int] = field(default_factory=list)
    """The number of lines by which the skeleton is shorter than the source before each body, and at the end."""
    _owners: dict[int, ParsedBody] = field(default_factory=dict)
    """The parsed body of each node, by the identity of the node."""
    _unowned: list[ParsedBody] = field(default_factory=list)
    """The parsed bodies whose nodes are not in `_owners` yet."""
    _sketches: dict[int, cst.BaseSuite] = field(default_factory=dict)
    """The sketches of bodies, by index."""
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self._lines_before = [*accumulate((body.line_count - 1 for body in self.ranges), initial=0)]
        self._stub_lines = [
            body.first_line - before for body, before in zip(self.ranges, self._lines_before, strict=False)
        ]

    def parse_body(self, index: int, block: DeferredBlock) -> Sequence[cst.BaseStatement]:
        """Return the statements of a body, which become those of the block."""
        with self._lock:
            if block.unparsed is None:
                return block.body
            parsed = self._parse(index)
            if parsed is None:
                self.memory.incomplete_paths[self.path] = None
                block.fill((_stub_statement(),))
                return block.body
            body, statements = parsed
            if self.parents is not None:
                self._add_parents(self.parents, body, block, statements)
            self.parsed[index] = body
            self._unowned.append(body)
            block.fill(statements)
            return statements

    def _parse(self, index: int) -> tuple[ParsedBody, tuple[cst.BaseStatement, ...]] | None:
        """Return a body and its statements, or None if it cannot be parsed."""
        body = self.ranges[index]
        tokens = quick_scan(self.text[body.start : body.end]).tokens
        if self.memory.tokens + tokens > self.memory.room:
            self.memory.is_exceeded = True
            return None
        try:
            joined, statements = run_with_large_stack(lambda: self._parse_text(body))
        except (*LIBCST_ERRORS, WrongCutError, RejectedPieceError):
            return None
        self.memory.tokens += tokens
        self.tokens += tokens
        return ParsedBody(body.first_line, joined), statements

    def _parse_text(self, body: BodyRange) -> tuple[JoinedPieces, tuple[cst.BaseStatement, ...]]:
        text = self.text[body.start : body.end]
        blocks = tuple(PieceBlock(indent, _OPENING) for indent in body.indents)
        context = PieceContext(self.newline, self.indent, is_first=False, is_last=False, follows_block=True)
        parts = cut_part(text, PiecePosition(blocks, blocks), PIECE_LENGTH) if len(text) > 2 * PIECE_LENGTH else None
        if parts is not None:
            try:
                return join_block(parse_parts(parts, context), blocks)
            except (*LIBCST_ERRORS, WrongCutError, RejectedPieceError):
                pass  # a wrong cut
        return join_block((parse_piece(Piece(text, blocks, blocks), context),), blocks)

    def sketch(self, index: int) -> cst.BaseSuite:
        """Return the sketch of a body, or its block if it has none."""
        with self._lock:
            sketch = self._sketches.get(index)
            if sketch is None:
                sketch = self._sketches[index] = self._sketch(index) or self.blocks[index]
            return sketch

    def _sketch(self, index: int) -> cst.BaseSuite | None:
        """Return the sketch of a body that is not parsed, or None if it has syntax or names without a sketch."""
        text = self.text_of(index)
        source = f"{_OPENING}\n{text}"
        tree = python_tree(source) if has_sketch_names(text) else None
        match tree.body if tree is not None else ():
            case [ast.With(body=statements)]:
                with suppress(UnsupportedSyntaxError):
                    return Sketcher(source).block(statements)
        return None

    def text_of(self, index: int) -> str:
        """Return the source of a body."""
        body = self.ranges[index]
        return self.text[body.start : body.end]

    def index_of(self, block: DeferredBlock) -> int:
        """Return the index of a body by its block."""
        return self._indices[id(block)]

    @cached_property
    def _indices(self) -> dict[int, int]:
        return {id(block): index for index, block in enumerate(self.blocks)}

    def with_word(self, word: str) -> Sequence[int]:
        """Return the indices of the bodies whose names and literals may include a word, or an attribute as `.name`."""
        if not word.removeprefix(".").isidentifier():
            return range(len(self.ranges))
        indices_by_word, any_word = self._words
        return (*indices_by_word.get(word, ()), *any_word)

    @cached_property
    def _words(self) -> tuple[Mapping[str, Sequence[int]], Sequence[int]]:
        """The indices of the bodies by the words and attributes in them, and those of the bodies that may include any.

        Words in the source may differ from the names in the tree if the source has an escape sequence or a character
        outside of ASCII.
        """
        indices_by_word: dict[str, list[int]] = {}
        any_word: list[int] = []
        for index in range(len(self.ranges)):
            text = self.text_of(index)
            may_escape_names = "\\" in text and any(reader in text for reader in _READERS_BY_TEXT)
            if not text.isascii() or may_escape_names or _SEPARATE_DOT.search(text):
                any_word.append(index)
                continue
            for word in set(_WORD.findall(text)):
                indices_by_word.setdefault(word, []).append(index)
            for name in set(_ATTRIBUTE.findall(text)):
                indices_by_word.setdefault(f".{name}", []).append(index)
        return indices_by_word, any_word

    def drop_sketches(self) -> None:
        """Remove the sketches from memory until they are needed again."""
        self._sketches.clear()

    def parents_with(self, parents: Parents) -> Parents:
        """Return the parents of the nodes of the skeleton and the parsed bodies. Later bodies are added to them."""
        with self._lock:
            if self.parents is None:
                for index, body in self.parsed.items():
                    block = self.blocks[index]
                    self._add_parents(parents, body, block, block.body)
                self.parents = parents
            return self.parents

    def _add_parents(
        self, parents: Parents, body: ParsedBody, block: DeferredBlock, statements: Sequence[cst.BaseStatement]
    ) -> None:
        parents |= body.joined.inner_parents
        for statement in statements:
            parents[id(statement)] = block

    def range_of(self, node: cst.CSTNode) -> Range | None:
        """Return the range of a node of a parsed body, or None for another node."""
        with self._lock:
            while self._unowned:
                body = self._unowned.pop()
                self._owners |= dict.fromkeys(body.joined.node_ids, body)
            owner = self._owners.get(id(node))
        return None if owner is None else owner.range_of(node)

    def range_in_source(self, in_skeleton: Range | None) -> Range | None:
        """Return the range in the source for a range in the skeleton."""
        if in_skeleton is None:
            return None
        line, column, end_line, end_column = in_skeleton
        return *self._position(line, column, is_end=False), *self._position(end_line, end_column, is_end=True)

    def _position(self, line: int, column: int, *, is_end: bool) -> tuple[int, int]:
        """Return the position in the source for a position in the skeleton."""
        index = bisect_left(self._stub_lines, line)
        if not column or index == len(self._stub_lines) or self._stub_lines[index] != line:
            return line + self._lines_before[index], column
        position = self.range_of(self.blocks[index].body[-1 if is_end else 0]) or (line, column, line, column)
        return position[2:] if is_end else position[:2]


class DeferredModule(Struct, frozen=True):
    """The skeleton of a module and its bodies."""

    tree: cst.Module
    joined: JoinedModule | None
    """The pieces of the skeleton if they were parsed separately."""
    bodies: DeferredBodies
    skeleton_tokens: int

    @property
    def tokens_in_memory(self) -> int:
        """The number of tokens of the skeleton and the parsed bodies."""
        return self.skeleton_tokens + self.bodies.tokens

    def release(self) -> None:
        """Stop counting the tokens of bodies that are parsed from now on."""
        self.bodies.memory = ParsedTokens()


def parse_skeleton(
    text: str, encoding: str, path: str, memory: ParsedTokens, min_body_length: int
) -> DeferredModule | None:
    """Return a module whose bodies are parsed on first use, or None if it has to be parsed at once.

    Raises the errors of LibCST.
    """
    newline = line_ending(text)
    outline = None if newline is None else find_bodies(text, newline, min_body_length)
    if newline is None or outline is None:
        return None
    skeleton = outline.skeleton
    joined = parse_in_pieces(skeleton, encoding) if len(skeleton) >= _MIN_SKELETON_IN_PIECES else None
    tree = cst.parse_module(skeleton.encode(encoding)) if joined is None else joined.tree
    bodies = DeferredBodies(
        path,
        text,
        newline,
        tree.default_indent,
        tuple(outline.bodies),
        memory,
    )
    module = DeferredModule(tree, joined, bodies, quick_scan(skeleton).tokens)
    return module if _replace_stubs(tree, outline, bodies) else None


def _replace_stubs(tree: cst.Module, outline: Outline, bodies: DeferredBodies) -> bool:
    """Replace each stub in a skeleton. Return whether the tree has the definitions of the outline."""
    nodes = list(_definitions(tree, {each.class_number for each in outline.definitions}))
    if [node.name.value for node in nodes] != [each.name for each in outline.definitions]:
        return False
    for node, definition in zip(nodes, outline.definitions, strict=True):
        if definition.body is None:
            continue
        if not isinstance(node.body, cst.IndentedBlock):
            return False
        block = DeferredBlock.replace(node.body, _Body(bodies, len(bodies.blocks)))
        bodies.blocks.append(block)
        object.__setattr__(node, "body", block)
    return True


def _definitions(tree: cst.Module, class_numbers: Container[int | None]) -> Iterator[cst.FunctionDef | cst.ClassDef]:
    """Yield the functions of a module, the classes with these numbers, and the methods of the other classes."""
    class_number = 0
    for statement in tree.body:
        if type(statement) is cst.FunctionDef:
            yield statement
        elif type(statement) is cst.ClassDef:
            if class_number in class_numbers:
                yield statement
            else:
                yield from (inner for inner in statement.body.body if type(inner) is cst.FunctionDef)
            class_number += 1


def _stub_statement() -> cst.SimpleStatementLine:
    return cst.SimpleStatementLine([cst.Expr(cst.Integer(STUB))])
