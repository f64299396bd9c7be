"""Modules whose functions and short classes are parsed on first use, their sources, and the words in each body."""

from __future__ import annotations

import ast
import re
import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import accumulate
from typing import Final, TypeAlias

import libcst as cst
from msgspec import Struct, field

from stepgraph.large_stack import run_with_large_stack
from stepgraph.syntax.deferred.blocks import STUB, DeferredBlock, ParsedTokens
from stepgraph.syntax.deferred.outline import BodyRange, Outline, count_functions, find_bodies, python_tree
from stepgraph.syntax.deferred.reads import ModuleReads, ReadRecorder
from stepgraph.syntax.deferred.sketches import Sketcher, UnsupportedSyntaxError
from stepgraph.syntax.normal_names import LIBCST_ERRORS, has_normal_names, parse_names
from stepgraph.syntax.pieces.cutting import PIECE_LENGTH, Piece, PieceBlock, PiecePosition, cut_part
from stepgraph.syntax.pieces.joining import JoinedModule, JoinedPieces, join_block
from stepgraph.syntax.pieces.parsing import PieceContext, RejectedPieceError, WrongCutError, parse_piece
from stepgraph.syntax.pieces.versions import line_ending, parse_in_pieces, parse_parts
from stepgraph.syntax.positions import Range
from stepgraph.syntax.quick_scan import quick_scan
from stepgraph.syntax.walk import Parents

_MIN_SKELETON_IN_PIECES: Final = 8_000
"""The minimum length of a skeleton that is parsed in pieces, in characters."""
_MIN_RECORDED_FUNCTIONS: Final = 3
"""The minimum number of functions in a module whose reads are recorded. An analysis reads all of a few functions."""
_MAX_RECORDED_LENGTH: Final = 10_000
"""The maximum length of a body whose reads are recorded, in characters."""
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


class _Body(Struct, eq=False):
    """The body of a function or class that may not be parsed yet."""

    module: DeferredBodies
    index: int
    statements: Sequence[cst.BaseStatement] | None = None
    """The statements, or None if they are not parsed yet."""

    def read(self, block: DeferredBlock) -> Sequence[cst.BaseStatement]:
        """Return the statements of the body, which are those of `block`. They are parsed on first use."""
        self._record()
        return self.module.parse_body(self, block) if self.statements is None else self.statements

    def sketch(self) -> cst.BaseSuite | None:
        """Return the body for `sketch_of`. Return None if it is parsed or cannot be sketched."""
        self._record()
        return None if self.statements is not None else self.module.sketch(self.index)

    def may_contain(self, words: Sequence[str]) -> bool:
        """Return whether the body may contain one of the words."""
        reads = self.module.reads
        if reads is None and self.statements is not None:
            return True
        is_contained = self.module.source.contains(self.index, words)
        if reads is not None:
            reads.contained[self.index, tuple(words)] = is_contained
        return is_contained

    @property
    def annotation_names(self) -> frozenset[str]:
        """The names in the annotations of a class."""
        self._record()
        return self.module.source.bodies[self.index].annotation_names

    def _record(self) -> None:
        if self.module.recorder is not None and (reads := self.module.reads) is not None:
            reads.bodies.add(self.index)


_BodyKey: TypeAlias = tuple[str, tuple[str, ...]]
"""The text of a body, and the whitespace at the start of its lines."""


