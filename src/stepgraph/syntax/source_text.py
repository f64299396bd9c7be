"""Source text of nodes on one line, as written or normalized.

The text has no comments. Each line break, with its surrounding whitespace and backslash, becomes one space, or nothing
directly inside a bracket. Normalized text has the spaces, quotes, trailing commas and outer parentheses of common
formatters, as in `f(a, b="c")`, so that formatting the code rarely changes it. Strings that contain quotes
or backslashes keep their own quotes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, Field, fields
from typing import TYPE_CHECKING, Final, cast

import libcst as cst
from libcst._nodes.internal import CodegenState

from stepgraph.syntax.plain_text import plain_text

if TYPE_CHECKING:
    from collections.abc import Sequence

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
