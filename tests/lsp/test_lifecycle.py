"""The parameters and settings with which editors start a session."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import pytest

from stepgraph.incremental import OnModule
from stepgraph.lsp.protocol.documents import Document
from stepgraph.lsp.sessions import lifecycle, session
from stepgraph.lsp.sessions.folder import AnalyzedFolder, Folder
from tests.cli.sources import module, workflow
from tests.lsp.raw_client import Message, RawClient
from tests.project.trees import plant
from tests.serve.conftest import worker

WRONG: Final = module(workflow("Orders", "rest")).replace("1 hour", "1 fortnight")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)  # the session changes the working directory
    plant(tmp_path, {"orders.py": WRONG})
    return tmp_path


def stop(client: RawClient) -> None:
    client.request("shutdown")
    client.notify("exit")
    assert client.wait()
    assert client.log_lines == []


def first_parameters(client: RawClient, method: str) -> Message:
    """Return the parameters of the first notification or request of the server with a method."""
    while (message := client.read()) is not None:
        if message.get("method") == method:
            parameters = message["params"]
            assert isinstance(parameters, dict)
            return parameters
    raise EOFError


@pytest.mark.parametrize("name", ["workspaceFolders", "rootUri", "rootPath"])
def test_editors_name_the_directory_in_three_ways(folder: Path, name: str) -> None:
    client = RawClient()
    values = {"workspaceFolders": [{"uri": folder.as_uri(), "name": ""}], "rootUri": folder.as_uri()}
    client.initialize(**{name: values.get(name, str(folder))})
    shown = first_parameters(client, "textDocument/publishDiagnostics")
    assert shown["uri"] == (folder / "orders.py").as_uri()
    stop(client)


@pytest.mark.parametrize(
    ("offered", "chosen"), [(None, "utf-16"), (["utf-8", "utf-16"], "utf-8"), (["utf-32"], "utf-32"), (["x"], "utf-16")]
)
def test_position_encodings(offered: object, chosen: str) -> None:
    client = RawClient()
    response = client.initialize(capabilities={"general": {"positionEncodings": offered}})
    result = response["result"]
    assert isinstance(result, dict)
    assert result["capabilities"]["positionEncoding"] == chosen
    stop(client)


def test_unknown_capabilities_are_ignored() -> None:
    client = RawClient()
    unusual = {"hover": {"contentFormat": ["markdown"]}, "documentSymbol": {"symbolKind": {"valueSet": [1, 99]}}}
    assert "result" in client.initialize(capabilities={"textDocument": unusual, "new": 1}, trace="compact")
    stop(client)


@pytest.mark.slow
def test_a_change_without_a_range_replaces_the_text(folder: Path) -> None:
    uri = (folder / "orders.py").as_uri()
    client = RawClient()
    client.initialize()
    document = {"uri": uri, "languageId": "python", "version": 1, "text": WRONG}
    client.notify("textDocument/didOpen", {"textDocument": document})
    changes = [{"range": None, "text": ""}, {"text": WRONG}]
    client.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": changes})
    while (shown := first_parameters(client, "textDocument/publishDiagnostics"))["version"] != 2:
        continue
    assert isinstance(shown["diagnostics"], list)
    assert len(shown["diagnostics"]) == 1
    stop(client)


@pytest.mark.slow
def test_the_environment_is_a_setting(folder: Path) -> None:
    """An environment that the configuration does not define is a finding there."""
    plant(folder, worker("orders"))
    client = RawClient()
    client.initialize(rootUri=folder.as_uri(), initializationOptions={"environment": "staging"})
    shown = first_parameters(client, "textDocument/publishDiagnostics")
    assert shown["uri"] == (folder / "orders" / "wrangler.toml").as_uri()
    removed = {"added": [], "removed": [{"uri": (folder / "other").as_uri(), "name": ""}]}
    client.notify("workspace/didChangeWorkspaceFolders", {"event": removed})
    client.notify("workspace/didChangeConfiguration", {"settings": {"stepgraph": {"environment": ""}}})
    assert first_parameters(client, "textDocument/publishDiagnostics")["diagnostics"] == []
    stop(client)


@pytest.mark.slow
def test_sent_settings_outlast_a_change_of_directories(folder: Path) -> None:
    plant(folder, worker("orders"))
    configuration = (folder / "orders" / "wrangler.toml").as_uri()
    client = RawClient()
    client.initialize(rootUri=folder.as_uri(), initializationOptions={"environment": "staging"})
    assert first_parameters(client, "textDocument/publishDiagnostics")["uri"] == configuration
    client.notify("workspace/didChangeConfiguration", {"settings": {"stepgraph": {"environment": ""}}})
    assert first_parameters(client, "textDocument/publishDiagnostics")["uri"] == configuration
    client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": []}})
    for version in (1, 2):
        document = {"uri": (folder / "orders.py").as_uri(), "languageId": "python", "version": version, "text": WRONG}
        client.notify("textDocument/didOpen", {"textDocument": document})
        while (shown := first_parameters(client, "textDocument/publishDiagnostics"))["version"] != version:
            assert shown["uri"] != configuration
    stop(client)


@pytest.mark.slow
def test_a_long_analysis_shows_its_progress(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = threading.Event()
    analyze = Folder.analyze

    def analyze_slowly(analyzed: Folder, documents: Iterable[Document], on_module: OnModule) -> AnalyzedFolder:
        assert shown.wait(10)
        return analyze(analyzed, documents, on_module)

    monkeypatch.setattr(session, "_PROGRESS_SECONDS", 0.01)
    monkeypatch.setattr(Folder, "analyze", analyze_slowly)
    client = RawClient()
    client.initialize(rootUri=folder.as_uri(), capabilities={"window": {"workDoneProgress": True}})
    request = client.read()
    assert request is not None
    assert request["method"] == "window/workDoneProgress/create"
    client.send({"jsonrpc": "2.0", "id": request["id"], "result": None})
    begin = {"kind": "begin", "title": "Analyzing workflows", "message": "searching for workflows"}
    assert first_parameters(client, "$/progress")["value"] == begin
    shown.set()
    while (value := first_parameters(client, "$/progress")["value"]) != {"kind": "end"}:
        assert isinstance(value, dict)
        assert value["kind"] == "report"
    stop(client)


def test_an_editor_is_asked_for_its_settings(folder: Path) -> None:
    plant(folder, worker("orders"))
    client = RawClient()
    client.initialize(rootUri=folder.as_uri(), capabilities={"workspace": {"configuration": True}})
    request = client.read()
    assert request is not None
    assert request["params"] == {
        "items": [{"section": "stepgraph"}, {"scopeUri": folder.as_uri(), "section": "stepgraph"}]
    }
    client.send({"jsonrpc": "2.0", "id": request["id"], "result": [None, {"environment": "staging"}]})
    shown = first_parameters(client, "textDocument/publishDiagnostics")
    assert shown["uri"] == (folder / "orders" / "wrangler.toml").as_uri()
    stop(client)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that tests for a process")
def test_a_session_ends_with_the_process_of_its_editor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "_EDITOR_INTERVAL", 0.01)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as editor:
        client = RawClient()
        client.initialize(processId=editor.pid)
        editor.communicate(b"\n")
    assert not client.wait()
    assert client.log_lines == ["the process of the editor has ended, so the session ends."]


def test_a_process_of_another_container_is_not_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "_EDITOR_INTERVAL", 0.01)
    client = RawClient()
    client.initialize(processId=2**30)
    client.send({"jsonrpc": "2.0", "id": "end", "method": "x"})
    while (answer := client.read()) is not None and "id" not in answer:
        assert answer["method"] != "window/showMessage"
    stop(client)


def test_a_late_answer_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "_ANSWER_SECONDS", 0.0)
    client = RawClient()
    client.initialize(capabilities={"workspace": {"configuration": True}})
    request = client.read()
    assert request is not None
    client.request("x")
    client.send({"jsonrpc": "2.0", "id": request["id"], "result": []})
    stop(client)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"enviroment": "x"},
            "unknown setting `enviroment`. Available: `environment`. All other settings are in pyproject.toml.",
        ),
        (
            {"environment": 3},
            "`environment` must be a string: the name of an environment in the wrangler configuration.",
        ),
        ([1], "the settings must be an object."),
    ],
)
def test_invalid_settings_are_one_warning(settings: object, message: str) -> None:
    client = RawClient()
    client.initialize(initializationOptions=settings)
    pushed: Sequence[object] = (None, {"python": {}}, {"stepgraph": settings})
    for sent in pushed:
        client.notify("workspace/didChangeConfiguration", {"settings": sent})
    assert first_parameters(client, "window/showMessage") == {"type": 2, "message": f"stepgraph: {message}"}
    client.send({"jsonrpc": "2.0", "id": "end", "method": "x"})
    while (answer := client.read()) is not None and "id" not in answer:
        assert answer["method"] != "window/showMessage"
    stop(client)
