"""The comparison of two versions of a module, according to what an analysis has read of the first one."""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst
import pytest

from stepgraph.syntax.body_names import collections_mutated_in_functions
from stepgraph.syntax.deferred.blocks import ParsedTokens, may_contain, sketch_of
from stepgraph.syntax.deferred.reads import ReadRecorder
from stepgraph.syntax.deferred.version_changes import VersionChange
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.aliases import analyze_aliases
from stepgraph.syntax.mutation.assignments import assigned_attributes
from stepgraph.syntax.mutation.definitions import definitions_of
from tests.syntax.deferred.deferred_modules import blocks_of, parse_deferred

SOURCE = """\
ROWS = []

def first(value):
    return value.rows

def second(value):
    value.name = ROWS
    return value

def third(value):
    return value

class Orders:
    def __init__(self, rows):
        self.rows = rows
"""
OLD = "    return value.rows\n"


def parse(source: str, recorder: ReadRecorder) -> SourceModule:
    module = parse_deferred(source, ParsedTokens(recorder=recorder))
    assert module
    return module


def is_affected(read: Callable[[SourceModule], object], new: str, old: str = OLD) -> bool:
    """Return whether the second of two calls of a function with a module may have another result after an edit."""
    recorder = ReadRecorder()
    module = parse(SOURCE, recorder)
    assert module.deferred
    for _ in range(2):
        with recorder.recording() as reads:
            read(module)
    change = VersionChange.between(module.deferred.bodies.source, parse(SOURCE.replace(old, new), recorder))
    return change is None or change.affects(reads["shop.py"])


def body(index: int) -> Callable[[SourceModule], object]:
    return lambda module: blocks_of(module)[index].body


def test_only_a_change_of_a_body_that_was_read_counts() -> None:
    new = "    return value.cols\n"
    assert [is_affected(body(index), new) for index in range(3)] == [True, False, False]


def test_the_sketch_of_a_body_counts() -> None:
    assert is_affected(lambda module: sketch_of(blocks_of(module)[0]), "    return value.cols\n")


def test_code_outside_of_bodies_counts() -> None:
    assert is_affected(body(1), "def first(value, other):\n", "def first(value):\n")


@pytest.mark.parametrize(("statement", "moves"), [(1, False), (2, True)])
def test_locations_after_moved_lines_count(statement: int, *, moves: bool) -> None:
    def span(module: SourceModule) -> object:
        return module.span(cst.ensure_type(module.tree.body[statement], cst.FunctionDef).name)

    assert is_affected(span, "    value = 1\n    return value.rows\n") == moves


def test_a_lookup_of_a_new_word_in_a_body_counts() -> None:
    def change_of(name: str) -> Callable[[SourceModule], object]:
        return lambda module: module.once(assigned_attributes).of(name)

    new = "    value.rows = other\n"
    assert [is_affected(change_of(name), new) for name in ("rows", "name")] == [True, False]


def test_a_definition_of_a_name_counts() -> None:
    def definition(name: str) -> Callable[[SourceModule], object]:
        return lambda module: module.once(definitions_of).is_opaque(name)

    new = "    import other\n    return value\n"
    assert [is_affected(definition(name), new) for name in ("other", "name")] == [True, True]


def test_constructors_of_a_class_count() -> None:
    assert is_affected(
        lambda module: module.once(definitions_of).parameters_of("Orders"),
        "    def __init__(self, cols):\n",
        "    def __init__(self, rows):\n",
    )


def test_flows_of_a_name_count() -> None:
    def flow(name: str) -> Callable[[SourceModule], object]:
        return lambda module: [*module.once(analyze_aliases)._collector_of(name).flows]  # noqa: SLF001

    new = "    ROWS.append(value)\n"
    assert [is_affected(flow(name), new) for name in ("ROWS", "name")] == [True, False]


def test_a_word_of_the_source_counts() -> None:
    def mentions(word: bytes) -> Callable[[SourceModule], object]:
        return lambda module: module.mentions(word)

    new = "    global x; return value\n"
    assert [is_affected(mentions(word), new) for word in (b"global", b"nonlocal")] == [True, False]


def test_words_in_a_body_count() -> None:
    def contains(*words: str) -> Callable[[SourceModule], object]:
        return lambda module: may_contain(blocks_of(module)[0], words)

    new = "    import x\n    return value\n"
    assert [is_affected(contains(word), new) for word in ("import", "class")] == [True, False]


def test_names_computed_from_all_bodies_are_compared() -> None:
    def read(module: SourceModule) -> object:
        return module.once(collections_mutated_in_functions)

    assert [is_affected(read, new) for new in ("    value.clear()\n", "    ROWS.clear()\n")] == [False, True]


def test_the_whole_source_counts() -> None:
    assert is_affected(lambda module: module.source, "    return value.cols\n")
