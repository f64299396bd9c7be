"""Runs whose output is repeated while their inputs are unchanged."""

from __future__ import annotations

import marshal
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias
from zlib import crc32

import pytest

from stepgraph.cache import footprint
from stepgraph.cache.footprint import RunStart, clock_was_set_back
from stepgraph.cache.recorded_run import load_run, run_key
from stepgraph.cli import console, recording
from stepgraph.cli.main import main
from stepgraph.cli.recording import RunRecorder
from stepgraph.project import git
from stepgraph.render.flow import dot

Field: TypeAlias = str | bytes | tuple[int] | dict[str, int] | None
"""A wrong value for a field of a record."""

_TICK_SECONDS = 0.012
"""More than the resolution of the times of changes."""

HELPER = "async def work(step):\n    await step.sleep('work', '5 minutes')\n"
ORDERS = """from workers import WorkflowEntrypoint

from steps import work


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await work(step)
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project in a repository, with a link to one of its modules."""
    monkeypatch.setattr(footprint, "_QUIET_NANOSECONDS", 8_000_000)
    monkeypatch.setattr(git, "_used_repositories", {})  # of earlier tests, whose branches would exceed the limit
    monkeypatch.setenv("STEPGRAPH_CACHE_DIR", str(tmp_path / "cache"))
    folder = tmp_path / "outer" / "project"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    Path("orders.py").write_text(ORDERS)
    Path("steps.py").write_text(HELPER)
    Path("package").mkdir()
    Path("package/__init__.py").write_text("")
    Path("package/data.py").write_text("TABLE = 1\n")
    Path("link.py").symlink_to("package/data.py")
    _git("init", "-q")
    _git("add", ".")
    _git("-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "-m", "x", "--date=2026-01-02T03:04:05Z")
    time.sleep(_TICK_SECONDS)
    yield folder
    console.written = None
    recording.forget_inputs()


def _git(*arguments: str) -> None:
    environment = {**os.environ, "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z"}
    # Maintenance in the background would change the repository after the command.
    command = ["git", "-c", "gc.auto=0", "-c", "maintenance.auto=false", *arguments]
    subprocess.run(command, check=True, env=environment)


Run: TypeAlias = tuple[int, Sequence[tuple[bool, bytes]], bool]
"""The exit code, the parts of the output, and whether they are repeated."""


def run(*arguments: str) -> Run:
    """Run the command."""
    recorded = load_run(os.environ["STEPGRAPH_CACHE_DIR"], run_key(arguments))
    if recorded is not None:
        return recorded.code, recorded.parts, True
    recorder = RunRecorder(arguments)
    code = int(main(arguments))
    recorder.store(code)
    return code, tuple(recorder.written.parts), False


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["check"],
        ["check", "orders.py"],
        ["graph", "-f", "json"],
        ["graph", "-f", "html"],
        ["-C", "../project", "list"],
    ],
    ids=" ".join,
)
def test_an_unchanged_project_repeats_the_output(arguments: list[str]) -> None:
    first = run(*arguments)
    assert first[-1] is False
    assert run(*arguments) == (*first[:-1], True)


def _rewrite(path: str, text: str) -> None:
    """Change a file, and restore its time of modification."""
    status = Path(path).stat()
    Path(path).write_text(text)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _replace_folder() -> None:
    """Replace a directory by a link to a copy outside."""
    Path("package").rename("moved")
    Path("package").symlink_to("moved")


def _relink() -> None:
    Path("link.py").unlink()
    Path("link.py").symlink_to("orders.py")


def _rename_imported() -> None:
    Path("steps.py").rename("other.py")


def _shadow_imported() -> None:
    Path("steps").mkdir()
    Path("steps/__init__.py").write_text(HELPER.replace("work'", "other'"))


def _ignore() -> None:
    Path(".gitignore").write_text("orders.py\n")
    _git("rm", "-q", "--cached", "orders.py")


