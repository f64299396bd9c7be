"""The page about the language server, and the features that the server registers."""

from __future__ import annotations

import re

import pytest

from docs.generate.files import ROOT
from stepgraph.cli.live_projects import open_live_project
from stepgraph.lsp.features import serve_editor
from stepgraph.lsp.sessions.lifecycle import ClientSettings
from stepgraph.lsp.sessions.server import WorkflowServer

PAGE = (ROOT / "docs/reference/lsp.md").read_text(encoding="utf-8")

# Methods that start and end a session, and a notification of the server.
LIFECYCLE = {"initialize", "initialized", "exit"}
SENT = {"textDocument/publishDiagnostics"}


def table(heading: str) -> list[str]:
    """Return the first cells of the table in a section."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.split(" | ")[0] for line in section.split("\n| --- ")[1].split("\n\n")[0].splitlines()[1:]]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def methods() -> set[str]:
    """Return the methods of the table, with the prefix of the first one in each row."""
    prefix, result = "", set()
    for name in table("Methods"):
        prefix, _, last = name.rpartition("/") if "/" in name else (prefix, "", name)
        result.add(f"{prefix}/{last}")
    return result


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> WorkflowServer:
    servers: list[WorkflowServer] = []

    def serve(server: WorkflowServer, *_: object) -> bool:
        servers.append(server)
        return True

    monkeypatch.setattr(WorkflowServer, "serve", serve)
    monkeypatch.setattr("stepgraph.lsp.features.standard_streams", lambda: ())
    serve_editor(open_live_project)
    return servers[0]


def test_each_method_is_documented(server: WorkflowServer) -> None:
    registered = set(server.protocol.fm.features) - LIFECYCLE
    assert methods() - SENT - {"workspace/executeCommand"} == registered


def test_each_command_is_documented(server: WorkflowServer) -> None:
    assert set(table("Commands")) == set(server.protocol.fm.commands)


def test_each_setting_is_documented() -> None:
    assert table("Settings") == [name for name in ClientSettings.__struct_fields__ if name != "warnings"]
