from __future__ import annotations

import pytest

from stepgraph.escaping.markup import html_prose


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain <text>", "plain &lt;text&gt;"),
        ("unknown unit `<min>`.", "unknown unit <code>&lt;min&gt;</code>."),
        ("`a` and `b`", "<code>a</code> and <code>b</code>"),
        ("one ` alone", "one ` alone"),
        ("`a` and ` alone", "<code>a</code> and ` alone"),
    ],
)
def test_text_in_backquotes_is_code(text: str, html: str) -> None:
    assert html_prose(text) == html
