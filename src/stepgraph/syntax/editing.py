"""A module with edits made."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from stepgraph.syntax.edits import AddedAwait, Edit, MovedImport, Replacement
from stepgraph.syntax.module import SourceModule


def edited(module: SourceModule, edits: Sequence[Edit]) -> bytes:
    """Return the content of a module with edits of it made; all else stays as it is, to the byte.

    Of two edits of the same place the first one is made. A module that LibCST does not give back as it was (one with a
    form feed) is returned unchanged. To be called where there is room for deep recursion.
    """
    if module.tree.bytes != module.source:
        return module.source
    by_node: dict[cst.CSTNode, Edit] = {}
    for edit in edits:
        by_node.setdefault(edit.place.node, edit)
    return module.tree.visit(_Editor(module, by_node)).bytes


class _Editor(cst.CSTTransformer):
    """Makes edits on the way up, so that one inside another is made before it."""

    def __init__(self, module: SourceModule, edits: dict[cst.CSTNode, Edit]) -> None:
        super().__init__()
        self._module = module
        self._edits = edits

    def on_leave(  # type: ignore[override] # LibCST leaves open what a node may be replaced by
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> cst.CSTNode | cst.FlattenSentinel[cst.BaseStatement]:
        if isinstance(original_node, cst.SimpleStatementLine) and isinstance(updated_node, cst.SimpleStatementLine):
            return self._with_moved_imports(original_node, updated_node)
        edit = self._edits.get(original_node)
        if isinstance(edit, Replacement) and isinstance(updated_node, cst.BaseExpression):
            return self._replaced(updated_node, edit.text)
        if isinstance(edit, AddedAwait) and isinstance(updated_node, cst.BaseExpression):
            return cst.Await(updated_node)
        return updated_node

    def _replaced(self, old: cst.BaseExpression, text: str) -> cst.BaseExpression:
        """Return what a text stands for; parentheses around what was there stay, for what stands in them may depend."""
        new = cst.parse_expression(text, self._module.tree.config_for_parsing)
        if not old.lpar:
            return new
        return new.with_changes(lpar=[*old.lpar, *new.lpar], rpar=[*new.rpar, *old.rpar])

    def _with_moved_imports(
        self, original: cst.SimpleStatementLine, updated: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine | cst.FlattenSentinel[cst.BaseStatement]:
        """Return a line of statements, each of whose moved imports comes after it in a line of its own."""
        body: list[cst.BaseSmallStatement] = []
        added: list[cst.BaseStatement] = []
        for before, statement in zip(original.body, updated.body, strict=True):
            edit = self._edits.get(before)
            if not isinstance(edit, MovedImport) or not isinstance(statement, cst.ImportFrom):
                body.append(statement)
                continue
            kept, moved = _parted(statement, edit.names)
            elsewhere = statement.with_changes(
                module=cst.parse_expression(edit.module), names=_listed(moved), lpar=None, rpar=None
            )
            if kept:
                body.append(_without(statement, kept))
                alone = elsewhere.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
                added.append(cst.SimpleStatementLine([alone]))
            else:
                body.append(elsewhere)
        line = updated.with_changes(body=body)
        return cst.FlattenSentinel([line, *added]) if added else line


def _parted(statement: cst.ImportFrom, names: Sequence[str]) -> tuple[list[cst.ImportAlias], list[cst.ImportAlias]]:
    """Return the names of an import that stay, and those that are moved."""
    aliases = [] if isinstance(statement.names, cst.ImportStar) else list(statement.names)
    moved = [alias for alias in aliases if alias.evaluated_name in names]
    return [alias for alias in aliases if alias not in moved], moved


def _listed(aliases: Sequence[cst.ImportAlias]) -> list[cst.ImportAlias]:
    """Return names as they stand in a list on one line."""
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    last = len(aliases) - 1
    return [
        alias.with_changes(comma=cst.MaybeSentinel.DEFAULT if index == last else comma)
        for index, alias in enumerate(aliases)
    ]


def _without(statement: cst.ImportFrom, kept: Sequence[cst.ImportAlias]) -> cst.ImportFrom:
    """Return an import of some of its names only. In parentheses over several lines each keeps its line."""
    names = list(kept)
    if statement.lpar is None or isinstance(statement.names, cst.ImportStar):
        names[-1] = names[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    else:
        # What follows the last name is the way to the closing parenthesis.
        names[-1] = names[-1].with_changes(comma=statement.names[-1].comma)
    return statement.with_changes(names=names)
