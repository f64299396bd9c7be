"""Application of source edits to a module."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, TypeVar, cast

import libcst as cst

from stepgraph.syntax.bindings import imported_module, parameters
from stepgraph.syntax.edits.source_edits import (
    AddedArgument,
    AddedAwait,
    AddedImport,
    Edit,
    MovedImport,
    RemovedArgument,
    RemovedParameter,
    RenamedArgument,
    RenamedModule,
    Replacement,
    combine,
)
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import ancestors_of

Item = TypeVar("Item", cst.Arg, cst.Param)
Function = TypeVar("Function", cst.FunctionDef, cst.Lambda)

_COMMA = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
# Expressions that need no parentheses in a larger expression.
_ATOM_TYPES = (cst.Name, cst.SimpleString, cst.Subscript, cst.Call)
_NO_SPACE = cst.SimpleWhitespace("")
# A carriage return without a line feed, or a form feed, which LibCST may not reproduce.
_UNUSUAL: Final = re.compile(rb"\r(?!\n)|\f")
_OTHER_QUOTE: Final = {'"': "'", "'": '"'}
_LINE_END = cst.ParenthesizedWhitespace()
# The field with the space between an item and its comma.
_SPACE_AFTER: Final[dict[type[cst.CSTNode], str]] = {
    cst.Arg: "whitespace_after_arg",
    cst.Param: "whitespace_after_param",
}


def apply_source_edits(module: SourceModule, edits: Sequence[Edit]) -> bytes:
    """Return the content of a module after applying `edits`; all other bytes stay the same.

    Edits of the same node are combined, and the first of contradictory ones wins. A module that LibCST cannot
    reproduce exactly, such as one with a form feed, is returned unchanged. Call it in `run_with_large_stack`.
    """
    if not module.once(_is_reproducible):
        return module.source
    by_node: dict[cst.CSTNode, Edit] = {}
    for edit in edits:
        earlier = by_node.setdefault(edit.place.node, edit)
        by_node[edit.place.node] = combine(earlier, edit) or earlier
    imports = [edit for edit in by_node.values() if isinstance(edit, AddedImport)]
    return add_imports(module.tree.visit(_Editor(module, by_node)), imports).bytes


def is_editable(module: SourceModule) -> bool:
    """Return whether edits of a module have an effect, memoized. This takes time only for unusual characters."""
    return module.once(_is_editable)


def _is_editable(module: SourceModule) -> bool:
    return _UNUSUAL.search(module.source) is None or module.once(_is_reproducible)


def _is_reproducible(module: SourceModule) -> bool:
    return module.tree.bytes == module.source


class _Editor(cst.CSTTransformer):
    """Applies all edits of a module bottom-up: nested edits come first.

    One transformer applies the edits of all fixes, because a visit replaces the nodes that a second transformer would
    need to look up its edits. Only the ancestors of edited nodes are visited: a visit of all nodes takes about as long
    as parsing the module.
    """

    def __init__(self, module: SourceModule, edits: dict[cst.CSTNode, Edit]) -> None:
        super().__init__()
        self._module = module
        self._edits = edits
        self._ancestors = {ancestor for node in edits for ancestor in ancestors_of(module.parents, node)}

    def on_visit(self, node: cst.CSTNode) -> bool:
        return node in self._ancestors

    def on_leave(  # type: ignore[override] # LibCST does not restrict the type of the replacement
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> cst.CSTNode | cst.FlattenSentinel[cst.BaseStatement]:
        match original_node, updated_node:
            case cst.SimpleStatementLine(), cst.SimpleStatementLine():
                return self._move_imports(original_node, updated_node)
            case cst.Call(), cst.Call():
                updated_node = self._change_arguments(original_node, updated_node)
            case cst.FunctionDef(), cst.FunctionDef():
                updated_node = self._change_parameters(original_node, updated_node)
            case cst.Lambda(), cst.Lambda():
                updated_node = self._change_parameters(original_node, updated_node)
        match self._edits.get(original_node), updated_node:
            case Replacement(text=text), cst.BaseExpression():
                return self._replace_expression(original_node, updated_node, text)
            case AddedAwait(), cst.BaseExpression():
                return cst.Await(updated_node)
            case RenamedModule(module=module), cst.ImportFrom() | cst.ImportAlias():
                return rename_module(updated_node, module)
        return updated_node

    def _replace_expression(self, original: cst.CSTNode, old: cst.BaseExpression, text: str) -> cst.BaseExpression:
        """Return the expression in `text`, with the parentheses of `old` if precedence or line breaks may need them.

        Inside an f-string, strings get other quotes, because Python before 3.12 cannot nest the same quotes.
        """
        new = cst.parse_expression(text, self._module.tree.config_for_parsing)
        strings = (
            node for node in ancestors_of(self._module.parents, original) if isinstance(node, cst.FormattedString)
        )
        quotes = {string.quote for string in strings}
        if quotes:
            new = cast("cst.BaseExpression", new.visit(_OtherQuotes(quotes)))
        spaces = [parenthesis.whitespace_after for parenthesis in old.lpar]
        if isinstance(new, _ATOM_TYPES) and not any(isinstance(space, cst.ParenthesizedWhitespace) for space in spaces):
            return new
        return new.with_changes(lpar=[*old.lpar, *new.lpar], rpar=[*new.rpar, *old.rpar])

    def _change_arguments(self, original: cst.Call, updated: cst.Call) -> cst.Call:
        """Return a call with the renamed arguments and the added argument, and without the removed arguments."""
        pairs = [(self._edits.get(old.value), new) for old, new in zip(original.args, updated.args, strict=True)]
        arguments = [
            _with_keyword(argument, edit.keyword) if isinstance(edit, RenamedArgument) else argument
            for edit, argument in pairs
            if not isinstance(edit, RemovedArgument)
        ]
        if any(isinstance(edit, RenamedArgument | RemovedArgument) for edit, _ in pairs):
            updated = updated.with_changes(args=_end_like(arguments, updated.args))
            if not arguments:
                updated = updated.with_changes(whitespace_before_args=_NO_SPACE)
        added = self._edits.get(original)
        if not isinstance(added, AddedArgument):
            return updated
        value = cst.parse_expression(added.text, self._module.tree.config_for_parsing)
        argument = _with_keyword(cst.Arg(value), added.keyword)
        return updated.with_changes(args=_append(updated.args, argument, updated.whitespace_before_args))

    def _change_parameters(self, original: Function, updated: Function) -> Function:
        """Return a function without the removed parameters."""
        pairs = zip(parameters(original.params), parameters(updated.params), strict=True)
        removed = [parameter for old, parameter in pairs if isinstance(self._edits.get(old), RemovedParameter)]
        return _without_parameters(updated, removed) if removed else updated

    def _move_imports(
        self, original: cst.SimpleStatementLine, updated: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine | cst.FlattenSentinel[cst.BaseStatement]:
        """Return a line of statements, followed by a new line for each module to which an import moves names.

        The new module of an import that moves all its names takes its place in the line.
        """
        body: list[cst.BaseSmallStatement] = []
        added: list[cst.BaseStatement] = []
        for original_statement, statement in zip(original.body, updated.body, strict=True):
            edit = self._edits.get(original_statement)
            if not isinstance(edit, MovedImport) or not isinstance(statement, cst.ImportFrom):
                body.append(statement)
                continue
            remaining, moved = _split_aliases(statement, dict(edit.module_of_name))
            imports = [
                statement.with_changes(
                    module=cst.parse_expression(module), names=_separate_by_commas(aliases), lpar=None, rpar=None
                )
                for module, aliases in moved.items()
            ]
            in_place = _keep_aliases(statement, remaining) if remaining else imports.pop(0)
            body.append(in_place)
            separate = [each.with_changes(semicolon=cst.MaybeSentinel.DEFAULT) for each in imports]
            added += [cst.SimpleStatementLine([each]) for each in separate]
        line = updated.with_changes(body=body)
        return cst.FlattenSentinel([line, *added]) if added else line


class _OtherQuotes(cst.CSTTransformer):
    """Changes the quotes of short strings that have the quotes of an f-string around them."""

    def __init__(self, quotes: Collection[str]) -> None:
        super().__init__()
        self._quotes = quotes

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:  # type: ignore[override] # as above
        if not isinstance(original_node, cst.SimpleString):
            return updated_node
        quote, text = original_node.quote, original_node.raw_value
        opposite_quote = _OTHER_QUOTE.get(quote, quote)
        if quote not in self._quotes or opposite_quote in self._quotes or opposite_quote in text or "\\" in text:
            return updated_node
        return updated_node.with_changes(value=f"{original_node.prefix}{opposite_quote}{text}{opposite_quote}")


def _with_keyword(argument: cst.Arg, keyword: str) -> cst.Arg:
    """Return an argument with another keyword, or with a keyword if it is positional."""
    equal = cst.AssignEqual(_NO_SPACE, _NO_SPACE) if argument.keyword is None else argument.equal
    return argument.with_changes(keyword=cst.Name(keyword), equal=equal)


def _end_like(remaining: Sequence[Item], items: Sequence[Item]) -> list[Item]:
    """Return the kept items of a list. The last one ends as the list did, with or without a comma and a line break.

    It keeps the comment on its line. The comment of a removed item goes with the item.
    """
    result = list(remaining)
    if result and result[-1] is not items[-1]:
        space = _end_of_line(_space_after(result[-1]), _space_after(items[-1]))
        result[-1] = _with_space_after(_with_end(result[-1], items[-1]), space)
    return result


def _append(items: Sequence[Item], item: Item, first_space: cst.BaseParenthesizableWhitespace) -> list[Item]:
    """Return a list with one more item. In a list with a trailing comma, each item stays on its line.

    `first_space` is the space before the list.
    """
    if not items:
        return [item]
    result, last = list(items), items[-1]
    if not isinstance(last.comma, cst.Comma):
        result[-1] = _with_end(last, item).with_changes(comma=_COMMA)
        return result + [_with_end(item, last)]  # noqa: RUF005
    last_space, between = _space_after(last), _space_after(items[-2]) if len(items) > 1 else first_space
    if not isinstance(between, cst.ParenthesizedWhitespace):
        between = _COMMA.whitespace_after
    result[-1] = _with_space_after(last, _end_of_line(last_space, between))
    return result + [_with_space_after(_with_end(item, last), _end_of_line(_LINE_END, last_space))]  # noqa: RUF005


def _space_after(item: Item | cst.ImportAlias) -> cst.BaseParenthesizableWhitespace:
    """Return the space after an item and its comma. If the line ends before the comma, return the space before it."""
    comma = item.comma
    if not isinstance(comma, cst.Comma):
        space: cst.BaseParenthesizableWhitespace = getattr(item, _SPACE_AFTER[type(item)], _NO_SPACE)
        return space
    before = comma.whitespace_before
    return before if isinstance(before, cst.ParenthesizedWhitespace) else comma.whitespace_after


def _with_space_after(item: Item, space: cst.BaseParenthesizableWhitespace) -> Item:
    """Return an item with this space after it and its comma."""
    if isinstance(item.comma, cst.Comma):
        return item.with_changes(comma=item.comma.with_changes(whitespace_after=space))
    return item.with_changes(**{_SPACE_AFTER[type(item)]: space})


def _end_of_line(
    end: cst.BaseParenthesizableWhitespace, start: cst.BaseParenthesizableWhitespace
) -> cst.BaseParenthesizableWhitespace:
    """Return the space that ends a line as `end` does, with its comment, and that starts the next line as `start`."""
    if not isinstance(end, cst.ParenthesizedWhitespace):
        return start
    if isinstance(start, cst.ParenthesizedWhitespace):
        return start.with_changes(first_line=end.first_line)
    return start if end.first_line.comment is None else end


def _with_end(item: Item, model: Item) -> Item:
    """Return an item with the comma and the space after another item."""
    space = _SPACE_AFTER[type(item)]
    return item.with_changes(comma=model.comma, **{space: getattr(model, space)})


def _without_parameters(function: Function, removed: Sequence[cst.Param]) -> Function:
    """Return a function without some of its parameters."""
    params = function.params
    everything = parameters(params)
    all_remaining = _end_like([parameter for parameter in everything if parameter not in removed], everything)
    by_name = {parameter.name.value: parameter for parameter in all_remaining}

    def remaining(group: Sequence[cst.Param]) -> list[cst.Param]:
        return [by_name[parameter.name.value] for parameter in group if parameter.name.value in by_name]

    keyword_only, positional_only = remaining(params.kwonly_params), remaining(params.posonly_params)
    changes: dict[str, object] = {
        "star_arg": by_name[params.star_arg.name.value] if isinstance(params.star_arg, cst.Param) else params.star_arg,
        "posonly_params": positional_only,
        "params": remaining(params.params),
        "kwonly_params": keyword_only,
    }
    if not positional_only:
        changes["posonly_ind"] = cst.MaybeSentinel.DEFAULT
    if not keyword_only and isinstance(params.star_arg, cst.ParamStar):
        changes["star_arg"] = cst.MaybeSentinel.DEFAULT
    changed = function.with_changes(params=params.with_changes(**changes))
    if all_remaining:
        return changed
    is_lambda = isinstance(function, cst.Lambda)
    return changed.with_changes(**{"whitespace_after_lambda" if is_lambda else "whitespace_before_params": _NO_SPACE})


def _split_aliases(
    statement: cst.ImportFrom, module_of_name: Mapping[str, str]
) -> tuple[list[cst.ImportAlias], dict[str, list[cst.ImportAlias]]]:
    """Return the aliases of an import that stay, and the aliases that move to each module."""
    remaining: list[cst.ImportAlias] = []
    moved: dict[str, list[cst.ImportAlias]] = {}
    for alias in () if isinstance(statement.names, cst.ImportStar) else statement.names:
        module = module_of_name.get(alias.evaluated_name)
        (remaining if module is None else moved.setdefault(module, [])).append(alias)
    return remaining, moved


def _separate_by_commas(aliases: Sequence[cst.ImportAlias]) -> list[cst.ImportAlias]:
    """Return aliases separated by commas, as a list on one line."""
    last = len(aliases) - 1
    return [
        alias.with_changes(comma=cst.MaybeSentinel.DEFAULT if index == last else _COMMA)
        for index, alias in enumerate(aliases)
    ]


def _keep_aliases(statement: cst.ImportFrom, remaining: Sequence[cst.ImportAlias]) -> cst.ImportFrom:
    """Return an import with only the remaining aliases. In a multiline list, each alias stays on its line."""
    names, old = list(remaining), statement.names
    if isinstance(old, cst.ImportStar) or names[-1] is old[-1]:
        return statement.with_changes(names=names)
    if statement.rpar is None:
        names[-1] = names[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return statement.with_changes(names=names)
    last_space, comma, rpar = _space_after(names[-1]), old[-1].comma, statement.rpar
    # The last comma includes the whitespace before the closing parenthesis.
    if isinstance(comma, cst.Comma):
        comma = comma.with_changes(whitespace_after=_end_of_line(last_space, comma.whitespace_after))
    else:
        rpar = rpar.with_changes(whitespace_before=_end_of_line(last_space, rpar.whitespace_before))
    names[-1] = names[-1].with_changes(comma=comma)
    return statement.with_changes(names=names, rpar=rpar)


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
    *leading, last = node.names
    separated = [alias.with_changes(comma=_COMMA) for alias in leading]
    return cst.Import([*separated, last.with_changes(comma=cst.MaybeSentinel.DEFAULT)], node.semicolon)


def _dotted(name: str) -> cst.Name | cst.Attribute:
    """Return the syntax of a dotted name."""
    first, *attributes = name.split(".")
    node: cst.Name | cst.Attribute = cst.Name(first)
    for part in attributes:
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
        statements[index] = statement.with_changes(
            names=_append_alias(statement.names, cst.ImportAlias(cst.Name(name)))
        )
    return cst.ensure_type(line, cst.SimpleStatementLine).with_changes(body=statements)


def _append_alias(aliases: Sequence[cst.ImportAlias], added: cst.ImportAlias) -> list[cst.ImportAlias]:
    """Return a list with one more alias. In a list with a trailing comma, each alias stays on its line."""
    *leading, last = aliases
    separator = leading[-1].comma if leading and isinstance(last.comma, cst.Comma) else _COMMA
    return [*leading, last.with_changes(comma=separator), added.with_changes(comma=last.comma)]


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