class DeferredBodies(Struct, eq=False, dict=True):
    """The bodies of a module that are parsed on first use."""

    path: str
    source: DeferredSource
    indent: str
    """The indentation of the first block in the source."""
    memory: ParsedTokens
    recorder: ReadRecorder | None = None
    """Records the parts that an analysis reads, or None if no later analysis uses the module again."""
    tokens: int = 0
    """The number of tokens of the parsed bodies."""
    is_incomplete: bool = False
    """Whether a body was needed, but could not be parsed."""
    blocks: list[DeferredBlock] = field(default_factory=list)
    bodies: list[_Body] = field(default_factory=list)
    """The body of each block."""
    parsed: dict[int, ParsedBody] = field(default_factory=dict)
    """The parsed bodies, by index."""
    parents: Parents | None = None
    """The parents of all nodes of the module and of its parsed bodies, or None if nothing uses parents."""
    _earlier: dict[_BodyKey, tuple[JoinedPieces, tuple[cst.BaseStatement, ...]]] = field(default_factory=dict)
    """The bodies that earlier versions of the module have parsed, by text."""
    _owners: dict[int, ParsedBody] = field(default_factory=dict)
    """The parsed body of each node, by the identity of the node."""
    _unowned: list[ParsedBody] = field(default_factory=list)
    """The parsed bodies whose nodes are not in `_owners` yet."""
    _sketches: dict[int, cst.BaseSuite | None] = field(default_factory=dict)
    """The sketches of bodies, by index."""
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def reads(self) -> ModuleReads | None:
        """The record of the reads in this thread, to be extended. None if nothing is recorded."""
        return None if self.recorder is None else self.recorder.of(self.path)

    def reuse(self, earlier: DeferredBodies) -> None:
        """Use the parsed bodies and the sketches of an earlier version of the module for equal bodies."""
        if (earlier.source.newline, earlier.indent) != (self.source.newline, self.indent):
            return
        reusable = earlier._earlier | {
            earlier._key_of(index): (body.joined, tuple(earlier.bodies[index].statements or ()))
            for index, body in tuple(earlier.parsed.items())
        }
        sketches = {earlier._key_of(index): sketch for index, sketch in tuple(earlier._sketches.items())}
        for index in range(len(self.bodies)):
            key = self._key_of(index)
            if key in reusable:
                self._earlier[key] = reusable[key]
            if key in sketches:
                self._sketches[index] = sketches[key]

    def _key_of(self, index: int) -> _BodyKey:
        return self.source.text_of(index), self.source.bodies[index].indents

    def parse_all(self) -> bool:
        """Parse all bodies. Return whether LibCST supports the syntax of all of them."""
        memory, self.memory = self.memory, ParsedTokens()
        for body, block in zip(self.bodies, self.blocks, strict=True):
            self.parse_body(body, block)
        self.memory = memory
        return not self.is_incomplete

    def parse_body(self, unparsed: _Body, block: DeferredBlock) -> Sequence[cst.BaseStatement]:
        """Return the statements of a body, which become those of the block."""
        with self._lock:
            if unparsed.statements is not None:
                return unparsed.statements
            parsed = self._parse(unparsed.index)
            if parsed is None:
                self.is_incomplete = True
                self.memory.incomplete_paths[self.path] = None
                unparsed.statements = (_stub_statement(),)
                return unparsed.statements
            body, statements = parsed
            if self.parents is not None:
                self._add_parents(self.parents, body, block, statements)
            self.parsed[unparsed.index] = body
            self._unowned.append(body)
            unparsed.statements = statements
            return statements

    def _parse(self, index: int) -> tuple[ParsedBody, tuple[cst.BaseStatement, ...]] | None:
        """Return a body and its statements, or None if it cannot be parsed."""
        tokens = quick_scan(self.source.text_of(index)).tokens
        if self.memory.tokens + tokens > self.memory.room:
            self.memory.is_exceeded = True
            return None
        try:
            earlier = self._earlier.get(self._key_of(index))
            joined, statements = earlier or run_with_large_stack(lambda: self._parse_text(index))
        except (*LIBCST_ERRORS, WrongCutError, RejectedPieceError):
            return None
        self.memory.tokens += tokens
        self.tokens += tokens
        return ParsedBody(self.source.bodies[index].first_line, joined), statements

    def _parse_text(self, index: int) -> tuple[JoinedPieces, tuple[cst.BaseStatement, ...]]:
        text = self.source.text_of(index)
        blocks = tuple(PieceBlock(indent, _OPENING) for indent in self.source.bodies[index].indents)
        context = PieceContext(self.source.newline, self.indent, is_first=False, is_last=False, follows_block=True)
        parts = cut_part(text, PiecePosition(blocks, blocks), PIECE_LENGTH) if len(text) > 2 * PIECE_LENGTH else None
        if parts is not None:
            try:
                return join_block(parse_parts(parts, context), blocks)
            except (*LIBCST_ERRORS, WrongCutError, RejectedPieceError):
                pass  # a wrong cut
        return join_block((parse_piece(Piece(text, blocks, blocks), context),), blocks)

    def sketch(self, index: int) -> cst.BaseSuite | None:
        """Return the sketch of a body, or None if it cannot be sketched."""
        with self._lock:
            if index not in self._sketches:
                self._sketches[index] = self._sketch(index)
            return self._sketches[index]

    def _sketch(self, index: int) -> cst.BaseSuite | None:
        """Return the sketch of an unparsed body, or None if sketches do not support its syntax or its names."""
        text = self.source.text_of(index)
        source = f"{_OPENING}\n{text}"
        tree = python_tree(source) if has_normal_names(text) else None
        match tree.body if tree is not None else ():
            case [ast.With(body=statements)]:
                with suppress(UnsupportedSyntaxError):
                    return Sketcher(source).block(statements)
        return None

    def index_of(self, block: DeferredBlock) -> int:
        """Return the index of a body by its block."""
        return self._indices[id(block)]

    @cached_property
    def _indices(self) -> dict[int, int]:
        return {id(block): index for index, block in enumerate(self.blocks)}

    def drop_sketches(self) -> None:
        """Remove the sketches from memory until they are needed again."""
        self._sketches.clear()

    def parents_with(self, parents: Parents) -> Parents:
        """Return the parents of the nodes of the skeleton and the parsed bodies. Later bodies are added to them."""
        with self._lock:
            if self.parents is None:
                for index, body in self.parsed.items():
                    self._add_parents(parents, body, self.blocks[index], self.bodies[index].statements or ())
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
        index = bisect_left(self.source.stub_lines, line)
        if not column or index == len(self.source.stub_lines) or self.source.stub_lines[index] != line:
            return line + self.source.lines_before[index], column
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
    is_recorded = memory.recorder is not None
    newline = None if is_recorded and count_functions(text) < _MIN_RECORDED_FUNCTIONS else line_ending(text)
    outline = None if newline is None else find_bodies(text, newline, min_body_length)
    if newline is None or outline is None or (is_recorded and _has_long_body(outline)):
        return None
    skeleton = outline.skeleton
    joined = parse_in_pieces(skeleton, encoding) if len(skeleton) >= _MIN_SKELETON_IN_PIECES else None
    tree = parse_names(skeleton.encode(encoding), skeleton) if joined is None else joined.tree
    source = DeferredSource(text, encoding, newline, skeleton, tuple(outline.bodies))
    bodies = DeferredBodies(path, source, tree.default_indent, memory, memory.recorder)
    module = DeferredModule(tree, joined, bodies, quick_scan(skeleton).tokens)
    return module if _replace_stubs(tree, outline, bodies) else None


