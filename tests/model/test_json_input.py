"""The limit on the nesting of JSON text."""

from __future__ import annotations

import pytest

from stepgraph.model.json_input import MAX_NESTING, is_nested_too_deeply


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[" * MAX_NESTING, False),
        (b"[" * (MAX_NESTING + 1), True),
        (b'{"a":[' * 101, True),
        (b"[" + b"[]," * 1_000 + b"[]]", False),
        (b'["' + b"[" * 1_000 + b'"]', False),
        (b'["\\"' + b"[" * 1_000 + b'"]', False),
        (b'["\\\\"' + b"[" * 1_000, True),
        (b'["' + b"[" * 1_000, False),
        (b"]" * 1_000 + b"[" * 500, False),
    ],
)
def test_brackets_outside_of_strings_nest(content: bytes, *, expected: bool) -> None:
    assert is_nested_too_deeply(content) is expected
