"""The part of a function that decides which exceptions it raises, for comparing functions without steps.

`price` in `if order["n"] > 9: raise ValueError` and `return order["n"] * 2` raises exceptions under a condition. The
result has no effect on them.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, TypeAlias

from msgspec import Struct, field

from stepgraph.model.expressions import normal_test
from stepgraph.syntax.definitions.code_facts import SCOPES, Block, blocks_of

RaisingCall: TypeAlias = Callable[[ast.expr], ast.expr | None]
"""Returns an expression for the exceptions that a call or attribute may raise, or None without any."""

_JUMPS: Final = (ast.Return, ast.Break, ast.Continue)
_COMPOUND: Final = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)
_OPTIONAL: Final = (ast.BoolOp, ast.IfExp, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)
"""The expressions that may skip or repeat others inside."""


def raising_slice(body: Block, raising_call: RaisingCall) -> Block:
    """Return the statements that decide which exceptions a function raises, without their messages.

    Return an empty block for a function that raises none.
    """
    search = _SliceSearch([*_SlicedStatement.all_in(body)], raising_call)
    return search.block(body) if search.mark() else []


def with_merged_tests(block: Block) -> Block:
    """Return a block with one `if` in place of nested ones, and of those with equal branches that follow each other."""
    for statement in block:
        for name, inner in list(blocks_of(statement)):
            setattr(statement, name, with_merged_tests(inner))
        for part in _clauses_of(statement):
            part.body = with_merged_tests(part.body)
    return [_merged(each) for each in block]


def _merged(statement: ast.stmt) -> ast.stmt:
    match statement:
        case ast.If(test=test, body=[ast.If(test=inner, body=body, orelse=[])], orelse=[]):
            return ast.If(normal_test(ast.BoolOp(ast.And(), [test, inner]), negated=False), body, [])
        case ast.If(test=test, body=body, orelse=[ast.If(test=inner, body=others, orelse=orelse)]) if list(
            map(ast.dump, body)
        ) == list(map(ast.dump, others)):
            return ast.If(normal_test(ast.BoolOp(ast.Or(), [test, inner]), negated=False), body, orelse)
        case _:
            return statement


class _SlicedStatement(Struct):
    """A statement of a function in source order."""

    node: ast.stmt
    enclosing: tuple[int, ...]
    """The positions of the compound statements around it."""
    handled: tuple[int, ...]
    """The positions of the `try` statements in whose handlers it is."""
    heads: Sequence[ast.AST]
    """The statement itself, or the parts of a compound statement outside of its blocks."""

    @classmethod
    def all_in(cls, body: Block) -> Iterator[_SlicedStatement]:
        """Yield the statements in a block and in the blocks of its statements."""
        pending: list[tuple[ast.stmt, tuple[int, ...], tuple[int, ...]]] = [(each, (), ()) for each in reversed(body)]
        position = 0
        while pending:
            node, enclosing, handled = pending.pop()
            yield cls(node, enclosing, handled, [*_heads_of(node)])
            inside, in_handler = (*enclosing, position), (*handled, position)
            clauses = [each.body for each in _clauses_of(node)]
            blocks = [(block, handled) for _, block in blocks_of(node)]
            blocks += [(block, handled if isinstance(node, ast.Match) else in_handler) for block in clauses]
            pending += [(each, inside, around) for block, around in reversed(blocks) for each in reversed(block)]
            position += 1


def _heads_of(node: ast.stmt) -> Iterator[ast.AST]:
    match node:
        case ast.If(test=test) | ast.While(test=test):
            yield test
        case ast.For(target=target, iter=items) | ast.AsyncFor(target=target, iter=items):
            yield from (target, items)
        case ast.With(items=managers) | ast.AsyncWith(items=managers):
            yield from managers
        case ast.Try(handlers=handlers) | ast.TryStar(handlers=handlers):
            yield from (each.type for each in handlers if each.type is not None)
        case ast.Match(subject=subject, cases=cases):
            yield subject
            for each in cases:
                yield each.pattern
                if each.guard is not None:
                    yield each.guard
        case _:
            yield node


class _SliceSearch(Struct):
    """The search for the statements of a function that decide its exceptions."""

    statements: list[_SlicedStatement]
    raising_call: RaisingCall
    kept: set[int] = field(default_factory=set)
    """The identities of the statements that stay, perhaps only with their calls."""
    deciding: set[int] = field(default_factory=set)
    """The identities of the statements that change a variable which decides an exception."""
    calls: dict[int, list[ast.expr]] = field(default_factory=dict)
    """The calls that may raise exceptions, by the identity of their statement."""
    names: dict[str, None] = field(default_factory=dict)
    """The variables that decide an exception."""
    tried: defaultdict[int, list[_SlicedStatement]] = field(default_factory=lambda: defaultdict(list))
    """The statements in the bodies of `try` statements, by the position of the `try`."""

    def mark(self) -> bool:
        """Find the statements. Return whether any raises an exception."""
        raising = [index for index, each in enumerate(self.statements) if self._may_raise(each)]
        if not raising:
            return False
        loops = {outer for index in raising for outer in self.statements[index].enclosing if self._is_loop(outer)}
        for each in self.statements:
            for outer in each.enclosing:
                if outer not in each.handled:
                    self.tried[outer].append(each)
        for index, each in enumerate(self.statements):
            is_decisive_jump = isinstance(each.node, _JUMPS) and (
                index < raising[-1] or not loops.isdisjoint(each.enclosing)
            )
            if is_decisive_jump or index in raising:
                self._keep(each, self._raising_parts(each))
        self._add_changes()
        return True

    def _add_changes(self) -> None:
        """Keep the statements that change a variable which decides an exception."""
        changes: defaultdict[str, list[_SlicedStatement]] = defaultdict(list)
        for each in self.statements:
            for name in dict.fromkeys(chain.from_iterable(map(_changed_names, each.heads))):
                changes[name].append(each)
        pending = [*self.names]
        while pending:
            for each in changes.pop(pending.pop(), ()):
                if id(each.node) not in self.deciding:
                    self.deciding.add(id(each.node))
                    pending += self._keep(each, each.heads)

    def _is_loop(self, index: int) -> bool:
        return isinstance(self.statements[index].node, ast.For | ast.AsyncFor | ast.While)

    def _may_raise(self, statement: _SlicedStatement) -> bool:
        if calls := [node for head in statement.heads for node in self._raising_in(head)]:
            self.calls[id(statement.node)] = calls
        return bool(calls) or isinstance(statement.node, ast.Raise | ast.Assert)

    def _raising_in(self, head: ast.AST) -> Iterator[ast.expr]:
        """Yield the outermost calls and properties that may raise, or the expression that may skip them."""
        if isinstance(head, SCOPES):
            return
        inside = (each for child in _evaluated(head) for each in self._raising_in(child))
        raised = self.raising_call(head) if isinstance(head, ast.Call | ast.Attribute | ast.Name) else None
        if raised is not None:
            yield raised
        elif isinstance(head, _OPTIONAL):
            yield from () if next(inside, None) is None else (head,)
        else:
            yield from inside

    def _raising_parts(self, statement: _SlicedStatement) -> Sequence[ast.AST]:
        """Return the parts of a statement that decide its exceptions."""
        calls = self.calls.get(id(statement.node), ())
        match statement.node:
            case ast.Raise(exc=ast.Call(func=exception)):
                return [exception, *calls]
            case ast.Assert(test=test):
                return [test]
            case ast.Return():
                return calls
            case _ if calls and statement.heads == [statement.node]:
                return calls
            case _:
                return statement.heads

    def _keep(self, statement: _SlicedStatement, parts: Iterable[ast.AST]) -> list[str]:
        """Keep a statement with the compound statements around it. Return the new variables that decide exceptions.

        The exceptions in the body of a `try` decide whether a statement in a handler runs.
        """
        self.kept.add(id(statement.node))
        read = [*parts]
        outside = [self.statements[outer] for outer in statement.enclosing]
        for try_position in statement.handled:
            tried = self.tried.pop(try_position, ())
            self.deciding.update(id(each.node) for each in tried)
            outside += tried
        for each in outside:
            if id(each.node) not in self.kept:
                self.kept.add(id(each.node))
                read += each.heads
        added = [name for part in read for name in _names_in(part) if name not in self.names]
        self.names |= dict.fromkeys(added)
        return added

    def block(self, body: Block) -> Block:
        """Return a block without the statements that decide no exception."""
        result: Block = []
        for node in body:
            if id(node) not in self.kept:
                continue
            for name, inner in list(blocks_of(node)):
                setattr(node, name, self.block(inner) or ([ast.Pass()] if name == "body" else []))
            for part in _clauses_of(node):
                part.body = self.block(part.body) or [ast.Pass()]
            result += [node] if id(node) in self.deciding else self._reduced(node)
        return result

    def _reduced(self, node: ast.stmt) -> Block:
        """Return a statement without messages and results."""
        calls: Block = [ast.Expr(each) for each in self.calls.get(id(node), ())]
        match node:
            case ast.Raise(exc=ast.Call(func=exception)):
                return [*calls, ast.Raise(exception)]
            case ast.Raise(exc=exception):
                return [ast.Raise(exception)]
            case ast.Assert(test=test):
                return [ast.Assert(test)]
            case ast.Return():
                return [*calls, ast.Return()]
            case _:
                return [node] if not calls or isinstance(node, _COMPOUND) else calls


def _evaluated(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the children of a node, without the name of a called function."""
    match node:
        case ast.Call(func=ast.Name(), args=args, keywords=keywords):
            yield from (*args, *(each.value for each in keywords))
        case ast.Call(func=ast.Attribute(value=value), args=args, keywords=keywords):
            yield from (value, *args, *(each.value for each in keywords))
        case _:
            yield from ast.iter_child_nodes(node)


def _clauses_of(node: ast.stmt) -> Sequence[ast.ExceptHandler | ast.match_case]:
    match node:
        case ast.Try(handlers=handlers) | ast.TryStar(handlers=handlers):
            return handlers
        case ast.Match(cases=cases):
            return cases
        case _:
            return ()


def _names_in(node: ast.AST) -> Iterator[str]:
    """Yield the variables that a node reads."""
    return (each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load))


def _changed_names(head: ast.AST) -> Iterator[str]:
    """Yield the variables that a statement or the head of one binds, or whose objects it may change."""
    for node in ast.walk(head):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.MatchAs(name=str(name)):
                yield name
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                yield from _names_in(node)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Expr(value=ast.Call() as call) | ast.Expr(value=ast.Await(value=ast.Call() as call)):
                yield from _names_in(call)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                yield from (each.asname or each.name.partition(".")[0] for each in aliases)
            case ast.AugAssign(target=ast.Name(id=name)):
                yield name
