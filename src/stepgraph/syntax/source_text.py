"""Source text of an expression on one line.

The text has no comments. Each line break, with its surrounding whitespace and backslash, becomes one space, or nothing
directly inside a bracket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst
from libcst._nodes.internal import CodegenState

if TYPE_CHECKING:
    from collections.abc import Sequence

_LINE_BREAK = "\0"
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


def source_text(module: cst.Module, node: cst.CSTNode) -> str:
    """Return the source of `node` in `module` on one line, and the name of a function or class."""
    if isinstance(node, cst.Name) and not node.lpar:
        return node.value
    if isinstance(node, cst.FunctionDef | cst.ClassDef):
        return node.name.value
    state = _OneLineState(module.default_indent, module.default_newline)
    node._codegen(state)
    return _join_tokens(state.tokens) if _LINE_BREAK in state.tokens else "".join(state.tokens)


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
