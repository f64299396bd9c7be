"""Parsing of single pieces of a source."""

from __future__ import annotations

from functools import cached_property, lru_cache
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.normal_names import LIBCST_ERRORS, parse_names
from stepgraph.syntax.pieces.cutting import Piece, PieceBlock
from stepgraph.syntax.pieces.templates import CodeStructure, NodeTemplate, UnsupportedCodeError, template_of
from stepgraph.syntax.positions import PartBlock, PartPositions, part_positions
from stepgraph.syntax.walk import Parents, parents_below

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_MAX_TEMPLATES: Final = 256
"""The maximum number of templates in memory. One takes at most 0.6 MB."""

BlockStatement: TypeAlias = (
    cst.ClassDef | cst.FunctionDef | cst.With | cst.If | cst.For | cst.While | cst.Try | cst.TryStar
)
"""A compound statement in whose first block a piece may start."""
_BLOCKS_WITHOUT_CLAUSES: Final = frozenset({cst.ClassDef, cst.FunctionDef, cst.With})


class WrongCutError(Exception):
    """A source has to be parsed whole, because its pieces do not have the expected statements."""


class RejectedPieceError(Exception):
    """A piece has a syntax error before its last line, which later pieces cannot repair."""

    def __init__(self, error: cst.ParserSyntaxError) -> None:
        super().__init__(error)
        self.error = error


class PieceContext(Struct, frozen=True):
    """The properties of a whole source that affect the nodes of a piece, besides the text of the piece."""

    newline: str
    """The first line ending of the source."""
    indent: str
    """The indentation of the first block in the source."""
    is_first: bool
    is_last: bool
    follows_block: bool = False
    """Whether an earlier piece contains the first block."""
    has_first_block: bool = False
    """Whether this piece contains the first block."""


class ParsedPiece(Struct, frozen=True, eq=False, dict=True):
    """The nodes of a piece, which the modules of several versions of a file may share."""

    piece: Piece
    context: PieceContext
    statements: tuple[tuple[cst.BaseStatement, ...], ...]
    """The statements in each block around the start of the piece, by the depth of the block, from the module inwards.

    A block ends in the piece if the piece has statements in a block around it.
    """
    footers: tuple[tuple[cst.EmptyLine, ...], ...]
    """The comments at the end of each block, by the depth of the block, and those at the end of the module."""
    openings: tuple[BlockStatement, ...]
    """A statement with each block inside the module, with the clauses that follow the block in the piece."""
    header: tuple[cst.EmptyLine, ...]
    """The comments at the start of the module."""
    has_trailing_newline: bool

    @property
    def depth(self) -> int:
        """The number of blocks around the start of the piece."""
        return len(self.piece.blocks)

    @cached_property
    def end_depth(self) -> int:
        """The number of these blocks that do not end before the last statement of the piece."""
        return next(depth for depth, statements in enumerate(self.statements) if statements)

    def clauses(self, depth: int) -> tuple[cst.CSTNode, ...]:
        """Return the clauses that follow a block, such as `else`, by the depth of the block."""
        is_open = depth <= min(self.end_depth, len(self.piece.end_blocks))
        return () if is_open else clauses_of(self.openings[depth - 1])

    @cached_property
    def line_count(self) -> int:
        """The number of line breaks."""
        return self.piece.text.count("\n")

    @property
    def _roots(self) -> Iterator[cst.CSTNode]:
        """The statements and clauses of the piece, whose parents depend on other pieces."""
        for depth in range(self.depth + 1):
            yield from self.statements[depth]
            yield from self.clauses(depth) if depth else ()

    @cached_property
    def parents(self) -> Parents:
        """The parent of each node below the statements."""
        return parents_below(self._roots)

    @property
    def node_ids(self) -> Iterator[int]:
        """The identities of all nodes except whitespace and punctuation."""
        return chain(self.parents, map(id, self._roots))

    @cached_property
    def positions(self) -> PartPositions:
        """The positions of the nodes relative to the first line of the piece."""
        blocks = [
            PartBlock(
                self.clauses(depth + 1) if depth < self.depth else (),
                (*(() if depth else self.header), *self.statements[depth], *self.footers[depth]),
            )
            for depth in range(self.depth + 1)
        ]
        indents = ("", *(block.indent for block in self.piece.blocks))
        added = [inner[len(outer) :] for outer, inner in pairwise(indents)]
        return part_positions(blocks, added, self.context.indent, self.context.newline)

    @cached_property
    def valid_openings(self) -> set[str]:
        """Code that opens blocks in which Python has compiled the piece without an error."""
        return set()

    def code_in(self, opening: str) -> str:
        """Return the text of the piece in the blocks that a text opens."""
        if self.context.is_first:
            return self.piece.text + _code_after(self.piece, self.context.newline)
        indent = self.piece.blocks[-1].indent if self.piece.blocks else ""
        return f"{opening}{indent}0\n{self.piece.text}{_code_after(self.piece, self.context.newline)}"