EDITS: dict[str, Callable[[], object]] = {
    "same size and time": lambda: _rewrite("steps.py", HELPER.replace("work'", "rest'")),
    "a module becomes a workflow": lambda: _rewrite("package/data.py", ORDERS.replace("Orders", "Others")),
    "a new module": lambda: Path("package/new.py").write_text(ORDERS.replace("Orders", "News")),
    "a removed module": lambda: Path("steps.py").unlink(),
    "a renamed module": _rename_imported,
    "a package with the name of a module": _shadow_imported,
    "another target of a link": _relink,
    "a link in place of a directory": _replace_folder,
    "a configuration": lambda: Path("wrangler.toml").write_text('name = "shop"\nmain = "orders.py"\n'),
    "a configuration above": lambda: Path("../wrangler.toml").write_text('name = "shop"\n'),
    "settings": lambda: Path("pyproject.toml").write_text('[tool.stepgraph]\nexclude = ["orders.py"]\n'),
    "settings above": lambda: Path("../pyproject.toml").write_text('[tool.stepgraph]\nselect = ["SG1"]\n'),
    "an ignored file": _ignore,
    "a commit": lambda: _git("-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "--allow-empty", "-m", "y"),
    "another repository": lambda: Path("package/.git").mkdir(),
    "a virtual environment": lambda: Path("package/pyvenv.cfg").write_text(""),
}


def _assert_fresh(edit: Callable[[], object], *arguments: str) -> None:
    """Assert that a run after an edit has the output of a run without the cache."""
    run(*arguments)
    edit()
    time.sleep(_TICK_SECONDS)
    assert run(*arguments)[:2] == run(*arguments, "--no-cache")[:2]


@pytest.mark.slow
@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_no_edit_is_missed(edit: Callable[[], object]) -> None:
    _assert_fresh(edit, "list", "-f", "json")


@pytest.mark.slow
def test_an_edit_of_a_new_file_is_noticed() -> None:
    run("list")
    Path("package/new.py").write_text("")
    time.sleep(_TICK_SECONDS)
    _assert_fresh(lambda: Path("package/new.py").write_text(ORDERS.replace("Orders", "News")), "list")


@pytest.mark.slow
def test_a_new_import_of_a_derived_class_is_noticed() -> None:
    Path("other").mkdir()
    text = ORDERS.replace("from workers import WorkflowEntrypoint", "from orders import Orders")
    Path("other/more.py").write_text(text.replace("class Orders(WorkflowEntrypoint)", "class More(Orders)"))
    time.sleep(_TICK_SECONDS)
    _assert_fresh(lambda: Path("other/steps.py").write_text(HELPER.replace("work'", "other'")), "graph", "-f", "json")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["flow.py", "pyproject.toml", "package/inner"])
@pytest.mark.parametrize("target", [".hidden/new", "../outside"])
def test_a_new_target_of_a_link_is_noticed(name: str, target: str) -> None:
    Path(".hidden").mkdir()
    Path("../outside").symlink_to("project/nowhere")
    Path(name).symlink_to(os.path.relpath(target, Path(name).parent))
    Path("orders.py").write_text(f"from package.inner import work\n{ORDERS}")
    time.sleep(_TICK_SECONDS)
    run("list")
    assert run("list")[-1] is True
    if target == "../outside":
        Path("../outside").unlink()
        Path("../outside").symlink_to("project/.hidden/new")
    if name == "package/inner":
        Path(".hidden/new").mkdir()
        Path(".hidden/new/__init__.py").write_text(HELPER)
    else:
        Path(".hidden/new").write_text(ORDERS if name == "flow.py" else "[tool.stepgraph]\nexclude = ['steps.py']\n")
    assert run("list")[-1] is False


@pytest.mark.slow
def test_a_changed_target_of_linked_settings_is_noticed() -> None:
    Path(".settings").write_text("")
    Path("pyproject.toml").symlink_to(".settings")
    time.sleep(_TICK_SECONDS)
    _assert_fresh(lambda: Path(".settings").write_text("[tool.stepgraph]\nignore = ['SG2']\n"), "check")


