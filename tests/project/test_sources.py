"""Which modules the paths that someone names stand for."""

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


def test_standard_input_that_cannot_be_read_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    class Folder(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise IsADirectoryError(errno.EISDIR, "Is a directory")

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Folder()))
    assert find_sources(["-"]).problems == [Problem("<stdin>", "standard input cannot be read: Is a directory.")]


ORDERS = '"workflows": [{"binding": "ORDERS", "name": "orders", "class_name": "Orders"}]'
CONFIGURATION = f'{{"name": "shop", "main": "src/entry.py", {ORDERS}}}'


def paths(sources: Sources) -> list[str]:
    return [module.path for module in sources.modules]


def told(problems: Sequence[Problem]) -> list[str]:
    return [str(problem) for problem in problems]


def test_of_a_project_the_main_module_is_taken_with_what_the_configuration_names(tmp_path: Path) -> None:
    plant(tmp_path, {"wrangler.jsonc": CONFIGURATION, "src/entry.py": WORKFLOW, "src/other.py": WORKFLOW})
    (source,) = find_sources(["."]).modules
    assert source.path == "src/entry.py"
    assert source.project.name == "shop"
    assert source.workflows is not None
    assert [workflow.name for workflow in source.workflows] == ["orders"]


def test_the_main_module_need_not_name_the_class_of_the_sdk(tmp_path: Path) -> None:
    plant(tmp_path, {"wrangler.jsonc": CONFIGURATION, "src/entry.py": "from orders import Orders"})
    assert paths(find_sources(["."])) == ["src/entry.py"]


def test_all_projects_below_a_folder_are_taken_in_the_order_of_their_paths(tmp_path: Path) -> None:
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


def test_of_several_configurations_in_a_folder_that_which_wrangler_takes_counts(tmp_path: Path) -> None:
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


def test_a_configuration_without_workflows_leaves_the_search_to_the_classes(tmp_path: Path) -> None:
    plant(tmp_path, {"wrangler.jsonc": '{"name": "shop", "main": "src/entry.py"}', "src/orders.py": WORKFLOW})
    (source,) = find_sources(["."]).modules
    assert (source.path, source.workflows, source.project.name) == ("src/orders.py", None, "shop")


def test_two_workers_may_share_a_main_module(tmp_path: Path) -> None:
    shared = f'{{"main": "../entry.py", {ORDERS}}}'
    plant(tmp_path, {"a/wrangler.jsonc": shared, "b/wrangler.jsonc": shared, "entry.py": WORKFLOW})
    assert paths(find_sources(["."])) == ["entry.py", "entry.py"]


def test_a_project_that_is_named_twice_is_taken_once(tmp_path: Path) -> None:
    plant(tmp_path, {"a/wrangler.jsonc": CONFIGURATION, "a/src/entry.py": WORKFLOW})
    assert paths(find_sources(["a", "./a", "a/src/entry.py", "."])) == ["a/src/entry.py"]


def test_workflows_of_another_worker_are_external(tmp_path: Path) -> None:
    entry = '{"name": "bill", "class_name": "Billing", "script_name": "billing"}'
    plant(tmp_path, {"app/wrangler.jsonc": f'{{"name": "shop",\n "workflows": [{entry}]}}'})
    sources = find_sources(["app"])
    workflow = ConfiguredWorkflow("bill", "Billing", 2, 47, script_name="billing")
    assert sources.external == [ExternalWorkflow(workflow, "app/wrangler.jsonc")]
    assert (sources.modules, sources.problems) == ([], [])


def test_a_main_module_that_is_not_there_is_a_problem_at_its_name(tmp_path: Path) -> None:
    plant(tmp_path, {"wrangler.jsonc": CONFIGURATION, "src/other.py": WORKFLOW})
    sources = find_sources(["."])
    assert sources.modules == []
    assert told(sources.problems) == ["wrangler.jsonc:1:26: `main` is `src/entry.py`, and there is no such file."]


def test_a_main_module_of_javascript_is_left_alone_which_is_hinted_at(tmp_path: Path) -> None:
    plant(tmp_path, {"wrangler.jsonc": f'{{"main": "src/index.ts", {ORDERS}}}', "src/index.ts": ""})
    sources = find_sources(["."])
    assert (sources.modules, sources.problems) == ([], [])
    assert told(sources.hints) == [
        "wrangler.jsonc:1:10: `main` is `src/index.ts`, which is no Python module. Its workflows are not analysed."
    ]


