"""The directories and documents of a session, and the diagnostics that its editor shows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from lsprotocol import types

from stepgraph.lsp.sessions import session as session_module
from tests.cli.conftest import needs_unix_files
from tests.cli.sources import IMPORT, SYNTAX_ERROR, module, workflow
from tests.lsp.open_session import OpenSession
from tests.project.trees import plant

ORDERS: Final = module(workflow("Orders", "rest"))
WRONG: Final = ORDERS.replace("1 hour", "1 fortnight")
"""A workflow with a finding in line 6."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)  # the session changes the working directory
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def session(folder: Path) -> Iterator[OpenSession]:
    session = OpenSession(folder)
    yield session
    assert session.editor.log_lines == []
    session.stop()


def test_a_new_file_needs_no_file_on_disk(session: OpenSession) -> None:
    session.open("new.py", WRONG)
    assert session.codes() == {"new.py": ["SG205"]}
    session.close("new.py")
    assert session.codes() == {}


@pytest.mark.slow
def test_a_closed_document_has_the_findings_of_its_file(session: OpenSession) -> None:
    plant(session.folder, {"orders.py": WRONG})
    session.open("orders.py", ORDERS)
    assert session.codes() == {}
    session.close("orders.py")
    assert session.codes() == {"orders.py": ["SG205"]}


def test_a_slow_analysis_is_awaited(session: OpenSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "_MAX_WAIT", 0.0)
    session.open("new.py", WRONG)
    assert session.codes() == {"new.py": ["SG205"]}


def test_a_helper_changes_the_findings_of_other_files(session: OpenSession) -> None:
    helper = 'async def rest(step):\n    await step.sleep("rest", "1 hour")\n'
    steps = "from helper import rest\n" + module(workflow("Orders", "first")) + "        await rest(step)\n"
    plant(session.folder, {"orders.py": steps, "helper.py": helper})
    session.session.change_files()
    assert session.codes() == {}
    session.open("helper.py", helper.replace("1 hour", "1 fortnight"))
    assert session.codes() == {"helper.py": ["SG205"]}


@pytest.mark.parametrize("name", ["helper", "shop.parts.helper"])
def test_a_new_helper_needs_no_file_on_disk(session: OpenSession, name: str) -> None:
    helper = 'async def rest(step):\n    await step.sleep("rest", "1 fortnight")\n'
    steps = f"from {name} import rest\n" + module(workflow("Orders", "first")) + "        await rest(step)\n"
    path = f"{name.replace('.', '/')}.py"
    session.open("orders.py", steps)
    assert session.codes() == {"orders.py": ["SG004"]}
    session.open(path, helper)
    assert session.codes() == {path: ["SG205"]}
    session.close(path)
    assert session.codes() == {"orders.py": ["SG004"]}


def test_a_new_main_module_needs_no_file_on_disk(session: OpenSession) -> None:
    flags = 'compatibility_date = "2026-03-01"\ncompatibility_flags = ["python_workers"]\n'
    orders = '[[workflows]]\nname = "orders"\nbinding = "ORDERS"\nclass_name = "Orders"\n'
    plant(session.folder, {"wrangler.toml": f'main = "orders.py"\n{flags}{orders}'})
    session.session.change_files()
    assert session.codes() == {"wrangler.toml": ["SG003"]}
    session.open("orders.py", WRONG)
    assert session.codes() == {"orders.py": ["SG205"]}


def test_new_settings_need_no_file_on_disk(session: OpenSession) -> None:
    session.open("orders.py", WRONG)
    session.open("pyproject.toml", '[tool.stepgraph]\nignore = ["SG2"]\n')
    assert session.codes() == {}


def test_settings_are_followed_while_they_are_edited(session: OpenSession) -> None:
    plant(session.folder, {"orders.py": WRONG, "pyproject.toml": "[tool.stepgraph]\n"})
    session.session.change_files()
    assert session.codes() == {"orders.py": ["SG205"]}
    session.open("pyproject.toml", '[tool.stepgraph]\nignore = ["SG2"]\n')
    assert session.codes() == {}
    session.close("pyproject.toml")
    assert session.codes() == {"orders.py": ["SG205"]}


def test_invalid_settings_are_an_error_at_their_location(session: OpenSession) -> None:
    plant(session.folder, {"orders.py": WRONG})
    session.open("pyproject.toml", "[tool.stepgraph]\nignore = [\n")
    session.settle()
    [(uri, (version, [diagnostic]))] = [each for each in session.editor.diagnostics.items() if each[1][1]]
    assert (uri, version) == (session.uri("pyproject.toml"), 1)
    assert diagnostic.range.start == types.Position(1, 0)
    assert diagnostic.message.startswith("not valid TOML: ")
    assert session.editor.problems == []


