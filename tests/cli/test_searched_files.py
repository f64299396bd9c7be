"""The settings `include`, `exclude` and `extend-exclude` select the files that a search includes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.sources import module, workflow, write


@pytest.fixture(autouse=True)
def project(stepgraph: Command) -> None:  # noqa: ARG001 - it changes into the folder
    for path in ("src/a.py", "src/old/b.py", "old/c.py", "src/b_pb2.py", "node_modules/d.py"):
        write(path, module(workflow(path.replace("/", "_").removesuffix(".py").title(), "rest")))


def listed(stepgraph: Command, *paths: str) -> list[str]:
    run = stepgraph("list", *paths)
    assert run.code in {0, 3}
    return [line.split()[2].partition(":")[0] for line in run.out.splitlines()[1:]]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", ["old/c.py", "src/a.py", "src/b_pb2.py", "src/old/b.py"]),
        ('extend-exclude = ["old/"]', ["src/a.py", "src/b_pb2.py"]),
        ('extend-exclude = ["old"]', ["src/a.py", "src/b_pb2.py"]),
        ('extend-exclude = ["/old"]', ["src/a.py", "src/b_pb2.py", "src/old/b.py"]),
        ('extend-exclude = ["src/old"]', ["old/c.py", "src/a.py", "src/b_pb2.py"]),
        ('extend-exclude = ["*_pb2.py"]', ["old/c.py", "src/a.py", "src/old/b.py"]),
        ('extend-exclude = ["c.py/"]', ["old/c.py", "src/a.py", "src/b_pb2.py", "src/old/b.py"]),
        ('extend-exclude = ["src/**/*.py", "!src/a.py"]', ["old/c.py", "src/a.py"]),
        ('extend-exclude = ["[a-b]*.py"]', ["old/c.py"]),
        ('exclude = ["src"]', ["node_modules/d.py", "old/c.py"]),
        ('exclude = ["src"]\nextend-exclude = ["old"]', ["node_modules/d.py"]),
        ("exclude = []", ["node_modules/d.py", "old/c.py", "src/a.py", "src/b_pb2.py", "src/old/b.py"]),
        ('include = ["src/*.py"]', ["src/a.py", "src/b_pb2.py"]),
        ('include = ["src/**"]\nextend-exclude = ["old"]', ["src/a.py", "src/b_pb2.py"]),
    ],
)
def test_settings_select_the_searched_files(stepgraph: Command, settings: str, expected: list[str]) -> None:
    write("pyproject.toml", f"[tool.stepgraph]\n{settings}\n")

    assert listed(stepgraph) == expected


def test_patterns_are_relative_to_the_settings(stepgraph: Command) -> None:
    write("pyproject.toml", '[tool.stepgraph]\nextend-exclude = ["/src/old"]\n')

    assert listed(stepgraph, "src") == ["src/a.py", "src/b_pb2.py"]
    assert listed(stepgraph, "src/../src") == ["src/../src/a.py", "src/../src/b_pb2.py"]


def test_a_named_file_is_not_excluded(stepgraph: Command) -> None:
    write("pyproject.toml", '[tool.stepgraph]\nexclude = ["src"]\n')

    assert listed(stepgraph, "src/a.py") == ["src/a.py"]


def test_an_imported_module_is_not_excluded(stepgraph: Command) -> None:
    write("pyproject.toml", '[tool.stepgraph]\nexclude = ["shared.py"]\n')
    write("shared.py", "async def rest(step):\n    await step.sleep('rest', '1 hour')\n")
    source = (
        "from workers import WorkflowEntrypoint\n\nfrom shared import rest\n\n\nclass Orders(WorkflowEntrypoint):\n"
    )
    write("orders.py", f"{source}    async def run(self, event, step):\n        await rest(step)\n")

    assert stepgraph("graph", "orders.py").out.splitlines()[0].endswith("1 step · complete")


def test_an_excluded_configuration_deploys_nothing(stepgraph: Command) -> None:
    write("pyproject.toml", '[tool.stepgraph]\nextend-exclude = ["old"]\n')
    workflows = '"workflows": [{"name": "c", "binding": "C", "class_name": "Old_C"}]'
    write("old/wrangler.jsonc", f'{{"name": "old", "main": "c.py", {workflows}}}')

    assert listed(stepgraph) == ["src/a.py", "src/b_pb2.py"]


@pytest.mark.slow
def test_invalid_patterns_are_errors_of_each_command(stepgraph: Command) -> None:
    write("pyproject.toml", "[tool.stepgraph]\nexclude = 5\n")

    message = "pyproject.toml:2:11: `exclude` must be a list of strings, got a number."
    assert (stepgraph("list").messages, stepgraph("list").code) == ([message], 2)
    run = stepgraph("check", "-f", "concise")
    assert (run.out.splitlines()[0], run.code) == (message.replace("11: ", "11: SG003 "), 2)
    assert run.out.splitlines()[1] == "1 error in 4 workflows"


def test_an_unreadable_settings_file_is_reported_once(stepgraph: Command) -> None:
    write("pyproject.toml", "[tool.stepgraph\n")

    assert stepgraph("list").messages == [
        "pyproject.toml:1:16: not valid TOML: expected ']' at the end of a table declaration."
    ]
    assert stepgraph("check", "-f", "concise").out.splitlines()[1:] == ["1 error in 4 workflows"]


def test_long_patterns_are_refused(stepgraph: Command) -> None:
    write("pyproject.toml", f'[tool.stepgraph]\nexclude = ["{"*a" * 1_001}"]\n')

    assert stepgraph("list").messages == [
        "pyproject.toml:2:11: `exclude` has more than 2,000 characters, so it is ignored. Combine patterns."
    ]


@pytest.mark.slow
def test_git_agrees_on_patterns(stepgraph: Command, folder: Path) -> None:
    patterns = [
        "old",
        "/old",
        "src/old/",
        "*.py",
        "**/b*",
        "src/**",
        "!a.py",
        "[!a]*",
        "src/?.py",
        "s*/old",
        "\\!x",
        "a.py/",
    ]
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)  # noqa: S607 - git is git
    for pattern in patterns:
        write("pyproject.toml", f"[tool.stepgraph]\nexclude = ['node_modules', '*_pb2.py', '{pattern}']\n")
        ours = listed(stepgraph)
        write("pyproject.toml", "")
        write(".gitignore", f"node_modules\n*_pb2.py\n{pattern}\n")
        assert ours == listed(stepgraph), pattern
        Path(".gitignore").unlink()
