"""Tree traversal without LibCST's visitors, which take about as long as parsing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final, TypeAlias

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.deferred.blocks import DeferredBlock, may_contain, sketch_of

Statement: TypeAlias = cst.BaseSmallStatement | cst.BaseCompoundStatement

_LAYOUT_TYPES = (cst.BaseParenthesizableWhitespace, cst.EmptyLine, cst.TrailingWhitespace, cst.Comma, cst.LeftParen)
_LAYOUT_FIELDS = frozenset(
    {"lpar", "rpar", "lbracket", "rbracket", "lbrace", "rbrace", "comma", "semicolon", "colon", "dot"}
)
_TEXTS: Final = ("value", "star", "prefix", "conversion")
_BLOCKS: Final = frozenset({cst.IndentedBlock, cst.SimpleStatementSuite, DeferredBlock})
_DEFINITION_TYPES: Final = (cst.FunctionDef, cst.ClassDef)
_CLOSED_TYPES: Final = (*_DEFINITION_TYPES, cst.Lambda)


class _ChildValues(dict[type[cst.CSTNode], Callable[[cst.CSTNode], tuple[object, ...]] | None]):
    """Functions that return the values of the fields that can contain child nodes, by node type; None for leaves."""

    def __missing__(self, node_type: type[cst.CSTNode]) -> Callable[[cst.CSTNode], tuple[object, ...]] | None:
        names = [
            field.name
            for field in fields(node_type)
            if not field.name.startswith(("whitespace", "leading", "lines_"))
            and field.name not in _LAYOUT_FIELDS
            and field.type not in (str, bool)
        ]
        values = self[node_type] = _getter(names) if names else None
        return values


def _getter(names: Sequence[str]) -> Callable[[object], tuple[object, ...]]:
    """Return a function that returns the values of the attributes `names`."""
    value = attrgetter(*names)
    return value if len(names) > 1 else lambda node: (value(node),)


class _TextValues(dict[type[cst.CSTNode], Callable[[cst.CSTNode], tuple[object, ...]] | None]):
    """Functions that return the values of the attributes that can be text, by node type; None without such ones."""

    def __missing__(self, node_type: type[cst.CSTNode]) -> Callable[[cst.CSTNode], tuple[object, ...]] | None:
        names = [name for name in _TEXTS if hasattr(node_type, name) or name in node_type.__dataclass_fields__]
        values = self[node_type] = _getter(names) if names else None
        return values


class _ChildTypes(dict[type[object], bool | None]):
    """Whether values of a type are child nodes, by type; None for sequences that can contain child nodes.

    This table exists because `isinstance` is slow for LibCST's classes.
    """

    def __missing__(self, value_type: type[object]) -> bool | None:
        is_child = issubclass(value_type, cst.CSTNode) and not issubclass(value_type, _LAYOUT_TYPES)
        self[value_type] = None if issubclass(value_type, (list, tuple)) else is_child
        return self[value_type]


_child_values: Final = _ChildValues()
_text_values: Final = _TextValues()
_child_types: Final = _ChildTypes()


def statements(body: cst.BaseSuite | cst.Module) -> Iterator[Statement]:
    """Yield the statements of a block in source order. Small statements on one line are yielded separately."""
    for statement in body.body:
        if type(statement) is cst.SimpleStatementLine:
            yield from statement.body
        else:
            yield statement  # type: ignore[misc] # a compound statement, or a small one in a one-line suite


def suites(statement: cst.CSTNode) -> Iterable[cst.BaseSuite]:
    """Return the blocks of a compound statement in source order, and the body of a function or class."""
    suites_of = _SUITES.get(type(statement))
    return () if suites_of is None else suites_of(statement)


def _if_suites(statement: cst.If) -> Iterator[cst.BaseSuite]:
    clause: cst.If | cst.Else | None = statement
    while type(clause) is cst.If:
        yield clause.body
        clause = clause.orelse
    if clause is not None:
        yield clause.body


def _try_suites(statement: cst.Try | cst.TryStar) -> Iterator[cst.BaseSuite]:
    yield statement.body
    for handler in statement.handlers:
        yield handler.body
    if statement.orelse:
        yield statement.orelse.body
    if statement.finalbody:
        yield statement.finalbody.body


def _loop_suites(statement: cst.For | cst.While) -> tuple[cst.BaseSuite, ...]:
    return (statement.body,) if statement.orelse is None else (statement.body, statement.orelse.body)


def _match_suites(statement: cst.Match) -> list[cst.BaseSuite]:
    return [case.body for case in statement.cases]


def _only_suite(statement: cst.With | cst.FunctionDef | cst.ClassDef) -> tuple[cst.BaseSuite]:
    return (statement.body,)


# Each function accepts only its own types, which `dict` cannot express, hence `Any`.
_SUITES: Final[dict[type[cst.CSTNode], Callable[[Any], Iterable[cst.BaseSuite]]]] = {
    cst.If: _if_suites,
    cst.Try: _try_suites,
    cst.TryStar: _try_suites,
    cst.For: _loop_suites,
    cst.While: _loop_suites,
    cst.Match: _match_suites,
    cst.With: _only_suite,
    cst.FunctionDef: _only_suite,
    cst.ClassDef: _only_suite,
}


def statements_below(
    body: cst.BaseSuite | cst.Module,
    *,
    into_functions: bool = False,
    sketched: bool = False,
    skeleton: bool = False,
    words: Sequence[str] = (),
) -> Iterator[Statement]:
    """Yield the statements of a block and of all nested blocks, in source order.

    The result includes functions and classes, but includes the statements in their bodies only with `into_functions`.
    With `sketched`, sketches represent the bodies that are not parsed yet, as in `sketch_of`. With `words`, those of
    these bodies that contain none of the words are skipped. With `skeleton`, all deferred bodies inside the block are
    skipped, even if they are parsed.
    """
    stack = [statements(sketch_of(body) if sketched else body)]
    while stack:
        statement = next(stack[-1], None)
        if statement is None:
            stack.pop()
            continue
        yield statement
        suites_of = _SUITES.get(type(statement))
        if suites_of is not None and (into_functions or type(statement) not in _DEFINITION_TYPES):
            inner = [
                suite
                for suite in suites_of(statement)
                if not (skeleton and type(suite) is DeferredBlock) and (not words or may_contain(suite, words))
            ]
            stack.extend(statements(sketch_of(suite) if sketched else suite) for suite in reversed(inner))


def statement_positions(block: cst.BaseSuite) -> Mapping[int, int]:
    """Return the positions of the statements below a block in source order, by identity."""
    return {id(each): position for position, each in enumerate(statements_below(block))}


def self_and_statements_below(statement: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield a statement and all statements in its blocks except in functions and classes, in source order."""
    yield statement
    if type(statement) not in _DEFINITION_TYPES:
        for suite in suites(statement):
            yield from statements_below(suite)


