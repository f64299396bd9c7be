"""Normal forms of the bodies of functions, so that rewritten functions with equal results have equal code.

Early returns and `else`, extracted variables, `return True` and `return a > b`, `any` and a loop that returns have the
same normal form. Log messages have no effect on a result.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from stepgraph.model.expressions import normal_test

_MAX_NODES: Final = 2_000
"""The maximum number of nodes of a function whose body is rewritten."""
_MAX_INLINED: Final = 30
"""The maximum number of nodes of an expression that takes the place of a variable with several uses."""
_VISITS_PER_NODE: Final = 10
"""The maximum number of nodes that are visited to replace variables by their values, for each node of a function."""
_LOGGERS: Final = frozenset({"log", "logger", "logging", "_log", "_logger", "LOG", "LOGGER", "console"})
_LOG_METHODS: Final = frozenset({"debug", "info", "warning", "warn", "error", "exception", "critical", "log"})
_TESTS: Final = frozenset({"bool", "isinstance", "issubclass", "any", "all", "callable", "hasattr"})
"""The functions that return `True` or `False`."""
_PURE_CALLS: Final = frozenset(
    {"str", "len", "repr", "int", "float", "bool", "isinstance", "abs", "min", "max", "round"}
)
_PURE_METHODS: Final = frozenset(
    {"get", "lower", "upper", "strip", "startswith", "endswith", "format", "items", "keys"}
)
_EFFECTS: Final = (ast.Await, ast.NamedExpr, ast.Yield, ast.YieldFrom)
_READS: Final = (ast.Attribute, ast.Subscript, ast.Call)
_SCOPES: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_CATCHING: Final = (ast.Try, ast.TryStar, ast.With, ast.AsyncWith)
_EXITS: Final = (ast.Return, ast.Raise, ast.Continue, ast.Break)

_Block: TypeAlias = list[ast.stmt]


def normal_body(function: ast.FunctionDef | ast.AsyncFunctionDef) -> _Block:
    """Return the statements of a function in normal form. A long or deep function remains as it is.

    The tree of the function changes.
    """
    nodes = sum(1 for _ in ast.walk(function))
    if nodes > _MAX_NODES:
        return function.body
    try:
        body = _merged(_without_messages(function.body))
        function.body = [_Searches().visit(each) for each in body]
        _Inlining(function, nodes).replace(function.body)
        return _joined_returns(_structured(function.body, ast.Return)) or [ast.Pass()]
    except RecursionError:
        return function.body


def _blocks(statement: ast.stmt) -> Iterator[tuple[str, _Block]]:
    """Yield the blocks of a statement by field, without those of nested definitions."""
    if not isinstance(statement, _SCOPES):
        for name in ("body", "orelse", "finalbody"):
            if block := getattr(statement, name, None):
                yield name, block


def _without_messages(block: _Block) -> _Block:
    """Return a block without `pass` and statements that print or log only values."""
    for statement in block:
        for name, inner in list(_blocks(statement)):
            setattr(statement, name, _without_messages(inner) or ([ast.Pass()] if name == "body" else []))
        for handler in statement.handlers if isinstance(statement, ast.Try | ast.TryStar) else ():
            handler.body = _without_messages(handler.body) or [ast.Pass()]
    return [each for each in block if not isinstance(each, ast.Pass) and not _is_message(each)]


def _is_message(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=function, args=arguments, keywords=keywords)):
            parts = [*arguments, *(each.value for each in keywords)]
            return _is_log(function) and all(map(_is_pure, parts))
        case _:
            return False


def _is_log(function: ast.expr) -> bool:
    match function:
        case ast.Name(id="print"):
            return True
        case ast.Attribute(value=ast.Name(id=name) | ast.Attribute(attr=name), attr=method):
            return name in _LOGGERS and method in _LOG_METHODS
        case _:
            return False


def _is_pure(expression: ast.expr) -> bool:
    """Return whether an expression certainly has no effect, and the same value until a statement with an effect."""
    return not any(
        isinstance(each, _EFFECTS) or (isinstance(each, ast.Call) and not _is_pure_call(each))
        for each in ast.walk(expression)
    )


def _is_pure_call(call: ast.Call) -> bool:
    match call.func:
        case ast.Name(id=name):
            return name in _PURE_CALLS
        case ast.Attribute(attr=name):
            return name in _PURE_METHODS
        case _:
            return False


def _merged(block: _Block) -> _Block:
    """Return a block with `x = b if c else a` in place of `x = a` and `if c: x = b`."""
    result: _Block = []
    for statement in block:
        for name, inner in list(_blocks(statement)):
            setattr(statement, name, _merged(inner))
        before = _assigned(result[-1]) if result else None
        merged = None
        if isinstance(statement, ast.If):
            if before is not None and _is_pure(before[1]) and not (_reads(before[1]) and _may_change(statement.test)):
                merged = _choice(statement, *before)
            if merged is not None:
                result.pop()
            elif (targets := _targets(statement)) is not None:
                merged = _choice(statement, targets, None)
        result.append(statement if merged is None else merged)
    return result


def _assigned(statement: ast.stmt) -> tuple[str, ast.expr] | None:
    match statement:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.AnnAssign(target=ast.Name(id=name), value=value)
        ):
            return None if value is None else (name, value)
        case _:
            return None


def _targets(statement: ast.If) -> str | None:
    """Return the variable that the first branch of an `if` assigns, or None."""
    pair = _assigned(statement.body[0]) if len(statement.body) == 1 else None
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
            case [inner] if (pair := _assigned(inner)) is not None and pair[0] == name and not _uses(pair[1], name):
                values.append(pair[1])
            case _:
                return None
    first, second = values
    if first is None or second is None or _uses(statement.test, name):
        return None
    return ast.IfExp(statement.test, first, second)


def _may_change(expression: ast.expr) -> bool:
    return any(map(_has_effect, ast.walk(expression)))


def _uses(expression: ast.expr, name: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id == name for each in ast.walk(expression))


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


class _Inlining:
    """Replaces the variables of a function by their values, where this changes neither effects nor values."""

    def __init__(self, function: ast.FunctionDef | ast.AsyncFunctionDef, nodes: int) -> None:
        self._stores: Counter[str] = Counter()
        """How often each name is bound. The names in nested functions count as bound several times."""
        self._loads: Counter[str] = Counter()
        self._remaining = _VISITS_PER_NODE * nodes
        for node in ast.walk(function):
            match node:
                case ast.Name(id=name, ctx=ast.Load()):
                    self._loads[name] += 1
                case ast.Name(id=name) | ast.arg(arg=name):
                    self._stores[name] += 1
                case ast.ExceptHandler(name=str(name)):
                    self._stores[name] += 2
                case ast.Global(names=names) | ast.Nonlocal(names=names):
                    self._stores.update(dict.fromkeys(names, 2))
                case _ if isinstance(node, _SCOPES) and node is not function:
                    inside = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
                    self._remaining -= len(inside)
                    self._stores.update({each.id: 2 for each in inside})

    def replace(self, block: _Block) -> None:
        """Replace the variables that a block and the blocks in it assign."""
        index = 0
        while index < len(block):
            statement = block[index]
            pair = _assigned(statement)
            if pair is not None and self._can_replace(*pair, block[index + 1 :]):
                replacement = _VariableReplacer(*pair)
                block[index:] = [replacement.visit(each) for each in block[index + 1 :]]
                self._count(*pair)
                index = max(0, index - 1)
                continue
            for _, inner in _blocks(statement):
                self.replace(inner)
            for handler in statement.handlers if isinstance(statement, ast.Try | ast.TryStar) else ():
                self.replace(handler.body)
            index += 1

    def _count(self, name: str, value: ast.expr) -> None:
        for each in ast.walk(value):
            if isinstance(each, ast.Name):
                self._loads[each.id] += self._loads[name] - 1
        del self._loads[name]

    def _can_replace(self, name: str, value: ast.expr, following: Sequence[ast.stmt]) -> bool:
        """Return whether the uses of a variable after its assignment have the value of an expression."""
        if self._stores[name] != 1 or not self._loads[name] or not following:
            return False
        uses, passed = self._uses(name, following)
        if sum(uses) != self._loads[name]:
            return False
        if uses == [1] and _first_evaluated(following[0], name):
            return True
        if not _is_pure(value) or any(
            uses[index] and isinstance(each, _CATCHING) for index, each in enumerate(following[: len(uses)])
        ):
            return False
        if len(uses) and self._loads[name] > 1 and sum(1 for _ in ast.walk(value)) > _MAX_INLINED:
            return False
        names = {each.id for each in ast.walk(value) if isinstance(each, ast.Name)}
        if any(self._stores[each] > 1 for each in names):
            return False
        if any(
            isinstance(each, ast.Name) and each.id in names and not isinstance(each.ctx, ast.Load) for each in passed
        ):
            return False
        # Calls may change global variables, which the function does not bind.
        reads = _reads(value) or any(not self._stores[each] for each in names)
        return not reads or not any(map(_has_effect, passed))

    def _uses(self, name: str, following: Sequence[ast.stmt]) -> tuple[list[int], list[ast.AST]]:
        """Return the numbers of uses in the statements up to the last use, and the nodes of these."""
        uses: list[int] = []
        passed: list[ast.AST] = []
        for statement in following:
            if self._remaining < 0 or sum(uses) == self._loads[name]:
                break
            nodes = list(ast.walk(statement))
            self._remaining -= len(nodes)
            uses.append(sum(_is_read(each, name) for each in nodes))
            passed += nodes
        return uses, passed


def _reads(value: ast.expr) -> bool:
    """Return whether an expression reads attributes or items, which statements may change."""
    return any(isinstance(each, _READS) for each in ast.walk(value))


def _is_read(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)


def _first_evaluated(statement: ast.stmt, name: str) -> bool:
    """Return whether a statement evaluates a variable before all other parts."""
    match statement:
        case ast.Return(value=value) | ast.Assign(targets=[ast.Name()], value=value) | ast.Expr(value=value):
            expression = value
        case ast.If(test=value) | ast.For(iter=value):
            expression = value
        case _:
            return False
    while True:
        match expression:
            case ast.Name(id=first):
                return first == name
            case ast.UnaryOp(operand=inner) | ast.Compare(left=inner) | ast.BinOp(left=inner):
                expression = inner
            case ast.BoolOp(values=[inner, *_]) | ast.IfExp(test=inner) | ast.Call(func=inner):
                expression = inner
            case ast.Attribute(value=inner) | ast.Subscript(value=inner) | ast.Await(value=inner):
                expression = inner
            case _:
                return False


def _has_effect(node: ast.AST) -> bool:
    """Return whether a node may change an attribute or an item."""
    if isinstance(node, ast.Attribute | ast.Subscript):
        return not isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.Call):
        return not _is_pure_call(node)
    return isinstance(node, (*_EFFECTS, ast.AugAssign, ast.Delete, ast.With, ast.AsyncWith, ast.AsyncFor))


class _VariableReplacer(ast.NodeTransformer):
    """Replaces the uses of a variable by an expression."""

    def __init__(self, name: str, value: ast.expr) -> None:
        self._name = name
        self._value = value

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self._value if _is_read(node, self._name) else node


def _structured(block: _Block, last: type[ast.stmt] | None) -> _Block:
    """Return a block with the statements after an `if` in the branch that leads to them.

    `last` is the kind of exit that has no effect at the end of the block: of the function, or of the pass of a loop.
    """
    result: _Block = []
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
    for name, inner in list(_blocks(statement)):
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


def _ends(block: _Block) -> bool:
    """Return whether the statements after a block run only if the block does not."""
    match block[-1] if block else None:
        case ast.If(body=first, orelse=second):
            return _ends(first) and _ends(second)
        case statement:
            return isinstance(statement, _EXITS)


def _branches(test: ast.expr, first: _Block, second: _Block) -> _Block:
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
        case ast.Return(value=ast.BoolOp(op=operator, values=[first, *others])) if _is_test(first):
            rest = others[0] if len(others) == 1 else ast.BoolOp(operator, others)
            is_and = isinstance(operator, ast.And)
            decided = ast.Return(ast.Constant(not is_and))
            blocks: tuple[_Block, _Block] = (
                ([ast.Return(rest)], [decided]) if is_and else ([decided], [ast.Return(rest)])
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


def _joined_returns(block: _Block) -> _Block:
    """Return a block that returns one condition in place of constants in several branches."""
    if not block:
        return block
    *others, last = block
    match others, last:
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
            return [*others, _returned(normal_test(returned, negated=False))]
        case _, ast.If(test=test, body=first, orelse=second):
            first, second = _joined_returns(first), _joined_returns(second)
            joined = _joined_return(test, first, second)
            return [*others, ast.If(test, first, second) if joined is None else _returned(joined)]
        case _:
            return block


def _joined_return(test: ast.expr, first: _Block, second: _Block) -> ast.expr | None:
    """Return the condition that an `if` returns, or None if it returns other values."""
    if len(first) != 1 or len(second) != 1:
        return None
    results = [(_constant(each), _condition(each)) for each in (first[0], second[0])]
    match results:
        case [(bool(value), _), (bool(other), _)] if value is not other:
            return normal_test(test, negated=other)
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
