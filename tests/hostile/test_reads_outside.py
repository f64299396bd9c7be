"""Whatever a project points to outside of itself, nothing of that is read or shown."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.hostile.conftest import Command

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")

SECRET = "hunter2-ghp-secret"  # noqa: S105 - that of nobody
CANARY = f"machine github.com login bot password {SECRET}\n"
LEAK = f'API_KEY = "{SECRET}"\n'
ORDERS = """from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("rest", 1)
"""
STEALING = ORDERS.replace("\n\n\n", "\nfrom leak import API_KEY\n\n\n").replace('"rest"', "API_KEY")
WORKFLOWS = '[[workflows]]\nname = "orders"\nbinding = "O"\nclass_name = "Orders"\n'
FORMATS = [
    *(("check", ".", "-f", form) for form in ("text", "json", "sarif", "github", "gitlab", "markdown")),
    *(("graph", ".", "-f", form) for form in ("text", "json", "html")),
    ("list", "."),
    ("check", "entry.py"),
    ("check", "src/entry.py"),
    ("check", ".", "--fix"),
]

REFUSED = "a symbolic link that leads out of the repository."
ADVICE = "Name the file or folder that it leads to, if you trust it."


@pytest.fixture(params=["in a repository", "in a folder"])
def outside(folder: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with secrets, beside the project that the working directory is."""
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


def nothing_leaks(stepgraph: Command) -> list[str]:
    """Run all commands, and return what `check .` says on both streams."""
    for arguments in FORMATS:
        ended = stepgraph(*arguments)
        assert ended.is_lawful
        assert SECRET not in ended.out + ended.told
        assert "\\x00" not in ended.out + ended.told
    ended = stepgraph("check", ".")
    return (ended.out + ended.told).splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wrangler.json", "wrangler.jsonc", "wrangler.toml", "pyproject.toml"])