@pytest.mark.slow
def test_a_new_local_package_is_noticed() -> None:
    Path("new").mkdir()
    Path("new/pyproject.toml").write_text("[project]\nname = 'kit'\n")
    Path("pyproject.toml").write_text(
        "[tool.uv.sources]\nkit = { workspace = true }\n[tool.uv.workspace]\nmembers = ['*']"
    )
    Path("orders.py").write_text(ORDERS.replace("import WorkflowEntrypoint", "import WorkflowEntrypoint\nimport kit"))
    time.sleep(_TICK_SECONDS)
    _assert_fresh(lambda: Path("new/pyproject.toml").write_text("[project]\nname = 'other'\n"), "list")


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", [["check", "-f", "concise"], ["graph", "-f", "html"], ["list", "."]], ids=" ".join
)
@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_no_command_misses_an_edit(edit: Callable[[], object], arguments: list[str]) -> None:
    _assert_fresh(edit, *arguments)


@pytest.mark.slow
def test_a_diff_of_revisions_is_repeated_until_a_branch_changes() -> None:
    arguments = ("diff", "--from", "HEAD", "--to", "next")
    _git("branch", "next")
    time.sleep(_TICK_SECONDS)
    first = run(*arguments)
    assert run(*arguments) == (*first[:-1], True)
    Path("orders.py").write_text(ORDERS.replace("await work(step)", "await step.sleep('rest', 5)"))
    _git("checkout", "-q", "next")
    _git("-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "-a", "-m", "rest")
    _git("checkout", "-q", "-")
    time.sleep(_TICK_SECONDS)
    changed = run(*arguments)
    assert b"rest" in changed[1][0][1]
    assert changed[-1] is False


@pytest.mark.slow
def test_a_revision_that_becomes_a_path_is_noticed() -> None:
    _git("branch", "next")
    time.sleep(_TICK_SECONDS)
    assert run("diff", "HEAD", "next")[0] == 0
    Path("next").touch()
    assert run("diff", "HEAD", "next")[0] == 2


@pytest.mark.slow
@pytest.mark.parametrize(("revision", "is_repeated"), [("HEAD@{0}", True), ("HEAD@{yesterday}", False)])
def test_a_revision_at_a_relative_time_is_not_recorded(revision: str, *, is_repeated: bool) -> None:
    run("diff", revision, "HEAD")
    assert run("diff", revision, "HEAD")[-1] is is_repeated


@pytest.mark.slow
def test_a_change_of_included_settings_is_noticed() -> None:
    text = '[remote "origin"]\nurl = https://github.com/shop/{}\n'
    Path(".git/more").write_text(text.format("old"))
    _git("config", "include.path", "more")
    time.sleep(_TICK_SECONDS)
    _assert_fresh(lambda: Path(".git/more").write_text(text.format("new")), "graph", "-f", "svg", "--source-url=auto")


@pytest.mark.slow
def test_a_commit_to_a_branch_with_two_names_is_noticed() -> None:
    branch = Path(".git/HEAD").read_text().removeprefix("ref: ").strip()
    _git("symbolic-ref", "refs/heads/other", branch)
    _git("symbolic-ref", "HEAD", "refs/heads/other")
    time.sleep(_TICK_SECONDS)
    _assert_fresh(lambda: Path(".git", branch).write_text("0" * 40), "list", "-f", "json")


def test_notes_and_results_are_repeated_in_order() -> None:
    Path("orders.py").write_text(ORDERS.replace("await work", "await globals()['x']"))
    time.sleep(_TICK_SECONDS)
    code, parts, _ = run("graph", "-f", "json", "orders.py")
    assert [are_messages for are_messages, _ in parts] == [True, False]
    assert run("graph", "-f", "json", "orders.py") == (code, parts, True)


def test_a_run_without_standard_error_is_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as context:
        context.setattr("sys.stderr", None)
        run("list")
    assert run("list")[-1] is False


def test_drawings_of_graphviz_are_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dot, "svg_of", lambda _: "<svg/>")
    run("graph", "-f", "svg", "--engine", "dot")
    assert run("graph", "-f", "svg", "--engine", "dot")[-1] is False


