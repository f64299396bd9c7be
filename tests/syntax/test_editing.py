"""Edits change their range and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst
import pytest

from stepgraph.syntax.edits.editing import apply_source_edits
from stepgraph.syntax.edits.source_edits import AddedAwait, Edit, MovedImport, Replacement
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.parse import parse_module


def module_of(source: str | bytes) -> SourceModule:
    return parse_module(source if isinstance(source, bytes) else source.encode(), "entry.py")


def place_of(module: SourceModule, text: str) -> SourcePlace:
    """Return the outermost expression with this source text."""
    expressions = (node for node in below(module.tree) if isinstance(node, cst.BaseExpression))
    return next(SourcePlace(module, node) for node in expressions if module.text(node) == text)


def below(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    for child in node.children:
        yield child
        yield from below(child)


def test_a_replacement_preserves_the_surrounding_text() -> None:
    module = module_of("await   step.sleep( 'nap','5 min' ) # a comment\r\n\r\n")

    edit = Replacement(place_of(module, "'5 min'"), "'5 minutes'")

    assert apply_source_edits(module, [edit]) == b"await   step.sleep( 'nap','5 minutes' ) # a comment\r\n\r\n"


def test_a_replacement_preserves_multiline_parentheses() -> None:
    module = module_of("nap = (\n    '5 min'\n)\n")
    place = place_of(module, "('5 min')")

    assert apply_source_edits(module, [Replacement(place, "'5 minutes'")]).decode() == "nap = (\n    '5 minutes'\n)\n"


def test_await_is_added_before_a_call() -> None:
    module = module_of("async def run():\n    step.sleep('nap', 5)  # now\n")

    result = apply_source_edits(module, [AddedAwait(place_of(module, "step.sleep('nap', 5)"))])

    assert result.decode() == "async def run():\n    await step.sleep('nap', 5)  # now\n"


def test_nested_edits_are_both_applied() -> None:
    module = module_of("step.sleep('nap', '5 min')\n")
    edits: list[Edit] = [
        AddedAwait(place_of(module, "step.sleep('nap', '5 min')")),
        Replacement(place_of(module, "'5 min'"), "'5 minutes'"),
    ]

    assert apply_source_edits(module, edits).decode() == "await step.sleep('nap', '5 minutes')\n"


def test_the_first_of_two_edits_of_an_expression_wins() -> None:
    module = module_of("nap = '5 min'\n")
    place = place_of(module, "'5 min'")

    assert apply_source_edits(module, [Replacement(place, "'a'"), Replacement(place, "'b'")]) == b"nap = 'a'\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "from workers import WorkflowEntrypoint, NonRetryableError\n",
            "from workers import WorkflowEntrypoint\nfrom workers.workflows import NonRetryableError\n",
        ),
        (
            "from workers import NonRetryableError as Fatal, Response  # both\n",
            "from workers import Response  # both\nfrom workers.workflows import NonRetryableError as Fatal\n",
        ),
        ("from workers import NonRetryableError\n", "from workers.workflows import NonRetryableError\n"),
        (
            "from workers import (\n    NonRetryableError,\n    WorkflowEntrypoint,\n)\n",
            "from workers import (\n    WorkflowEntrypoint,\n)\nfrom workers.workflows import NonRetryableError\n",
        ),
        (
            "from workers import (\n    WorkflowEntrypoint,\n    NonRetryableError,\n)\n",
            "from workers import (\n    WorkflowEntrypoint,\n)\nfrom workers.workflows import NonRetryableError\n",
        ),
        (
            "from workers import (\n    A,  # a\n    NonRetryableError,  # b\n)\n",
            "from workers import (\n    A,  # a\n)\nfrom workers.workflows import NonRetryableError\n",
        ),
        (
            "from workers import (\n    A,  # a\n    NonRetryableError  # b\n)\n",
            "from workers import (\n    A  # a\n)\nfrom workers.workflows import NonRetryableError\n",
        ),
        (
            "if True:\n    from workers import A, NonRetryableError\n",
            "if True:\n    from workers import A\n    from workers.workflows import NonRetryableError\n",
        ),
    ],
)
def test_a_name_is_imported_from_another_module(source: str, expected: str) -> None:
    module = module_of(source)
    statement = next(node for node in below(module.tree) if isinstance(node, cst.ImportFrom))
    edit = MovedImport(SourcePlace(module, statement), (("NonRetryableError", "workers.workflows"),))

    assert apply_source_edits(module, [edit]).decode() == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from a import X, Y, Z\n", "from a import Z\nfrom b import X\nfrom c import Y\n"),
        ("from a import X, Y\n", "from b import X\nfrom c import Y\n"),
    ],
)
def test_two_names_of_an_import_move_to_two_modules(source: str, expected: str) -> None:
    module = module_of(source)
    statement = SourcePlace(module, next(node for node in below(module.tree) if isinstance(node, cst.ImportFrom)))
    edits = [MovedImport(statement, (("X", "b"),)), MovedImport(statement, (("Y", "c"),))]

    assert apply_source_edits(module, edits).decode() == expected


@pytest.mark.parametrize(
    "source",
    [b"\xef\xbb\xbfnap = '5 min'\r\n", b"# coding: latin-1\nname = '\xe9'\nnap = '5 min'"],
)
def test_edits_preserve_the_encoding_and_line_endings(source: bytes) -> None:
    module = module_of(source)

    result = apply_source_edits(module, [Replacement(place_of(module, "'5 min'"), "'5 minutes'")])

    assert result == source.replace(b"5 min", b"5 minutes")


def test_a_module_that_does_not_round_trip_is_not_edited() -> None:
    module = module_of("\x0cnap = '5 min'\n")

    assert apply_source_edits(module, [Replacement(place_of(module, "'5 min'"), "'a'")]) == module.source