# A test of the type is several times as fast as `isinstance`, and most statements assign nothing.
ASSIGNING_TYPES: Final = frozenset([cst.AnnAssign, cst.Assign, cst.AugAssign, cst.Del, cst.For, cst.With])
"""The types of the statements that assign or delete targets."""
_UNPACKING_TYPES: Final = frozenset([cst.List, cst.Tuple])


def assigned_targets(statement: cst.CSTNode) -> Sequence[cst.BaseExpression]:
    """Return the names, attributes and elements that a statement assigns or deletes, also in tuples, in source order.

    An annotation without a value assigns nothing.
    """
    if type(statement) not in ASSIGNING_TYPES:
        return ()
    targets: list[cst.BaseExpression] = []
    if type(statement) is cst.Assign:
        targets += [each.target for each in statement.targets]
    elif type(statement) is cst.With:
        targets += [item.asname.name for item in statement.items if item.asname is not None]
    elif type(statement) is cst.AnnAssign:
        targets += () if statement.value is None else (statement.target,)
    elif type(statement) is cst.AugAssign or type(statement) is cst.Del or type(statement) is cst.For:
        targets.append(statement.target)
    for target in targets:
        if type(target) in _UNPACKING_TYPES:
            return [part for each in targets for part in _parts_of_target(each)]
    return targets


