"""Changes of texts as edits."""

from __future__ import annotations

import pytest
from lsprotocol.types import PositionEncodingKind

from stepgraph.lsp.protocol.text_lines import TextLines
from stepgraph.lsp.requests.workspace_edits import text_edits
from tests.lsp.applied_edits import applied


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a = 1\nb = 2\n", "a = 1\nb = 2\n", []),
        ("a = 1\nb = 2\n", "a = 1\nb = 3\n", ["1:4-1:5 '3'"]),
        ("rest('😀', '5 min')\n", "await rest('😀', '5 minutes')\n", ["0:0-0:0 'await '", "0:17-0:17 'utes'"]),
        ("a\nc\n", "a\nb\nc\n", ["1:0-1:0 'b\\n'"]),
        ("a\nb", "a\nb\nc", ["1:1-1:1 '\\nc'"]),
        ("a\r\nb\r\n", "a\r\n", ["1:0-2:0 ''"]),
        ("a\r\nb\r\n", "a\nb\r\n", ["0:1-1:0 '\\n'"]),
        ("a\rb", "a\r\nb", ["0:1-1:0 '\\r\\n'"]),
        ("", "a", ["0:0-0:0 'a'"]),
    ],
)
def test_only_what_differs_is_replaced(before: str, after: str, expected: list[str]) -> None:
    edits = list(text_edits(TextLines.of(before, PositionEncodingKind.Utf16), before, after))
    assert [f"{edit.range} {edit.new_text!r}" for edit in edits] == expected
    assert applied(before, edits) == after
