"""Source text of nodes on one line, as written or normalized.

The text has no comments. Each line break, with its surrounding whitespace and backslash, becomes one space, or nothing
directly inside a bracket. Normalized text has the spaces, quotes, trailing commas and outer parentheses of common
formatters, as in `f(a, b="c")`, so that formatting the code rarely changes it. Strings that contain quotes
or backslashes keep their own quotes.

For common expressions, a writer of plain text is at least ten times as fast as LibCST's code generator, which enters
context managers and calls hooks for each node.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, fields
from typing import Any, Final, TypeAlias, cast

import libcst as cst
from libcst._nodes.internal import CodegenState

_LINE_BREAK = "\0"
_NO_COMMA = cst.MaybeSentinel.DEFAULT
_WHITESPACE_TYPES = frozenset([cst.SimpleWhitespace, cst.ParenthesizedWhitespace])


class _OneLineState(CodegenState):
    """A code generator that writes a marker for each whitespace node that contains a line break."""

    def __init__(self, default_indent: str, default_newline: str) -> None:
        super().__init__(default_indent, default_newline)
        self._starts: list[int] = []

    def before_codegen(self, node: cst.CSTNode) -> None:
        if type(node) in _WHITESPACE_TYPES:
            self._starts.append(len(self.tokens))

    def after_codegen(self, node: cst.CSTNode) -> None:
        if type(node) not in _WHITESPACE_TYPES:
            return
        start = self._starts.pop()
        has_line_break = isinstance(node, cst.ParenthesizedWhitespace) or any(
            "\n" in token or "\r" in token for token in self.tokens[start:]
        )
        if has_line_break:
            self.tokens[start:] = [_LINE_BREAK]


class _CommentState(CodegenState):
    """A code generator that records whether there is a comment."""

    has_comment = False

    def before_codegen(self, node: cst.CSTNode) -> None:
        self.has_comment = self.has_comment or type(node) is cst.Comment


def has_comment(module: cst.Module, node: cst.CSTNode) -> bool:
    """Return whether the source of `node` in `module` contains a comment."""
    state = _CommentState(module.default_indent, module.default_newline)
    node._codegen(state)
    return state.has_comment


def source_text(module: cst.Module, node: cst.CSTNode) -> str:
    """Return the source of `node` in `module` on one line.

    For a function or class, return only its name, and for another compound statement, only its head.
    """
    text = plain_text(node)
    if text is not None:
        return text
    if isinstance(node, cst.FunctionDef | cst.ClassDef):
        return node.name.value
    if isinstance(node, cst.BaseCompoundStatement):
        return _head(module, node)
    state = _OneLineState(module.default_indent, module.default_newline)
    node._codegen(state)
    return _join_tokens(state.tokens) if _LINE_BREAK in state.tokens else "".join(state.tokens)


def _head(module: cst.Module, statement: cst.BaseCompoundStatement) -> str:
    """Return a compound statement on one line, without its blocks."""
    match statement:
        case cst.For(target=target, iter=iterable):
            return f"for {source_text(module, target)} in {source_text(module, iterable)}"
        case cst.While(test=test):
            return f"while {source_text(module, test)}"
        case cst.If(test=test):
            return f"if {source_text(module, test)}"
        case cst.With(items=items):
            return f"with {', '.join(source_text(module, item.with_changes(comma=_NO_COMMA)) for item in items)}"
        case cst.Match(subject=subject):
            return f"match {source_text(module, subject)}"
        case _:
            return "try"


def _join_tokens(tokens: Sequence[str]) -> str:
    text = ""
    needs_space = False
    for token in tokens:
        if token == _LINE_BREAK:
            needs_space = True
        elif token:
            if needs_space and text and text[-1] not in "([{" and token[0] not in ")]}":
                text += " "
            text += token
            needs_space = False
    return text


MAX_FORMATTED_LENGTH: Final = 2_000
"""Maximum length of a source to normalize, in characters; longer sources are not normalized."""

_OWN_PARENTHESES: Final = (cst.Tuple, cst.GeneratorExp)

_FORMATTED: Final = frozenset(
    [
        *(cst.AssignEqual, cst.Comma, cst.ConcatenatedString, cst.Lambda, cst.SimpleString, cst.FormattedString),
        *(cst.Call, cst.Dict, cst.List, cst.Set, cst.Subscript, cst.Tuple),
    ]
)
"""The nodes whose layout differs from LibCST's default. Class patterns are slow for the others."""
_NOTHING: Final = cst.SimpleWhitespace("")
_SPACE: Final = cst.SimpleWhitespace(" ")

