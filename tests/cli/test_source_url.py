"""The option --source-url."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.repositories import commit, git, make_repository, needs_git
from tests.cli.sources import write_orders

TEMPLATE = "https://example.com/{path}#L{line}"


@pytest.fixture(autouse=True)
def orders(stepgraph: Command) -> None:  # noqa: ARG001 - it changes into the folder
    write_orders()


def test_cards_of_a_picture_are_links(stepgraph: Command) -> None:
    assert "<a " not in stepgraph("graph", "-f", "svg").out
    lines = stepgraph("graph", "-f", "svg", "--source-url", TEMPLATE).out.splitlines()
    link = lines.index('<a href="https://example.com/orders.py#L6">')
    assert lines[link + 1].startswith('<g class="step sleep" id="orders--rest">')
    assert lines.count("</a>") == 1


def test_a_page_has_the_link_of_each_file(stepgraph: Command) -> None:
    assert '"link":[]' in stepgraph("graph", "-f", "html").out
    run = stepgraph("graph", "-f", "html", "--source-url", "vscode://file{file}:{line}")
    assert '/orders.py:",""]' in run.out
    assert '"link":["vscode://file/' in run.out


def test_standard_input_has_no_link(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(Path("orders.py").read_bytes())))
    assert "<a " not in stepgraph("graph", "-", "-f", "svg", "--source-url", TEMPLATE).out


@pytest.mark.slow
@needs_git
def test_permalinks_are_made_on_request_only(stepgraph: Command) -> None:
    make_repository()
    git("remote", "add", "origin", "https://github.com/o/r.git")
    identity = commit()
    assert identity not in stepgraph("graph", "-f", "html").out
    assert (
        f"https://github.com/o/r/blob/{identity}/orders.py#L"
        in stepgraph("graph", "-f", "html", "--source-url", "auto").out
    )


def test_missing_permalinks_have_a_warning(stepgraph: Command) -> None:
    run = stepgraph("graph", "-f", "svg", "--source-url", "auto")
    assert run.code == 0
    assert [message[:25] for message in run.messages] == ["no links to source code: "]


@pytest.mark.parametrize("url", ["javascript:alert({path})", "data:text/html,{path}", "https://example.com/", "always"])
def test_other_urls_are_refused(stepgraph: Command, url: str) -> None:
    run = stepgraph("graph", "-f", "svg", "--source-url", url)
    assert (run.code, run.out) == (2, "")
    assert f"`{url}` is not a URL with {{path}} or {{file}}" in run.messages[0]


def test_other_formats_have_no_links(stepgraph: Command) -> None:
    (message,) = stepgraph("graph", "-f", "dot", "--source-url", TEMPLATE).messages
    assert message.startswith("stepgraph: --source-url does not apply to the format dot, only to svg, html.")
