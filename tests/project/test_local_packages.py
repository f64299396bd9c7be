"""Packages of the repository on which a Worker depends."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph import analyze_paths
from stepgraph.project.local_packages import LocalPackages
from tests.project.trees import here, plant

BASE = """
from workers import WorkflowEntrypoint

class Flow(WorkflowEntrypoint):
    async def run(self, event, step):
        await self.work(step)
"""
MAIN = """
from flowkit.base import Flow

class Orders(Flow):
    async def work(self, step):
        await step.sleep("rest", 1)
"""
WRANGLER = 'main = "src/main.py"\nworkflows = [{name = "orders", binding = "ORDERS", class_name = "Orders"}]'
WORKSPACE = "[tool.uv.workspace]\nmembers = ['packages/*', 'apps/*']\n"
FILES = {
    "pyproject.toml": WORKSPACE,
    "packages/flow-kit/pyproject.toml": "[project]\nname = 'Flow_Kit'\n",
    "packages/flow-kit/src/flowkit/__init__.py": "",
    "packages/flow-kit/src/flowkit/base.py": BASE,
    "apps/shop/wrangler.toml": WRANGLER,
    "apps/shop/src/main.py": MAIN,
}
UV = "[tool.uv.sources]\nflow-kit = {source}\n"
POETRY = "[tool.poetry.{table}]\nflow-kit = {{ path = '../../packages/flow-kit', develop = true }}\n"
DECLARATIONS = {
    "member": UV.format(source="{ workspace = true }"),
    "path": UV.format(source="{ path = '../../packages/flow-kit', editable = true }"),
    "one of several": UV.format(source="[{ index = 'x' }, { path = '../../packages/flow-kit' }]"),
    "poetry": POETRY.format(table="dependencies"),
    "poetry group": POETRY.format(table="group.worker.dependencies"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    plant(tmp_path, FILES)
    return tmp_path


def declare(text: str) -> None:
    plant(Path(), {"apps/shop/pyproject.toml": text})


def steps() -> list[str]:
    """Return the names of the functions with steps of the workflow `Orders`."""
    workflow = next(each for each in analyze_paths(["."]).workflows if each.class_name == "Orders")
    assert workflow.complete
    assert workflow.graph is not None
    return list(workflow.graph["workflow"]["functions"])


def packages(folder: str = "apps/shop/") -> tuple[str, ...]:
    return LocalPackages().folders_of(folder, here())


@pytest.mark.parametrize("text", DECLARATIONS.values(), ids=DECLARATIONS)
def test_modules_of_local_packages_are_found(text: str) -> None:
    declare(text)
    assert packages() == ("packages/flow-kit/src/",)
    assert steps() == ["work"]


def test_packages_of_packages_are_found() -> None:
    declare(DECLARATIONS["member"])
    plant(Path(), {"packages/core/pyproject.toml": "[project]\nname = 'core'\n", "packages/core/core/__init__.py": ""})
    text = "[project]\nname = 'flow-kit'\n[tool.uv.sources]\ncore = { workspace = true }\nshop = { workspace = true }\n"
    plant(Path(), {"packages/flow-kit/pyproject.toml": text})
    assert packages() == ("packages/flow-kit/src/", "packages/core/")


def test_packages_of_a_worker_without_a_configuration() -> None:
    Path("apps/shop/wrangler.toml").unlink()
    declare(DECLARATIONS["path"])
    assert steps() == ["work"]


@pytest.mark.parametrize(
    "text",
    [
        "[project]\nname = 'shop'\n",
        UV.format(source="{ path = '../../packages/missing' }"),
        UV.format(source="{ path = '../../../' }"),
        UV.format(source="{ workspace = false }"),
        UV.format(source="{ git = 'https://example.com/flow-kit' }").replace("flow-kit =", "x ="),
        UV.format(source="{ path = 3 }"),
        "[tool.uv]\nsources = 3\n",
        "[tool.uv.sources]\nflow-kit = {",
    ],
)
def test_declarations_without_a_local_package(text: str) -> None:
    declare(text)
    assert packages() == ()


def test_directories_outside_the_root_are_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def is_directory(path: str) -> bool:
        seen.append(path)
        return True

    declare(f"[tool.uv.sources]\na = {{ path = '../../..' }}\nb = {{ path = '{tmp_path.parent}' }}\n")
    monkeypatch.setattr("os.path.isdir", is_directory)
    assert packages() == ()
    assert seen == []


def test_own_modules_take_precedence() -> None:
    declare(DECLARATIONS["member"])
    plant(Path(), {"apps/shop/src/flowkit/base.py": BASE.replace("self.work", "self.rest")})
    plant(Path(), {"apps/shop/src/main.py": MAIN.replace("work", "rest")})
    assert steps() == ["rest"]


def test_number_of_packages_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepgraph.project.local_packages.LOCAL_PACKAGES", 0)
    declare(DECLARATIONS["member"])
    assert packages() == ()


def test_missing_paths_are_inputs() -> None:
    declare(UV.format(source="{ path = '../../packages/missing' }"))
    search = LocalPackages()
    search.folders_of("apps/shop/", here())
    assert "packages/missing/" in search.inputs


def members(patterns: str) -> tuple[str, ...]:
    """Return the local packages of a project whose workspace has these patterns of members."""
    declare(f"{DECLARATIONS['member']}[tool.uv.workspace]\nmembers = {patterns}\n")
    return packages()


@pytest.mark.parametrize("pattern", ["[" * 100_000, "*a" * 50_000, "*/" * 50_000])
def test_long_patterns_of_members(pattern: str) -> None:
    plant(Path(), {f"apps/shop/{'d/' * 100}x.py": ""})
    assert members(f"['{pattern}']") == ()


def test_number_of_comparisons_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(Path(), {f"apps/shop/{name}/flow/pyproject.toml": "[project]\nname = 'flow-kit'\n" for name in "abc"})
    assert members("['./a/*', './b/*']") == ("apps/shop/a/flow/",)
    monkeypatch.setattr("stepgraph.project.local_packages._MAX_COMPARISONS", 2)
    assert members("['x', './c/*']") == ()


def test_long_patterns_count_several_times(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(Path(), {"apps/shop/a/flow/pyproject.toml": "[project]\nname = 'flow-kit'\n"})
    monkeypatch.setattr("stepgraph.project.local_packages._MAX_COMPARISONS", 100)
    assert members("['./b*/*', './a/*']") == ("apps/shop/a/flow/",)
    assert members(f"['./b{'*' * 3_200}/*', './a/*']") == ()


def test_size_of_files_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepgraph.project.local_packages.LOCAL_PACKAGE_BYTES", 10)
    declare(DECLARATIONS["path"])
    assert packages() == ()
