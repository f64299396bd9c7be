"""Patterns of `match` statements as expressions, whose names are all read."""

from __future__ import annotations

import ast
from typing import Final

import libcst as cst

from stepgraph.model.parsed_code import parse_statements
from stepgraph.syntax.module import SourcePlace

_MAX_CHARACTERS: Final = 2_000
"""The maximum length of a pattern that is parsed."""


def condition_at(text: str, place: SourcePlace) -> str:
    """Return a condition at the location of its choice, for a `case` without the names that its pattern binds."""
    return _without_captures(text) if isinstance(place.node, cst.Match) else text


def _without_captures(pattern: str) -> str:
    """Return a pattern with a wildcard in place of each name that it binds, or unchanged with a guard."""
    if len(pattern) > _MAX_CHARACTERS:
        return pattern
    match parse_statements(f"match _:\n case {pattern}: pass"):
        case [ast.Match(cases=[ast.match_case(pattern=parsed, guard=None)])]:
            wildcards = _Wildcards()
            result = wildcards.visit(parsed)
            return ast.unparse(result) if wildcards.has_captures else pattern
        case _:
            return pattern


class _Wildcards(ast.NodeTransformer):
    """Replaces the names that a pattern binds by wildcards."""

    has_captures = False

    def visit_MatchAs(self, node: ast.MatchAs) -> ast.pattern:
        self.has_captures |= node.name is not None
        return self.visit(node.pattern) if node.pattern is not None else ast.MatchAs()

    def visit_MatchStar(self, node: ast.MatchStar) -> ast.pattern:
        self.has_captures |= node.name is not None
        return ast.MatchStar()

    def visit_MatchMapping(self, node: ast.MatchMapping) -> ast.pattern:
        self.generic_visit(node)
        self.has_captures |= node.rest is not None
        return ast.MatchMapping(node.keys, node.patterns)
