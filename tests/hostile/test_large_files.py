"""Oversized files and too many files are refused before they use memory or time."""

from __future__ import annotations

import io
import resource
import sys
from pathlib import Path

import pytest

from stepgraph.project import project, search, sources
from stepgraph.syntax import modules
from tests.hostile.conftest import Command

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sparse files need disk space there")

GIGABYTE = 1_000_000_000
ORDERS = """from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("rest", 1)
"""
SETTINGS = 'name = "w"\nmain = "entry.py"\n[[workflows]]\nname = "o"\nbinding = "O"\nclass_name = "Orders"\n'


def write(path: str, content: str, size: int) -> None:
    """Write a sparse file: the content, padded with null bytes to the size."""
    with Path(path).open("wb") as file:
        file.write(content.encode())
        file.truncate(size)


@pytest.mark.parametrize(
    ("name", "most"),
    [("entry.py", 5), ("wrangler.toml", 1), ("wrangler.json", 1), ("pyproject.toml", 1), ("known.json", 50)],
)
def test_a_file_that_is_too_large_is_refused(stepgraph: Command, name: str, most: int) -> None:
    Path("entry.py").write_text(ORDERS, encoding="utf-8")
    write(name, "", 3 * GIGABYTE)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    arguments = ("check", "entry.py", "--baseline", "known.json") if name == "known.json" else ("check", "entry.py")
    result = stepgraph(*arguments)
    assert f"larger than {most} MB, so it is not read." in result.out + result.err
    assert result.code == 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # kilobytes


def test_a_main_module_that_is_too_large_is_refused(stepgraph: Command) -> None:
    Path("wrangler.toml").write_text(SETTINGS, encoding="utf-8")
    write("entry.py", ORDERS, 5_000_001)
    result = stepgraph("graph", ".")
    assert result.err == "entry.py: larger than 5 MB, so it is not read. Omit it, or split it into smaller files.\n"
    assert result.code == 2


def test_an_import_that_is_too_large_is_reported(stepgraph: Command) -> None:
    source = ORDERS.replace("\n\n\n", "\nfrom big import rest\n\n\n").replace("step.sleep(", "rest(step, ")
    Path("entry.py").write_text(source, encoding="utf-8")
    write("big.py", "", 3 * GIGABYTE)
    result = stepgraph("graph", "entry.py")
    assert "big.py: larger than 5 MB, so it is not read." in result.err
    assert result.code == 2


def test_a_large_file_with_a_workflow_is_refused(stepgraph: Command) -> None:
    write("entry.py", "#" * 5_000_000 + "\n" + ORDERS, 6_000_000)
    assert stepgraph("graph", ".").err.startswith("entry.py: larger than 5 MB, so it is not read.")


@pytest.mark.slow
def test_large_data_without_a_workflow_is_skipped(stepgraph: Command) -> None:
    Path("entry.py").write_text(ORDERS, encoding="utf-8")
    write("data.py", "DATA = 1\n", 60_000_000)
    result = stepgraph("graph", ".")
    assert (result.code, result.err) == (0, "")


def test_a_file_too_large_to_search_is_reported(stepgraph: Command) -> None:
    Path("entry.py").write_text(ORDERS, encoding="utf-8")
    write("data.py", "DATA = 1\n", 3 * GIGABYTE)
    assert stepgraph("graph", ".").err.startswith("data.py: larger than 5 MB, so it is not read.")


@pytest.mark.slow
def test_all_large_files_together_are_searched_up_to_a_limit(stepgraph: Command) -> None:
    for number in range(6):
        write(f"data{number}.py", "DATA = 1\n", 60_000_000)
    lines = stepgraph("graph", ".").err.splitlines()
    assert [line.partition(":")[0] for line in lines] == [f"data{number}.py" for number in (4, 5)]