_layouts: dict[type[cst.CSTNode], tuple[Field[object], ...]] = {}
"""The fields that hold whitespace, by node type."""


def formatted_text(module: cst.Module, node: cst.BaseExpression) -> str:
    """Return the source of an expression on one line, normalized and without comments."""
    text = source_text(module, node)
    if len(text) > MAX_FORMATTED_LENGTH or text.isidentifier():
        return text
    formatted = cast("cst.BaseExpression", node.visit(_Formatter(module)))
    if not isinstance(formatted, _OWN_PARENTHESES):
        formatted = formatted.with_changes(lpar=(), rpar=())
    return source_text(module, formatted)


class _Formatter(cst.CSTTransformer):
    """Resets the layout of an expression. Quotes inside f-strings stay, as older versions of Python require them."""

    def __init__(self, module: cst.Module) -> None:
        super().__init__()
        self._module = module
        self._f_strings = 0

    def on_visit(self, node: cst.CSTNode) -> bool:
        self._f_strings += isinstance(node, cst.FormattedString)
        return True

    def on_leave(self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT) -> cst.CSTNodeT:
        self._f_strings -= isinstance(original_node, cst.FormattedString)
        changes = {field.name: _default(field) for field in _layout(type(updated_node))} | self._changes(updated_node)
        return updated_node.with_changes(**changes) if changes else updated_node

    def _changes(self, node: cst.CSTNode) -> dict[str, object]:
        """Return the field changes that reset a node to LibCST's default layout."""
        if type(node) not in _FORMATTED:
            return {}
        match node:
            case cst.Comma():
                return {"whitespace_after": _SPACE}
            case cst.AssignEqual():
                return {"whitespace_before": _NOTHING, "whitespace_after": _NOTHING}
            case cst.ConcatenatedString():
                return {"whitespace_between": _SPACE}
            case cst.Lambda():
                return {"colon": cst.Colon(whitespace_after=_SPACE)}
            case cst.SimpleString(value=value) if not self._f_strings:
                return {"value": _double_quoted(value)}
            case cst.FormattedString(start=start, end="'") if not self._f_strings:
                is_plain = _double_quoted(source_text(self._module, node)).endswith('"')
                return {"start": f'{start[:-1]}"', "end": '"'} if is_plain else {}
            case cst.List(elements=items) | cst.Tuple(elements=items) | cst.Set(elements=items):
                return {"elements": _without_trailing_comma(items)}
            case cst.Dict(elements=items):
                return {"elements": _without_trailing_comma(items)}
            case cst.Call(args=items):
                return {"args": _without_trailing_comma(items)}
            case cst.Subscript(slice=[_, _, *_] as items):  # `x[a,]` is not `x[a]`
                return {"slice": _without_trailing_comma(items)}
            case _:
                return {}


def _without_trailing_comma(items: Sequence[cst.CSTNode]) -> list[cst.CSTNode]:
    """Return the items of a collection or call without a trailing comma. LibCST adds the comma of a 1-tuple again."""
    return [*items[:-1], *(item.with_changes(comma=cst.MaybeSentinel.DEFAULT) for item in items[-1:])]


def _layout(kind: type[cst.CSTNode]) -> tuple[Field[object], ...]:
    if kind not in _layouts:
        _layouts[kind] = tuple(
            field
            for field in fields(kind)
            if field.name.startswith("whitespace")
            and not (field.default is MISSING and field.default_factory is MISSING)
        )
    return _layouts[kind]