def _has_long_body(outline: Outline) -> bool:
    """Return whether the parser needs long for a body. In a source parsed in pieces, an edit takes less time."""
    return any(body.end - body.start > _MAX_RECORDED_LENGTH for body in outline.bodies)


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
        body = _Body(bodies, len(bodies.blocks))
        block = DeferredBlock.replace(node.body, body)
        bodies.blocks.append(block)
        bodies.bodies.append(body)
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


class DeferredSource(Struct, frozen=True, dict=True):
    """A source, divided into bodies and the skeleton around them."""

    text: str
    encoding: str
    newline: str
    skeleton: str
    """The source with a stub in place of each body."""
    bodies: tuple[BodyRange, ...]

    @cached_property
    def lines_before(self) -> Sequence[int]:
        """The number of lines by which the skeleton is shorter than the source before each body, and at the end."""
        return [*accumulate((body.line_count - 1 for body in self.bodies), initial=0)]

    @cached_property
    def stub_lines(self) -> Sequence[int]:
        """The line of each stub in the skeleton."""
        return [body.first_line - before for body, before in zip(self.bodies, self.lines_before, strict=False)]

    def text_of(self, index: int) -> str:
        """Return the source of a body."""
        body = self.bodies[index]
        return self.text[body.start : body.end]

    def contains(self, index: int, words: Iterable[str]) -> bool:
        """Return whether the source of a body contains one of several words."""
        text = self.text_of(index)
        return any(word in text for word in words)

    def has_same_skeleton(self, other: DeferredSource) -> bool:
        """Return whether another source differs only in the bodies, and these are at the same places."""
        return (self.encoding, self.newline, self.skeleton, self.stub_lines) == (
            *(other.encoding, other.newline, other.skeleton, other.stub_lines),
        ) and all(body.indents == new.indents for body, new in zip(self.bodies, other.bodies, strict=True))

    def words_in(self, index: int) -> set[str] | None:
        """Return the words in a body, and its attributes as `.name`, or None if it may contain any.

        Words in the source may differ from the names in the tree if the source has an escape sequence or a character
        outside of ASCII.
        """
        text = self.text_of(index)
        may_escape_names = "\\" in text and any(reader in text for reader in _READERS_BY_TEXT)
        if not text.isascii() or may_escape_names or _SEPARATE_DOT.search(text):
            return None
        return {*_WORD.findall(text), *(f".{name}" for name in _ATTRIBUTE.findall(text))}

    def with_word(self, word: str) -> Sequence[int]:
        """Return the indices of the bodies whose names and literals may include a word, or an attribute as `.name`."""
        indices_by_word, any_word = self._words
        indices = indices_by_word.get(word, ())
        if not indices and not word.removeprefix(".").isidentifier():
            return range(len(self.bodies))
        return (*indices, *any_word) if any_word else indices

    @cached_property
    def _words(self) -> tuple[Mapping[str, Sequence[int]], Sequence[int]]:
        """The indices of the bodies by the words in them, and the indices of the bodies that may include any word."""
        indices_by_word: defaultdict[str, list[int]] = defaultdict(list)
        any_word: list[int] = []
        for index in range(len(self.bodies)):
            words = self.words_in(index)
            if words is None:
                any_word.append(index)
            for word in words or ():
                indices_by_word[word].append(index)
        return indices_by_word, any_word