def test_a_missing_baseline_is_a_message_once(session: OpenSession) -> None:
    plant(session.folder, {"orders.py": WRONG, "pyproject.toml": '[tool.stepgraph]\nbaseline = "known.json"\n'})
    session.session.change_files()
    session.settle()
    session.session.change_files()
    assert session.codes() == {}
    [problem] = session.editor.problems
    assert problem.startswith("known.json: baseline file not found.")
    assert session.session.reads(str(session.folder / "known.json"))
    assert not session.session.reads(str(session.folder / "package.json"))


def test_each_version_is_published(session: OpenSession) -> None:
    session.open("orders.py", ORDERS)
    session.change("orders.py", types.TextDocumentContentChangeWholeDocument(WRONG))
    session.settle()
    version, diagnostics = session.editor.diagnostics[session.uri("orders.py")]
    assert (version, len(diagnostics)) == (2, 1)


def test_a_syntax_error_keeps_the_last_good_graph(session: OpenSession) -> None:
    session.open("orders.py", ORDERS)
    session.settle()
    session.change("orders.py", types.TextDocumentContentChangeWholeDocument(IMPORT + SYNTAX_ERROR))
    assert session.codes() == {"orders.py": ["SG002"]}
    [view] = session.views()
    assert [(each.name, each.is_old) for each in view.state.workflows] == [("Orders", True)]


def test_a_removed_directory_has_no_findings(session: OpenSession) -> None:
    plant(session.folder, {"orders.py": WRONG})
    session.session.change_files()
    assert session.codes() == {"orders.py": ["SG205"]}
    session.session.workspace.remove(str(session.folder))
    session.session.change()
    assert session.codes() == {}


def test_a_deleted_directory_has_no_findings(session: OpenSession) -> None:
    plant(session.folder, {"orders.py": WRONG})
    session.session.change_files()
    session.settle()
    (session.folder / "orders.py").unlink()
    session.folder.rmdir()
    session.session.change_files()
    assert session.codes() == {}


def test_nested_directories_show_each_finding_once(session: OpenSession) -> None:
    plant(session.folder, {"app/orders.py": WRONG, "other.py": WRONG})
    session.session.workspace.add(str(session.folder / "app"))
    session.session.change_files()
    assert session.codes() == {"app/orders.py": ["SG205"], "other.py": ["SG205"]}


def test_a_document_outside_of_directories_is_analyzed_alone(session: OpenSession) -> None:
    plant(session.folder.parent, {"lone/orders.py": WRONG, "lone/other.py": WRONG})
    session.open("../lone/orders.py", WRONG)
    assert session.codes() == {"../lone/orders.py": ["SG205"]}
    session.close("../lone/orders.py")
    assert session.codes() == {}


@pytest.mark.parametrize("name", ["a b.py", "größe.py", "a;b.py", "a#b.py", "100%.py", "[id].py"])
def test_names_of_files(session: OpenSession, name: str) -> None:
    session.open(name, WRONG)
    assert session.codes() == {name: ["SG205"]}
    assert [uri for uri, (_, diagnostics) in session.editor.diagnostics.items() if diagnostics] == [session.uri(name)]


def test_an_editor_may_write_a_uri_in_two_ways(session: OpenSession) -> None:
    session.open("orders.py", ORDERS)
    uri = session.uri("orders.py").replace("o", "%6F")
    change = types.TextDocumentContentChangeWholeDocument(WRONG)
    assert session.session.documents.change(types.VersionedTextDocumentIdentifier(2, uri), [change])
    session.session.change()
    session.settle()
    assert len(session.editor.diagnostics[session.uri("orders.py")][1]) == 1


@needs_unix_files
def test_a_directory_may_be_opened_by_a_symbolic_link(session: OpenSession) -> None:
    plant(session.folder, {"orders.py": ORDERS})
    link = session.folder.parent / "link"
    link.symlink_to(session.folder)
    session.session.workspace.remove(str(session.folder))
    session.session.workspace.add(str(link))
    session.open("orders.py", WRONG)
    session.open("../link/new.py", WRONG)
    assert session.codes() == {"orders.py": ["SG205"], "../link/new.py": ["SG205"]}


