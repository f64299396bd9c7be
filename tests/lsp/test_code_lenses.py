"""The code lenses of workflows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.uris import to_fs_path

from stepgraph.limits import MAXIMUM, Limit
from stepgraph.lsp.requests.code_lenses import SHOW_FINDINGS, SHOW_GRAPH, GraphCommands, GraphTarget, code_lenses
from stepgraph.lsp.sessions import page_servers
from stepgraph.lsp.sessions.diagnostics import diagnostics_of
from stepgraph.lsp.sessions.page_servers import ServedProject
from stepgraph.lsp.sessions.views import DocumentView
from tests.cli.sources import IMPORT, module, workflow
from tests.lsp.editor import Editor, OpenProject
from tests.lsp.positions import text_at
from tests.lsp.views import Workspace
from tests.project.trees import plant

ORDERS = module(workflow("Orders", "rest", "pause"))


def lenses(view: DocumentView) -> list[tuple[int, str, str]]:
    """Return the line, from 1, the title and the command of each lens."""
    commands = ((lens.range.start.line + 1, lens.command) for lens in code_lenses(view))
    return [(line, command.title, command.command) for line, command in commands if command is not None]


def titles(view: DocumentView) -> list[str]:
    return [title for _, title, _ in lenses(view)]


def test_a_workflow_has_lenses_above_run(tmp_path: Path) -> None:
    view = Workspace(tmp_path).open("orders.py", ORDERS)
    assert lenses(view) == [
        (5, "2 steps", "stepgraph.showGraph"),
        (5, "show graph", "stepgraph.showGraph"),
        (5, "no findings", "stepgraph.showFindings"),
    ]
    command = code_lenses(view)[0].command
    assert command is not None
    assert command.arguments == [view.document.uri, "Orders"]


def test_the_findings_are_those_of_the_diagnostics(tmp_path: Path) -> None:
    text = module(workflow("Orders", "rest"), workflow("Returns", "a", "b")).replace("1 hour", "1 min")
    view = Workspace(tmp_path).open("shop.py", text)
    assert titles(view) == ["1 step", "show graph", "1 finding", "2 steps", "show graph", "2 findings"]
    assert sum(map(len, diagnostics_of(view.folder).values())) == 3


def test_an_incomplete_graph_says_so(tmp_path: Path) -> None:
    text = f"from elsewhere import mystery\n{ORDERS}        await mystery(step)\n"
    assert titles(Workspace(tmp_path).open("orders.py", text)) == ["2 steps, incomplete", "show graph", "1 finding"]


def test_a_missing_graph_has_a_reason(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert titles(workspace.open("orders.py", module(workflow("Orders"))))[0] == "no graph: no step can run"
    unresolved = f"from elsewhere import mystery\n{module(workflow('Orders'))}        await mystery(step)\n"
    assert titles(workspace.open("orders.py", unresolved))[0] == "no graph: its steps cannot be resolved"


def test_a_large_graph_has_a_limit_as_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MAXIMUM, Limit.DEPENDENCIES, 0)
    text = f"""{IMPORT}
class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do()
        async def reserve(): ...
        @step.do()
        async def charge(reserve): ...
        if event:
            await reserve()
        await charge()
"""
    view = Workspace(tmp_path).open("orders.py", text)
    assert titles(view)[0] == "no graph: more than 0 dependencies in the graph"


def test_a_broken_file_shows_its_last_valid_state(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.open("orders.py", ORDERS)
    broken = ORDERS.replace("class", "(\n\nclass")
    assert lenses(workspace.open("orders.py", broken)) == [
        (7, "2 steps, last valid state", "stepgraph.showGraph"),
        (7, "show graph", "stepgraph.showGraph"),
    ]


def test_an_inherited_run_has_its_lenses_above_the_class(tmp_path: Path) -> None:
    text = f"""{IMPORT}
class Base(WorkflowEntrypoint):
    async def run(self, event, step):
        await self.work(step)

class Orders(Base):
    async def work(self, step):
        await step.sleep("rest", "1 hour")
