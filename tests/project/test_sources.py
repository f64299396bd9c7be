"""The modules at paths that the user named."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from stepgraph import analyze_paths
from stepgraph.model.note import Problem
from stepgraph.project.configuration.wrangler import ConfiguredWorkflow
from stepgraph.project.sources import ExternalWorkflow, Source, Sources, find_sources
from tests.project.trees import WORKFLOW, plant

CONTENT = WORKFLOW.encode()


@pytest.fixture(autouse=True)
def in_the_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def set_standard_input(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_a_folder_yields_only_modules_with_workflows(tmp_path: Path) -> None:
    plant(tmp_path, {"src/a.py": "x = 1", "src/b.py": WORKFLOW})
    sources = find_sources(["src"])
    assert sources.modules == [Source("src/b.py", CONTENT)]
    assert list(sources.searched) == ["src/a.py", "src/b.py"]


def test_a_named_file_is_always_included(tmp_path: Path) -> None:
    plant(tmp_path, {"a.txt": "x = 1"})
    assert find_sources(["a.txt"]).modules == [Source("a.txt", b"x = 1")]


def test_paths_may_be_path_objects(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": WORKFLOW})
    assert find_sources([Path("a.py")]).modules == [Source("a.py", CONTENT)]


def test_modules_come_in_the_order_of_the_paths(tmp_path: Path) -> None:
    plant(tmp_path, {"a/z.py": WORKFLOW, "b.py": WORKFLOW, "c/y.py": WORKFLOW})
    assert [module.path for module in find_sources(["c", "b.py", "a"]).modules] == ["c/y.py", "b.py", "a/z.py"]


def test_a_module_is_included_once_under_its_first_path(tmp_path: Path) -> None:
    plant(tmp_path, {"src/a.py": WORKFLOW})
    (tmp_path / "src/link.py").symlink_to("a.py")
    assert [module.path for module in find_sources(["./src/a.py", "src", "src/link.py"]).modules] == ["./src/a.py"]


def test_a_named_file_is_included_if_its_folder_skips_it(tmp_path: Path) -> None:
    plant(tmp_path, {"src/a.py": "x = 1"})
    assert [module.path for module in find_sources(["src", "src/a.py"]).modules] == ["src/a.py"]


def test_an_unreadable_file_does_not_hide_the_others(tmp_path: Path) -> None:
    plant(tmp_path, {"b.py": WORKFLOW})
    sources = find_sources(["missing.py", "b.py"])
    assert [problem.path for problem in sources.problems] == ["missing.py"]
    assert [module.path for module in sources.modules] == ["b.py"]


def test_an_undecodable_workflow_module_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(CONTENT + b"# \xe9")
    (problem,) = find_sources(["."]).problems
    assert (problem.path, problem.line, problem.column) == ("a.py", 7, 3)


def test_an_undecodable_file_without_workflows_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"# \xe9")
    assert find_sources(["."]).problems == []


def test_an_empty_folder_has_no_modules(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    sources = find_sources(["empty"])
    assert (sources.modules, sources.problems, sources.searched) == ([], [], {})


def test_a_dash_means_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    set_standard_input(monkeypatch, CONTENT)
    assert find_sources(["-"]).modules == [Source("<stdin>", CONTENT, on_disk=False)]


def test_standard_input_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_standard_input(monkeypatch, CONTENT)
    assert len(find_sources(["-", "-"]).modules) == 1


def test_undecodable_standard_input_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    set_standard_input(monkeypatch, b"x\0")
    (problem,) = find_sources(["-"]).problems
    assert (problem.path, problem.line, problem.column) == ("<stdin>", 1, 2)


def test_closed_standard_input_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert find_sources(["-"]).problems == [
        Problem("<stdin>", "standard input is closed.", "Name a file instead of `-`.")
    ]


def test_unreadable_standard_input_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    class Folder(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise IsADirectoryError(errno.EISDIR, "Is a directory")

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Folder()))
    assert find_sources(["-"]).problems == [Problem("<stdin>", "standard input cannot be read: is a directory.")]


ORDERS = '"workflows": [{"binding": "ORDERS", "name": "orders", "class_name": "Orders"}]'
CONFIGURATION = f'{{"name": "shop", "main": "src/entry.py", {ORDERS}}}'


def paths(sources: Sources) -> list[str]:
    return [module.path for module in sources.modules]


def messages_of(problems: Sequence[Problem]) -> list[str]:
    return [str(problem) for problem in problems]


def test_a_project_yields_its_main_module_and_workflows(tmp_path: Path) -> None:
    plant(tmp_path, {"wrangler.jsonc": CONFIGURATION, "src/entry.py": WORKFLOW, "src/other.py": WORKFLOW})
    (source,) = find_sources(["."]).modules
    assert source.path == "src/entry.py"
    assert source.project.name == "shop"
    assert source.workflows is not None
    assert [workflow.name for workflow in source.workflows] == ["orders"]


def test_the_main_module_need_not_name_the_base_class(tmp_path: Path) -> None:
    plant(tmp_path, {"wrangler.jsonc": CONFIGURATION, "src/entry.py": "from orders import Orders"})
    assert paths(find_sources(["."])) == ["src/entry.py"]


def test_projects_below_a_folder_are_sorted_by_path(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "apps/b/wrangler.toml": '[[workflows]]\nname = "b"\nclass_name = "Orders"\n[env]\n',
            "apps/a/wrangler.jsonc": CONFIGURATION,
            "apps/a/src/entry.py": WORKFLOW,
            "scripts/orders.py": WORKFLOW,
            "wrangler.json": CONFIGURATION,
            "src/entry.py": WORKFLOW,
        },
    )
    sources = find_sources(["."])
    assert paths(sources) == ["src/entry.py", "apps/a/src/entry.py"]
    assert [problem.path for problem in sources.problems] == ["apps/b/wrangler.toml"]


def test_wranglers_choice_among_configurations_is_used(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "wrangler.toml": 'main = "c.py"\n',
            "wrangler.jsonc": f'{{"main": "b.py", {ORDERS}}}',
            "wrangler.json": f'{{"main": "a.py", {ORDERS}}}',
            "a.py": WORKFLOW,
            "b.py": WORKFLOW,
        },
    )
    assert paths(find_sources(["."])) == ["a.py"]


def test_without_configured_workflows_classes_are_searched(tmp_path: Path) -> None:
    plant(tmp_path, {"wrangler.jsonc": '{"name": "shop", "main": "src/entry.py"}', "src/orders.py": WORKFLOW})
    (source,) = find_sources(["."]).modules
    assert (source.path, source.workflows, source.project.name) == ("src/orders.py", None, "shop")


def test_two_workers_may_share_a_main_module(tmp_path: Path) -> None:
    shared = f'{{"main": "../entry.py", {ORDERS}}}'
    plant(tmp_path, {"a/wrangler.jsonc": shared, "b/wrangler.jsonc": shared, "entry.py": WORKFLOW})
    assert paths(find_sources(["."])) == ["entry.py", "entry.py"]


def test_a_project_named_twice_is_included_once(tmp_path: Path) -> None:
    plant(tmp_path, {"a/wrangler.jsonc": CONFIGURATION, "a/src/entry.py": WORKFLOW})
    assert paths(find_sources(["a", "./a", "a/src/entry.py", "."])) == ["a/src/entry.py"]


def test_workflows_of_another_worker_are_external(tmp_path: Path) -> None:
    entry = '{"name": "bill", "class_name": "Billing", "script_name": "billing", "binding": "BILL"}'
    plant(tmp_path, {"app/wrangler.jsonc": f'{{"name": "shop",\n "workflows": [{entry}]}}'})
    sources = find_sources(["app"])
    workflow = ConfiguredWorkflow("bill", "Billing", 2, 47, script_name="billing")
    assert sources.external == [ExternalWorkflow(workflow, "app/wrangler.jsonc")]
    assert (sources.modules, sources.problems) == ([], [])


def test_a_missing_main_module_is_reported_at_its_name(tmp_path: Path) -> None:
    plant(tmp_path, {"wrangler.jsonc": CONFIGURATION, "src/other.py": WORKFLOW})
    sources = find_sources(["."])
    assert sources.modules == []
    assert messages_of(sources.problems) == [
        (
            "wrangler.jsonc:1:26: `main` is `src/entry.py`, which does not exist. "
            "Correct the path, which is relative to the configuration."
        )
    ]


def test_a_javascript_main_module_is_skipped_with_a_hint(tmp_path: Path) -> None:
    plant(tmp_path, {"wrangler.jsonc": f'{{"main": "src/index.ts", {ORDERS}}}', "src/index.ts": ""})
    sources = find_sources(["."])
    assert (sources.modules, sources.problems) == ([], [])
    assert messages_of(sources.hints) == [
        "wrangler.jsonc:1:10: `main` is `src/index.ts`, which is not a Python module. Its workflows are not analyzed."
    ]


@pytest.mark.parametrize(
    ("name", "text", "example"),
    [
        ("wrangler.jsonc", f"{{{ORDERS}}}", '"main": "src/entry.py"'),
        (
            "wrangler.toml",
            '[[workflows]]\nname = "orders"\nclass_name = "Orders"\nbinding = "A"\n',
            'main = "src/entry.py"',
        ),
    ],
)
def test_a_project_without_main_is_a_problem(tmp_path: Path, name: str, text: str, example: str) -> None:
    plant(tmp_path, {name: text, "src/entry.py": WORKFLOW})
    (message,) = messages_of(find_sources(["."]).problems)
    assert message == (
        f"{name}:1:1: `main` is missing. It names the module with the workflow classes. Add it, as in `{example}`."
    )


def test_main_below_a_workflow_in_toml_is_a_problem(tmp_path: Path) -> None:
    text = '[[workflows]]\nname = "orders"\nclass_name = "Orders"\nbinding = "A"\nmain = "src/entry.py"\n'
    plant(tmp_path, {"wrangler.toml": text, "src/entry.py": WORKFLOW})
    assert messages_of(find_sources(["."]).problems) == [
        (
            "wrangler.toml:5:8: `main` is below `[[workflows]]`, so it is a field of this workflow. Move it above the"
            " first line in brackets."
        )
    ]


def test_an_undecodable_main_module_hides_no_other_project(tmp_path: Path) -> None:
    plant(tmp_path, {f"{name}/wrangler.jsonc": CONFIGURATION for name in "ab"})
    plant(tmp_path, {"a/src/entry.py": WORKFLOW, "b/src/entry.py": WORKFLOW})
    (tmp_path / "a/src/entry.py").write_bytes(b"# \xe9")
    sources = find_sources(["."])
    assert paths(sources) == ["b/src/entry.py"]
    assert [problem.location for problem in sources.problems] == ["a/src/entry.py:1:3"]


def test_a_broken_configuration_hides_no_other_project(tmp_path: Path) -> None:
    plant(tmp_path, {"a/wrangler.jsonc": "{", "b/wrangler.jsonc": CONFIGURATION, "b/src/entry.py": WORKFLOW})
    sources = find_sources(["."])
    assert paths(sources) == ["b/src/entry.py"]
    assert [problem.location for problem in sources.problems] == ["a/wrangler.jsonc:1:2"]


def test_a_file_belongs_to_the_nearest_configuration(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "wrangler.jsonc": '{"name": "top"}',
            "apps/shop/wrangler.jsonc": '{"name": "shop"}',
            "apps/shop/src/deep/a.py": WORKFLOW,
            "tools/b.py": WORKFLOW,
        },
    )
    sources = find_sources(["apps/shop/src/deep/a.py", "tools/b.py"])
    assert [module.project.name for module in sources.modules] == ["shop", "top"]


def test_a_configuration_above_the_working_directory_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, {"wrangler.jsonc": '{"name": "shop"}', "src/a.py": WORKFLOW})
    monkeypatch.chdir(tmp_path / "src")
    (source,) = find_sources(["a.py"]).modules
    assert source.project.name == "shop"
    assert source.project.configuration is not None
    assert source.project.configuration.path == "../wrangler.jsonc"


def test_a_configuration_outside_the_repository_is_ignored(tmp_path: Path) -> None:
    plant(tmp_path, {"wrangler.jsonc": '{"name": "shop"}', "repository/.git/HEAD": "", "repository/a.py": WORKFLOW})
    assert [module.project.name for module in find_sources(["repository/a.py"]).modules] == [""]


def test_a_named_file_is_added_to_configured_modules(tmp_path: Path) -> None:
    plant(tmp_path, {"wrangler.jsonc": CONFIGURATION, "src/entry.py": WORKFLOW, "src/other.py": WORKFLOW})
    (source,) = find_sources(["src/other.py"]).modules
    assert (source.path, source.workflows) == ("src/other.py", None)


def test_the_environment_selects_the_workflows(tmp_path: Path) -> None:
    environments = '{"test": {"workflows": [{"binding": "A", "name": "orders-test", "class_name": "Orders"}]}}'
    text = f'{{"main": "a.py", {ORDERS}, "env": {environments}}}'
    plant(tmp_path, {"wrangler.jsonc": text, "a.py": WORKFLOW})
    (source,) = find_sources(["."], "test").modules
    assert source.workflows is not None
    assert [workflow.name for workflow in source.workflows] == ["orders-test"]


def test_an_environment_without_workflows_yields_a_hint(tmp_path: Path) -> None:
    text = f'{{"main": "a.py", {ORDERS}, "env": {{"test": {{}}}}}}'
    plant(tmp_path, {"wrangler.jsonc": text, "a.py": WORKFLOW})
    sources = find_sources(["."], "test")
    assert (sources.modules, sources.problems) == ([], [])
    assert [hint.path for hint in sources.hints] == ["wrangler.jsonc"]


def ignoring(folder: Path, *patterns: str) -> None:
    """Make a folder a repository with ignore patterns."""
    git(folder, "init", "-q")
    (folder / ".gitignore").write_text("\n".join(patterns), encoding="utf-8")


def git(folder: Path, *arguments: str) -> None:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, env=environment)  # noqa: S607


def test_files_that_git_ignores_are_skipped(tmp_path: Path) -> None:
    plant(tmp_path, {"build/a.py": WORKFLOW, "src/b.py": WORKFLOW, "src/copy.py": WORKFLOW})
    ignoring(tmp_path, "build/", "copy.py")
    assert paths(find_sources(["."])) == ["src/b.py"]


def test_tracked_files_are_not_ignored(tmp_path: Path) -> None:
    plant(tmp_path, {"build/a.py": WORKFLOW})
    ignoring(tmp_path, "build/")
    git(tmp_path, "add", "-f", "build/a.py")
    assert paths(find_sources(["."])) == ["build/a.py"]


def test_a_configuration_that_git_ignores_is_skipped(tmp_path: Path) -> None:
    plant(tmp_path, {"build/wrangler.jsonc": CONFIGURATION, "build/src/entry.py": WORKFLOW, "src/b.py": WORKFLOW})
    ignoring(tmp_path, "build")
    assert paths(find_sources(["."])) == ["src/b.py"]


def test_a_nested_repository_decides_about_its_own_files(tmp_path: Path) -> None:
    plant(tmp_path, {"inner/a.py": WORKFLOW, "inner/copy.py": WORKFLOW, "outer/build/b.py": WORKFLOW})
    ignoring(tmp_path, "build/")
    ignoring(tmp_path / "inner", "copy.py")
    assert paths(find_sources(["."])) == ["inner/a.py"]


def test_a_named_folder_is_searched_even_if_git_ignores_it(tmp_path: Path) -> None:
    plant(tmp_path, {"build/a.py": WORKFLOW})
    ignoring(tmp_path, "build/")
    assert paths(find_sources(["build"])) == ["build/a.py"]


def test_a_named_file_is_included_even_if_git_ignores_it(tmp_path: Path) -> None:
    plant(tmp_path, {"build/a.py": WORKFLOW})
    ignoring(tmp_path, "build/")
    assert paths(find_sources(["build/a.py"])) == ["build/a.py"]


def test_global_ignore_patterns_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, {"src/a.py": WORKFLOW, "home/config": f"[core]\nexcludesFile = {tmp_path}/home/ignore\n"})
    plant(tmp_path, {"home/ignore": "a.py\n"})
    ignoring(tmp_path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "home/config"))
    assert paths(find_sources(["src"])) == ["src/a.py"]


BASE = """\
from workers import WorkflowEntrypoint