@needs_unix_files
def test_findings_move_to_another_file_when_the_link_of_an_open_document_does(session: OpenSession) -> None:
    plant(session.folder, {"orders.py": ORDERS, "wrong.py": WRONG})
    link = session.folder / "link.py"
    link.symlink_to("wrong.py")
    session.open("link.py", WRONG)
    assert session.codes() == {"link.py": ["SG205"]}
    link.unlink()
    link.symlink_to("orders.py")
    session.session.change_files()
    assert session.codes() == {"link.py": ["SG205"], "wrong.py": ["SG205"]}


def test_excluded_documents_are_not_checked(session: OpenSession) -> None:
    plant(session.folder, {"pyproject.toml": '[tool.stepgraph]\nextend-exclude = ["generated"]\n'})
    session.session.change_files()
    session.open("generated/orders.py", WRONG)
    session.open(".venv/orders.py", WRONG)
    assert session.codes() == {}


def test_documents_without_files_are_ignored(session: OpenSession) -> None:
    for uri in ("untitled:Untitled-1", "vscode-notebook-cell:/a.ipynb#W0", "file:///a%00b.py", "file://[a/b.py"):
        item = types.TextDocumentItem(uri, types.LanguageKind.Python, 1, WRONG)
        assert session.session.documents.open(item) is None


def test_a_fast_typist_sees_results(session: OpenSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that have not changed since the analysis have diagnostics at their new place."""
    monkeypatch.setattr(session_module, "_MAX_AGE", 0.0)
    session.open("orders.py", WRONG)
    session.settle()
    folder = session.session.workspace.folders[0]
    analyze = folder.analyze

    def type_during_analysis(*arguments: object) -> object:
        result = analyze(*arguments)  # type: ignore[arg-type] # the arguments of the method
        if session.text("orders.py") == WRONG:
            start = types.Position(0, 0)
            change = types.TextDocumentContentChangePartial(types.Range(start, start), "\n\n")
            session.loop.call_soon_threadsafe(session.change, "orders.py", change)
        return result

    monkeypatch.setattr(folder, "analyze", type_during_analysis)
    session.session.change()
    session.settle()
    session.settle()
    version, [diagnostic] = session.editor.diagnostics[session.uri("orders.py")]
    assert (version, diagnostic.range.start.line) == (2, 7)


def test_a_canceled_wait_ends_alone(session: OpenSession) -> None:
    session.open("orders.py", WRONG)

    async def cancel() -> None:
        request = asyncio.ensure_future(session.session.view(session.uri("orders.py")))
        await asyncio.sleep(0)
        request.cancel()
        assert (await session.session.view(session.uri("orders.py"))) is not None

    session.loop.run_until_complete(cancel())


@pytest.mark.slow
def test_changes_on_the_disk_are_noticed(session: OpenSession) -> None:
    plant(session.folder, {"orders.py": ORDERS})
    session.session.change_files()
    session.settle()
    following = session.loop.create_task(session.session.follow_files(0.01))
    session.loop.run_until_complete(asyncio.sleep(0.05))
    plant(session.folder, {"orders.py": WRONG})
    for _ in range(200):
        session.loop.run_until_complete(asyncio.sleep(0.02))
        if session.codes():
            break
    following.cancel()
    assert session.codes() == {"orders.py": ["SG205"]}


def test_an_edit_of_a_helper_refreshes_other_documents(session: OpenSession) -> None:
    helper = 'async def rest(step):\n    await step.sleep("rest", "1 hour")\n'
    plant(session.folder, {"helper.py": helper})
    session.open("helper.py", helper)
    session.open("orders.py", "from helper import rest\n" + ORDERS + "        await rest(step)\n")
    session.settle()
    before = session.editor.refreshes
    steps = "from helper import rest\n" + WRONG + "        await rest(step)\n"
    session.change("orders.py", types.TextDocumentContentChangeWholeDocument(steps))
    session.settle()
    assert session.editor.refreshes == before
    session.change("helper.py", types.TextDocumentContentChangeWholeDocument(helper + "\nx = (\n"))
    session.settle()
    assert session.editor.refreshes == before + 1


def test_requests_do_not_wait_after_a_defect(session: OpenSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """The editor is asked to refresh after requests that have waited in vain."""
    session.open("orders.py", ORDERS)
    session.settle()
    before = session.editor.refreshes
    with monkeypatch.context() as patch:
        patch.setattr(session.session.workspace.folders[0], "analyze", None)
        session.session.change()
        session.settle()
    assert len(session.editor.log_lines) == 1
    session.editor.log_lines.clear()
    session.session.change()
    session.settle()
    assert session.editor.refreshes == before
