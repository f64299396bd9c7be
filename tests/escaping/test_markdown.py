"""References and links that Markdown must not make of text, and what stays as it is."""

from __future__ import annotations

import pytest

from stepgraph.escaping.markdown import cell, code, fenced, heading, html_code, prose


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mail a@b.co", "mail a@&#8203;b.co"),
        ("see GH-12", "see GH&#8203;-12"),
        ("octo/cat#3", "octo/cat#&#8203;3"),
        ("@octo", "@&#8203;octo"),
        ("!12", "!&#8203;12"),
        ("https://e.example", "https&#58;&#8203;//e.example"),
        ("www.e.example", "www&#8203;&#46;e.example"),
        (
            "0123456789abcdef0123456789abcdef01234567",
            "012345&#8203;6789ab&#8203;cdef01&#8203;234567&#8203;89abcd&#8203;ef0123&#8203;4567",
        ),
        ("deadbee1", "deadbe&#8203;e1"),
        ("/close", "&#47;close"),
        ("86400000 ms defaced", "86400000 ms defaced"),
    ],
)
def test_nothing_in_prose_is_a_reference(text: str, shown: str) -> None:
    assert prose(text) == shown


def test_code_in_tags_is_no_link() -> None:
    assert cell("a@b.co | x") == "<code>a&#64;&#8203;b.co &#124; x</code>"
    assert html_code("www.e.example") == "<code>www&#8203;&#46;e.example</code>"


def test_a_heading_is_no_reference() -> None:
    assert heading("Orders · a@b.co (folded to depth 2)") == "Orders · a&#64;&#8203;b.co (folded to depth 2)"


def test_code_is_no_command_in_a_log() -> None:
    assert code("##[group]") == "`#\\#[group]`"
    assert fenced("::error::a\n\x1b", "text") == "```text\n\\::error::a\n\\x1b\n```\n"
