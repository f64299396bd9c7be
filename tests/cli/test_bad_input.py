"""Invalid input leads to one message, an exit code, and no output."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Run
from tests.cli.sources import SYNTAX_ERROR, module, refuse_to_open, workflow, write, write_orders
from tests.text_formats import TEXT_FORMATS

WORKFLOW_HINT = "A workflow is a class with a method `run` that derives from `workers.WorkflowEntrypoint`."
SKIPPED_HINT = "Hidden and excluded directories, virtual environments, and files ignored by git are skipped."
SAVE_AS_UTF_8 = "Save it as UTF-8, or name its encoding in the first line, as in `# coding: latin-1`."


@pytest.fixture(params=list(TEXT_FORMATS))
def graph(request: pytest.FixtureRequest, stepgraph: Command) -> Command:
    """Run `stepgraph graph` in each of its formats."""

    def run(*arguments: str) -> Run:
        return stepgraph("graph", "-f", str(request.param), *arguments)

    return run


def test_a_missing_file(graph: Command) -> None:
    assert graph("missing.py") == Run(
        2, "", ["missing.py: file not found. Paths are relative to the working directory."]
    )


def test_a_file_without_permission(graph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write_orders()
    refuse_to_open("orders.py", monkeypatch)
    assert graph("orders.py") == Run(2, "", ["orders.py: permission denied. Make it readable, or omit it."])


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in folders of Windows")
def test_a_pipe(graph: Command) -> None:
    os.mkfifo("pipe.py")
    assert graph("pipe.py") == Run(
        2, "", ["pipe.py: a pipe, not a file. To read from it, redirect it to standard input and pass `-`."]
    )


def test_bytes_that_are_not_utf_8(graph: Command) -> None:
    Path("a.py").write_bytes(b"x = 1\nname = '\xe9'\n")
    assert graph("a.py") == Run(2, "", [f"a.py:2:9: not UTF-8: byte 0xe9. {SAVE_AS_UTF_8}"])


def test_a_null_byte(graph: Command) -> None:
    Path("a.py").write_bytes(b"x = 1\n\0\n")
    assert graph("a.py") == Run(
        2, "", ["a.py:2:1: null byte, which Python source does not allow. Is this a binary file?"]
    )


def test_an_unknown_encoding(graph: Command) -> None:
    write("a.py", "# coding: nonsense\n")
    (stderr,) = graph("a.py").messages
    assert stderr.startswith("a.py:1:11: unknown encoding `nonsense` in the coding line.")


def test_a_syntax_error(graph: Command) -> None:
    write("a.py", SYNTAX_ERROR)
    run = graph("a.py")
    (stderr,) = run.messages
    assert (run.code, run.out) == (2, "")
    assert stderr.startswith("a.py:2:5: syntax error: ")


def test_a_folder_without_python(graph: Command) -> None:
    Path("empty").mkdir()
    assert graph("empty") == Run(
        3, "", [f"stepgraph: no workflow found in empty (0 Python files searched). {SKIPPED_HINT}"]
    )


def test_a_folder_without_workflows(graph: Command) -> None:
    write("a.py", "x = 1\n")
    assert graph() == Run(
        3, "", [f"stepgraph: no workflow found in the current directory (1 Python file searched). {WORKFLOW_HINT}"]
    )


def test_a_file_without_workflows(graph: Command) -> None:
    write("a.py", "x = 1\n")
    assert graph("a.py") == Run(3, "", [f"stepgraph: no workflow found in a.py. {WORKFLOW_HINT}"])


def test_standard_input_without_workflows(graph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x = 1")))
    assert graph("-") == Run(3, "", [f"stepgraph: no workflow found in standard input. {WORKFLOW_HINT}"])


def test_many_files_without_workflows_are_counted(graph: Command) -> None:
    names = [f"{letter}.py" for letter in "abcdef"]
    for name in names:
        write(name, "x = 1\n")
    assert graph(*names) == Run(3, "", [f"stepgraph: no workflow found in 6 paths. {WORKFLOW_HINT}"])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows refuses such names")
def test_control_characters_in_a_path_are_escaped(graph: Command) -> None:
    (stderr,) = graph("a\n\x1b[31m\u202e.py").messages
    assert stderr.startswith(r"a\n\x1b[31m\u202e.py: file not found.")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_invalid_unicode_in_a_path_is_escaped(graph: Command) -> None:
    (stderr,) = graph(os.fsdecode(b"\xff.py")).messages
    assert stderr.startswith(r"\udcff.py: file not found.")


def test_invalid_files_do_not_stop_valid_ones(stepgraph: Command) -> None:
    write("broken.py", SYNTAX_ERROR)
    write_orders()
    run = stepgraph("graph", "-f", "json", "missing.py", "broken.py", "orders.py")
    assert run.code == 2
    assert json.loads(run.out)["class_name"] == "Orders"
    assert [line.split(":")[0] for line in run.messages] == ["missing.py", "broken.py"]


def test_an_error_outranks_a_missing_graph(stepgraph: Command) -> None:
    write("orders.py", module(workflow("Orders")))
    assert stepgraph("graph", "missing.py", "orders.py").code == 2


@pytest.mark.parametrize(
    ("arguments", "begin", "end"),
    [
        (
            ["graph", "-f", "gif"],
            "invalid value `gif` for `--format`. Available: text, json,",
            "Try `stepgraph graph --help`.",
        ),
        (
            ["check", "-f", "md"],
            "invalid value `md` for `--format`. Did you mean `markdown`?",
            "Try `stepgraph check --help`.",
        ),
        (
            ["graph", "-f", "jsno"],
            "invalid value `jsno` for `--format`. Did you mean `json`?",
            "Try `stepgraph graph --help`.",
        ),
        (
            ["completion", "csh"],
            "invalid value `csh` for SHELL. Available: bash, zsh, fish.",
            "Try `stepgraph completion --help`.",
        ),
        (["graph", "--nonsense"], "unknown option `--nonsense`.", "Try `stepgraph graph --help`."),
        (["nonsense"], "unknown command `nonsense`. Available: check, completion, diff,", "Try `stepgraph --help`."),
        (["chek"], "unknown command `chek`. Did you mean `check`?", "Try `stepgraph --help`."),
        (["lst"], "unknown command `lst`. Did you mean `list`?", "Try `stepgraph --help`."),
        (["."], "unknown command `.`. Did you mean `stepgraph graph .`?", "Try `stepgraph --help`."),
    ],
)
def test_usage_errors(stepgraph: Command, arguments: list[str], begin: str, end: str) -> None:
    run = stepgraph(*arguments)
    (stderr,) = run.messages
    assert (run.code, run.out) == (2, "")
    assert stderr.startswith(f"stepgraph: {begin}")
    assert stderr.endswith(f" {end}")


def test_an_invalid_source_date_epoch(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write_orders()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    run = stepgraph("graph", "-f", "json")
    assert (run.code, run.out) == (2, "")
    assert run.messages[0].startswith("SOURCE_DATE_EPOCH: `yesterday` is not a number of seconds since 1970.")


@pytest.mark.parametrize("command", ["graph", "check", "list"])
def test_a_saved_graph_suggests_render(stepgraph: Command, command: str) -> None:
    write("saved.json", "{}")
    advice = "To draw a saved graph, run `stepgraph render saved.json`."
    assert stepgraph(command, "saved.json") == Run(2, "", [f"stepgraph: saved.json is JSON, not Python. {advice}"])


@pytest.mark.parametrize(("name", "language"), [("index.ts", "TypeScript"), ("index.mjs", "JavaScript")])
def test_a_javascript_module_is_not_python(stepgraph: Command, name: str, language: str) -> None:
    write(name, "export class Orders extends WorkflowEntrypoint {}")
    advice = "To draw a deployed JavaScript or TypeScript workflow, see `stepgraph render --help`."
    assert stepgraph("check", name) == Run(2, "", [f"stepgraph: {name} is {language}, not Python. {advice}"])


def test_a_drawing_as_input_suggests_the_output_option(stepgraph: Command) -> None:
    advice = "To write a drawing, use `stepgraph graph -o orders.svg`."
    assert stepgraph("graph", "orders.svg") == Run(2, "", [f"stepgraph: orders.svg is not a Python file. {advice}"])


def test_the_name_of_a_workflow_as_path_suggests_an_option(stepgraph: Command) -> None:
    advice = "To select a workflow, use `--workflow Orders`."
    assert stepgraph("graph", "Orders") == Run(2, "", [f"Orders: file not found. {advice}"])
