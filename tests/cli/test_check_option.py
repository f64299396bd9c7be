"""`--check` compares committed files with the current output."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Run
from tests.cli.sources import SYNTAX_ERROR, module, workflow, write, write_shop

FOLDER = ["graph", "shop.py", "-f", "svg", "-o", "docs/"]
FILE = ["graph", "shop.py", "-f", "json", "-o", "shop.json"]


@pytest.fixture(autouse=True)
def shop(stepgraph: Command) -> None:  # noqa: ARG001 - it changes into the folder
    write_shop()


def test_fresh_files_pass(stepgraph: Command) -> None:
    stepgraph(*FOLDER)
    assert stepgraph(*FOLDER, "--check") == Run(0, "", [])
    stepgraph(*FILE)
    assert stepgraph(*FILE, "--check") == Run(0, "", [])


def test_stale_files_are_reported_with_the_command(stepgraph: Command) -> None:
    write("docs/Orders.svg", "old")
    advice = "run `stepgraph graph shop.py -f svg -o docs/`"
    assert stepgraph("graph", "shop.py", "--check", "-f", "svg", "-o", "docs/") == Run(
        1, "", [f"docs/Orders.svg is out of date: {advice}", f"docs/Returns.svg is missing: {advice}"]
    )
    assert Path("docs/Orders.svg").read_text(encoding="utf-8") == "old"
    assert not Path("docs/Returns.svg").exists()


def test_missing_files_are_reported_and_not_created(stepgraph: Command) -> None:
    assert stepgraph("graph", "-o", "new/", "--check").messages == [
        "new/Orders.txt is missing: run `stepgraph graph -o new/`",
        "new/Returns.txt is missing: run `stepgraph graph -o new/`",
    ]
    assert stepgraph("graph", "-o", "new/all.txt", "--check").messages == [
        "new/all.txt is missing: run `stepgraph graph -o new/all.txt`"
    ]
    assert not Path("new").exists()


def test_the_command_is_quoted_for_a_shell(stepgraph: Command) -> None:
    assert stepgraph("graph", "-o", "all flows.txt", "--check").messages == [
        "all flows.txt is missing: run `stepgraph graph -o 'all flows.txt'`"
    ]


@pytest.mark.slow
def test_line_ends_of_a_checkout_do_not_matter(stepgraph: Command) -> None:
    stepgraph(*FOLDER)
    for path in Path("docs").iterdir():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert stepgraph(*FOLDER, "--check") == Run(0, "", [])


def test_other_files_in_the_folder_do_not_matter(stepgraph: Command) -> None:
    stepgraph(*FOLDER)
    write("docs/more.svg", "mine")
    assert stepgraph(*FOLDER, "--check").code == 0


def test_dates_in_json_do_not_matter(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    stepgraph(*FILE)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1800000000")
    assert stepgraph(*FILE, "--check") == Run(0, "", [])
    text = Path("shop.json").read_text(encoding="utf-8")
    Path("shop.json").write_text(text.replace("1 hour", "2 hours"), encoding="utf-8")
    assert stepgraph(*FILE, "--check").code == 1


def test_files_that_cannot_be_written_can_be_checked(stepgraph: Command) -> None:
    stepgraph(*FOLDER)
    for path in Path("docs").iterdir():
        path.chmod(0o400)
    Path("docs").chmod(0o500)
    try:
        assert stepgraph(*FOLDER, "--check") == Run(0, "", [])
    finally:
        Path("docs").chmod(0o700)


def test_a_directory_as_output_file_is_an_error(stepgraph: Command) -> None:
    Path("docs/Orders.svg").mkdir(parents=True)
    assert stepgraph(*FOLDER, "--check") == Run(
        2, "", ["stepgraph: docs/Orders.svg is not a regular file, so it cannot be compared."]
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_an_unreadable_file_is_an_error(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write("docs/Orders.svg", "old")

    opened = os.open

    def refuse(path: str, *rest: int) -> int:
        if str(path).endswith(".svg"):
            raise PermissionError
        return opened(path, *rest)

    monkeypatch.setattr(os, "open", refuse)
    assert stepgraph(*FOLDER, "--check") == Run(
        2, "", ["stepgraph: docs/Orders.svg cannot be read: permission denied."]
    )


def test_a_failed_input_fails_the_check_of_files(stepgraph: Command) -> None:
    stepgraph(*FOLDER)
    write("shop.py", SYNTAX_ERROR)
    assert stepgraph(*FOLDER, "--check").code == 2
    write("broken.py", SYNTAX_ERROR)
    write("shop.py", module(workflow("Orders", "rest")))
    run = stepgraph("graph", "shop.py", "broken.py", "-f", "svg", "-o", "docs/", "--check")
    assert run.code == 2
    assert run.messages[-1] == "stepgraph: docs/ was not checked because an input is unreadable or invalid."


def test_a_missing_graph_fails_the_check_of_files(stepgraph: Command) -> None:
    write("shop.py", module(workflow("Orders", "rest"), workflow("Empty")))
    run = stepgraph(*FOLDER, "--check")
    assert run.code == 1
    assert run.messages[-1] == (
        "stepgraph: docs/ was not checked because `Empty` has no graph. Select the other workflows with --workflow."
    )


@pytest.mark.parametrize("output", [[], ["-o", "-"]])
def test_check_requires_output(stepgraph: Command, output: list[str]) -> None:
    assert stepgraph("graph", "--check", *output) == Run(
        2,
        "",
        ["stepgraph: --check requires -o with the file or directory to compare. Try `stepgraph graph --help`."],
    )


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_an_inaccessible_file_is_not_missing(stepgraph: Command) -> None:
    Path("loop").symlink_to("loop")
    run = stepgraph("graph", "-o", "loop/all.txt", "--check")
    assert (run.code, len(run.messages)) == (2, 1)
    assert run.messages[0] == "stepgraph: loop/all.txt cannot be read: a symbolic link that leads back to itself."
