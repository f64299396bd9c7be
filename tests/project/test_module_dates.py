"""The sources of a module's dates."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from stepgraph.model.note import InputError
from stepgraph.project import commit_walk
from stepgraph.project.commit_walk import batches
from stepgraph.project.git import Git
from stepgraph.project.module_dates import DateLookup, ModuleDates, dates_without_file, module_dates

GIT = shutil.which("git") or "git"

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

FIRST = ModuleDates("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z")


@pytest.fixture(autouse=True)
def nothing_from_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "orders.py"
    path.write_text("x = 1\n", encoding="utf-8")
    os.utime(path, (1_700_000_000.9, 1_700_000_000.9))
    return path


def git(*arguments: str, date: str = "2026-01-02T03:04:05Z") -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    dates = {"GIT_AUTHOR_DATE": "2000-01-01T00:00:00Z", "GIT_COMMITTER_DATE": date}
    subprocess.run([GIT, *identity, *arguments], check=True, capture_output=True, env={**os.environ, **dates})


def commit(module: Path, date: str = "2026-01-02T03:04:05Z") -> None:
    git("init", "-q", str(module.parent))
    git("add", str(module))
    git("commit", "-q", "--allow-empty", "-m", "change", date=date)


def test_dates_are_the_first_and_last_commit_in_utc(module: Path) -> None:
    commit(module, "2026-01-02T03:04:05+02:00")
    module.write_text("x = 2\n", encoding="utf-8")
    commit(module, "2026-03-01T00:00:00-05:00")
    assert module_dates("orders.py") == ModuleDates("2026-01-02T01:04:05Z", "2026-03-01T05:00:00Z")


def test_commits_of_other_files_do_not_count(module: Path, tmp_path: Path) -> None:
    commit(module)
    (tmp_path / "other.py").touch()
    commit(tmp_path / "other.py", "2026-05-01T00:00:00Z")
    assert module_dates("orders.py") == FIRST


def test_changes_that_are_not_committed_do_not_count(module: Path) -> None:
    commit(module)
    module.write_text("x = 2\n", encoding="utf-8")
    assert module_dates("orders.py") == FIRST


def test_commits_take_precedence_over_the_build_date(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(module)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert module_dates("orders.py") == FIRST


def test_the_working_directory_does_not_matter(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(module)
    monkeypatch.chdir("/")
    assert module_dates(str(module)) == FIRST


def test_a_link_has_the_dates_of_its_target(module: Path, tmp_path: Path) -> None:
    commit(module)
    (tmp_path / "link.py").symlink_to("orders.py")
    assert module_dates("link.py") == FIRST


def test_a_name_is_never_a_pattern_or_an_option(tmp_path: Path) -> None:
    module = tmp_path / "*.py"
    module.touch()
    commit(module)
    (tmp_path / "other.py").touch()
    commit(tmp_path / "other.py", "2026-05-01T00:00:00Z")
    assert module_dates("*.py") == FIRST


def test_the_environment_of_a_git_hook_is_ignored(
    module: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commit(module)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert module_dates("orders.py") == FIRST


@pytest.mark.parametrize("state", ["no repository", "no commits", "not committed", "broken repository", "no git"])
def test_without_commits_the_modification_time_counts(
    module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    if state == "no commits":
        git("init", "-q", str(tmp_path))
    if state == "not committed":
        (tmp_path / "other.py").touch()
        commit(tmp_path / "other.py")
    if state == "broken repository":
        (tmp_path / ".git").write_text("nonsense", encoding="utf-8")
    if state == "no git":
        commit(module)
        monkeypatch.setenv("PATH", "")
    assert module_dates("orders.py") == ModuleDates("2023-11-14T22:13:20Z", "2023-11-14T22:13:20Z")


def test_the_build_date_takes_precedence_over_the_file(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767323045")
    assert module_dates(str(module)) == FIRST


def test_text_without_a_file_is_dated_1970() -> None:
    begin = ModuleDates("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z")
    assert dates_without_file() == begin
    assert module_dates("<string>") == begin


def test_text_without_a_file_has_the_build_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767323045")
    assert dates_without_file() == FIRST


def test_dates_are_limited_to_the_year_9999(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "9" * 5000)
    assert dates_without_file().created_on == "9999-12-31T23:59:59Z"


@pytest.mark.parametrize("text", ["", "yesterday", "-1", "1.5", "\N{ARABIC-INDIC DIGIT ONE}"])
def test_a_build_date_must_be_a_number(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    with pytest.raises(InputError) as caught:
        dates_without_file()
    assert caught.value.problem.message == f"`{text}` is not a number of seconds since 1970."


@pytest.mark.slow
def test_looking_up_dates_ahead_does_not_change_them(module: Path, tmp_path: Path) -> None:
    commit(module)
    names = [f"{number}.py" for number in range(12)]
    for name in names:
        (tmp_path / name).touch()
        git("add", name)
    git("commit", "-q", "-m", "more", date="2026-05-01T00:00:00Z")
    with DateLookup() as lookup:
        lookup.start([*names, "orders.py", "missing.py"])
        later = ModuleDates("2026-05-01T00:00:00Z", "2026-05-01T00:00:00Z")
        assert [lookup.dates(name) for name in names] == [later] * 12
        assert lookup.dates("orders.py") == FIRST
        assert lookup.dates("orders.py") == FIRST


@pytest.mark.parametrize("count", [1, 9])
def test_a_timeout_of_git_is_reported_once_for_each_repository(
    count: int, module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(module)
    names = ["orders.py", *(f"{number}.py" for number in range(1, count))]
    for name in names:
        (tmp_path / name).touch()
    monkeypatch.setattr("stepgraph.project.git._timed_out", {str(tmp_path.resolve())})
    with DateLookup() as lookup:
        lookup.start(names)
        assert FIRST not in [lookup.dates(name) for name in names]
    message = "its dates are not those of its commits: git did not finish in time and was stopped."
    assert [str(problem) for problem in lookup.problems()] == [
        f"orders.py: {message} Run the command again if `git status` is fast."
    ]


def test_a_file_without_commits_is_no_problem(module: Path, tmp_path: Path) -> None:
    commit(module)
    (tmp_path / "new.py").touch()
    with DateLookup() as lookup:
        lookup.dates("new.py")
    assert list(lookup.problems()) == []


NAMES = [*(f"{number}.py" for number in range(9)), "ä.py", "a b.py", "[ab].py", "--all.py", "\n1700000000.py"]


def dates_together(names: list[str]) -> list[ModuleDates]:
    with DateLookup() as lookup:
        lookup.start(names)
        return [lookup.dates(name) for name in names]


@pytest.mark.slow
def test_dates_of_many_files_are_those_of_each(module: Path, tmp_path: Path) -> None:
    commit(module)
    for number, name in enumerate([*NAMES, *NAMES[::2], *NAMES[::3]]):
        (tmp_path / name).write_text(f"x = {number}\n", encoding="utf-8")
        git("add", "--", f":(literal){name}")
        git("commit", "-q", "-m", "change", date=f"2026-06-{number + 1:02}T00:00:00Z")
    git("rm", "-q", "0.py")
    git("commit", "-q", "-m", "remove", date="2026-08-01T00:00:00Z")
    (tmp_path / "0.py").touch()
    assert dates_together(NAMES) == [module_dates(name) for name in NAMES]
    assert module_dates("0.py").modified_on == "2026-08-01T00:00:00Z"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("committer", "date"),
    [
        (b"nobody", "1970-01-01T00:00:00Z"),
        (b"a <a> +0000", "1970-01-01T00:00:00Z"),
        (b"a <a> 5x +0000", "1970-01-01T00:00:05Z"),
        (b"a <a> %b +0000" % (b"9" * 5_000), "9999-12-31T23:59:59Z"),
    ],
)
def test_a_commit_with_an_invalid_time(committer: bytes, date: str, module: Path, tmp_path: Path) -> None:
    names = ["orders.py", *(f"module_{number}.py" for number in range(10))]
    for name in names:
        tmp_path.joinpath(name).write_text("x = 1\n", encoding="utf-8")
    commit(module)
    git("add", ".")
    tree = subprocess.run([GIT, "write-tree"], check=True, capture_output=True).stdout
    content = b"tree %b\nauthor a <a> 1 +0000\ncommitter %b\n\nx\n" % (tree.strip(), committer)
    command = [GIT, "hash-object", "-t", "commit", "-w", "--literally", "--stdin"]
    crafted = subprocess.run(command, input=content, check=True, capture_output=True).stdout
    git("symbolic-ref", "HEAD", "refs/heads/crafted")
    tmp_path.joinpath(".git/refs/heads/crafted").write_bytes(crafted)
    assert dates_together(names) == [module_dates(name) for name in names] == [ModuleDates(date, date)] * 11


@pytest.mark.slow
def test_merges_do_not_count_but_commits_of_branches_do(module: Path, tmp_path: Path) -> None:
    commit(module)
    names = [f"{number}.py" for number in range(9)]
    for name in names:
        (tmp_path / name).write_text("x = 1\n", encoding="utf-8")
    git("add", ".")
    git("commit", "-q", "-m", "add", date="2026-02-01T00:00:00Z")
    git("checkout", "-q", "-b", "side")
    for name in ("1.py", "4.py"):
        (tmp_path / name).write_text("x = 2\n", encoding="utf-8")
    git("commit", "-q", "-am", "side", date="2026-03-01T00:00:00Z")
    git("checkout", "-q", "-")
    (tmp_path / "2.py").write_text("x = 2\n", encoding="utf-8")
    git("commit", "-q", "-am", "main", date="2026-04-01T00:00:00Z")
    git("merge", "-q", "--no-commit", "side")
    (tmp_path / "3.py").write_text("x = 2\n", encoding="utf-8")
    git("checkout", "-q", "HEAD", "--", "4.py")
    git("commit", "-q", "-am", "merge without the change of 4.py", date="2026-05-01T00:00:00Z")
    dates = dates_together(names)
    assert dates == [module_dates(name) for name in names]
    assert [each.modified_on[:7] for each in dates[:5]] == ["2026-02", "2026-03", "2026-04", "2026-02", "2026-03"]


def test_each_walk_has_a_limited_number_of_names() -> None:
    names = [f"{number:0100}.py" for number in range(1200)]
    parts = list(batches(names))
    assert [name for part in parts for name in part] == names
    assert [len(part) for part in parts] == [500, 500, 200]
    assert [len(part) for part in batches(["a" * 30_000] * 3)] == [1, 1, 1]


def test_unused_lookups_leave_no_process_behind(module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(module)
    for number in range(9):
        (tmp_path / f"{number}.py").touch()
    started: list[subprocess.Popen[bytes]] = []
    initialize = Git.__init__

    def record(self: Git, process: subprocess.Popen[bytes], repository: str) -> None:
        started.append(process)
        initialize(self, process, repository)

    monkeypatch.setattr(Git, "__init__", record)
    with DateLookup() as lookup:
        lookup.start(["orders.py"])
        lookup.start([f"{number}.py" for number in range(9)])
    assert len(started) == 2  # one for the single file, one for the nine files
    assert [process.pid for process in started if process.returncode is None] == []


def test_only_a_few_processes_run_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [str(tmp_path / f"{number}" / "orders.py") for number in range(10)]
    for path in paths:
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).parent.joinpath(".git").mkdir()
        (tmp_path / path).touch()
    started: list[str] = []
    monkeypatch.setattr(commit_walk, "start_git", lambda root, *_, **__: started.append(root))
    with DateLookup() as lookup:
        lookup.start(paths)
        assert len(started) == 8
        assert [lookup.dates(path) for path in paths] == [module_dates(path) for path in paths]
    assert len(started) == 10


@pytest.mark.slow
def test_programs_in_the_git_configuration_do_not_run(module: Path, tmp_path: Path) -> None:
    commit(module)
    trap = tmp_path / "trap"
    trap.write_text("#!/bin/sh\ntouch sprung\ncat\n", encoding="utf-8")
    trap.chmod(0o755)
    settings = {
        "core.fsmonitor": f"{trap}",
        "core.pager": f"{trap}",
        "core.sshCommand": f"{trap}",
        "core.hooksPath": f"{tmp_path}",
        "core.alternateRefsCommand": f"{trap}",
        "pager.rev-list": f"{trap}",
        "pager.log": f"{trap}",
        "log.showSignature": "true",
        "gpg.program": f"{trap}",
        "diff.external": f"{trap}",
        "alias.rev-list": f"!{trap}",
        "credential.helper": f"!{trap}",
        "extensions.partialClone": "origin",
        "remote.origin.url": f"ext::{trap}",
        "remote.origin.promisor": "true",
        "protocol.ext.allow": "always",
    }
    for name, value in settings.items():
        git("config", name, value)
    _lose_an_object(tmp_path)
    module_dates("orders.py")
    names = [f"{number}.py" for number in range(9)]
    for name in names:
        (tmp_path / name).touch()
    dates_together(["orders.py", *names])
    assert not (tmp_path / "sprung").exists()


def _lose_an_object(repository: Path) -> None:
    """Remove the tree of the last commit, which git would fetch with configured programs."""
    tree = subprocess.run([GIT, "rev-parse", "HEAD^{tree}"], check=True, capture_output=True, text=True).stdout
    (repository / ".git/objects" / tree[:2] / tree[2:].strip()).unlink()