def _default(field: Field[object]) -> object:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _double_quoted(literal: str) -> str:
    """Return a string literal with double quotes. If its content has quotes or backslashes, return it unchanged."""
    prefix, quote, content = literal.partition("'")
    is_plain = literal.endswith("'") and not set(content[:-1]) & set("'\"\\")
    return f'{prefix}"{content[:-1]}"' if quote and '"' not in prefix and is_plain else literal


def plain_text(node: cst.CSTNode) -> str | None:
    """Return the source of an expression, or a field of an f-string, without line breaks.

    Return None for other nodes, which need the generator.
    """
    tokens: list[str] = []
    try:
        if isinstance(node, cst.FormattedStringExpression):
            _write_parts([node], tokens)
        else:
            _write(node, tokens)
    except _NotPlainError:
        return None
    return "".join(tokens)


class _NotPlainError(Exception):
    """Raised for a node that needs the code generator."""


# Each writer accepts only nodes of its own type, hence `Any`.
_Writer: TypeAlias = Callable[[Any, list[str]], None]


def _write(node: cst.CSTNode, tokens: list[str]) -> None:
    write = _WRITERS.get(type(node))
    if write is None or node.lpar:  # type: ignore[attr-defined] # all types in the table may have parentheses
        raise _NotPlainError
    write(node, tokens)


def _write_value(node: cst.Name | cst.SimpleString | cst.Integer | cst.Float, tokens: list[str]) -> None:
    tokens.append(node.value)


def _write_f_string(node: cst.FormattedString, tokens: list[str]) -> None:
    tokens.append(node.start)
    _write_parts(node.parts, tokens)
    tokens.append(node.end)


def _write_parts(parts: Sequence[cst.BaseFormattedStringContent], tokens: list[str]) -> None:
    for part in parts:
        if isinstance(part, cst.FormattedStringText):
            tokens.append(part.value)
        elif isinstance(part, cst.FormattedStringExpression) and part.equal is None:
            tokens += ("{", _whitespace(part.whitespace_before_expression))
            _write(part.expression, tokens)
            tokens.append(_whitespace(part.whitespace_after_expression))
            if part.conversion is not None:
                tokens += ("!", part.conversion)
            if part.format_spec is not None:
                tokens.append(":")
                _write_parts(part.format_spec, tokens)
            tokens.append("}")
        else:
            raise _NotPlainError


def _write_attribute(node: cst.Attribute, tokens: list[str]) -> None:
    _write(node.value, tokens)
    tokens += (_whitespace(node.dot.whitespace_before), ".", _whitespace(node.dot.whitespace_after))
    _write(node.attr, tokens)


def _write_call(node: cst.Call, tokens: list[str]) -> None:
    _write(node.func, tokens)
    tokens += (_whitespace(node.whitespace_after_func), "(", _whitespace(node.whitespace_before_args))
    for argument in node.args:
        tokens += (argument.star, _whitespace(argument.whitespace_after_star))
        if argument.keyword is not None:
            if not isinstance(argument.equal, cst.AssignEqual):
                raise _NotPlainError
            equal = argument.equal
            tokens.append(argument.keyword.value)
            tokens += (_whitespace(equal.whitespace_before), "=", _whitespace(equal.whitespace_after))
        _write(argument.value, tokens)
        _write_comma(argument.comma, tokens, is_last=argument is node.args[-1])
        tokens.append(_whitespace(argument.whitespace_after_arg))
    tokens.append(")")


def _write_await(node: cst.Await, tokens: list[str]) -> None:
    tokens += ("await", _whitespace(node.whitespace_after_await))
    _write(node.expression, tokens)


def _write_subscript(node: cst.Subscript, tokens: list[str]) -> None:
    _write(node.value, tokens)
    tokens += (_whitespace(node.whitespace_after_value), "[", _whitespace(node.lbracket.whitespace_after))
    for element in node.slice:
        if not isinstance(element.slice, cst.Index) or element.slice.star is not None:
            raise _NotPlainError
        _write(element.slice.value, tokens)
        _write_comma(element.comma, tokens, is_last=element is node.slice[-1])
    tokens += (_whitespace(node.rbracket.whitespace_before), "]")


