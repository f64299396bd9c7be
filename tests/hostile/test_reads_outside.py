"""Files outside of the project are neither read nor shown, even if the project refers to them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from stepgraph.cli.formats import REPORT_FORMATS
from tests.hostile.conftest import Command
from tests.text_formats import TEXT_FORMATS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links need privileges there")

SECRET = "hunter2-ghp-secret"  # noqa: S105 - not a real secret
CANARY = f"machine github.com login bot password {SECRET}\n"
LEAK = f'API_KEY = "{SECRET}"\n'
ORDERS = """from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("rest", 1)
"""
STEALING = ORDERS.replace("\n\n\n", "\nfrom leak import API_KEY\n\n\n").replace('"rest"', "API_KEY")
WORKFLOWS = '[[workflows]]\nname = "orders"\nbinding = "O"\nclass_name = "Orders"\n'
COMMANDS = [
    ("check", ".", "-f", "markdown"),
    ("graph", ".", "-f", "html"),
    ("graph", ".", "-f", "json"),
    ("list", "."),
    ("check", "entry.py"),
    ("check", "src/entry.py"),
    ("check", ".", "--diff"),
]
"""Each way to read a project. Formats that show the source of findings or steps print all that was read."""

COMMANDS_IN_ALL_FORMATS = [
    *(("check", ".", "-f", form) for form in REPORT_FORMATS),
    *(("graph", ".", "-f", form) for form in TEXT_FORMATS),
    *COMMANDS,
]

REFUSED = "a symbolic link that leaves the repository."
ADVICE = "Name its target instead, if you trust it."


@pytest.fixture(params=["in a repository", "in a folder"])
def outside(folder: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with secrets next to the project, which is the working directory."""
    outside, project = folder / "outside", folder / "project"
    (project / "src").mkdir(parents=True)
    outside.mkdir()
    if request.param == "in a repository":
        (project / ".git").mkdir()
    (outside / "netrc").write_text(CANARY, encoding="utf-8")
    (outside / "leak.py").write_text(LEAK, encoding="utf-8")
    (outside / "entry.py").write_text(STEALING, encoding="utf-8")
    monkeypatch.chdir(project)
    monkeypatch.setenv("STEPGRAPH_NO_CACHE", "1")
    return outside


def check_for_leaks(stepgraph: Command, commands: Sequence[Sequence[str]] = COMMANDS) -> list[str]:
    """Assert that none of the commands prints the secret, and return the output of `check .`."""
    for arguments in commands:
        result = stepgraph(*arguments)
        assert result.is_graceful
        assert SECRET not in result.out + result.err
        assert "\\x00" not in result.out + result.err
    result = stepgraph("check", ".")
    return (result.out + result.err).splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wrangler.json", "wrangler.jsonc", "wrangler.toml", "pyproject.toml"])
