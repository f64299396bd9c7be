"""Normal forms of the bodies of functions, so that rewritten functions with equal results have equal code.

Early returns and `else`, extracted variables, `return True` and `return a > b`, `any` and a loop that returns have the
same normal form. Log messages have no effect on a result.
"""

from __future__ import annotations

import ast
from typing import Final

from stepgraph.model.expressions import normal_test
from stepgraph.syntax.definitions.code_facts import (
    Block,
    assignment_of,
    blocks_of,
    is_pure,
    may_change,
    reads_parts,
    uses_name,
)
from stepgraph.syntax.definitions.inlining import VariableInlining
from stepgraph.syntax.mutation.changes import LOG_METHODS, LOGGER_NAMES

_MAX_NODES: Final = 2_000
"""The maximum number of nodes of a function whose body is rewritten."""
_LOGGERS: Final = LOGGER_NAMES | {"console"}
_TESTS: Final = frozenset({"bool", "isinstance", "issubclass", "any", "all", "callable", "hasattr"})
"""The functions that return `True` or `False`."""
_EXITS: Final = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def normal_body(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Block:
    """Return the statements of a function in normal form. A long or deep function remains as it is.

    The tree of the function changes.
    """
    nodes = sum(1 for _ in ast.walk(function))
    if nodes > _MAX_NODES:
        return function.body
    try:
        body = _merged(_without_messages(function.body))
        function.body = [_Searches().visit(each) for each in body]
        VariableInlining(function, nodes).replace(function.body)
        return _joined_returns(_structured(function.body, ast.Return)) or [ast.Pass()]
    except RecursionError:
        return function.body


def _without_messages(block: Block) -> Block:
    """Return a block without `pass` and statements that print or log only values."""
    for statement in block:
        for name, inner in list(blocks_of(statement)):
            setattr(statement, name, _without_messages(inner) or ([ast.Pass()] if name == "body" else []))
        for handler in statement.handlers if isinstance(statement, ast.Try | ast.TryStar) else ():
            handler.body = _without_messages(handler.body) or [ast.Pass()]
    return [each for each in block if not isinstance(each, ast.Pass) and not is_message(each)]


def is_message(statement: ast.stmt) -> bool:
    """Return whether a statement only prints or logs values, whose computation has no effect."""
    match statement:
        case ast.Expr(value=ast.Call(func=function, args=arguments, keywords=keywords)):
            parts = [*arguments, *(each.value for each in keywords)]
            return _is_log(function) and all(map(is_pure, parts))
        case _:
            return False


def _is_log(function: ast.expr) -> bool:
    match function:
        case ast.Name(id="print"):
            return True
        case ast.Attribute(value=ast.Name(id=name) | ast.Attribute(attr=name), attr=method):
            return name in _LOGGERS and method in LOG_METHODS
        case ast.Attribute(
            value=ast.Call(func=ast.Attribute(value=ast.Name(id="logging"), attr="getLogger")), attr=method
        ):
            return method in LOG_METHODS
        case _:
            return False


def _merged(block: Block) -> Block:
    """Return a block with `x = b if c else a` in place of `x = a` and `if c: x = b`."""
    result: Block = []
    for statement in block:
        for name, inner in list(blocks_of(statement)):
            setattr(statement, name, _merged(inner))
        before = assignment_of(result[-1]) if result else None
        merged = None
        if isinstance(statement, ast.If):
            if (
                before is not None
                and is_pure(before[1])
                and not (reads_parts(before[1]) and may_change(statement.test))
            ):
                merged = _choice(statement, *before)
            if merged is not None:
                result.pop()
            elif (target := _first_target(statement)) is not None:
                merged = _choice(statement, target, None)
        result.append(statement if merged is None else merged)
    return result


def _first_target(statement: ast.If) -> str | None:
    """Return the variable that the first branch of an `if` assigns, or None."""
    pair = assignment_of(statement.body[0]) if len(statement.body) == 1 else None
    return None if pair is None else pair[0]


def _choice(statement: ast.If, name: str, default: ast.expr | None) -> ast.Assign | None:
    """Return the assignment of a variable that each branch of an `if` assigns, or None for another `if`."""
    value = _chosen(statement, name, default)
    return None if value is None else ast.Assign([ast.Name(name, ast.Store())], value)


def _chosen(statement: ast.If, name: str, default: ast.expr | None) -> ast.expr | None:
    values: list[ast.expr | None] = []
    for block in (statement.body, statement.orelse):
        match block:
            case []:
                values.append(default)
            case [ast.If() as inner]:
                values.append(_chosen(inner, name, default))
            case [inner] if (
                (pair := assignment_of(inner)) is not None and pair[0] == name and not uses_name(pair[1], name)
            ):
                values.append(pair[1])
            case _:
                return None
    first, second = values
    if first is None or second is None or uses_name(statement.test, name):
        return None
    return ast.IfExp(statement.test, first, second)


class _Searches(ast.NodeTransformer):
    """Writes `all` as `any`, and the loop of `for x in y: if c: return True` followed by `return False` as `any`."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.Call(
                func=ast.Name(id=("any" | "all") as name),
                args=[
                    ast.GeneratorExp(elt=test, generators=generators) | ast.ListComp(elt=test, generators=generators)
                ],
                keywords=[],
            ):
                for each in generators:
                    each.ifs = [normal_test(condition, negated=False) for condition in each.ifs]
                return _search(test, generators, is_all=name == "all")
        return node


def _search(test: ast.expr, generators: list[ast.comprehension], *, is_all: bool) -> ast.expr:
    elements = ast.GeneratorExp(normal_test(test, negated=is_all), generators)
    call = ast.Call(ast.Name("any", ast.Load()), [elements], [])
    return ast.UnaryOp(ast.Not(), call) if is_all else call


def _structured(block: Block, last: type[ast.stmt] | None) -> Block:
    """Return a block with the statements after an `if` in the branch that leads to them.

    `last` is the kind of exit that has no effect at the end of the block: of the function, or of the pass of a loop.
    """
    result: Block = []
    for index, statement in enumerate(_expanded(each) for each in block):
        following = block[index + 1 :]
        if isinstance(statement, ast.If):
            first, second = statement.body, statement.orelse
            if following and _ends(first):
                second, following = [*second, *following], []
            elif following and second and _ends(second):
                first, following = [*first, *following], []
            inner = last if not following else None
            result += _branches(statement.test, _structured(first, inner), _structured(second, inner))
            if not following:
                break
            continue
        _structure_inside(statement)
        if following or not _is_redundant(statement, last):
            result.append(statement)
        if isinstance(statement, _EXITS):
            break
    return result


def _structure_inside(statement: ast.stmt) -> None:
    is_loop = isinstance(statement, ast.For | ast.AsyncFor | ast.While)
    if isinstance(statement, ast.While):
        statement.test = normal_test(statement.test, negated=False)
    for name, inner in list(blocks_of(statement)):
        exit_kind = ast.Continue if is_loop and name == "body" else None
        setattr(statement, name, _structured(inner, exit_kind) or ([ast.Pass()] if name == "body" else []))
    for handler in statement.handlers if isinstance(statement, ast.Try | ast.TryStar) else ():
        handler.body = _structured(handler.body, None) or [ast.Pass()]


def _is_redundant(statement: ast.stmt, last: type[ast.stmt] | None) -> bool:
    match statement:
        case ast.Continue():
            return last is ast.Continue
        case ast.Return(value=None | ast.Constant(value=None)):
            return last is ast.Return
        case _:
            return False


def _ends(block: Block) -> bool:
    """Return whether the statements after a block run only if the block does not."""
    match block[-1] if block else None:
        case ast.If(body=first, orelse=second):
            return _ends(first) and _ends(second)
        case statement:
            return isinstance(statement, _EXITS)


def _branches(test: ast.expr, first: Block, second: Block) -> Block:
    """Return an `if` whose condition is not negated, and whose first branch is not empty."""
    normal = normal_test(test, negated=False)
    if isinstance(normal, ast.UnaryOp) and isinstance(normal.op, ast.Not) and second:
        normal, first, second = normal.operand, second, first
    if not first:
        if not second:
            return [ast.Expr(normal)]
        normal, first, second = normal_test(normal, negated=True), second, first
    return [ast.If(normal, first, second)]


def _expanded(statement: ast.stmt) -> ast.stmt:
    """Return an `if` in place of a `return` of a conditional expression."""
    match statement:
        case ast.Return(value=ast.IfExp(test=test, body=first, orelse=second)):
            return ast.If(test, [ast.Return(first)], [ast.Return(second)])
        case ast.Return(value=ast.BoolOp(op=operator, values=[first, *operands])) if _is_test(first):
            last_operand = operands[0] if len(operands) == 1 else ast.BoolOp(operator, operands)
            is_and = isinstance(operator, ast.And)
            decided = ast.Return(ast.Constant(not is_and))
            blocks: tuple[Block, Block] = (
                ([ast.Return(last_operand)], [decided]) if is_and else ([decided], [ast.Return(last_operand)])
            )
            return ast.If(first, *blocks)
        case _:
            return statement


def _is_test(expression: ast.expr) -> bool:
    """Return whether the value of an expression is `True` or `False`."""
    match expression:
        case ast.Compare() | ast.UnaryOp(op=ast.Not()) | ast.Constant(value=bool()):
            return True
        case ast.BoolOp(values=values):
            return all(map(_is_test, values))
        case ast.Call(func=ast.Name(id=name)):
            return name in _TESTS
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in {"startswith", "endswith"}
        case _:
            return False


def _joined_returns(block: Block) -> Block:
    """Return a block that returns one condition in place of constants in several branches."""
    if not block:
        return block
    *leading, last = block
    match leading, last:
        case (
            [
                *before,
                ast.For(
                    target=target, iter=items, body=[ast.If(test=test, body=[returned_early], orelse=[])], orelse=[]
                ),
            ],
            ast.Return(value=ast.Constant(value=bool(value))),
        ) if _constant(returned_early) is (not value):
            generator = ast.comprehension(target, items, [], 0)
            search = _search(test, [generator], is_all=False)
            return [*before, _returned(normal_test(search, negated=value))]
        case _, ast.Return(value=ast.expr() as returned) if _is_test(returned) and _constant(last) is None:
            return [*leading, _returned(normal_test(returned, negated=False))]
        case _, ast.If(test=test, body=first, orelse=second):
            first, second = _joined_returns(first), _joined_returns(second)
            joined = _joined_return(test, first, second)
            return [*leading, ast.If(test, first, second) if joined is None else _returned(joined)]
        case _:
            return block


def _joined_return(test: ast.expr, first: Block, second: Block) -> ast.expr | None:
    """Return the condition that an `if` returns, or None if it returns other values."""
    if len(first) != 1 or len(second) != 1:
        return None
    results = [(_constant(each), _condition(each)) for each in (first[0], second[0])]
    match results:
        case [(bool(value), _), (bool(opposite), _)] if value is not opposite:
            return normal_test(test, negated=opposite)
        case [(bool(value), _), (None, ast.expr() as condition)]:
            parts = [normal_test(test, negated=not value), condition]
            return normal_test(ast.BoolOp(ast.Or() if value else ast.And(), parts), negated=False)
        case [(None, ast.expr() as condition), (bool(value), _)]:
            parts = [normal_test(test, negated=value), condition]
            return normal_test(ast.BoolOp(ast.Or() if value else ast.And(), parts), negated=False)
        case _:
            return None


def _constant(statement: ast.stmt) -> bool | None:
    match statement:
        case ast.Return(value=ast.Constant(value=bool(value))):
            return value
        case _:
            return None


def _condition(statement: ast.stmt) -> ast.expr | None:
    match statement:
        case ast.Return(value=ast.Call(func=ast.Name(id="bool"), args=[condition])):
            return condition
        case _:
            return None


def _returned(condition: ast.expr) -> ast.Return:
    return ast.Return(ast.Call(ast.Name("bool", ast.Load()), [condition], []))