@pytest.mark.parametrize("arguments", [("check", "-"), ("graph", "-"), ("render", "-")])
def test_standard_input_without_end_is_refused(
    stepgraph: Command, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    most = 50 if arguments[0] == "render" else 5
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"#" * (most * 1_000_000 + 1))))
    result = stepgraph(*arguments)
    assert f"larger than {most} MB, so it is not read." in result.out + result.err
    assert result.code == 2


@pytest.mark.parametrize("command", [("render",), ("diff", "saved.json")])
def test_a_saved_graph_that_is_too_large_is_refused(stepgraph: Command, command: tuple[str, ...]) -> None:
    write("saved.json", "{}", 3 * GIGABYTE)
    result = stepgraph(*command, "saved.json")
    assert result.err.startswith("saved.json: larger than 50 MB, so it is not read.")


def test_a_file_to_be_compared_may_have_any_size(stepgraph: Command) -> None:
    Path("entry.py").write_text(ORDERS, encoding="utf-8")
    write("graph.json", "{}", 3 * GIGABYTE)
    result = stepgraph("graph", "entry.py", "-o", "graph.json", "--check")
    assert (result.code, result.err.startswith("graph.json is out of date")) == (1, True)


def test_a_file_larger_than_its_stated_size_is_refused(stepgraph: Command) -> None:
    result = stepgraph("graph", "/proc/self/mem")
    assert result.is_graceful
    assert result.code == 2


@pytest.mark.parametrize(
    ("limit", "unit"), [("SEARCHED_FILES", "Python files"), ("SEARCHED_ENTRIES", "files and directories")]
)
def test_too_many_files_are_not_searched(
    stepgraph: Command, monkeypatch: pytest.MonkeyPatch, limit: str, unit: str
) -> None:
    monkeypatch.setattr(search, limit, 10)
    for number in range(11):
        Path(f"entry{number}.py").write_text(ORDERS, encoding="utf-8")
    result = stepgraph("graph", ".")
    message = f".: contains more than 10 {unit}, so it is not searched. Name the directories of your projects.\n"
    assert (result.code, result.err) == (2, message)


def test_too_many_modules_with_workflows_are_not_read(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "READ_MODULES", 10)
    for number in range(11):
        Path(f"entry{number}.py").write_text(ORDERS, encoding="utf-8")
    result = stepgraph("graph", ".")
    what = "contains more than 10 modules with workflows, or 256 MB of them, so none is read."
    assert (result.code, result.err) == (2, f".: {what} Name the directories of your projects.\n")


def test_too_many_imported_modules_are_reported(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modules, "READ_MODULES", 2)
    imports = "\nfrom a import rest\nfrom b import nap\n\n\n"
    source = ORDERS.replace("\n\n\n", imports).replace("step.sleep(", "rest(step, ") + "        await nap(step, 1)\n"
    Path("entry.py").write_text(source, encoding="utf-8")
    for name, function in (("a", "rest"), ("b", "nap")):
        Path(f"{name}.py").write_text(
            f"async def {function}(step, *more):\n    await step.sleep('a', 1)\n", encoding="utf-8"
        )
    result = stepgraph("graph", "entry.py")
    advice = "Analyze the directories of your projects separately."
    assert (
        f"b.py: not read: the limit of a run is 2 modules, 256 MB or 20,000,000 tokens of them. {advice}" in result.err
    )
    assert result.code == 2


def test_too_many_configurations_are_not_read(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "CONFIGURATION_BYTES_IN_ALL", 2 * len(SETTINGS))
    for number in range(6):
        folder = Path(f"worker{number}")
        folder.mkdir()
        (folder / "wrangler.toml").write_text(SETTINGS, encoding="utf-8")
        (folder / "entry.py").write_text(ORDERS, encoding="utf-8")
    result = stepgraph("list", ".")
    message = "worker3/wrangler.toml: not read: the configurations have more than 0 MB in total."
    assert (result.code, result.err) == (2, f"{message} Name the directories of your projects.\n")
    assert result.out.count("Orders") == 3
