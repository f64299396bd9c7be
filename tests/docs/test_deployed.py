"""The script on the page fetches a deployed graph with Cloudflare's client, and its output can be drawn."""

from __future__ import annotations

import re
import sys
from functools import partial
from pathlib import Path

import cloudflare
import httpx
import pytest

from docs.generate.files import ROOT
from stepgraph import analyze_file
from stepgraph.cli.main import main

PAGE = (ROOT / "docs/how-to/deployed.md").read_text(encoding="utf-8")
(SCRIPT,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
SOURCE = ROOT / "fixtures/orders/entry.py"


def respond(request: httpx.Request) -> httpx.Response:
    """Respond as the API does, with two versions and the graph of the later one."""
    (workflow,) = analyze_file(SOURCE).workflows
    graph, version = workflow.version_graph(), workflow.version()
    if request.url.path.endswith("/versions"):
        if request.url.params.get("page", "1") != "1":
            return httpx.Response(200, json={"success": True, "errors": [], "messages": [], "result": []})
        older = {**version, "id": "older", "created_on": "2026-01-01T00:00:00Z"}
        versions = [older, {**version, "id": "later", "created_on": "2026-02-01T00:00:00Z"}]
        return httpx.Response(200, json={"success": True, "errors": [], "messages": [], "result": versions})
    assert request.url.path.endswith("/workflows/orders/versions/later/graph")
    return httpx.Response(200, json={"success": True, "errors": [], "messages": [], "result": graph})


@pytest.mark.slow
def test_the_graph_of_the_latest_version_is_drawn(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    client = httpx.Client(transport=httpx.MockTransport(respond))
    client_class = partial(cloudflare.Cloudflare, api_token="token", http_client=client)  # noqa: S106 - not a real token
    monkeypatch.setattr(cloudflare, "Cloudflare", client_class)
    monkeypatch.setenv("CLOUDFLARE_ACCOUNT_ID", "account")
    monkeypatch.setattr(sys, "argv", ["deployed.py", "orders"])
    exec(compile(SCRIPT, "deployed.py", "exec"), {})  # noqa: S102 - the script on the page
    saved = tmp_path / "deployed.json"
    saved.write_bytes(capsysbinary.readouterr().out)
    assert main(["render", str(saved)]) == 0
    assert "● load order" in capsysbinary.readouterr().out.decode()
