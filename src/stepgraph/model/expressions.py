"""Normal forms of Python expressions in graphs, by which conditions with equal values are recognized.

`not (a == b)` and `a != b` have the same normal form, `not a == b`. Two expressions with the same normal form are equal
in every run; other expressions may be equal, too.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from keyword import iskeyword
from typing import Final

from stepgraph.model.constant_folding import fold_constants, may_fold
from stepgraph.model.parsed_code import parse_expression, parse_statements
from stepgraph.model.string_pieces import is_stable, string_pieces

_MAX_CHARACTERS: Final = 2_000
"""The maximum length of an expression that is normalized."""
_MAX_SHOWN_CONSTANT: Final = 40
"""The maximum length of a changed constant in a message."""
_MAX_CONSTANT: Final = 50
"""The maximum length of a constant, perhaps with `not`, that decides a condition."""
DEFINITIONS: Final = " with __0 = "
"""The text between an expression and the definitions of its variables, as in `Detail.definition`."""
_NEXT_DEFINITION: Final = re.compile(r", __[0-9]* = ")
"""The text between two definitions. That of side effects, which are the last one, has no number."""
EFFECTS: Final = "<effects "
"""The start of the definition of side effects, which belongs to the whole expression."""
_VARIABLE: Final = re.compile(r"\b__([0-9]+)\b")
"""A variable of definitions."""
_CONSUMING: Final = frozenset({"all", "any", "frozenset", "list", "max", "min", "set", "sorted", "sum", "tuple"})
"""The functions that read all elements of a list, which a generator provides as well."""
_NEGATIONS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.NotEq: ast.Eq,
    ast.IsNot: ast.Is,
    ast.NotIn: ast.In,
}
"""The operators whose result is the negated result of another one."""
_MIRRORED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.Gt,
    ast.Gt: ast.Lt,
    ast.LtE: ast.GtE,
    ast.GtE: ast.LtE,
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
    ast.Is: ast.Is,
    ast.IsNot: ast.IsNot,
}
"""The operators that have the same result with exchanged operands."""
_NONEMPTY: Final = frozenset({(ast.Gt, 0), (ast.GtE, 1), (ast.NotEq, 0)})
"""The comparisons with a length that are true for all values that are not empty."""
_EMPTY: Final = frozenset({(ast.Eq, 0), (ast.Lt, 1), (ast.LtE, 0)})
"""The comparisons with a length that are true for empty values."""


def normal_expression(text: str) -> str:
    """Return an expression without redundant parentheses, in the layout and with the quotes of `ast.unparse`.

    Strings that it joins become f-strings, operations on constants their results, and conditional expressions have no
    negated condition. A text that is no expression remains unchanged.
    """
    expression = _parse(text)
    if expression is None:
        return text
    try:
        folded = fold_constants(expression) if may_fold(text) else expression
        return _unparse(_NormalValues().visit(folded)) or text
    except RecursionError:
        return text


def normal_condition(text: str) -> str:
    """Return the normal form of a condition, or a text that is no expression without changes."""
    expression = normal_tree(text)
    return text if expression is None else _unparse(expression) or text


def normal_case(text: str) -> str:
    """Return the pattern of a `case` and its guard in normal form, or any other text without changes."""
    if len(text) > _MAX_CHARACTERS or text.isidentifier():
        return text
    match parse_statements(f"match _:\n case {text}:\n  pass"):
        case [ast.Match(cases=[_]) as statement]:
            return _unparse(statement) or text
        case _:
            return text


def case_test(value: str, pattern: str) -> str:
    """Return the condition that a value matches a pattern of constants, or an empty string for another pattern.

    The definitions of variables may follow the value, as in `Detail.definition`.
    """
    code, separator, definitions = value.partition(DEFINITIONS)
    tests = [f"({code}) == {constant}" for constant in _constants_of(_parse(pattern))]
    return f"{' or '.join(tests)}{separator}{definitions}" if tests and code else ""


def _constants_of(pattern: ast.expr | None) -> list[str]:
    """Return the constants of a pattern such as `"bug" | "crash"`, or an empty list for another pattern."""
    constants: list[str] = []
    while isinstance(pattern, ast.BinOp) and isinstance(pattern.op, ast.BitOr) and _is_plain(pattern.right):
        constants.append(ast.unparse(pattern.right))
        pattern = pattern.left
    return [ast.unparse(pattern), *reversed(constants)] if pattern is not None and _is_plain(pattern) else []


def _is_plain(pattern: ast.expr) -> bool:
    """Return whether a pattern compares the value by `==`, unlike `None`, `True` and `False`."""
    return (
        isinstance(pattern, ast.Constant)
        and isinstance(pattern.value, str | bytes | int | float)
        and not isinstance(pattern.value, bool)
    )


def conjunction(conditions: Sequence[str]) -> str:
    """Return the condition that is true if all conditions are, without redundant parentheses and negations.

    Return a single condition without a negation as it is, and an empty string without any.
    """
    if len(conditions) <= 1 and not "".join(conditions).startswith("not "):
        return "".join(conditions)
    trees = [_parse(f"({each})") for each in conditions]
    operands = [each for each in trees if each is not None]
    if len(operands) < len(conditions):
        return " and ".join(conditions)
    return _unparse(_joined([*map(_without_double_negation, operands)], is_and=True)) or " and ".join(conditions)


def _without_double_negation(expression: ast.expr) -> ast.expr:
    match expression:
        case ast.UnaryOp(op=ast.Not(), operand=ast.UnaryOp(op=ast.Not(), operand=operand)):
            return _without_double_negation(operand)
        case _:
            return expression


def condition_parts(text: str, *, negated: bool = False) -> tuple[str, ...]:
    """Return the conditions that are all true exactly if a condition is true, or with `negated` if it is false.

    The definitions of variables may follow the condition, as in `Detail.definition`.
    """
    code, _, definitions = text.partition(DEFINITIONS)
    normal = normal_tree(code, negated=negated)
    parts = normal.values if isinstance(normal, ast.BoolOp) and isinstance(normal.op, ast.And) else [normal]
    texts = ["" if part is None else _unparse(part) for part in parts]
    if not all(texts):
        return (f"not {text}" if negated else text,)
    return tuple(with_own_definitions(part, definitions) for part in texts)


def defined_values(definitions: str) -> list[str]:
    """Return the values of the variables in the text after `DEFINITIONS`, in the order of their numbers."""
    return _NEXT_DEFINITION.split(definitions)


def with_own_definitions(code: str, definitions: str) -> str:
    """Return a part of an expression with the definitions of the variables in the part.

    The variables get the numbers that they would have if the part were the whole expression, except for those in nested
    and equal definitions.
    """
    if not definitions:
        return code
    values = defined_values(definitions)
    if DEFINITIONS in definitions or len(set(values)) < len(values):
        return f"{code}{DEFINITIONS}{definitions}"
    numbers: dict[int, int] = {}

    def own_number(variable: re.Match[str]) -> str:
        number = int(variable[1])
        return f"__{numbers.setdefault(number, len(numbers))}" if number < len(values) else variable[0]

    text = _VARIABLE.sub(own_number, code)
    effects = [each for each in values[-1:] if each.startswith(EFFECTS)]
    pairs = [f"__{new_number} = {values[number]}" for number, new_number in numbers.items()]
    pairs += [f"{'__' if pairs else '__0'} = {each}" for each in effects]
    return f"{text} with {', '.join(pairs)}" if pairs else text


def constant_truth(text: str) -> bool | None:
    """Return whether a condition whose value is a constant is true, or None for any other condition.

    The definitions of variables may follow the condition, as in `Detail.definition`.
    """
    code = text.partition(DEFINITIONS)[0]
    constant = code.removeprefix("not ")
    if len(code) > _MAX_CONSTANT or (constant.isidentifier() and not iskeyword(constant)):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return bool(ast.literal_eval(constant)) is (constant == code)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return None


def normal_tree(text: str, *, negated: bool = False) -> ast.expr | None:
    """Return the tree of the normal form of a condition, or None for a variable and any text without an expression."""
    expression = _parse(text)
    try:
        return None if expression is None else normal_test(expression, negated=negated)
    except RecursionError:
        return None


def are_exclusive(first: str, second: str) -> bool:
    """Return whether two conditions compare the same value with different constants, so that only one can be true."""
    sides = [_compared_constant(each) for each in (first, second)]
    if sides[0] is None or sides[1] is None:
        return False
    return sides[0][0] == sides[1][0] and sides[0][1] != sides[1][1]


def _compared_constant(condition: str) -> tuple[str, object] | None:
    """Return a value, with the definitions of its variables, and the constant to which it must be equal."""
    code, _, definitions = condition.partition(DEFINITIONS)
    match normal_tree(code):
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[ast.Constant(value=value)]):
            return f"{_unparse(left)}{DEFINITIONS}{definitions}", value
        case _:
            return None


def changed_constant(old: str, new: str) -> tuple[str, str] | None:
    """Return the old and the new constant in which two conditions, with the definitions of their variables, differ.

    Return None if they differ in several constants or in other parts.
    """
    sides = [each.partition(DEFINITIONS) for each in (old, new)]
    before, after = (_parse(code) for code, _, _ in sides)
    if sides[0][1:] != sides[1][1:] or before is None or after is None:
        return None
    constants: dict[tuple[str, str], None] = {}
    for node, changed in zip(ast.walk(before), ast.walk(after), strict=False):
        if isinstance(node, ast.Constant) and isinstance(changed, ast.Constant) and ast.dump(node) != ast.dump(changed):
            constants[ast.unparse(node), ast.unparse(changed)] = None
            node.value = changed.value
    (pair, *more_pairs) = constants or [("", "")]
    is_short = max(map(len, pair)) <= _MAX_SHOWN_CONSTANT
    return pair if constants and not more_pairs and is_short and ast.dump(before) == ast.dump(after) else None


def number_of_items(text: str) -> int | None:
    """Return the number of items of a list without unpacking, or None for any other expression."""
    match _parse(text):
        case ast.List(elts=items) if not any(isinstance(each, ast.Starred) for each in items):
            return len(items)
        case _:
            return None


def joined_pieces(text: str) -> list[tuple[str, bool]]:
    """Return the pieces of a string that an expression joins, and whether each is an expression itself.

    `f"pack {item}"` and `"pack " + str(item)` have the same pieces, `pack ` and `item`.
    """
    expression = _parse(text)
    pieces = None if expression is None else string_pieces(expression)
    if pieces is None:
        return [(text, True)]
    texts = [(piece, False) if isinstance(piece, str) else (_unparse(piece), True) for piece in pieces]
    return texts if all(code for code, is_code in texts if is_code) else [(text, True)]


def _item_or_default(test: ast.expr, item: ast.expr, default: ast.expr) -> ast.expr | None:
    """Return `data.get(key, default)` for `data[key] if key in data else default`, or None for other expressions."""
    match test, item:
        case ast.Compare(left=key, ops=[ast.In()], comparators=[data]), ast.Subscript(value=owner, slice=index):
            pass
        case _:
            return None
    if not (_is_same_stable(key, index) and _is_same_stable(data, owner)):
        return None
    is_none = isinstance(default, ast.Constant) and default.value is None
    return ast.Call(ast.Attribute(data, "get", ast.Load()), [key] if is_none else [key, default], [])


def _is_data(expression: ast.expr) -> bool:
    """Return whether an expression is an item, the result of a step or a dictionary, whose `get` is that of `dict`."""
    match expression:
        case ast.Call(func=ast.Attribute(value=owner, attr="get"), args=[_, *_]):
            return _is_data(owner)
        case _:
            return isinstance(expression, ast.Subscript | ast.Await | ast.Dict)


def _is_same_stable(first: ast.expr, second: ast.expr) -> bool:
    return is_stable(first) and ast.dump(first) == ast.dump(second)


class _NormalValues(ast.NodeTransformer):
    """Turns concatenations of strings, and templates with `format` or `%`, into f-strings.

    Conditional expressions get a condition in normal form that is not negated.
    """

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        test, first, second = normal_test(node.test, negated=False), node.body, node.orelse
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            test, first, second = test.operand, second, first
        if (value := _item_or_default(test, first, second)) is not None:
            return self.generic_visit(value)
        return self.generic_visit(ast.IfExp(test, first, second))

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        return self._joined(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return self._joined(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        match node.func, node.args:
            case ast.Attribute(value=ast.Constant(value=str()), attr="format" | "join"), _:
                return self._joined(node)
            case ast.Name(id=name), [ast.ListComp(elt=element, generators=clauses), *others] if name in _CONSUMING:
                generator = ast.GeneratorExp(element, clauses)
                return self.generic_visit(ast.Call(node.func, [generator, *others], node.keywords))
            case ast.Attribute(value=owner, attr="get"), [key, ast.Constant(value=None)] if _is_data(owner):
                return self.generic_visit(ast.Call(node.func, [key], node.keywords))
            case _:
                return self.generic_visit(node)

    def _joined(self, node: ast.expr) -> ast.AST:
        pieces = string_pieces(node)
        if pieces is None:
            return self.generic_visit(node)
        values = (ast.Constant(piece) if isinstance(piece, str) else self._formatted(piece) for piece in pieces)
        return ast.JoinedStr(list(values))

    def _formatted(self, expression: ast.expr) -> ast.expr:
        return ast.FormattedValue(self.visit(expression), -1, None)


def _parse(text: str) -> ast.expr | None:
    if len(text) > _MAX_CHARACTERS or text.isidentifier():
        return None
    return parse_expression(text)


def _unparse(tree: ast.AST) -> str:
    try:
        return ast.unparse(tree)
    except (ValueError, RecursionError):
        return ""


def normal_test(expression: ast.expr, *, negated: bool) -> ast.expr:
    """Return an expression that is true exactly if another one is true, or with `negated` if it is false."""
    match expression:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return normal_test(operand, negated=not negated)
        case ast.BoolOp(op=operator, values=values):
            is_and = isinstance(operator, ast.And) is not negated
            tests = _with_items(values) if isinstance(operator, ast.And) else values
            return _joined([normal_test(test, negated=negated) for test in tests], is_and=is_and)
        case ast.Compare(left=left, ops=operators, comparators=comparators):
            operands = [left, *comparators]
            if all(map(is_stable, comparators[:-1])):
                pairs = list(_comparisons(operands, operators, negated=negated))
                return _joined(pairs, is_and=not negated)
        case ast.Call(func=ast.Name(id="bool"), args=[argument], keywords=[]):
            return normal_test(argument, negated=negated)
    return _negated(expression) if negated else expression


def _with_items(tests: Sequence[ast.expr]) -> list[ast.expr]:
    """Return the tests of a conjunction with `data.get(key)` in place of `key in data` and `data[key]`."""
    merged = [tests[0]]
    for test in tests[1:]:
        value = _item_or_default(merged[-1], test, ast.Constant(None))
        merged[-1:] = [merged[-1], test] if value is None else [value]
    return merged


def _joined(values: Sequence[ast.expr], *, is_and: bool) -> ast.expr:
    """Return the conjunction or disjunction of conditions, without nested ones of the same kind."""
    kind = ast.And if is_and else ast.Or
    flat: list[ast.expr] = []
    for value in values:
        flat += value.values if isinstance(value, ast.BoolOp) and isinstance(value.op, kind) else [value]
    return flat[0] if len(flat) == 1 else ast.BoolOp(kind(), flat)


def _comparisons(operands: Sequence[ast.expr], operators: Sequence[ast.cmpop], *, negated: bool) -> Iterator[ast.expr]:
    """Yield the comparisons of a chain such as `1 < x < 5`."""
    for index, operator in enumerate(operators):
        yield _comparison(operands[index], operator, operands[index + 1], negated=negated)


def _comparison(left: ast.expr, operator: ast.cmpop, right: ast.expr, *, negated: bool) -> ast.expr:
    kind = type(operator)
    if isinstance(left, ast.Constant) and not isinstance(right, ast.Constant) and kind in _MIRRORED:
        left, kind, right = right, _MIRRORED[kind], left
    if kind in _NEGATIONS:
        kind, negated = _NEGATIONS[kind], not negated
    match left, right:
        case ast.Call(func=ast.Name(id="len"), args=[_], keywords=[]), ast.Constant(value=int(limit)):
            if (kind, limit) in _NONEMPTY or (kind, limit) in _EMPTY:
                return _negated(left) if negated is ((kind, limit) in _NONEMPTY) else left
        case _, ast.Tuple(elts=values) | ast.List(elts=values) if (
            kind is ast.In and values and is_stable(left) and all(isinstance(value, ast.Constant) for value in values)
        ):
            equal = [_comparison(left, ast.Eq(), value, negated=negated) for value in values]
            return _joined(equal, is_and=negated)
    comparison = ast.Compare(left, [kind()], [right])
    return _negated(comparison) if negated else comparison


def _negated(expression: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), expression)