def _write_list(node: cst.List, tokens: list[str]) -> None:
    tokens += ("[", _whitespace(node.lbracket.whitespace_after))
    for element in node.elements:
        if not isinstance(element, cst.Element):
            raise _NotPlainError
        _write(element.value, tokens)
        _write_comma(element.comma, tokens, is_last=element is node.elements[-1])
    tokens += (_whitespace(node.rbracket.whitespace_before), "]")


def _write_dict(node: cst.Dict, tokens: list[str]) -> None:
    tokens += ("{", _whitespace(node.lbrace.whitespace_after))
    for element in node.elements:
        if not isinstance(element, cst.DictElement):
            raise _NotPlainError
        _write(element.key, tokens)
        tokens += (_whitespace(element.whitespace_before_colon), ":", _whitespace(element.whitespace_after_colon))
        _write(element.value, tokens)
        _write_comma(element.comma, tokens, is_last=element is node.elements[-1])
    tokens += (_whitespace(node.rbrace.whitespace_before), "}")


def _write_comma(comma: cst.Comma | cst.MaybeSentinel, tokens: list[str], *, is_last: bool) -> None:
    if isinstance(comma, cst.Comma):
        tokens += (_whitespace(comma.whitespace_before), ",", _whitespace(comma.whitespace_after))
    elif not is_last:
        raise _NotPlainError


def _write_operation(node: cst.BinaryOperation | cst.BooleanOperation, tokens: list[str]) -> None:
    _write(node.left, tokens)
    _write_operator(node.operator, tokens)
    _write(node.right, tokens)


def _write_unary_operation(node: cst.UnaryOperation, tokens: list[str]) -> None:
    token = _UNARY_OPERATORS.get(type(node.operator))
    if token is None:
        raise _NotPlainError
    tokens += (token, _whitespace(node.operator.whitespace_after))
    _write(node.expression, tokens)


def _write_comparison(node: cst.Comparison, tokens: list[str]) -> None:
    _write(node.left, tokens)
    for target in node.comparisons:
        _write_operator(target.operator, tokens)
        _write(target.comparator, tokens)


def _write_operator(node: cst.BaseBinaryOp | cst.BaseBooleanOp | cst.BaseCompOp, tokens: list[str]) -> None:
    token = _OPERATORS.get(type(node))
    if token is None:
        raise _NotPlainError
    before, after = node.whitespace_before, node.whitespace_after  # type: ignore[union-attr] # all in the table have it
    tokens += (_whitespace(before), token, _whitespace(after))


def _whitespace(node: cst.BaseParenthesizableWhitespace) -> str:
    """Return whitespace inside a line."""
    if type(node) is not cst.SimpleWhitespace or "\\" in node.value:
        raise _NotPlainError
    return node.value


_WRITERS: Final[dict[type[cst.CSTNode], _Writer]] = {
    cst.Attribute: _write_attribute,
    cst.Await: _write_await,
    cst.BinaryOperation: _write_operation,
    cst.BooleanOperation: _write_operation,
    cst.Call: _write_call,
    cst.Comparison: _write_comparison,
    cst.Dict: _write_dict,
    cst.Float: _write_value,
    cst.FormattedString: _write_f_string,
    cst.Integer: _write_value,
    cst.List: _write_list,
    cst.Name: _write_value,
    cst.SimpleString: _write_value,
    cst.Subscript: _write_subscript,
    cst.UnaryOperation: _write_unary_operation,
}

_UNARY_OPERATORS: Final[dict[type[cst.CSTNode], str]] = {cst.Minus: "-", cst.Not: "not"}

# The operators of one token. The others have whitespace in them, or several spellings.
_OPERATORS: Final[dict[type[cst.CSTNode], str]] = {
    cst.Add: "+",
    cst.And: "and",
    cst.Divide: "/",
    cst.Equal: "==",
    cst.FloorDivide: "//",
    cst.GreaterThan: ">",
    cst.GreaterThanEqual: ">=",
    cst.In: "in",
    cst.Is: "is",
    cst.LessThan: "<",
    cst.LessThanEqual: "<=",
    cst.Modulo: "%",
    cst.Multiply: "*",
    cst.Or: "or",
    cst.Subtract: "-",
}
