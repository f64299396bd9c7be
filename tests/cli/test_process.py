"""The command as a process: streams, locales, closed pipes, imports."""

from __future__ import annotations

import importlib
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stepgraph.cli.formats import REPORT_FORMATS
from stepgraph.cli.main import main
from tests.cli.sources import module, workflow, write, write_orders

on_unix = pytest.mark.skipif(sys.platform == "win32", reason="done with a shell")


@pytest.fixture(autouse=True)
def in_the_folder(folder: Path) -> Path:
    return folder


def stepgraph(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "stepgraph", *arguments]
    return subprocess.run(command, check=False, capture_output=True, env={**os.environ, **environment})


def in_shell(line: str) -> subprocess.CompletedProcess[bytes]:
    command = line.replace("stepgraph", f"{sys.executable} -m stepgraph")
    return subprocess.run(["sh", "-c", command], check=False, capture_output=True)  # noqa: S607


@pytest.mark.slow
def test_the_version_is_printed() -> None:
    assert stepgraph("--version").stdout.split() == [b"stepgraph", b"0.1.0"]


@pytest.mark.slow
def test_the_schema_is_printed() -> None:
    run = stepgraph("schema")
    assert run.returncode == 0
    assert run.stdout.startswith(b'{\n  "$schema": "https://json-schema.org/draft/2020-12/schema"')


@pytest.mark.parametrize("kind", ["check", "diff", "instance", "replay", "why"])
def test_the_schema_of_a_report_is_printed(kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", kind]) == 0
    assert f'"title": "Report of stepgraph {kind}"' in capfd.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--help"], "3  no workflow found"),
        (["check", "--help"], "3  no workflow found"),
        (["diff", "--help"], "3  no workflow in either version"),
    ],
)
def test_help_lists_the_exit_codes(arguments: list[str], line: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    assert line in capfd.readouterr().out


@pytest.mark.slow
def test_output_is_utf_8_whatever_the_locale() -> None:
    run = stepgraph("graph", "注文.py", LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="1")
    assert run.stderr.startswith("注文.py: file not found.".encode())


@pytest.mark.slow
@on_unix
def test_a_closed_pipe_is_not_an_error() -> None:
    run = in_shell("(stepgraph schema; echo $? >&2) | true")
    assert (run.stdout, run.stderr) == (b"", b"0\n")


@pytest.mark.slow
@on_unix
def test_a_full_disk_is_an_error() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs a device that is always full")
    run = in_shell("stepgraph completion bash > /dev/full")
    assert run.returncode == 2
    assert run.stderr == b"stepgraph: standard output cannot be written: no space left on device.\n"


@pytest.mark.slow
@on_unix
def test_closed_standard_output_is_an_error() -> None:
    run = in_shell("stepgraph completion bash >&-")
    assert (run.returncode, run.stderr) == (2, b"stepgraph: standard output is closed.\n")


@pytest.mark.slow
@on_unix
def test_closed_standard_error_is_ignored() -> None:
    assert in_shell("stepgraph graph missing.py 2>&-").returncode == 2


def test_a_broken_standard_error_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    class ClosedStream(io.BytesIO):
        def write(self, _text: object, /) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(ClosedStream()))
    assert main(["graph", "missing.py"]) == 2


def test_importing_main_runs_nothing() -> None:
    assert importlib.import_module("stepgraph.__main__").__doc__ is not None


@on_unix
def test_closed_standard_input_is_an_error() -> None:
    run = in_shell("stepgraph graph - <&-")
    assert run.returncode == 2
    assert run.stderr == b"<stdin>: standard input is closed. Name a file instead of `-`.\n"


@pytest.mark.slow
@pytest.mark.skipif("COVERAGE_PROCESS_CONFIG" in os.environ, reason="what measures coverage imports more")
def test_no_workflows_import_no_library() -> None:
    write("a.py", "x = 1\n")
    run = stepgraph("graph", PYTHONPROFILEIMPORTTIME="1")
    imported = {line.rsplit(b"|", 1)[-1].strip().decode() for line in run.stderr.splitlines() if b"|" in line}
    assert "click" in imported
    assert imported.isdisjoint({"libcst", "pydantic", "networkx", "graphviz", "subprocess", "pathlib"})


@pytest.mark.slow
def test_reports_do_not_import_pydantic() -> None:
    write_orders()
    checks = "".join(f"assert main(['check', '-f', '{name}']) == 0\n" for name in REPORT_FORMATS)
    code = f"import sys\nfrom stepgraph.cli.main import main\n{checks}print(*sys.modules, file=sys.stderr)"
    imported = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stderr.decode().split()
    assert "libcst" in imported
    assert set(imported).isdisjoint({"pydantic", "networkx", "graphviz"})


@pytest.mark.slow
@on_unix
@pytest.mark.parametrize("arguments", ["graph", "check", "list", "diff", "graph /entry.py -o x.svg"])
def test_a_deleted_directory_is_an_error(tmp_path: Path, arguments: str) -> None:
    (tmp_path / "deleted").mkdir()
    run = in_shell(f"cd {tmp_path}/deleted && rmdir ../deleted && stepgraph {arguments}")
    assert (run.returncode, run.stdout) == (2, b"")
    assert run.stderr.splitlines()[-1] in (
        b"stepgraph: the current directory no longer exists. Change to another one.",
        b"/entry.py: file not found.",
    )


@pytest.mark.slow
@on_unix
@pytest.mark.parametrize("arguments", ["--help", "--version", "check --help"])
def test_help_on_a_full_disk_is_an_error(arguments: str) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs a device that is always full")
    run = in_shell(f"stepgraph {arguments} >/dev/full")
    assert run.returncode == 2
    assert run.stderr == b"stepgraph: standard output cannot be written: no space left on device.\n"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits address space")
@pytest.mark.parametrize(("kilobytes", "code"), [(200_000, 2), (450_000, 0), (900_000, 0)])
def test_memory_limits(kilobytes: int, code: int) -> None:
    write_orders()
    run = in_shell(f"ulimit -v {kilobytes}; stepgraph check --no-cache orders.py")
    assert run.returncode == code
    message = b"stepgraph: not enough memory for a stack of 64 MB. Raise its limit, as with `ulimit -v`.\n"
    assert run.stderr == (message if code else b"")


@pytest.mark.slow
def test_a_run_can_start_in_another_directory() -> None:
    write("worker/orders.py", module(workflow("Orders", "rest")))
    run = stepgraph("-C", "worker", "list")
    assert run.stdout.splitlines()[1].split()[2] == b"orders.py:4"
    missing = stepgraph("-C", "nowhere", "list")
    assert missing.returncode == 2
    assert missing.stderr.startswith(b"stepgraph: cannot change to the directory `nowhere`: no such file or directory.")
