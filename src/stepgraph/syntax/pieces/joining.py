"""Modules whose pieces were parsed separately."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate, islice, pairwise
from typing import Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.pieces.cutting import PieceBlock
from stepgraph.syntax.pieces.parsing import BlockStatement, ParsedPiece, WrongCutError, check_is_open, clauses_of
from stepgraph.syntax.positions import Range
from stepgraph.syntax.walk import Parents, all_nodes, children

_TYPES: Final[dict[str, frozenset[type[cst.CSTNode]]]] = {
    "with 0:": frozenset([cst.ClassDef, cst.FunctionDef, cst.With]),
    "if 0:": frozenset([cst.If]),
    "while 0:": frozenset([cst.For, cst.While]),
    "try:": frozenset([cst.Try]),
}
"""The types of the statements with a block, by `PieceBlock.opening`."""

_OPENINGS: Final[dict[type[BlockStatement], str]] = {
    cst.ClassDef: "class _:",
    cst.With: "with _:",
    cst.If: "if _:",
    cst.For: "while _:",
    cst.While: "while _:",
    cst.Try: "try:",
    cst.TryStar: "try:",
}
"""Code that opens a block in which the same statements are valid, by the type of the compound statement."""
_LEAVES: Final = (cst.Name, cst.SimpleString, cst.Integer, cst.Float)
"""The nodes whose text a search compares with the texts of pieces."""
_MAX_SEARCHES: Final = 8
"""The maximum number of nodes for which the texts of all pieces are searched. Listing one piece takes as long as
searching several hundred."""
_MAX_SEARCHED_NODES: Final = 50
"""The maximum number of nodes below a node whose names and literals are searched for."""


class CutNode(Struct, frozen=True):
    """A statement or block that continues in later pieces."""

    start: cst.CSTNode
    """The node with the statements of its first piece only."""
    node: cst.CSTNode
    """The node with all statements, as in the module."""
    last: cst.CSTNode
    """The last statement in the block or, if others follow the block, the last clause."""


class _PieceOwners(Struct, eq=False):
    """The piece of each node except whitespace and punctuation, by the identity of the node."""

    pieces: tuple[ParsedPiece, ...]
    by_id: dict[int, ParsedPiece] = field(default_factory=dict)
    """The owners of the nodes in the first `piece_count` pieces, and in those found by a search of their texts."""
    piece_count: int = 0
    search_count: int = 0
    """The number of nodes for which the texts of the pieces have been searched."""

    def of(self, node: cst.CSTNode) -> ParsedPiece | None:
        """Return the piece of a node. Few pieces are listed, because a graph needs few locations."""
        owner = self.by_id.get(id(node)) or self._search(node)
        # Another thread may list the same piece meanwhile, because editors ask while an analysis runs.
        while owner is None and (count := self.piece_count) < len(self.pieces):
            self._list(self.pieces[count])
            self.piece_count = max(self.piece_count, count + 1)
            owner = self.by_id.get(id(node))
        return owner

    def _list(self, piece: ParsedPiece) -> None:
        self.by_id |= dict.fromkeys(piece.node_ids, piece)

    def _search(self, node: cst.CSTNode) -> ParsedPiece | None:
        """Return the piece of one of the first nodes, listing only pieces whose text has its words.

        Return None for further nodes, each of which would need a search of all texts.
        """
        if self.search_count == _MAX_SEARCHES or self.piece_count == len(self.pieces):
            return None
        self.search_count += 1
        words = _words_of(node)
        for piece in islice(self.pieces, self.piece_count, None):
            if all(word in piece.piece.text for word in words):
                self._list(piece)
                if id(node) in self.by_id:
                    return piece
        return None


def _words_of(node: cst.CSTNode) -> list[str]:
    """Return some names and literals in a node, the longest one first."""
    leaves = (each for each in islice(all_nodes(node, skeleton=True), _MAX_SEARCHED_NODES) if isinstance(each, _LEAVES))
    return sorted({leaf.value for leaf in leaves}, key=len, reverse=True)


class JoinedPieces(Struct, frozen=True, eq=False, dict=True):
    """Consecutive pieces, and the nodes that were joined from several of them."""

    pieces: tuple[ParsedPiece, ...]
    cut_nodes: dict[int, CutNode]
    """The nodes that continue in later pieces, by the identity of the whole node. Inner nodes precede outer ones."""

    @cached_property
    def inner_parents(self) -> Parents:
        """The parent of each node, except those of the outermost statements."""
        parents: Parents = {}
        for piece in self.pieces:
            parents |= piece.parents
        for cut_node in self.cut_nodes.values():
            for child in children(cut_node.node):
                parents[id(child)] = cut_node.node
        return parents

    @property
    def node_ids(self) -> Iterator[int]:
        """The identities of all nodes except whitespace and punctuation."""
        for piece in self.pieces:
            yield from piece.node_ids
        yield from self.cut_nodes

    @cached_property
    def _owners(self) -> _PieceOwners:
        return _PieceOwners(self.pieces)

    @cached_property
    def _first_lines(self) -> dict[int, int]:
        """The number of the first line of each piece, by the identity of the piece."""
        lines = accumulate((piece.line_count for piece in self.pieces), initial=1)
        return {id(piece): line for piece, line in zip(self.pieces, lines, strict=False)}

    def range_of(self, node: cst.CSTNode) -> Range | None:
        """Return the range of a node, as in `positions`, or None without a range."""
        cut_node = self.cut_nodes.get(id(node))
        if cut_node is None:
            return self._range_in_piece(node)
        start, end = self.range_of(cut_node.start), self.range_of(cut_node.last)
        return None if start is None or end is None else (*start[:2], *end[2:])

    def _range_in_piece(self, node: cst.CSTNode) -> Range | None:
        owner = self._owners.of(node)
        for piece in self.pieces if owner is None else (owner,):
            position = piece.positions.ranges.get(id(node))
            if position is not None:
                line, column, end_line, end_column = position
                first_line = self._first_lines[id(piece)]
                return first_line + line, column, first_line + end_line, end_column
        return None

    def _end_of(self, piece: ParsedPiece) -> tuple[int, int]:
        line, column = piece.positions.end
        return self._first_lines[id(piece)] + line, column


class JoinedModule(JoinedPieces, frozen=True, eq=False, dict=True):
    """A module and the pieces from which it was joined."""

    tree: cst.Module
    openings: tuple[str, ...]
    """Code that opens blocks like those around the start of each piece."""

    @cached_property
    def parents(self) -> Parents:
        """The parent of each node."""
        parents = dict(self.inner_parents)
        for statement in self.tree.body:
            parents[id(statement)] = self.tree
        return parents

    def range_of(self, node: cst.CSTNode) -> Range | None:
        """Return the range of a node, as in `positions`, or None without a range."""
        if node is self.tree:
            return (1, 0, *self._end_of(self.pieces[-1]))
        return super().range_of(node)


class _JoinedBlock(Struct):
    """A block whose statements are being joined."""

    statement: BlockStatement | None
    """The statement with the block, or None for the module."""
    indent: str
    """The whitespace at the start of a line."""
    statements: list[cst.BaseStatement]
    opening: str = ""
    """Code that opens this block and those around it."""


class _Joiner(Struct):
    """The state of joining pieces."""

    default_indent: str
    blocks: list[_JoinedBlock] = field(default_factory=lambda: [_JoinedBlock(None, "", [])])
    """The open blocks, from the module inwards."""
    cut_nodes: dict[int, CutNode] = field(default_factory=dict)
    openings: list[str] = field(default_factory=list)
    """Code that opens the blocks around the start of each piece."""

    def add(self, parsed: ParsedPiece) -> None:
        """Add the next piece."""
        for block in parsed.piece.blocks[len(self.blocks) - 1 :]:
            self._open(block)
        self.openings.append(self.blocks[-1].opening)
        end_depth = min(parsed.end_depth, len(parsed.piece.end_blocks))
        for depth in range(parsed.depth, -1, -1):
            self.blocks[depth].statements += parsed.statements[depth]
            footer = parsed.footers[depth]
            if depth > end_depth:
                self._close(parsed, depth)
            elif depth:
                check_is_open(parsed.openings[depth - 1])
                if footer:
                    raise WrongCutError

    def _open(self, block: PieceBlock) -> None:
        """Open the block of the last statement, in which the next piece starts."""
        outer = self.blocks[-1]
        statement = outer.statements[-1]
        if type(statement) not in _TYPES[block.opening] or not isinstance(statement, BlockStatement):
            raise WrongCutError
        body = statement.body
        check_is_open(statement)
        if not isinstance(body, cst.IndentedBlock) or body.footer:
            raise WrongCutError
        if outer.indent + (self.default_indent if body.indent is None else body.indent) != block.indent:
            raise WrongCutError
        opening = f"{outer.opening}{outer.indent}{_opening_of(statement)}\n"
        self.blocks.append(_JoinedBlock(statement, block.indent, list(body.body), opening))

    def _close(self, parsed: ParsedPiece, depth: int) -> None:
        """Close the innermost block, which ends in a piece."""
        block = self.blocks.pop()
        statement, opening = block.statement, parsed.openings[depth - 1]
        if statement is None:
            raise WrongCutError
        body = statement.body.with_changes(body=tuple(block.statements), footer=parsed.footers[depth])
        joined = _with_clauses(statement.with_changes(body=body), opening)
        self.blocks[-1].statements[-1] = joined
        last = block.statements[-1]
        self.cut_nodes[id(body)] = CutNode(statement.body, body, last)
        self.cut_nodes[id(joined)] = CutNode(statement, joined, (last, *clauses_of(opening))[-1])


def _opening_of(statement: BlockStatement) -> str:
    """Return code that opens a block in which the same statements are valid as in the first block of a statement."""
    if isinstance(statement, cst.FunctionDef):
        return "def _():" if statement.asynchronous is None else "async def _():"
    return _OPENINGS[type(statement)]


def _with_clauses(statement: BlockStatement, opening: BlockStatement) -> BlockStatement:
    """Return a statement with the clauses of another one."""
    match opening:
        case cst.Try() | cst.TryStar() if isinstance(statement, cst.Try):
            return opening.with_changes(
                body=statement.body,
                leading_lines=statement.leading_lines,
                whitespace_before_colon=statement.whitespace_before_colon,
            )
        case cst.If() | cst.While():
            return statement.with_changes(orelse=opening.orelse)
        case _:
            return statement


def join(pieces: tuple[ParsedPiece, ...], encoding: str) -> JoinedModule:
    """Return the module with these pieces. Raises WrongCutError if a piece does not continue the previous ones."""
    first, last = pieces[0], pieces[-1]
    if any(parsed.piece.end_blocks != following.piece.blocks for parsed, following in pairwise(pieces)):
        raise WrongCutError
    joiner = _Joiner(first.context.indent)
    for parsed in pieces:
        joiner.add(parsed)
    tree = cst.Module(
        body=tuple(joiner.blocks[0].statements),  # type: ignore[arg-type] # only blocks contain other statements
        header=first.header,
        footer=last.footers[0],
        encoding=encoding,
        default_indent=first.context.indent,
        default_newline=first.context.newline,
        has_trailing_newline=last.has_trailing_newline,
    )
    return JoinedModule(pieces, joiner.cut_nodes, tree, tuple(joiner.openings))


def join_block(
    pieces: tuple[ParsedPiece, ...], blocks: tuple[PieceBlock, ...]
) -> tuple[JoinedPieces, tuple[cst.BaseStatement, ...]]:
    """Return the pieces of a block with the statements of the block.

    `blocks` are the block and those around it, outermost first. Raises WrongCutError if a piece does not continue the
    previous ones.
    """
    open_blocks = [_JoinedBlock(None, block.indent, []) for block in (PieceBlock("", ""), *blocks)]
    joiner = _Joiner(pieces[0].context.indent, open_blocks)
    for parsed in pieces:
        joiner.add(parsed)
    *outer, block = joiner.blocks
    if len(joiner.blocks) != len(open_blocks) or any(each.statements for each in outer) or not block.statements:
        raise WrongCutError
    return JoinedPieces(pieces, joiner.cut_nodes), tuple(block.statements)
