"""Text that a page must not read as markup, and pages with this text in every field."""

from __future__ import annotations

from stepgraph.model.span import Code, Span
from stepgraph.render.findings import ShownFinding
from stepgraph.render.html.section import Page
from tests.render import graphs

HOSTILE = [
    "</text><script>alert(1)</script>",
    '"]--><b>',
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>",
    "' onload='alert(1)",
    '" onfocus="alert(1)" autofocus="',
    "javascript:alert(1)",
    "</title><img src=x onerror=alert(1)>",
    "</style><style>*{display:none}",
    "\x02" + "3:0:1" + "\x03",
    "{3,0};d=M0 0",
    "\x1b[2J\x07\x00",
    "invoice\u202efdp.exe",
    "first\nsecond\u2028third",
    "lone \ud800 surrogate",
    "&lt;&amp;&#60;",
    "__proto__",
    "",
    "x" * 10_000,
]


def everywhere(text: str) -> Page:
    """Return a page with this text in every field of text."""
    drawn, code = graphs.everywhere(text), Code(text, b"", (text,), 1, 1, 1)
    finding = ShownFinding(
        "gap", "SG004", text, text, Span(text, 1, 1, 1, 1), "https://x", drawn["workflow"]["nodes"][0]
    )
    return Page(
        drawn,
        text,
        lambda _: text,
        [finding],
        complete=False,
        source=text,
        code=lambda _: code,
        state="incomplete",
    )