class Base(WorkflowEntrypoint):
    pass
"""
DERIVED = """\
class {name}({base}):
    async def run(self, event, step):
        await step.sleep("rest", "1 hour")
"""


def workflows_in(*names: str) -> list[tuple[str, str]]:
    """Return the paths and classes of all workflows."""
    analysis = analyze_paths(names or ["."])
    assert analysis.problems == ()
    return [(workflow.span.path, workflow.class_name) for workflow in analysis.workflows]


def test_classes_that_derive_from_a_projects_base_are_found(tmp_path: Path) -> None:
    derived = DERIVED.format(name="Orders", base="Base")
    plant(tmp_path, {"base.py": BASE, "orders.py": f"from base import Base\n{derived}", "other.py": "class Other: ..."})
    assert workflows_in() == [("orders.py", "Orders")]


@pytest.mark.parametrize("declared", ["class Größe(Base):", "class Orders[T: int](\n    Base,\n):"])
def test_every_form_of_class_statement_is_found(tmp_path: Path, declared: str) -> None:
    body = DERIVED.split("\n", 1)[1]
    plant(tmp_path, {"base.py": BASE, "orders.py": f"from base import Base\n\n\n{declared}\n{body}"})
    assert [path for path, _ in workflows_in()] == ["orders.py"]


def test_classes_are_found_through_several_files(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "z.py": BASE,
            "y.py": "from z import Base\nclass Middle(Base): ...\n",
            "x.py": "import y\nclass Low(y.Middle): ...\n",
            "w.py": "from x import Low\n" + DERIVED.format(name="Orders", base="Low"),
        },
    )
    assert workflows_in() == [("w.py", "Orders")]


def test_classes_are_found_under_new_names(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "z.py": BASE,
            "y.py": "from z import Base as Foundation\nTop = Foundation\n",
            "x.py": "from y import Top\n" + DERIVED.format(name="Orders", base="Top"),
            "w.py": "from y import Foundation\n" + DERIVED.format(name="Refunds", base="Foundation[int]"),
        },
    )
    assert workflows_in() == [("w.py", "Refunds"), ("x.py", "Orders")]


def test_a_base_class_of_another_package_does_not_count(tmp_path: Path) -> None:
    derived = DERIVED.format(name="Orders", base="Base")
    plant(tmp_path, {"base.py": BASE, "orders.py": f"from sqlalchemy import Base\n{derived}"})
    assert workflows_in() == []


def test_deriving_classes_that_git_ignores_are_not_found(tmp_path: Path) -> None:
    derived = DERIVED.format(name="Orders", base="Base")
    plant(tmp_path, {"base.py": BASE, "build/orders.py": f"from base import Base\n{derived}"})
    ignoring(tmp_path, "build/")
    assert workflows_in() == []


def test_a_file_named_after_its_folder_is_included_once(tmp_path: Path) -> None:
    plant(tmp_path, {"a/wrangler.jsonc": CONFIGURATION, "a/src/entry.py": WORKFLOW})
    assert (
        workflows_in("a", "a/src/entry.py") == workflows_in("a/src/entry.py", "./a") == [("a/src/entry.py", "Orders")]
    )
