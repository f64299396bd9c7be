"""Application of source edits to a module."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from stepgraph.syntax.edits import AddedAwait, Edit, MovedImport, Replacement
from stepgraph.syntax.module import SourceModule


def apply_source_edits(module: SourceModule, edits: Sequence[Edit]) -> bytes:
    """Return the content of a module after applying `edits`; all other bytes stay the same.

    If two edits have the same node, the first one wins. A module that LibCST cannot reproduce exactly, such as one with
    a form feed, is returned unchanged. Call this function in `run_with_large_stack`.
    """
    if module.tree.bytes != module.source:
        return module.source
    by_node: dict[cst.CSTNode, Edit] = {}
    for edit in edits:
        by_node.setdefault(edit.place.node, edit)
    return module.tree.visit(_Editor(module, by_node)).bytes


class _Editor(cst.CSTTransformer):
    """Applies all edits of a module bottom-up: nested edits come first.

    One transformer applies the edits of all fixes. A visit takes the same time as parsing the module, and it replaces
    the nodes that a second transformer would need to look up its edits.
    """

    def __init__(self, module: SourceModule, edits: dict[cst.CSTNode, Edit]) -> None:
        super().__init__()
        self._module = module
        self._edits = edits

    def on_leave(  # type: ignore[override] # LibCST does not restrict the type of the replacement
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> cst.CSTNode | cst.FlattenSentinel[cst.BaseStatement]:
        if isinstance(original_node, cst.SimpleStatementLine) and isinstance(updated_node, cst.SimpleStatementLine):
            return self._move_imports(original_node, updated_node)
        edit = self._edits.get(original_node)
        if isinstance(edit, Replacement) and isinstance(updated_node, cst.BaseExpression):
            return self._replace_expression(updated_node, edit.text)
        if isinstance(edit, AddedAwait) and isinstance(updated_node, cst.BaseExpression):
            return cst.Await(updated_node)
        return updated_node

    def _replace_expression(self, old: cst.BaseExpression, text: str) -> cst.BaseExpression:
        """Return the expression in `text` with the parentheses of `old`, which precedence or line breaks may need."""
        new = cst.parse_expression(text, self._module.tree.config_for_parsing)
        if not old.lpar:
            return new
        return new.with_changes(lpar=[*old.lpar, *new.lpar], rpar=[*new.rpar, *old.rpar])

    def _move_imports(
        self, original: cst.SimpleStatementLine, updated: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine | cst.FlattenSentinel[cst.BaseStatement]:
        """Return a line of statements, followed by a new line for each import that moves only some of its names."""
        body: list[cst.BaseSmallStatement] = []
        added: list[cst.BaseStatement] = []
        for original_statement, statement in zip(original.body, updated.body, strict=True):
            edit = self._edits.get(original_statement)
            if not isinstance(edit, MovedImport) or not isinstance(statement, cst.ImportFrom):
                body.append(statement)
                continue
            remaining, moved = _split_aliases(statement, edit.names)
            moved_import = statement.with_changes(
                module=cst.parse_expression(edit.module), names=_separate_by_commas(moved), lpar=None, rpar=None
            )
            if remaining:
                body.append(_keep_aliases(statement, remaining))
                separate_import = moved_import.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
                added.append(cst.SimpleStatementLine([separate_import]))
            else:
                body.append(moved_import)
        line = updated.with_changes(body=body)
        return cst.FlattenSentinel([line, *added]) if added else line


def _split_aliases(
    statement: cst.ImportFrom, names: Sequence[str]
) -> tuple[list[cst.ImportAlias], list[cst.ImportAlias]]:
    """Return the aliases of an import that stay and the aliases of `names`, which move."""
    aliases = [] if isinstance(statement.names, cst.ImportStar) else list(statement.names)
    moved = [alias for alias in aliases if alias.evaluated_name in names]
    return [alias for alias in aliases if alias not in moved], moved


def _separate_by_commas(aliases: Sequence[cst.ImportAlias]) -> list[cst.ImportAlias]:
    """Return aliases separated by commas, as a list on one line."""
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    last = len(aliases) - 1
    return [
        alias.with_changes(comma=cst.MaybeSentinel.DEFAULT if index == last else comma)
        for index, alias in enumerate(aliases)
    ]


def _keep_aliases(statement: cst.ImportFrom, remaining: Sequence[cst.ImportAlias]) -> cst.ImportFrom:
    """Return an import with only the remaining aliases. In a multiline list, each alias stays on its line."""
    names = list(remaining)
    if statement.lpar is None or isinstance(statement.names, cst.ImportStar):
        names[-1] = names[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    else:
        # The last comma includes the whitespace before the closing parenthesis.
        names[-1] = names[-1].with_changes(comma=statement.names[-1].comma)
    return statement.with_changes(names=names)