def _parts_of_target(target: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    if isinstance(target, cst.Tuple | cst.List):
        for element in target.elements:
            yield from _parts_of_target(element.value)
    else:
        yield target


class EnclosingBlock(Struct, frozen=True):
    """A compound statement and the block of it that encloses another statement."""

    statement: cst.CSTNode
    suite: cst.BaseSuite


def statements_with_enclosing(
    body: cst.BaseSuite | cst.Module, enclosing: tuple[EnclosingBlock, ...] = ()
) -> Iterator[tuple[Statement, tuple[EnclosingBlock, ...]]]:
    """Yield the statements of a block and of all nested blocks, each with its enclosing blocks, outermost first.

    The result includes functions and classes, but not the statements in their bodies.
    """
    for statement in statements(body):
        yield statement, enclosing
        if not isinstance(statement, cst.FunctionDef | cst.ClassDef):
            for suite in suites(statement):
                yield from statements_with_enclosing(suite, (*enclosing, EnclosingBlock(statement, suite)))


def children(node: cst.CSTNode) -> list[cst.CSTNode]:
    """Return the direct children of `node` in field order, excluding whitespace and punctuation."""
    nodes: list[cst.CSTNode] = []
    values = _child_values[type(node)]
    if values is None:
        return nodes
    for value in values(node):
        is_child = _child_types[type(value)]
        if is_child:
            nodes.append(value)  # type: ignore[arg-type] # checked by type
        elif is_child is None and value:
            nodes += [item for item in value if _child_types[type(item)]]  # type: ignore[attr-defined] # a sequence
    return nodes


def all_nodes(node: cst.CSTNode, *, sketched: bool = False, skeleton: bool = False) -> Iterator[cst.CSTNode]:
    """Yield `node` and all its descendants, including those in functions, classes and lambdas, parents first.

    With `sketched`, sketches represent the bodies that are not parsed yet, as in `sketch_of`. With `skeleton`, the
    nodes in deferred bodies are skipped.
    """
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        if skeleton and type(current) is DeferredBlock:
            continue
        stack.extend(children(sketch_of(current) if sketched else current))


def code_without_layout(node: cst.CSTNode) -> str:
    """Return the structure and texts of the code below `node`, equal for code that differs only in its layout."""
    parts: list[str] = []
    pending: list[cst.CSTNode | str] = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, str):
            parts.append(current)
            continue
        node_type = type(current)
        if node_type in _BLOCKS:
            pending += ("]", *reversed([*statements(current)]), "[")  # type: ignore[arg-type] # a block
            continue
        parts.append(node_type.__name__)
        texts = _text_values[node_type]
        if texts is not None:
            parts += [text for text in texts(current) if isinstance(text, str)]
        values = _child_values[node_type]
        for value in reversed(() if values is None else values(current)):
            is_child = _child_types[type(value)]
            if is_child is None:
                items = [item for item in value if _child_types[type(item)]]  # type: ignore[attr-defined] # a sequence
                pending += ("]", *reversed(items), "[")
            else:
                # A mark for each missing child distinguishes `a[1:]` and `a[:1]`.
                pending.append(value if is_child else "-")  # type: ignore[arg-type] # checked by type
    return " ".join(parts)


def is_loop_or_function(node: cst.CSTNode) -> bool:
    """Return whether a node is a `for`, also one in a comprehension, or the definition of a function."""
    return isinstance(node, cst.For | cst.CompFor | cst.FunctionDef)


def expressions_below(node: cst.CSTNode, *, into_lambdas: bool = False) -> Iterator[cst.CSTNode]:
    """Yield `node` and its descendants, depth first.

    The traversal does not enter functions or classes, and enters lambdas only with `into_lambdas`.
    """
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        if into_lambdas and type(current) is cst.Lambda:
            stack.append(current.body)
        elif type(current) not in _CLOSED_TYPES:
            stack.extend(reversed(children(current)))


Parents: TypeAlias = dict[int, cst.CSTNode]
"""The parent of each node, by the identity of the node."""

Scope: TypeAlias = cst.FunctionDef | cst.Lambda | cst.ClassDef | cst.Module
"""A node that opens a scope."""

SCOPES: Final = (cst.FunctionDef, cst.Lambda, cst.ClassDef, cst.Module)
"""The types of scopes."""

STATEMENTS: Final = (cst.BaseSmallStatement, cst.BaseCompoundStatement)

Comprehension: TypeAlias = cst.ListComp | cst.SetComp | cst.DictComp | cst.GeneratorExp
COMPREHENSIONS: Final = (cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp)


def clauses_from(first: cst.CompFor) -> Iterator[cst.CompFor]:
    """Yield a `for` clause of a comprehension and the clauses inside it, outermost first."""
    clause: cst.CompFor | None = first
    while clause is not None:
        yield clause
        clause = clause.inner_for_in


def parents_in(tree: cst.Module) -> Parents:
    """Return the parent of each node below `tree`."""
    return parents_below([tree])


def parents_below(nodes: Iterable[cst.CSTNode]) -> Parents:
    """Return the parent of each node below any of `nodes`, except below deferred blocks."""
    parents: Parents = {}
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if type(node) is DeferredBlock:
            continue
        for child in children(node):
            parents[id(child)] = node
            stack.append(child)
    return parents


def ancestors_of(parents: Parents, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield the ancestors of a node, innermost first."""
    ancestor = parents.get(id(node))
    while ancestor is not None:
        yield ancestor
        ancestor = parents.get(id(ancestor))


def ancestors_in_statement(parents: Parents, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield the ancestors of a node up to the innermost statement, innermost first."""
    for ancestor in ancestors_of(parents, node):
        yield ancestor
        if isinstance(ancestor, STATEMENTS):
            return
