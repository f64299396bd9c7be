"""Which modules the paths that someone names stand for."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from stepgraph.model.note import Problem
from stepgraph.project.sources import Source, find_sources
from tests.project.trees import WORKFLOW, plant

CONTENT = WORKFLOW.encode()


@pytest.fixture(autouse=True)
def in_the_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def give_standard_input(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_below_a_folder_only_modules_that_speak_of_workflows_are_taken(tmp_path: Path) -> None:
    plant(tmp_path, {"src/a.py": "x = 1", "src/b.py": WORKFLOW})
    sources = find_sources(["src"])
    assert sources.modules == [Source("src/b.py", CONTENT)]
    assert list(sources.searched) == ["src/a.py", "src/b.py"]


def test_a_file_that_is_named_is_always_taken(tmp_path: Path) -> None:
    plant(tmp_path, {"a.txt": "x = 1"})
    assert find_sources(["a.txt"]).modules == [Source("a.txt", b"x = 1")]


def test_paths_may_be_path_objects(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": WORKFLOW})
    assert find_sources([Path("a.py")]).modules == [Source("a.py", CONTENT)]


def test_modules_come_in_the_order_of_the_paths(tmp_path: Path) -> None:
    plant(tmp_path, {"a/z.py": WORKFLOW, "b.py": WORKFLOW, "c/y.py": WORKFLOW})
    assert [module.path for module in find_sources(["c", "b.py", "a"]).modules] == ["c/y.py", "b.py", "a/z.py"]


def test_a_module_that_is_reached_twice_is_taken_once_under_its_first_name(tmp_path: Path) -> None:
    plant(tmp_path, {"src/a.py": WORKFLOW})
    (tmp_path / "src/link.py").symlink_to("a.py")
    assert [module.path for module in find_sources(["./src/a.py", "src", "src/link.py"]).modules] == ["./src/a.py"]


def test_a_file_that_is_named_is_taken_even_if_its_folder_passed_it_over(tmp_path: Path) -> None:
    plant(tmp_path, {"src/a.py": "x = 1"})
    assert [module.path for module in find_sources(["src", "src/a.py"]).modules] == ["src/a.py"]


def test_what_cannot_be_read_is_a_problem_and_the_rest_is_taken(tmp_path: Path) -> None:
    plant(tmp_path, {"b.py": WORKFLOW})
    sources = find_sources(["missing.py", "b.py"])
    assert [problem.path for problem in sources.problems] == ["missing.py"]
    assert [module.path for module in sources.modules] == ["b.py"]


def test_below_a_folder_a_module_that_is_no_text_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(CONTENT + b"# \xe9")
    (problem,) = find_sources(["."]).problems
    assert (problem.path, problem.line, problem.column) == ("a.py", 7, 3)


def test_below_a_folder_bytes_without_workflows_are_nobodys_business(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"# \xe9")
    assert find_sources(["."]).problems == []


def test_an_empty_folder_gives_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    sources = find_sources(["empty"])
    assert (sources.modules, sources.problems, sources.searched) == ([], [], {})


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    give_standard_input(monkeypatch, CONTENT)
    assert find_sources(["-"]).modules == [Source("<stdin>", CONTENT, on_disk=False)]


def test_standard_input_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    give_standard_input(monkeypatch, CONTENT)
    assert len(find_sources(["-", "-"]).modules) == 1


def test_standard_input_that_is_no_text_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    give_standard_input(monkeypatch, b"x\0")
    (problem,) = find_sources(["-"]).problems
    assert (problem.path, problem.line, problem.column) == ("<stdin>", 1, 2)


def test_closed_standard_input_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert find_sources(["-"]).problems == [
        Problem("<stdin>", "standard input is closed.", "Name a file instead of `-`.")
    ]