def clauses_of(statement: BlockStatement) -> tuple[cst.CSTNode, ...]:
    """Return the clauses after the first block of a compound statement."""
    if type(statement) in _BLOCKS_WITHOUT_CLAUSES:
        return ()
    match statement:
        case cst.If() | cst.For() | cst.While():
            clauses: tuple[cst.CSTNode | None, ...] = (statement.orelse,)
        case cst.Try() | cst.TryStar():
            clauses = (*statement.handlers, statement.orelse, statement.finalbody)
        case _:
            clauses = ()
    return tuple(clause for clause in clauses if clause is not None)


class _PieceTemplate(Struct, frozen=True):
    """The nodes of the pieces with a structure."""

    template: NodeTemplate
    """The template of the statements and the footer in each block, and of the header."""
    openings: tuple[BlockStatement, ...]
    has_trailing_newline: bool

    def parse(self, pieces: Sequence[Piece], context: PieceContext) -> Iterator[ParsedPiece]:
        """Yield the nodes of each piece. All pieces have the structure."""
        codes = [piece.code.tokens for piece in pieces if piece.code is not None]
        for piece, (*groups, header) in zip(pieces, self.template.nodes(codes), strict=True):
            statements, footers = tuple(groups[::2]), tuple(groups[1::2])
            yield ParsedPiece(piece, context, statements, footers, self.openings, header, self.has_trailing_newline)  # type: ignore[arg-type] # nodes of the same types


@lru_cache(_MAX_TEMPLATES)
def _piece_template(
    structure: CodeStructure, blocks: tuple[PieceBlock, ...], end_blocks: tuple[PieceBlock, ...], context: PieceContext
) -> _PieceTemplate | None:
    """Return the template of pieces in these blocks, or None if pieces with this structure have to be parsed."""
    piece = Piece(structure.with_tokens(structure.placeholders), blocks, end_blocks)
    try:
        parsed = parse_piece(piece, context)
        if any(clauses_of(opening) for opening in parsed.openings):
            return None
        groups = [nodes for pair in zip(parsed.statements, parsed.footers, strict=True) for nodes in pair]
        template = template_of(structure, [*groups, parsed.header])
    except (*LIBCST_ERRORS, WrongCutError, RejectedPieceError, UnsupportedCodeError):
        return None
    return _PieceTemplate(template, parsed.openings, parsed.has_trailing_newline)


def parse_pieces(pieces: Sequence[tuple[Piece, PieceContext]]) -> tuple[ParsedPiece, ...]:
    """Return the nodes of pieces. Those with a frequent structure have the nodes of its template.

    Raises RejectedPieceError, or WrongCutError or an error of LibCST if the source has to be parsed whole.
    """
    parsed: dict[int, ParsedPiece] = {}
    indices_by_template: dict[int, list[int]] = {}
    templates: dict[int, _PieceTemplate] = {}
    for index, (piece, context) in enumerate(pieces):
        template = _template_for(piece, context)
        if template is None:
            parsed[index] = parse_piece(piece, context)
        else:
            templates[id(template)] = template
            indices_by_template.setdefault(id(template), []).append(index)
    for identity, indices in indices_by_template.items():
        context = pieces[indices[0]][1]
        copies = templates[identity].parse([pieces[index][0] for index in indices], context)
        parsed.update(zip(indices, copies, strict=True))
    return tuple([parsed[index] for index in range(len(pieces))])


