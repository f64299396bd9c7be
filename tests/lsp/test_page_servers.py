"""The processes that serve the pages of directories."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from stepgraph.lsp.sessions import page_servers
from stepgraph.lsp.sessions.page_servers import PageServers, ServedProject
from tests.cli.sources import module, workflow
from tests.project.trees import plant

ORDERS = module(workflow("Orders", "rest"))


@pytest.fixture
def servers() -> Iterator[PageServers]:
    servers = PageServers()
    yield servers
    servers.close()


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Return the processes that are started, in order."""
    started: list[subprocess.Popen[bytes]] = []
    open_process = page_servers._open  # noqa: SLF001 - recorded

    def record(project: ServedProject) -> subprocess.Popen[bytes]:
        started.append(open_process(project))
        return started[-1]

    monkeypatch.setattr(page_servers, "_open", record)
    return started


def url(servers: PageServers, folder: Path) -> str | None:
    return asyncio.run(servers.url(ServedProject(str(folder))))


def test_a_process_without_a_url_is_not_a_server(
    tmp_path: Path, servers: PageServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code in ("print('https://example.com/')", "pass", "print('http://127.0.0.1:80/@example.com/')"):
        monkeypatch.setattr(page_servers, "_COMMAND", ("-c", code))
        assert url(servers, tmp_path) is None


@pytest.mark.slow
def test_a_process_that_prints_nothing_is_ended(
    tmp_path: Path,
    servers: PageServers,
    processes: list[subprocess.Popen[bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page_servers, "_COMMAND", ("-c", "input()"))
    monkeypatch.setattr(page_servers, "_START_SECONDS", 0.1)
    assert url(servers, tmp_path) is None
    assert processes[0].returncode is not None


@pytest.mark.slow
def test_a_server_is_started_once_and_again_after_its_end(
    tmp_path: Path, servers: PageServers, processes: list[subprocess.Popen[bytes]]
) -> None:
    plant(tmp_path, {"orders.py": ORDERS})
    first = url(servers, tmp_path)
    assert (url(servers, tmp_path), len(processes)) == (first, 1)
    processes[0].kill()
    processes[0].wait()
    second = url(servers, tmp_path)
    assert second is not None
    with urlopen(f"{second}workflows/Orders") as page:  # noqa: S310 - a URL of this machine
        assert page.status == 200
    servers.close()
    assert processes[1].returncode is not None


@pytest.mark.slow
def test_a_server_ends_with_the_process_that_started_it(
    tmp_path: Path, servers: PageServers, processes: list[subprocess.Popen[bytes]]
) -> None:
    url(servers, tmp_path)
    assert processes[0].stdin is not None
    processes[0].stdin.close()  # as the system does when the process ends in any way
    assert processes[0].wait(20) == 130


@pytest.mark.slow
def test_no_module_of_the_project_is_imported(
    tmp_path: Path, servers: PageServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = "import pathlib\npathlib.Path('imported').touch()\n"
    names = ("stepgraph/__init__", "starlette", "sitecustomize", "json", "src/sitecustomize")
    plant(tmp_path, {f"{name}.py": hostile for name in names})
    monkeypatch.setenv("PYTHONPATH", "src:.", prepend=":")
    assert url(servers, tmp_path) is not None
    assert not (tmp_path / "imported").exists()
