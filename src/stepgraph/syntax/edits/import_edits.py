"""Changes of import statements: the addition of imports to a module, and the renaming of imported modules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import libcst as cst

from stepgraph.syntax.bindings import imported_module
from stepgraph.syntax.edits.source_edits import AddedImport

_COMMA: Final = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))


def add_imports(module: cst.Module, edits: Iterable[AddedImport]) -> cst.Module:
    """Return a module with added imports, each once.

    A name is added to the first top-level statement that imports from its module, or else to a new statement after the
    first import. The new statement is at the top if the module imports nothing.
    """
    for source, member in dict.fromkeys((edit.module, edit.member) for edit in edits):
        body = list(module.body)
        index = None if member is None else _index_of_import_from(body, source)
        if index is None or member is None:
            body.insert(_index_for_import(body), cst.SimpleStatementLine([_import(source, member)]))
        else:
            body[index] = _with_name(body[index], source, member)
        module = module.with_changes(body=body)
    return module


def rename_module(node: cst.ImportFrom | cst.ImportAlias, module: str) -> cst.ImportFrom | cst.ImportAlias | cst.Import:
    """Return a `from` import, or an alias of another import, that names a module by its absolute name.

    Without a name, the result imports the names of the `from` import as modules.
    """
    if isinstance(node, cst.ImportAlias):
        return node.with_changes(name=_dotted(module))
    if module or isinstance(node.names, cst.ImportStar):
        return node.with_changes(module=_dotted(module), relative=())
    *others, last = node.names
    separated = [alias.with_changes(comma=_COMMA) for alias in others]
    return cst.Import([*separated, last.with_changes(comma=cst.MaybeSentinel.DEFAULT)], node.semicolon)


def _dotted(name: str) -> cst.Name | cst.Attribute:
    """Return the syntax of a dotted name."""
    first, *rest = name.split(".")
    node: cst.Name | cst.Attribute = cst.Name(first)
    for part in rest:
        node = cst.Attribute(node, cst.Name(part))
    return node


def _import(source: str, member: str | None) -> cst.Import | cst.ImportFrom:
    dotted = _dotted(source)
    if member is None:
        return cst.Import([cst.ImportAlias(dotted)])
    return cst.ImportFrom(dotted, [cst.ImportAlias(cst.Name(member))])


def _index_of_import_from(body: Sequence[cst.BaseStatement | cst.BaseSmallStatement], source: str) -> int | None:
    """Return the index of the first line that imports names from a module, or None."""
    indices = (i for i, line in enumerate(body) if any(_imports_from(each, source) for each in _statements(line)))
    return next(indices, None)


def _statements(line: cst.CSTNode) -> Sequence[cst.BaseSmallStatement]:
    return line.body if isinstance(line, cst.SimpleStatementLine) else ()


def _imports_from(statement: cst.BaseSmallStatement, source: str) -> bool:
    return (
        isinstance(statement, cst.ImportFrom)
        and not isinstance(statement.names, cst.ImportStar)
        and imported_module(statement) == (0, source)
    )


def _with_name(line: cst.CSTNode, source: str, name: str) -> cst.SimpleStatementLine:
    """Return a line whose first import from a module also imports a name."""
    statements = list(_statements(line))
    index = next(index for index, each in enumerate(statements) if _imports_from(each, source))
    statement = statements[index]
    if isinstance(statement, cst.ImportFrom) and not isinstance(statement.names, cst.ImportStar):
        statements[index] = statement.with_changes(names=_append(statement.names, cst.ImportAlias(cst.Name(name))))
    return cst.ensure_type(line, cst.SimpleStatementLine).with_changes(body=statements)


def _append(aliases: Sequence[cst.ImportAlias], added: cst.ImportAlias) -> list[cst.ImportAlias]:
    """Return a list with one more alias. In a list with a trailing comma, each alias stays on its line."""
    *others, last = aliases
    separator = others[-1].comma if others and isinstance(last.comma, cst.Comma) else _COMMA
    return [*others, last.with_changes(comma=separator), added.with_changes(comma=last.comma)]


def _index_for_import(body: Sequence[cst.BaseStatement | cst.BaseSmallStatement]) -> int:
    """Return the index after the first import, or after the docstring and the imports from `__future__`."""
    last = 0
    for index, line in enumerate(body):
        statements = _statements(line)
        if any(isinstance(each, cst.Import | cst.ImportFrom) and not _is_future(each) for each in statements):
            return index + 1
        if (index == 0 and _is_docstring(statements)) or any(map(_is_future, statements)):
            last = index + 1
    return last


def _is_docstring(statements: Sequence[cst.BaseSmallStatement]) -> bool:
    return any(isinstance(each, cst.Expr) and isinstance(each.value, cst.BaseString) for each in statements)


def _is_future(statement: cst.BaseSmallStatement) -> bool:
    return isinstance(statement, cst.ImportFrom) and imported_module(statement) == (0, "__future__")
