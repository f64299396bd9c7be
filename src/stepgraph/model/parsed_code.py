"""Syntax trees of untrusted Python code in names, graphs and details."""

from __future__ import annotations

import ast
import warnings
from typing import Literal


def parse_expression(text: str) -> ast.expr | None:
    """Return the syntax tree of an expression, or None if Python cannot parse the text."""
    tree = _tree(text.strip(), "eval")
    return tree.body if isinstance(tree, ast.Expression) else None


def parse_statements(text: str) -> list[ast.stmt] | None:
    """Return the syntax trees of statements, or None if Python cannot parse the text."""
    tree = _tree(text, "exec")
    return tree.body if isinstance(tree, ast.Module) else None


def _tree(text: str, mode: Literal["eval", "exec"]) -> ast.AST | None:
    """Parse a text. Python raises MemoryError for deeply nested code, even if enough memory is free."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about invalid escapes, which it would print
            return ast.parse(text, mode=mode)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