def _template_for(piece: Piece, context: PieceContext) -> _PieceTemplate | None:
    """Return the template of a piece with a frequent structure, or None if the piece has to be parsed."""
    if piece.code is None:
        return None
    return _piece_template(piece.code.structure, piece.blocks, piece.end_blocks, context)


def parse_piece(piece: Piece, context: PieceContext) -> ParsedPiece:
    """Return the nodes of a piece.

    Raises RejectedPieceError, or WrongCutError or an error of LibCST if the source has to be parsed whole.
    """
    before = "" if context.is_first else _code_before(piece, context)
    module = _parse(before + piece.text, _code_after(piece, context.newline))
    if context.follows_block or context.has_first_block:
        has_expected_indent = module.default_indent == context.indent
    else:
        has_expected_indent = all(type(statement) is cst.SimpleStatementLine for statement in module.body)
    if not has_expected_indent or (module.footer and not context.is_last):
        raise WrongCutError
    statements: list[tuple[cst.BaseStatement, ...]] = []
    footers = [tuple(module.footer)]
    openings: list[BlockStatement] = []
    body: Sequence[cst.BaseStatement] = module.body
    if before and not (piece.blocks and _sets_default_indent(piece, context)):
        body = body[1:]
    for _ in piece.blocks:
        statements.append(tuple(body[1:]))
        opening, block = _opening(body[0])
        openings.append(opening)
        footers.append(tuple(block.footer))
        body = block.body
    statements.append(tuple(body[1:] if piece.blocks else body))
    return ParsedPiece(
        piece,
        context,
        tuple(statements),
        tuple(footers),
        tuple(openings),
        tuple(module.header),
        module.has_trailing_newline,
    )


def _parse(code: str, code_after: str) -> cst.Module:
    try:
        return parse_names(code + code_after, code)
    except cst.ParserSyntaxError as error:
        # LibCST reports a location after the error. Errors of its tokenizer have no location.
        if error.message.startswith("parser error") and error.raw_line < code.count("\n"):
            raise RejectedPieceError(error) from None
        raise


def _code_before(piece: Piece, context: PieceContext) -> str:
    """Return code that opens the blocks around a piece, and has a statement before the piece in the innermost block.

    It begins with a block that has the indentation of the first block of the source.
    """
    newline = context.newline
    if not context.follows_block:
        return f"0{newline}"
    code = "" if _sets_default_indent(piece, context) else f"with 0:{newline}{context.indent}0{newline}"
    outer = ""
    for block in piece.blocks:
        code += f"{outer}{block.opening}{newline}"
        outer = block.indent
    return f"{code}{outer}0{newline}" if piece.blocks else code


def _sets_default_indent(piece: Piece, context: PieceContext) -> bool:
    """Return whether the outermost block around a piece has the indentation of the first block of the source."""
    return bool(piece.blocks) and piece.blocks[0].indent == context.indent


def _code_after(piece: Piece, newline: str) -> str:
    """Return the clauses that the `try` statements around the end of a piece need."""
    code = ""
    outer = ""
    for block in piece.end_blocks:
        if block.opening == "try:":
            code = f"{outer}finally:{newline}{block.indent}0{newline}{code}"
        outer = block.indent
    return code


def _opening(statement: cst.BaseStatement) -> tuple[BlockStatement, cst.IndentedBlock]:
    """Return a statement of `_code_before` and its block."""
    if isinstance(statement, BlockStatement) and isinstance(statement.body, cst.IndentedBlock):
        return statement, statement.body
    raise WrongCutError


def check_is_open(statement: BlockStatement) -> None:
    """Raise WrongCutError if a statement at the end of a piece has a clause other than that of `_code_after`."""
    if type(statement) in _BLOCKS_WITHOUT_CLAUSES:
        return
    clauses = clauses_of(statement)
    is_open = not clauses if not isinstance(statement, cst.Try) else clauses == (statement.finalbody,)
    if not is_open or (isinstance(statement, cst.Try) and statement.finalbody and statement.finalbody.leading_lines):
        raise WrongCutError
