"""A self-contained HTML document: its head, with a policy that allows only its own style sheet and script."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Final

from msgspec import Struct

from stepgraph.escaping.markup import markup_text
from stepgraph.hashing import sha256_hash
from stepgraph.render.view import Theme

_SCHEMES: Final[dict[Theme, str]] = {"auto": "light dark", "light": "light", "dark": "dark"}
"""The CSS `color-scheme` of each theme, for scroll bars and form fields."""

_ICON: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M8 3v10' "
    "stroke='%232f6fb0' stroke-width='2'/%3E%3Cg fill='%232f6fb0'%3E%3Crect x='4' y='1' width='8' height='5' rx='1.5'"
    "/%3E%3Crect x='4' y='10' width='8' height='5' rx='1.5'/%3E%3C/g%3E%3C/svg%3E"
)


class Head(Struct, frozen=True):
    """The head of a document."""

    title: str
    theme: Theme
    style: str
    """The style sheet."""
    script: str
    """The script, which runs after the body."""
    connects: bool = False
    """Whether the script connects to the server of the document."""


def document(head: Head, body: Iterable[str]) -> str:
    """Return a document with the lines of a body, which needs no network."""
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{content_security_policy(head)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta name="color-scheme" content="{_SCHEMES[head.theme]}">',
        f"<title>{markup_text(head.title)}</title>",
        f'<link rel="icon" href="{_ICON}">',
        f"<style>{head.style}</style>",
        "</head>",
        "<body>",
        *body,
        f"<script>{head.script}</script>",
        "</body>",
        "</html>",
    ]
    return "\n".join([*lines, ""])


def script_of(names: Sequence[str]) -> str:
    """Return the script: its parts in one function, so that nothing is global."""
    parts = "\n".join(asset(f"script/{name}.js") for name in names)
    return f'\n"use strict";\n\n(() => {{\n{parts}}})();\n'


def asset(name: str) -> str:
    """Return the text of a file beside this module."""
    return files("stepgraph.render.html").joinpath(name).read_text(encoding="utf-8")


def content_security_policy(head: Head) -> str:
    """Return the policy that allows the style sheet and the script, by hash, and inline images."""
    connections = " connect-src 'self';" if head.connects else ""
    return (
        f"default-src 'none'; style-src {_source(head.style)}; script-src {_source(head.script)}; img-src data:;"
        f"{connections} base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(sha256_hash(text.encode()).digest()).decode()}'"
