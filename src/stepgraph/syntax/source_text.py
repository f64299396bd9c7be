"""The source text of an expression, on one line.

Text is as written, but for comments, which go, and line breaks, which with the white space around them (and a
backslash) become one space, or nothing next to the inside of a bracket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst
from libcst._nodes.internal import CodegenState

if TYPE_CHECKING:
    from collections.abc import Sequence

_BREAK = "\0"


class _OneLineState(CodegenState):
    """Collect tokens, with one marker in place of each white space that holds a line break."""

    def __init__(self, default_indent: str, default_newline: str) -> None:
        super().__init__(default_indent, default_newline)
        self._starts: list[int] = []

    def before_codegen(self, node: cst.CSTNode) -> None:
        if isinstance(node, cst.BaseParenthesizableWhitespace):
            self._starts.append(len(self.tokens))

    def after_codegen(self, node: cst.CSTNode) -> None:
        if not isinstance(node, cst.BaseParenthesizableWhitespace):
            return
        start = self._starts.pop()
        broken = isinstance(node, cst.ParenthesizedWhitespace) or any(
            "\n" in t or "\r" in t for t in self.tokens[start:]
        )
        if broken:
            self.tokens[start:] = [_BREAK]


def source_text(module: cst.Module, node: cst.CSTNode) -> str:
    """Return the source of `node`, which is part of `module`, on one line."""
    if isinstance(node, cst.Name) and not node.lpar:
        return node.value
    state = _OneLineState(module.default_indent, module.default_newline)
    node._codegen(state)  # noqa: SLF001 - Module.code_for_node does the same, with a state of its own
    return _joined(state.tokens) if _BREAK in state.tokens else "".join(state.tokens)


def _joined(tokens: Sequence[str]) -> str:
    text = ""
    pending = False
    for token in tokens:
        if token == _BREAK:
            pending = True
        elif token:
            if pending and text and text[-1] not in "([{" and token[0] not in ")]}":
                text += " "
            text += token
            pending = False
    return text