@pytest.mark.parametrize(
    ("name", "text", "example"),
    [
        ("wrangler.jsonc", f"{{{ORDERS}}}", '"main": "src/entry.py"'),
        ("wrangler.toml", '[[workflows]]\nname = "orders"\nclass_name = "Orders"\n', 'main = "src/entry.py"'),
    ],
)
def test_a_project_without_main_is_a_problem(tmp_path: Path, name: str, text: str, example: str) -> None:
    plant(tmp_path, {name: text, "src/entry.py": WORKFLOW})
    (said,) = told(find_sources(["."]).problems)
    assert said == (
        f"{name}:1:1: there is no `main`, the module with the workflows' classes. Add it, as in `{example}`."
    )


def test_a_main_module_that_is_no_text_hides_no_other_project(tmp_path: Path) -> None:
    plant(tmp_path, {f"{name}/wrangler.jsonc": CONFIGURATION for name in "ab"})
    plant(tmp_path, {"a/src/entry.py": WORKFLOW, "b/src/entry.py": WORKFLOW})
    (tmp_path / "a/src/entry.py").write_bytes(b"# \xe9")
    sources = find_sources(["."])
    assert paths(sources) == ["b/src/entry.py"]
    assert [problem.place for problem in sources.problems] == ["a/src/entry.py:1:3"]


def test_a_broken_configuration_is_a_problem_and_the_other_projects_are_taken(tmp_path: Path) -> None:
    plant(tmp_path, {"a/wrangler.jsonc": "{", "b/wrangler.jsonc": CONFIGURATION, "b/src/entry.py": WORKFLOW})
    sources = find_sources(["."])
    assert paths(sources) == ["b/src/entry.py"]
    assert [problem.place for problem in sources.problems] == ["a/wrangler.jsonc:1:2"]


def test_a_file_belongs_to_the_nearest_configuration_around_it(tmp_path: Path) -> None:
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


def test_a_configuration_above_the_working_directory_counts_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, {"wrangler.jsonc": '{"name": "shop"}', "src/a.py": WORKFLOW})
    monkeypatch.chdir(tmp_path / "src")
    (source,) = find_sources(["a.py"]).modules
    assert source.project.name == "shop"
    assert source.project.configuration is not None
    assert source.project.configuration.path == "../wrangler.jsonc"


def test_a_configuration_outside_of_the_repository_is_nobodys_business(tmp_path: Path) -> None:
    plant(tmp_path, {"wrangler.jsonc": '{"name": "shop"}', "repository/.git/HEAD": "", "repository/a.py": WORKFLOW})
    assert [module.project.name for module in find_sources(["repository/a.py"]).modules] == [""]


def test_a_file_that_is_named_is_taken_whatever_the_configuration_names(tmp_path: Path) -> None:
    plant(tmp_path, {"wrangler.jsonc": CONFIGURATION, "src/entry.py": WORKFLOW, "src/other.py": WORKFLOW})
    (source,) = find_sources(["src/other.py"]).modules
    assert (source.path, source.workflows) == ("src/other.py", None)


def test_the_environment_chooses_the_workflows(tmp_path: Path) -> None:
    environments = '{"test": {"workflows": [{"name": "orders-test", "class_name": "Orders"}]}}'
    text = f'{{"main": "a.py", {ORDERS}, "env": {environments}}}'
    plant(tmp_path, {"wrangler.jsonc": text, "a.py": WORKFLOW})
    (source,) = find_sources(["."], "test").modules
    assert source.workflows is not None
    assert [workflow.name for workflow in source.workflows] == ["orders-test"]


def test_an_environment_without_workflows_leaves_nothing_and_a_hint(tmp_path: Path) -> None:
    text = f'{{"main": "a.py", {ORDERS}, "env": {{"test": {{}}}}}}'
    plant(tmp_path, {"wrangler.jsonc": text, "a.py": WORKFLOW})
    sources = find_sources(["."], "test")
    assert (sources.modules, sources.problems) == ([], [])
    assert [hint.path for hint in sources.hints] == ["wrangler.jsonc"]


def ignoring(folder: Path, *patterns: str) -> None:
    """Make a folder a repository that ignores some patterns."""
    git(folder, "init", "-q")
    (folder / ".gitignore").write_text("\n".join(patterns), encoding="utf-8")


def git(folder: Path, *arguments: str) -> None:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, env=environment)  # noqa: S607


