"""References and links that Markdown must not create from text, and text that stays unchanged."""

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
        (":smile: :+1:", "&#58;smile&#8203;: &#58;+1&#8203;:"),
        ("entry.py:100:5", "entry.py&#58;100&#8203;&#58;5"),
        ("entry.py:100", "entry.py&#58;100"),
        ("{+x+}{-x-}", "{&#8203;+x+}{&#8203;-x-}"),
        ("[+x+][-x-]", "&#91;&#8203;+x+&#93;&#91;&#8203;-x-&#93;"),
        ("[vulnerability:1]", "&#91;vulnerability&#8203;&#58;1&#93;"),
        (
            "[ ] [x] [] [[page]]",
            "&#91;&#8203; &#93; &#91;x&#8203;&#93; &#91;&#8203;&#93; &#91;&#8203;&#91;page&#8203;&#93;&#93;",
        ),
        ("[_TOC_]", "&#91;&#95;TOC&#95;&#8203;&#93;"),
        ("*iteration:1", "&#42;&#8203;iteration&#58;1"),
        ("%{project_name}", "%&#8203;{project_name}"),
        ("86400000 ms defaced", "86400000 ms defaced"),
    ],
)
def test_prose_contains_no_references(text: str, shown: str) -> None:
    assert prose(text) == shown


def test_code_in_tags_contains_no_links() -> None:
    assert cell("a@b.co | x") == "<code>a&#64;&#8203;b.co &#124; x</code>"
    assert html_code("www.e.example") == "<code>www&#8203;&#46;e.example</code>"


def test_headings_contain_no_references() -> None:
    assert heading("Orders · a@b.co (folded to depth 2)") == "Orders · a&#64;&#8203;b.co (folded to depth 2)"
    assert heading(":smile:") == "&#58;smile&#8203;&#58;"
    assert heading("{+x+}") == "&#123;&#8203;&#43;x&#43;&#125;"


def test_code_contains_no_log_commands() -> None:
    assert code("##[group]") == "`#\\#[group]`"
    assert fenced("::error::a\n\x1b", "text") == "```text\n\\::error::a\n\\x1b\n```\n"
