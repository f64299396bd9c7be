"""`--stdin-filename` reads an unsaved file from standard input, and all other files from disk."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.sources import IMPORT, module, workflow, write, write_orders

UNSAVED = module(workflow("Orders", "rest")).replace("1 hour", "5 min")
FINDING = "orders.py:6:34: SG205 unknown unit `min`: the engine reads '5 min' as 5 milliseconds.\n"
SUMMARY = "1 warning in 1 workflow, 1 fixable with --fix\n"
NO_FINDINGS = "no findings in 1 workflow\n"
MAIN = f"from lib.helper import work\n{module(workflow('Orders', 'rest'))}        await work(step)\n"
HELPER = "async def work(step):\n    await step.sleep('wait', '5 minutes')\n"

Buffer = Callable[[str], None]


@pytest.fixture
def buffer(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Buffer:  # noqa: ARG001 - the command runs there
    """Set the text on standard input."""

    def type_text(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    return type_text


@pytest.mark.parametrize("paths", [(), ("-",), ("orders.py",), (".",)])
def test_the_buffer_replaces_the_file(stepgraph: Command, buffer: Buffer, paths: tuple[str, ...]) -> None:
    write_orders()
    buffer(UNSAVED)
    run = stepgraph("check", "-f", "concise", "--stdin-filename", "orders.py", *paths)
    assert run.out == FINDING + SUMMARY


def test_the_file_need_not_exist(stepgraph: Command, buffer: Buffer) -> None:
    buffer(UNSAVED)
    assert stepgraph("check", "-f", "concise", "--stdin-filename", "orders.py").out == FINDING + SUMMARY


def test_the_file_on_disk_is_unchanged_and_not_cached(stepgraph: Command, buffer: Buffer) -> None:
    write_orders()
    buffer(UNSAVED)
    stepgraph("check", "--stdin-filename", "orders.py")
    assert stepgraph("check", "-f", "concise", "orders.py").out == NO_FINDINGS


@pytest.mark.slow
def test_an_imported_buffer_is_checked_with_the_project(stepgraph: Command, buffer: Buffer) -> None:
    write("orders.py", MAIN)
    write("lib/helper.py", HELPER)
    arguments = ("check", "-f", "concise", ".")
    assert stepgraph(*arguments).out == NO_FINDINGS
    buffer(HELPER.replace("minutes", "min"))
    run = stepgraph(*arguments, "--stdin-filename", "lib/helper.py")
    assert run.out.startswith("lib/helper.py:2:30: SG205 ")
    assert stepgraph(*arguments).out == NO_FINDINGS


def test_a_buffer_imports_files_of_its_project(stepgraph: Command, buffer: Buffer) -> None:
    write("lib/helper.py", HELPER)
    buffer(MAIN)
    run = stepgraph("graph", "--stdin-filename", "orders.py")
    assert re.findall("[●◔] ([a-z]+)", run.out) == ["rest", "wait"]


def test_the_settings_of_the_project_apply(stepgraph: Command, buffer: Buffer) -> None:
    write("pyproject.toml", '[tool.stepgraph]\nignore = ["SG205"]\n')
    buffer(UNSAVED)
    assert stepgraph("check", "-f", "concise", "--stdin-filename", "src/orders.py").out == NO_FINDINGS


def test_an_unsaved_configuration_selects_workflows(stepgraph: Command, buffer: Buffer) -> None:
    write_orders()
    buffer(
        'main = "orders.py"\ncompatibility_date = "2026-10-01"\n'
        '[[workflows]]\nname = "orders"\nclass_name = "Orders"\nbinding = "ORDERS"\n'
    )
    assert stepgraph("list", "--stdin-filename", "wrangler.toml").out.splitlines()[1].startswith("orders  Orders")


def test_a_directory_includes_a_workflow_of_the_buffer_only(stepgraph: Command, buffer: Buffer) -> None:
    write("orders.py", "import json\n")
    buffer(UNSAVED)
    run = stepgraph("check", "-f", "concise", "--stdin-filename", "orders.py", ".")
    assert run.out == FINDING + SUMMARY


def test_a_large_buffer_is_searched_as_well(stepgraph: Command, buffer: Buffer) -> None:
    write("orders.py", "#" * 100_000)
    buffer(UNSAVED + "#" * 100_000)
    run = stepgraph("check", "-f", "concise", "--stdin-filename", "orders.py", ".")
    assert run.out == FINDING + SUMMARY


@pytest.mark.slow
def test_diff_shows_the_fixes_of_the_buffer(stepgraph: Command, buffer: Buffer) -> None:
    buffer(UNSAVED)
    run = stepgraph("check", "--diff", "--stdin-filename", "orders.py")
    assert run.out.splitlines()[:2] == ["--- a/orders.py", "+++ b/orders.py"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--fix",), "--fix cannot change standard input. Use --diff to see the fixes."),
        (("--watch",), "--watch cannot read standard input again. Name files or directories."),
    ],
)
def test_options_that_need_files_are_rejected(
    stepgraph: Command, buffer: Buffer, options: tuple[str, ...], message: str
) -> None:
    write_orders()
    buffer(UNSAVED)
    run = stepgraph("check", *options, "--stdin-filename", "orders.py")
    assert run.code == 2
    assert run.messages[-1].startswith(f"stepgraph: {message}")
    assert Path("orders.py").read_text(encoding="utf-8") == module(workflow("Orders", "rest"))


def test_a_directory_is_rejected(stepgraph: Command, buffer: Buffer) -> None:
    buffer(IMPORT)
    run = stepgraph("check", "--stdin-filename", ".")
    assert run.code == 2
    assert "--stdin-filename requires the name of a file, not of a directory." in run.messages[-1]


def test_a_link_out_of_the_repository_is_rejected(
    stepgraph: Command, buffer: Buffer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.py"
    outside.write_text("", encoding="utf-8")
    Path(".git").mkdir()
    Path("link.py").symlink_to(outside)
    buffer(UNSAVED)
    run = stepgraph("check", "-f", "concise", "--stdin-filename", "link.py")
    assert run.code == 2
    assert "link.py: SG001 a symbolic link that leaves the repository." in run.out
