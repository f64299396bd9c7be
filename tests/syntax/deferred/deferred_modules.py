"""Modules with deferred bodies, and their comparison with the same modules parsed whole."""

from __future__ import annotations

import libcst as cst

from stepgraph.large_stack import run_with_large_stack
from stepgraph.syntax.deferred.blocks import DeferredBlock, ParsedTokens
from stepgraph.syntax.deferred.modules import parse_skeleton
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.quick_scan import quick_scan
from tests.syntax.pieces.whole_modules import assert_tree_equals_whole


def parse_deferred(source: str, memory: ParsedTokens | None = None) -> SourceModule | None:
    """Return a module, however short, whose bodies are parsed on first use, or None if it has to be parsed at once."""
    memory = ParsedTokens() if memory is None else memory
    if not quick_scan(source).is_shallow:
        return None
    try:
        deferred = run_with_large_stack(lambda: parse_skeleton(source, "utf-8", "shop.py", memory, 1))
    except (cst.ParserSyntaxError, cst.CSTValidationError, TypeError):
        return None
    return None if deferred is None else SourceModule("shop.py", deferred.tree, source.encode(), deferred=deferred)


def blocks_of(module: SourceModule) -> list[DeferredBlock]:
    """Return the deferred bodies of a module."""
    assert module.deferred
    return module.deferred.bodies.blocks


def assert_deferred_equals_whole(module: SourceModule, source: str) -> None:
    """Assert that a module equals its source parsed whole, whether parents are used before or after its bodies."""
    blocks = blocks_of(module)
    for block in blocks[::2]:
        assert block.body
    parents = module.parents
    for block in reversed(blocks):
        assert block.body
    assert_tree_equals_whole(module.tree, source, module._range_of, parents)  # noqa: SLF001 - `span` hides the absence