def test_files_that_git_ignores_are_no_part_of_a_project(tmp_path: Path) -> None:
    plant(tmp_path, {"build/a.py": WORKFLOW, "src/b.py": WORKFLOW, "src/copy.py": WORKFLOW})
    ignoring(tmp_path, "build/", "copy.py")
    assert paths(find_sources(["."])) == ["src/b.py"]


def test_what_is_tracked_is_not_ignored(tmp_path: Path) -> None:
    plant(tmp_path, {"build/a.py": WORKFLOW})
    ignoring(tmp_path, "build/")
    git(tmp_path, "add", "-f", "build/a.py")
    assert paths(find_sources(["."])) == ["build/a.py"]


def test_a_configuration_that_git_ignores_counts_as_little(tmp_path: Path) -> None:
    plant(tmp_path, {"build/wrangler.jsonc": CONFIGURATION, "build/src/entry.py": WORKFLOW, "src/b.py": WORKFLOW})
    ignoring(tmp_path, "build")
    assert paths(find_sources(["."])) == ["src/b.py"]


def test_a_repository_in_a_folder_is_asked_about_its_own_files(tmp_path: Path) -> None:
    plant(tmp_path, {"inner/a.py": WORKFLOW, "inner/copy.py": WORKFLOW, "outer/build/b.py": WORKFLOW})
    ignoring(tmp_path, "build/")
    ignoring(tmp_path / "inner", "copy.py")
    assert paths(find_sources(["."])) == ["inner/a.py"]


def test_a_folder_that_is_named_is_searched_even_if_git_ignores_it(tmp_path: Path) -> None:
    plant(tmp_path, {"build/a.py": WORKFLOW})
    ignoring(tmp_path, "build/")
    assert paths(find_sources(["build"])) == ["build/a.py"]


def test_a_file_that_is_named_is_taken_even_if_git_ignores_it(tmp_path: Path) -> None:
    plant(tmp_path, {"build/a.py": WORKFLOW})
    ignoring(tmp_path, "build/")
    assert paths(find_sources(["build/a.py"])) == ["build/a.py"]


def test_what_a_person_ignores_everywhere_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def found(*names: str) -> list[tuple[str, str]]:
    """Return the paths and classes of the workflows that are found."""
    analysis = analyze_paths(names or ["."])
    assert analysis.problems == ()
    return [(workflow.span.path, workflow.class_name) for workflow in analysis.workflows]


def test_a_class_that_derives_from_a_projects_own_base_is_found_without_naming_the_sdk(tmp_path: Path) -> None:
    derived = DERIVED.format(name="Orders", base="Base")
    plant(tmp_path, {"base.py": BASE, "orders.py": f"from base import Base\n{derived}", "other.py": "class Other: ..."})
    assert found() == [("orders.py", "Orders")]


@pytest.mark.parametrize("declared", ["class Größe(Base):", "class Orders[T: int](\n    Base,\n):"])
def test_a_class_is_found_however_it_is_declared(tmp_path: Path, declared: str) -> None:
    body = DERIVED.split("\n", 1)[1]
    plant(tmp_path, {"base.py": BASE, "orders.py": f"from base import Base\n\n\n{declared}\n{body}"})
    assert [path for path, _ in found()] == ["orders.py"]


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
    assert found() == [("w.py", "Orders")]


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
    assert found() == [("w.py", "Refunds"), ("x.py", "Orders")]


def test_a_class_of_that_name_from_elsewhere_is_none(tmp_path: Path) -> None:
    derived = DERIVED.format(name="Orders", base="Base")
    plant(tmp_path, {"base.py": BASE, "orders.py": f"from sqlalchemy import Base\n{derived}"})
    assert found() == []


def test_deriving_classes_that_git_ignores_are_not_found(tmp_path: Path) -> None:
    derived = DERIVED.format(name="Orders", base="Base")
    plant(tmp_path, {"base.py": BASE, "build/orders.py": f"from base import Base\n{derived}"})
    ignoring(tmp_path, "build/")
    assert found() == []


def test_a_file_named_after_its_folder_adds_nothing(tmp_path: Path) -> None:
    plant(tmp_path, {"a/wrangler.jsonc": CONFIGURATION, "a/src/entry.py": WORKFLOW})
    assert found("a", "a/src/entry.py") == found("a/src/entry.py", "./a") == [("a/src/entry.py", "Orders")]
