"""Unchanged inputs are served from the cache, but changed inputs never are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from stepgraph.analysis import DetailLevel
from stepgraph.cache.store import user_store
from stepgraph.cli.analysis import Cache
from stepgraph.project.sources import find_sources
from tests.cli import edited_projects as projects
from tests.cli.conftest import Command, Run
from tests.project.trees import plant

EXAMPLES = int(os.environ.get("STEPGRAPH_EXAMPLES", "60")) // 10
"""The number of edited projects: a tenth of the requested number, because each is analyzed many times."""

COMMANDS = (
    ("graph", "-f", "mermaid"),
    ("graph", "-f", "json"),
    ("list",),
    ("check", "-f", "text"),
    ("check", "-f", "json"),
    ("graph", "entry.py"),
)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_edits_give_the_result_of_a_run_without_cache(stepgraph: Command, folder: Path, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - the same each time
    projects.start(folder, random)
    for _ in range(8):
        command = random.choice(COMMANDS)
        plain = stepgraph(*command, "--no-cache")
        assert stepgraph(*command) == plain
        assert stepgraph(*command) == plain
        for _ in range(random.randrange(3)):
            projects.edit(folder, random)


@pytest.fixture
def project(folder: Path) -> Path:
    for name, text in projects.TEXTS.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text.format(number=1, digit=2), encoding="utf-8")
    return folder


def never() -> None:
    raise AssertionError("it was analysed again")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_unchanged_project_is_served_from_the_cache(
    stepgraph: Command, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    first = stepgraph(*command)
    monkeypatch.setattr("stepgraph.cli.analysis.analyze_graphs", lambda *_: never())
    assert stepgraph(*command) == first


@pytest.mark.usefixtures("project")
def test_no_cache_option_stores_nothing(stepgraph: Command, own_cache: Path) -> None:
    stepgraph("graph", "--no-cache")
    assert not own_cache.exists()


@pytest.mark.usefixtures("project")
def test_no_cache_variable_stores_nothing(stepgraph: Command, monkeypatch: pytest.MonkeyPatch, own_cache: Path) -> None:
    monkeypatch.setenv("STEPGRAPH_NO_CACHE", "1")
    stepgraph("graph")
    assert not own_cache.exists()


def test_an_invalid_value_of_the_no_cache_variable(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPGRAPH_NO_CACHE", "maybe")
    message = "invalid value `maybe` for STEPGRAPH_NO_CACHE: expected 1, true, yes, on, 0, false, no or off."
    assert stepgraph("graph") == Run(2, "", [f"stepgraph: {message} Try `stepgraph graph --help`."])


def changed(stepgraph: Command, path: Path, content: str | None) -> tuple[Run, Run]:
    """Return the results of a command before and after a file was changed or removed."""
    before = stepgraph("graph", "-f", "mermaid")
    assert stepgraph("graph", "-f", "mermaid") == before
    if content is None:
        path.unlink()
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    after = stepgraph("graph", "-f", "mermaid")
    assert after == stepgraph("graph", "-f", "mermaid", "--no-cache")
    return before, after


def test_an_edited_import_invalidates_the_entry(stepgraph: Command, project: Path) -> None:
    text = (project / "helpers.py").read_text(encoding="utf-8").replace("settle ", "set ")
    before, after = changed(stepgraph, project / "helpers.py", text)
    assert before != after


def test_a_shadowing_module_invalidates_the_entry(stepgraph: Command, project: Path) -> None:
    before, after = changed(stepgraph, project / "helpers" / "__init__.py", "async def settle(step): ...\n")
    assert before != after


def test_a_created_import_invalidates_the_entry(stepgraph: Command, project: Path) -> None:
    text = (project / "helpers.py").read_text(encoding="utf-8")
    (project / "helpers.py").unlink()
    before, after = changed(stepgraph, project / "helpers.py", text)
    assert before != after


@pytest.mark.slow
def test_an_unreadable_import_invalidates_the_entry(stepgraph: Command, project: Path) -> None:
    (project / "helpers.py").rename(project / "kept.txt")
    (project / "helpers.py").symlink_to("kept.txt")
    before, after = changed(stepgraph, project / "kept.txt", None)
    assert before != after


@pytest.mark.slow
def test_an_edited_configuration_invalidates_the_entry(stepgraph: Command, project: Path) -> None:
    before, after = changed(stepgraph, project / "wrangler.toml", None)
    assert before != after


@pytest.mark.slow
def test_a_new_derived_class_invalidates_the_entry(stepgraph: Command, project: Path) -> None:
    (project / "wrangler.toml").unlink()
    before, after = changed(stepgraph, project / "new.py", projects.ODD.format(number=7).replace("Odd", "New"))
    assert "odd 7" in after.out
    assert before != after


REGISTRY = """\
async def pick(step):
    await step.sleep("pick", 1)

