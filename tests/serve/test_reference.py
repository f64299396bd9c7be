"""The table of methods in the documentation, the routes, and the official client."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from cloudflare import Cloudflare
from cloudflare._resource import SyncAPIResource

from stepgraph.serve.api_routes import ROUTES
from stepgraph.serve.envelopes import ErrorCode
from tests.serve.serving import ACCOUNT

PAGE = Path(__file__).parents[2] / "docs/reference/serve.md"
ROW = re.compile(r"\| `([a-z.]+)` \| `([A-Z]+) /(\S*)` \| \S")
REQUESTS = {"list", "get", "update", "delete", "graph", "create", "bulk", "step", "edit"}


def methods_of(resource: SyncAPIResource, prefix: str = "") -> Iterator[str]:
    """Yield the names of the methods of a resource of the client, and of the resources in it."""
    for name in vars(type(resource)):
        if name in REQUESTS:
            yield prefix + name
        elif not name.startswith(("_", "with_")):
            inner = getattr(resource, name)
            assert isinstance(inner, SyncAPIResource), name
            yield from methods_of(inner, f"{prefix}{name}.")


def test_all_methods_of_the_client_have_a_route() -> None:
    client = Cloudflare(api_token=ACCOUNT)
    assert sorted(methods_of(client.workflows)) == sorted(route.name for route in ROUTES)


def test_the_documentation_has_all_routes() -> None:
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    assert rows == [(route.name, route.verb, route.path) for route in ROUTES]


def test_the_documentation_has_all_codes_of_errors() -> None:
    errors = PAGE.read_text(encoding="utf-8").partition("## Errors")[2]
    assert {int(code) for code in re.findall(r"\b(?:7|10)\d{3}\b", errors)} >= {int(code) for code in ErrorCode}