@pytest.mark.parametrize("target", ["netrc", "/proc/self/environ", "/proc/self/fd/0", "gone", "../outside"])
def test_a_configuration_outside_is_not_read(
    stepgraph: Command, outside: Path, name: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEPGRAPH_CANARY", SECRET)
    Path("entry.py").write_text(ORDERS, encoding="utf-8")
    Path(name).symlink_to(outside / target)
    assert any(REFUSED in line for line in check_for_leaks(stepgraph))


@pytest.mark.slow
def test_a_source_outside_is_not_read(stepgraph: Command, outside: Path) -> None:
    Path("src/entry.py").symlink_to(outside / "netrc")
    Path("entry.py").symlink_to("/proc/self/environ")
    check_for_leaks(stepgraph, COMMANDS_IN_ALL_FORMATS)
    result = stepgraph("graph", "src/entry.py")
    assert (result.code, result.err) == (2, f"src/entry.py: {REFUSED} {ADVICE}\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    "main", ["src/entry.py", "src/../../outside/entry.py", "linked/entry.py", "{outside}/entry.py"]
)
def test_a_main_module_outside_is_not_read(stepgraph: Command, outside: Path, main: str) -> None:
    Path("src/entry.py").symlink_to(outside / "entry.py")
    Path("linked").symlink_to(outside)
    path = main.format(outside=outside)
    Path("wrangler.toml").write_text(f'name = "w"\nmain = "{path}"\n{WORKFLOWS}', encoding="utf-8")
    lines = check_for_leaks(stepgraph)
    assert any("which is outside of the repository, so it is not read" in line for line in lines)


@pytest.mark.slow
@pytest.mark.parametrize("base_dir", ["../outside", "{outside}", "linked", "src/../../outside", "/"])
def test_a_base_dir_outside_is_not_read(stepgraph: Command, outside: Path, base_dir: str) -> None:
    Path("entry.py").write_text(STEALING, encoding="utf-8")
    Path("linked").symlink_to(outside)
    path = base_dir.format(outside=outside)
    settings = f'name = "w"\nmain = "entry.py"\nbase_dir = "{path}"\n{WORKFLOWS}'
    Path("wrangler.toml").write_text(settings, encoding="utf-8")
    lines = check_for_leaks(stepgraph)
    assert any("`base_dir` is" in line and "is outside of the repository" in line for line in lines)


@pytest.mark.slow
@pytest.mark.parametrize("link", ["src", "python_modules", "leak.py", "leak", "src/leak.py"])
def test_an_import_outside_is_not_read(stepgraph: Command, outside: Path, link: str) -> None:
    Path("entry.py").write_text(STEALING, encoding="utf-8")
    if link == "src":
        Path("src").rmdir()
    if link == "leak":
        (outside / "__init__.py").write_text(LEAK, encoding="utf-8")
    Path(link).symlink_to(outside / "leak.py" if link.endswith(".py") else outside)
    check_for_leaks(stepgraph, COMMANDS_IN_ALL_FORMATS if link == "leak" else COMMANDS)


@pytest.mark.slow
def test_the_package_of_the_project_is_not_read(stepgraph: Command, outside: Path) -> None:
    (outside.parent / "leak.py").write_text(LEAK, encoding="utf-8")
    (outside.parent / "__init__.py").touch()
    Path("__init__.py").touch()
    source = STEALING.replace("from leak", "from ..leak")
    Path("entry.py").write_text(source, encoding="utf-8")
    check_for_leaks(stepgraph)


@pytest.mark.slow
@pytest.mark.parametrize(
    "baseline", ["{outside}/known.json", "../outside/known.json", "linked/known.json", "known.json"]
)
@pytest.mark.parametrize("exists", [True, False])
def test_a_baseline_outside_is_neither_read_nor_written(
    stepgraph: Command, outside: Path, baseline: str, *, exists: bool
) -> None:
    Path("entry.py").write_text(ORDERS, encoding="utf-8")
    Path("linked").symlink_to(outside)
    Path("known.json").symlink_to(outside / "known.json")
    if exists:
        (outside / "known.json").write_text(CANARY, encoding="utf-8")
    path = baseline.format(outside=outside)
    Path("pyproject.toml").write_text(f'[tool.stepgraph]\nbaseline = "{path}"\n', encoding="utf-8")
    lines = check_for_leaks(stepgraph)
    message = f"`baseline` must be inside the repository, got `{path}`, which is neither read nor written."
    assert any(message in line for line in lines)
    stepgraph("check", ".", "--update-baseline")
    assert ((outside / "known.json").read_text(encoding="utf-8") if exists else "") == (CANARY if exists else "")
    assert (outside / "known.json").exists() == exists


def test_a_baseline_does_not_reveal_files_outside(stepgraph: Command, outside: Path) -> None:
    Path("entry.py").write_text(ORDERS, encoding="utf-8")
    entries = ", ".join(
        f'{{"path": "{path}", "code": "SG101", "fingerprint": "{number}", "message": ""}}'
        for number, path in enumerate(["../outside/netrc", "../outside/gone", str(outside / "gone")])
    )
    Path("known.json").write_text(f'{{"version": 1, "findings": [{entries}]}}', encoding="utf-8")
    assert "not there any more" not in stepgraph("check", ".", "--baseline", "known.json").err


@pytest.mark.parametrize("how", ["main", "link", "base_dir"])
def test_files_outside_are_not_fixed(stepgraph: Command, outside: Path, how: str) -> None:
    source = ORDERS.replace('step.sleep("rest", 1)', 'step.sleep("rest", "5 min")')
    (outside / "victim.py").write_text(source, encoding="utf-8")
    main = "../outside/victim.py" if how == "main" else "entry.py"
    if how == "link":
        Path("entry.py").symlink_to(outside / "victim.py")
    else:
        Path("entry.py").write_text("from victim import Orders\n", encoding="utf-8")
    base_dir = f'base_dir = "{outside}"\n' if how == "base_dir" else ""
    Path("wrangler.toml").write_text(f'name = "w"\nmain = "{main}"\n{base_dir}{WORKFLOWS}', encoding="utf-8")
    for path in (".", "entry.py"):
        stepgraph("check", "--fix", path)
    assert (outside / "victim.py").read_text(encoding="utf-8") == source


def test_a_linked_folder_outside_is_not_searched(stepgraph: Command, outside: Path) -> None:
    Path("linked").symlink_to(outside)
    result = stepgraph("graph", "linked")
    assert (result.code, result.err) == (
        2,
        f"linked: {REFUSED} {ADVICE}\n",
    )
    assert result.out == ""
    assert stepgraph("check", str(outside)).code in (0, 1)


def test_path_arguments_outside_are_read(stepgraph: Command, outside: Path) -> None:
    (outside / "entry.py").write_text(ORDERS, encoding="utf-8")
    assert stepgraph("graph", "../outside/entry.py").code == 0
    assert stepgraph("graph", str(outside)).code == 0


def test_the_whole_repository_is_read(stepgraph: Command, folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / "shared").mkdir()
    (folder / "worker").mkdir()
    (folder / "shared" / "leak.py").write_text(LEAK, encoding="utf-8")
    (folder / "entry.py").write_text(STEALING, encoding="utf-8")
    settings = f'name = "w"\nmain = "../entry.py"\nbase_dir = "../shared"\n{WORKFLOWS}'
    (folder / "worker" / "wrangler.toml").write_text(settings, encoding="utf-8")
    result = stepgraph("graph", "worker")
    assert (result.code, SECRET in result.out) == (0, True)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wrangler.json", "wrangler.toml", "pyproject.toml", "src/entry.py"])
def test_links_into_dot_git_are_not_read(stepgraph: Command, folder: Path, name: str) -> None:
    (folder / ".git").mkdir()
    (folder / "src").mkdir()
    (folder / ".git" / "config").write_text(CANARY, encoding="utf-8")
    (folder / "entry.py").write_text(ORDERS, encoding="utf-8")
    (folder / name).symlink_to(folder / ".git" / "config")
    assert any("a symbolic link into `.git`, which is never read." in line for line in check_for_leaks(stepgraph)) or (
        name == "src/entry.py"
    )


@pytest.mark.parametrize("path", [".git/sub", ".git/sub/../sub"])
def test_paths_into_dot_git_are_refused(stepgraph: Command, path: str) -> None:
    Path(".git/sub").mkdir(parents=True)
    Path(".git/sub/entry.py").write_text(ORDERS, encoding="utf-8")
    refused = f"{path}/entry.py: a path into `.git`, which is never read."
    assert stepgraph("list", path).err == f"{refused} Name a file outside of `.git`.\n"
    assert "pyproject.toml" not in stepgraph("check", path).out


@pytest.mark.slow
@pytest.mark.parametrize("main", [".git/hooks/entry.py", ".GIT/hooks/entry.py", "src/../.git/hooks/entry.py"])
def test_a_main_module_in_dot_git_is_not_read(stepgraph: Command, folder: Path, main: str) -> None:
    for name in (".git", ".GIT"):
        (folder / name / "hooks").mkdir(parents=True)
        (folder / name / "hooks" / "entry.py").write_text(STEALING + LEAK, encoding="utf-8")
    (folder / "src").mkdir()
    (folder / "wrangler.toml").write_text(f'name = "w"\nmain = "{main}"\n{WORKFLOWS}', encoding="utf-8")
    assert any("which is outside of the repository" in line for line in check_for_leaks(stepgraph))


def test_settings_of_a_linked_folder_are_not_read(stepgraph: Command, outside: Path) -> None:
    (outside / "pyproject.toml").write_text('[tool.stepgraph]\nselect = ["hunter2"]\n', encoding="utf-8")
    Path("linked").symlink_to(outside)
    result = stepgraph("check", "linked")
    assert (result.code, "hunter2" in result.out + result.err) == (2, False)


@pytest.mark.parametrize(
    "target", ["missing.svg", "small.svg", "large.svg", ""], ids=["none", "small", "large", "folder"]
)
def test_an_error_does_not_reveal_the_target_of_a_link(stepgraph: Command, outside: Path, target: str) -> None:
    (outside / "small.svg").write_text("x", encoding="utf-8")
    (outside / "large.svg").write_text("x" * 1_000_000, encoding="utf-8")
    Path("entry.py").write_text(ORDERS, encoding="utf-8")
    Path("docs").mkdir()
    Path("docs/Orders.svg").symlink_to(outside / target)

    result = stepgraph("graph", "entry.py", "-f", "svg", "-o", "docs/", "--check")

    assert (result.code, result.err) == (2, f"stepgraph: docs/Orders.svg cannot be read: {REFUSED}\n")


def test_main_does_not_reveal_which_folders_exist(stepgraph: Command, outside: Path) -> None:
    Path("src/entry.py").write_text(ORDERS, encoding="utf-8")
    codes = []
    for folder in (outside, outside / "missing"):
        path = f"{folder}/{'../' * len(folder.parts[1:])}{Path.cwd().relative_to('/')}/src/entry.py"
        Path("wrangler.toml").write_text(f'name = "w"\nmain = "{path}"\n{WORKFLOWS}', encoding="utf-8")
        codes.append(stepgraph("list", ".").code)
    assert codes == [0, 0]