@pytest.mark.parametrize("target", ["netrc", "/proc/self/environ", "/proc/self/fd/0", "gone", "../outside"])
def test_a_configuration_that_leads_out(
    stepgraph: Command, outside: Path, name: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEPGRAPH_CANARY", SECRET)
    Path("entry.py").write_text(ORDERS, encoding="utf-8")
    Path(name).symlink_to(outside / target)
    assert any(REFUSED in line for line in nothing_leaks(stepgraph))


def test_a_source_that_leads_out(stepgraph: Command, outside: Path) -> None:
    Path("src/entry.py").symlink_to(outside / "netrc")
    Path("entry.py").symlink_to("/proc/self/environ")
    nothing_leaks(stepgraph)
    ended = stepgraph("graph", "src/entry.py")
    assert (ended.code, ended.told) == (2, f"src/entry.py: {REFUSED} {ADVICE}\n")


@pytest.mark.parametrize(
    "main", ["src/entry.py", "src/../../outside/entry.py", "linked/entry.py", "{outside}/entry.py"]
)
def test_a_main_module_that_leads_out(stepgraph: Command, outside: Path, main: str) -> None:
    Path("src/entry.py").symlink_to(outside / "entry.py")
    Path("linked").symlink_to(outside)
    path = main.format(outside=outside)
    Path("wrangler.toml").write_text(f'name = "w"\nmain = "{path}"\n{WORKFLOWS}', encoding="utf-8")
    said = nothing_leaks(stepgraph)
    assert any("which leads out of the repository, and is not read" in line for line in said)


@pytest.mark.parametrize("base_dir", ["../outside", "{outside}", "linked", "src/../../outside", "/"])
def test_a_base_dir_that_leads_out(stepgraph: Command, outside: Path, base_dir: str) -> None:
    Path("entry.py").write_text(STEALING, encoding="utf-8")
    Path("linked").symlink_to(outside)
    path = base_dir.format(outside=outside)
    settings = f'name = "w"\nmain = "entry.py"\nbase_dir = "{path}"\n{WORKFLOWS}'
    Path("wrangler.toml").write_text(settings, encoding="utf-8")
    said = nothing_leaks(stepgraph)
    assert any("`base_dir` is" in line and "leads out of the repository" in line for line in said)


@pytest.mark.parametrize("link", ["src", "python_modules", "leak.py", "leak", "src/leak.py"])
def test_an_import_that_leads_out(stepgraph: Command, outside: Path, link: str) -> None:
    Path("entry.py").write_text(STEALING, encoding="utf-8")
    if link == "src":
        Path("src").rmdir()
    if link == "leak":
        (outside / "__init__.py").write_text(LEAK, encoding="utf-8")
    Path(link).symlink_to(outside / "leak.py" if link.endswith(".py") else outside)
    nothing_leaks(stepgraph)


def test_a_package_around_the_project_is_not_read(stepgraph: Command, outside: Path) -> None:
    (outside.parent / "leak.py").write_text(LEAK, encoding="utf-8")
    (outside.parent / "__init__.py").touch()
    Path("__init__.py").touch()
    source = STEALING.replace("from leak", "from ..leak")
    Path("entry.py").write_text(source, encoding="utf-8")
    nothing_leaks(stepgraph)


@pytest.mark.slow
@pytest.mark.parametrize(
    "baseline", ["{outside}/known.json", "../outside/known.json", "linked/known.json", "known.json"]
)
@pytest.mark.parametrize("is_there", [True, False])
def test_a_baseline_that_leads_out(stepgraph: Command, outside: Path, baseline: str, *, is_there: bool) -> None:
    Path("entry.py").write_text(ORDERS, encoding="utf-8")
    Path("linked").symlink_to(outside)
    Path("known.json").symlink_to(outside / "known.json")
    if is_there:
        (outside / "known.json").write_text(CANARY, encoding="utf-8")
    path = baseline.format(outside=outside)
    Path("pyproject.toml").write_text(f'[tool.stepgraph]\nbaseline = "{path}"\n', encoding="utf-8")
    said = nothing_leaks(stepgraph)
    message = f"`baseline` is `{path}`, which leads out of the repository, and is neither read nor written."
    assert any(message in line for line in said)
    stepgraph("check", ".", "--update-baseline")
    assert ((outside / "known.json").read_text(encoding="utf-8") if is_there else "") == (CANARY if is_there else "")
    assert (outside / "known.json").exists() == is_there


def test_a_baseline_does_not_ask_for_files_outside(stepgraph: Command, outside: Path) -> None:
    Path("entry.py").write_text(ORDERS, encoding="utf-8")
    entries = ", ".join(
        f'{{"path": "{path}", "code": "SG101", "fingerprint": "{number}", "message": ""}}'
        for number, path in enumerate(["../outside/netrc", "../outside/gone", str(outside / "gone")])
    )
    Path("known.json").write_text(f'{{"version": 1, "findings": [{entries}]}}', encoding="utf-8")
    assert "not there any more" not in stepgraph("check", ".", "--baseline", "known.json").told


@pytest.mark.parametrize("how", ["main", "link", "base_dir"])
def test_what_is_outside_is_not_corrected(stepgraph: Command, outside: Path, how: str) -> None:
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
        stepgraph("check", "--fix", "--write", path)
    assert (outside / "victim.py").read_text(encoding="utf-8") == source


def test_a_folder_that_leads_out_is_not_searched(stepgraph: Command, outside: Path) -> None:
    Path("linked").symlink_to(outside)
    ended = stepgraph("graph", "linked")
    assert (ended.code, ended.told) == (
        2,
        f"linked: {REFUSED} {ADVICE}\n",
    )
    assert ended.out == ""
    assert stepgraph("check", str(outside)).code in (0, 1)


def test_what_the_user_names_outside_is_read(stepgraph: Command, outside: Path) -> None:
    (outside / "entry.py").write_text(ORDERS, encoding="utf-8")
    assert stepgraph("graph", "../outside/entry.py").code == 0
    assert stepgraph("graph", str(outside)).code == 0


def test_everything_in_a_repository_is_reachable(stepgraph: Command, folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / "shared").mkdir()
    (folder / "worker").mkdir()
    (folder / "shared" / "leak.py").write_text(LEAK, encoding="utf-8")
    (folder / "entry.py").write_text(STEALING, encoding="utf-8")
    settings = f'name = "w"\nmain = "../entry.py"\nbase_dir = "../shared"\n{WORKFLOWS}'
    (folder / "worker" / "wrangler.toml").write_text(settings, encoding="utf-8")
    ended = stepgraph("graph", "worker")
    assert (ended.code, SECRET in ended.out) == (0, True)


@pytest.mark.parametrize("name", ["wrangler.json", "wrangler.toml", "pyproject.toml", "src/entry.py"])
def test_what_git_keeps_is_not_read(stepgraph: Command, folder: Path, name: str) -> None:
    (folder / ".git").mkdir()
    (folder / "src").mkdir()
    (folder / ".git" / "config").write_text(CANARY, encoding="utf-8")
    (folder / "entry.py").write_text(ORDERS, encoding="utf-8")
    (folder / name).symlink_to(folder / ".git" / "config")
    assert any("a symbolic link into `.git`, where no file is read." in line for line in nothing_leaks(stepgraph)) or (
        name == "src/entry.py"
    )


@pytest.mark.parametrize("path", [".git/sub", ".git/sub/../sub"])
def test_a_folder_of_git_is_named_as_such(stepgraph: Command, path: str) -> None:
    Path(".git/sub").mkdir(parents=True)
    Path(".git/sub/entry.py").write_text(ORDERS, encoding="utf-8")
    refused = f"{path}/entry.py: a path into `.git`, where no file is read."
    assert stepgraph("list", path).told == f"{refused} Name a file outside of `.git`, or put one in its place.\n"
    assert "pyproject.toml" not in stepgraph("check", path).out


@pytest.mark.parametrize("main", [".git/hooks/entry.py", ".GIT/hooks/entry.py", "src/../.git/hooks/entry.py"])
def test_a_main_module_that_git_keeps_is_not_read(stepgraph: Command, folder: Path, main: str) -> None:
    for name in (".git", ".GIT"):
        (folder / name / "hooks").mkdir(parents=True)
        (folder / name / "hooks" / "entry.py").write_text(STEALING + LEAK, encoding="utf-8")
    (folder / "src").mkdir()
    (folder / "wrangler.toml").write_text(f'name = "w"\nmain = "{main}"\n{WORKFLOWS}', encoding="utf-8")
    assert any("which leads out of the repository" in line for line in nothing_leaks(stepgraph))


def test_no_settings_come_from_a_folder_that_leads_out(stepgraph: Command, outside: Path) -> None:
    (outside / "pyproject.toml").write_text('[tool.stepgraph]\nselect = ["hunter2"]\n', encoding="utf-8")
    Path("linked").symlink_to(outside)
    ended = stepgraph("check", "linked")
    assert (ended.code, "hunter2" in ended.out + ended.told) == (2, False)


@pytest.mark.parametrize(
    "target", ["missing.svg", "small.svg", "large.svg", ""], ids=["none", "small", "large", "folder"]
)
def test_check_says_the_same_of_any_link_out(stepgraph: Command, outside: Path, target: str) -> None:
    (outside / "small.svg").write_text("x", encoding="utf-8")
    (outside / "large.svg").write_text("x" * 1_000_000, encoding="utf-8")
    Path("entry.py").write_text(ORDERS, encoding="utf-8")
    Path("docs").mkdir()
    Path("docs/Orders.svg").symlink_to(outside / target)

    ended = stepgraph("graph", "entry.py", "-f", "svg", "-o", "docs/", "--check")

    assert (ended.code, ended.told) == (2, f"stepgraph: docs/Orders.svg cannot be read: {REFUSED}\n")


def test_main_does_not_tell_which_folders_exist(stepgraph: Command, outside: Path) -> None:
    Path("src/entry.py").write_text(ORDERS, encoding="utf-8")
    codes = []
    for folder in (outside, outside / "missing"):
        path = f"{folder}/{'../' * len(folder.parts[1:])}{Path.cwd().relative_to('/')}/src/entry.py"
        Path("wrangler.toml").write_text(f'name = "w"\nmain = "{path}"\n{WORKFLOWS}', encoding="utf-8")
        codes.append(stepgraph("list", ".").code)
    assert codes == [0, 0]