"""
    view = Workspace(tmp_path).open("orders.py", text)
    assert [(line, title) for line, title, _ in lenses(view) if title.endswith("step")] == [(7, "1 step")]


def test_a_helper_has_no_lenses(tmp_path: Path) -> None:
    helper = 'async def work(step):\n    await step.sleep("rest", "1 hour")\n'
    orders = f"from helper import work\n{module(workflow('Orders'))}".replace("pass", "await work(step)")
    assert titles(Workspace(tmp_path, {"orders.py": orders, "helper.py": helper}).open("helper.py", helper)) == []


class RecordedWindow:
    """An editor that records documents and messages."""

    def __init__(self, *, shows_documents: bool = True) -> None:
        self.documents: list[types.ShowDocumentParams] = []
        self.messages: list[str] = []
        self._shows_documents = shows_documents

    async def show_document(self, document: types.ShowDocumentParams) -> bool:
        if self._shows_documents:
            self.documents.append(document)
        return self._shows_documents

    def show_information(self, message: str) -> None:
        self.messages.append(message)


async def draw(function: Callable[[], str], /) -> str:
    return function()


@pytest.fixture
def window() -> RecordedWindow:
    return RecordedWindow()


@pytest.fixture
def commands(window: RecordedWindow, monkeypatch: pytest.MonkeyPatch) -> Iterator[GraphCommands]:
    """Return commands without `stepgraph[serve]`."""
    monkeypatch.setattr(page_servers, "_PACKAGES", ("package_that_does_not_exist",))
    commands = GraphCommands(window, draw)
    yield commands
    commands.close()


def target(view: DocumentView) -> GraphTarget:
    (only,) = view.workflows()
    return GraphTarget(view.folder, only, ServedProject(view.folder.analyzed.path))


def show_graph(commands: GraphCommands, view: DocumentView) -> None:
    asyncio.run(commands.show_graph(target(view)))


def show_findings(commands: GraphCommands, view: DocumentView) -> None:
    asyncio.run(commands.show_findings(target(view)))


def test_the_picture_of_the_unsaved_text_is_opened(
    tmp_path: Path, commands: GraphCommands, window: RecordedWindow
) -> None:
    workspace = Workspace(tmp_path, {"orders.py": ORDERS})
    for step in ("unsaved", "later"):
        show_graph(commands, workspace.open("orders.py", ORDERS.replace("pause", step)))
        document = window.documents.pop()
        picture = Path(to_fs_path(document.uri) or "")
        assert (document.external, picture.name, picture.stat().st_mode & 0o077) == (True, "Orders.svg", 0)
        assert step in picture.read_text("utf-8")
        assert not picture.is_relative_to(tmp_path)
    commands.close()
    assert not picture.parent.exists()


def test_an_editor_that_opens_nothing_gets_the_url(tmp_path: Path, commands: GraphCommands) -> None:
    commands._window = window = RecordedWindow(shows_documents=False)  # noqa: SLF001 - another editor
    show_graph(commands, Workspace(tmp_path).open("orders.py", ORDERS))
    (message,) = window.messages
    assert message.startswith("The graph of `Orders` is at file:///")


def test_a_workflow_without_a_graph_has_a_message(
    tmp_path: Path, commands: GraphCommands, window: RecordedWindow
) -> None:
    show_graph(commands, Workspace(tmp_path).open("orders.py", module(workflow("Orders"))))
    assert (window.messages, window.documents) == (["`Orders` has no graph: no step can run."], [])


def test_findings_are_selected_one_after_another(
    tmp_path: Path, commands: GraphCommands, window: RecordedWindow
) -> None:
    text = ORDERS.replace("1 hour", "1 min")
    view = Workspace(tmp_path).open("orders.py", text)
    for _ in range(3):
        show_findings(commands, view)
    assert [each.uri for each in window.documents] == [view.document.uri] * 3
    selected = [
        (each.selection.start.line, text_at(text, each.selection)) for each in window.documents if each.selection
    ]
    assert selected == [(5, '"1 min"'), (6, '"1 min"'), (5, '"1 min"')]


def test_no_findings_are_a_message(tmp_path: Path, commands: GraphCommands, window: RecordedWindow) -> None:
    workspace = Workspace(tmp_path)
    show_findings(commands, workspace.open("orders.py", ORDERS))
    show_findings(commands, workspace.open("orders.py", f"{ORDERS}        await (\n"))
    assert window.documents == []
    assert window.messages == [
        "`Orders` has no findings.",
        "`Orders` is not checked, because a file has an error.",
    ]


@pytest.mark.parametrize("command", [SHOW_GRAPH, SHOW_FINDINGS])
def test_unknown_arguments_are_an_error(project: OpenProject, command: str) -> None:
    project.open("orders.py", ORDERS)
    uri = project.uri("orders.py")
    messages: list[str] = []
    for arguments in (None, [1, {}], ["untitled:1", "Orders"], [uri, "Returns"], [uri, "Orders", "more"]):
        with pytest.raises(JsonRpcException) as error:
            project.request(types.WORKSPACE_EXECUTE_COMMAND, types.ExecuteCommandParams(command, arguments))
        messages.append(error.value.message)
    assert messages == [
        "the arguments are the URI of a document and the name of a workflow",
        "no open document of a project at `1`",
        "no open document of a project at `untitled:1`",
        "no workflow `Returns` in orders.py",
        "Invalid Params: Expected 2 arguments, got 3",
    ]


@pytest.mark.slow
def test_the_page_of_a_workflow_is_opened(project: OpenProject) -> None:
    project.write("orders.py", ORDERS)
    project.open("orders.py")
    arguments = [project.uri("orders.py"), "Orders"]
    project.request(types.WORKSPACE_EXECUTE_COMMAND, types.ExecuteCommandParams(SHOW_GRAPH, arguments))
    document = project.editor.client.shown_documents.pop()
    assert document.external
    assert document.uri.endswith("/workflows/Orders")
    with urlopen(document.uri) as page:  # noqa: S310 - a URL of this machine
        assert b"Orders" in page.read()
    project.request(types.WORKSPACE_EXECUTE_COMMAND, types.ExecuteCommandParams(SHOW_GRAPH, arguments))
    assert project.editor.client.shown_documents.pop().uri == document.uri


@pytest.mark.slow
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_the_server_of_pages_ends_with_the_session(tmp_path: Path, end: str) -> None:
    plant(tmp_path, {"orders.py": ORDERS})
    editor = Editor(tmp_path)
    uri = (tmp_path / "orders.py").as_uri()
    editor.open(uri, ORDERS)
    editor.request(types.WORKSPACE_EXECUTE_COMMAND, types.ExecuteCommandParams(SHOW_GRAPH, [uri, "Orders"]))
    url = editor.client.shown_documents.pop().uri
    if end == "stop":
        editor.stop()
    else:
        process = editor.client._server  # noqa: SLF001 - the client has no public name for its process
        assert process is not None
        process.kill()
    for _ in range(200):
        if not is_served(url):
            return
        time.sleep(0.05)
    pytest.fail("the pages are still served")


def is_served(url: str) -> bool:
    try:
        with urlopen(url):  # noqa: S310 - a URL of this machine
            return True
    except OSError:
        return False
