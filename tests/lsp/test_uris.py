"""The files that URIs name."""

from __future__ import annotations

import pytest

from stepgraph.lsp.protocol.documents import path_of


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "untitled:1",
        "file:orders.py",
        "file://server/orders.py",
        "file:///%00",
        "file:///\ud800",
        "\ud800",
        "file://[",
    ],
)
def test_a_uri_of_no_file(uri: str) -> None:
    assert path_of(uri) is None


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///shop/orders.py", "/shop/orders.py"),
        ("FILE://localhost//shop/../shop/orders.py", "/shop/orders.py"),
        ("file:///a%20b%zz%ff", "/a b%zz\udcff"),
    ],
)
def test_the_path_of_a_uri(uri: str, path: str) -> None:
    assert path_of(uri) == path