@pytest.mark.slow
def test_the_installation_of_git_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = shutil.which("git")
    (tmp_path / "programs").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    time.sleep(_TICK_SECONDS)
    run("list")
    assert run("list")[-1] is True
    (tmp_path / "programs" / "git").symlink_to(program or "")
    assert run("list")[-1] is False


@pytest.mark.parametrize("repositories", ["_timed_out", "_not_started"])
def test_a_run_after_a_failure_of_git_is_not_recorded(repositories: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, repositories, {"/elsewhere"})
    run("list")
    assert run("list")[-1] is False


@pytest.mark.slow
def test_a_damaged_record_is_not_believed() -> None:
    run("list")
    for record in Path(os.environ["STEPGRAPH_CACHE_DIR"]).glob("*.run"):
        record.write_bytes(record.read_bytes().replace(b"Orders", b"Others"))
    assert run("list")[-1] is False


@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize("field", [None, "x", b"x", (1,), {"x": 1}], ids=repr)
def test_a_record_with_another_structure_is_ignored(number: int, field: Field) -> None:
    """Versions in development may write other fields under the same number of the format."""
    first = run("list")
    for record in Path(os.environ["STEPGRAPH_CACHE_DIR"]).glob("*.run"):
        fields = list(marshal.loads(record.read_bytes()[4:]))  # noqa: S302 - written by this test
        content = marshal.dumps((*fields[:number], field, *fields[number + 1 :]))
        record.write_bytes(crc32(content).to_bytes(4, "big") + content)
    assert run("list") == first


@pytest.mark.slow
def test_a_run_just_after_a_change_is_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footprint, "_QUIET_NANOSECONDS", 2_000_000_000)
    run("list")
    assert run("list")[-1] is False


@pytest.mark.slow
def test_a_run_with_a_clock_that_is_set_back_is_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footprint, "clock_was_set_back", lambda _: True)
    run("list")
    assert run("list")[-1] is False


def test_a_clock_that_is_set_back_is_noticed() -> None:
    now, monotonic = time.time_ns(), time.monotonic_ns()
    assert not clock_was_set_back(RunStart(now, monotonic, "."))
    assert clock_was_set_back(RunStart(now + 60_000_000_000, monotonic, "."))


@pytest.mark.slow
def test_the_directory_of_the_option_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("..")
    first = run("-C", "project", "list")
    monkeypatch.chdir("..")
    assert run("-C", "project", "list") == (*first[:-1], True)
    Path("project/steps.py").unlink()
    monkeypatch.chdir("project/..")
    assert run("-C", "project", "list")[-1] is False


@pytest.mark.slow
@pytest.mark.parametrize("variable", ["FORCE_COLOR", "PYTHONNOUSERSITE", "PYTHONPATH"])
def test_other_variables_of_the_environment_lead_to_another_run(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run("graph")
    monkeypatch.setenv(variable, "1")
    assert run("graph")[-1] is False


@pytest.mark.slow
def test_other_options_of_python_lead_to_another_run(monkeypatch: pytest.MonkeyPatch) -> None:
    run("list")
    monkeypatch.setattr("sys.flags", (1, *sys.flags[1:]))
    assert run("list")[-1] is False


@pytest.mark.slow
def test_another_virtual_environment_leads_to_another_run(monkeypatch: pytest.MonkeyPatch) -> None:
    run("list")
    monkeypatch.setattr("sys.prefix", "/elsewhere")
    assert run("list")[-1] is False


@pytest.mark.parametrize("arguments", [["check", "-o", "report.txt"], ["list", "--no-cache"], ["list", "missing.py"]])
def test_runs_with_effects_or_errors_are_not_recorded(arguments: list[str]) -> None:
    run(*arguments)
    assert run(*arguments)[-1] is False


@pytest.mark.slow
def test_a_record_writable_by_others_is_ignored() -> None:
    run("list")
    for record in Path(os.environ["STEPGRAPH_CACHE_DIR"]).glob("*.run"):
        record.chmod(0o666)
    assert run("list")[-1] is False


def test_a_record_inside_the_repository_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPGRAPH_CACHE_DIR", "cache")
    run("list")
    assert run("list")[-1] is False