JOBS = [pick]
"""
FLOW = """\
from workers import WorkflowEntrypoint
from flows.registry import JOBS

class Packing(WorkflowEntrypoint):
    async def run(self, event, step):
        for job in JOBS:
            await job(step)
"""
SERVER = "from flows.packing import Packing\nfrom flows.registry import JOBS, pick\nJOBS.append(pick)\n"


@pytest.mark.slow
@pytest.mark.parametrize("path", [".", "flows/packing.py"])
def test_a_new_main_module_invalidates_the_entry(stepgraph: Command, folder: Path, path: str) -> None:
    plant(folder, {"pyproject.toml": "", "flows/packing.py": FLOW, "flows/registry.py": REGISTRY, "app/a.py": ""})
    for text in (SERVER, SERVER.replace("append(pick)", "clear()"), "from flows.packing import Packing\n", ""):
        before = stepgraph("graph", path)
        assert stepgraph("graph", path) == before
        (folder / "app/server.py").write_text(text, encoding="utf-8")
        after = stepgraph("graph", path)
        assert after == stepgraph("graph", path, "--no-cache")
        assert (before != after) == (text != "")


@pytest.mark.slow
def test_a_new_local_package_invalidates_the_entry(stepgraph: Command, folder: Path) -> None:
    flow = FLOW.replace("flows.registry", "kit.registry")
    plant(folder, {"shop/pyproject.toml": "", "shop/packing.py": flow, "kit/pyproject.toml": "", "pyproject.toml": ""})
    plant(folder, {"kit/kit/registry.py": REGISTRY})
    before = stepgraph("graph")
    assert stepgraph("graph") == before
    plant(folder, {"shop/pyproject.toml": "[tool.uv.sources]\nkit = { path = '../kit' }\n"})
    after = stepgraph("graph")
    assert after == stepgraph("graph", "--no-cache")
    assert before != after
    plant(folder, {"kit/src/kit/registry.py": REGISTRY.replace('"pick"', '"choose"')})
    assert stepgraph("graph") == stepgraph("graph", "--no-cache") != after


@pytest.mark.slow
def test_environments_have_separate_entries(stepgraph: Command, project: Path) -> None:
    path = project / "wrangler.toml"
    path.write_text(path.read_text(encoding="utf-8") + '[env.live]\nname = "live"\nworkflows = []\n', encoding="utf-8")
    assert stepgraph("list") == stepgraph("list", "--no-cache")
    assert stepgraph("list", "--env", "live") == stepgraph("list", "--env", "live", "--no-cache")


@pytest.mark.usefixtures("project")
def test_an_update_of_stepgraph_invalidates_entries(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    stepgraph("graph")
    monkeypatch.setattr("stepgraph.cache.entry.installation_digest", lambda: "changed")
    monkeypatch.setattr("stepgraph.cli.analysis.analyze_graphs", lambda *_, **__: never())
    run = stepgraph("graph")
    assert run.code == 4
    assert "it was analysed again" in run.messages[0]


@pytest.mark.usefixtures("project")
def test_a_cached_drawing_is_not_compared(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    stepgraph("graph", "entry.py")
    cache, sources = Cache(user_store()), find_sources(["entry.py"])
    cached = cache.analyze(sources, ["entry.py"], DetailLevel.DRAWING)
    assert cached.workflows
    monkeypatch.setattr("stepgraph.cli.analysis.analyze_graphs", lambda *_, **__: never())
    assert cache.analyze(sources, ["entry.py"], DetailLevel.DRAWING) == cached
    with pytest.raises(AssertionError, match="analysed again"):
        cache.analyze(sources, ["entry.py"], DetailLevel.COMPARISON)


def test_a_cache_in_the_checkout_is_not_used(
    stepgraph: Command, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / ".git").mkdir()
    monkeypatch.setenv("STEPGRAPH_CACHE_DIR", str(project / ".cache"))
    assert stepgraph("graph") == stepgraph("graph", "--no-cache")
    assert not (project / ".cache").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("project")
def test_a_cache_hit_does_not_import_libcst(folder: Path) -> None:
    code = (
        "import sys\n"
        "from stepgraph.cli.main import main\n"
        "main(['graph', '-f', 'json', '-o', 'out.json'])\n"
        "print('libcst' in sys.modules)\n"
    )

    def run() -> str:
        done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert [run(), run()] == ["True", "False"]
