"""Revisions that `stepgraph diff` cannot compare, and the advice about them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command, Run
from tests.cli.repositories import commit, git, make_repository, needs_git, remove
from tests.cli.sources import SYNTAX_ERROR, module, workflow, write, write_orders, write_steps

pytestmark = needs_git


@pytest.mark.usefixtures("repository")
def test_an_unknown_revision_suggests_similar_names(stepgraph: Command) -> None:
    git("branch", "feature")
    assert stepgraph("diff", "faeture") == Run(
        2, "", ["stepgraph: `faeture` is not a file, directory or revision. Did you mean `feature`?"]
    )
    assert stepgraph("diff", "faeture...").messages == [
        "stepgraph: `faeture` is not a file, directory or revision. Did you mean `feature`?"
    ]
    assert stepgraph("diff", "xyz").messages == [
        "stepgraph: `xyz` is not a file, directory or revision. `git branch --all` lists branches."
    ]


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["main:orders.py", "orders.py"],
            (
                "`main:orders.py` is not a file, directory or revision."
                " A revision and a path are separate arguments: `main orders.py`."
            ),
        ),
        (
            ["HEAD~9"],
            "`HEAD~9` is not a file, directory or revision. `git log HEAD` lists its commits.",
        ),
        (
            ["--from", "orders.py"],
            "`orders.py` is not a revision. Pass paths as arguments: `stepgraph diff OLD NEW`.",
        ),
    ],
)
def test_advice_on_revisions(stepgraph: Command, arguments: list[str], message: str) -> None:
    assert stepgraph("diff", *arguments) == Run(2, "", [f"stepgraph: {message}"])


def test_revisions_need_a_repository(stepgraph: Command) -> None:
    write_steps("rest")
    (stderr,) = stepgraph("diff").messages
    assert stderr == (
        "stepgraph: the current directory is not in a git repository, so there is no version to compare with."
        " Name two: `stepgraph diff OLD NEW`."
    )
    assert stepgraph("diff", "main") == Run(
        2, "", ["stepgraph: `main` is not a file or directory, and the working directory is not in a git repository."]
    )
    assert stepgraph("diff", "--from", "main").messages == [
        "stepgraph: `main` is not a revision: the working directory is not in a git repository."
    ]


@pytest.mark.usefixtures("repository")
def test_an_excluded_revision_is_not_a_revision(stepgraph: Command) -> None:
    (stderr,) = stepgraph("diff", "^HEAD").messages
    assert stderr.startswith("stepgraph: `^HEAD` is not a file, directory or revision.")


def test_a_wrong_default_branch_suggests_the_actual_one(stepgraph: Command) -> None:
    git("init", "--quiet", "--initial-branch=master")
    write_orders()
    commit("An order")
    (stderr,) = stepgraph("diff", "main...").messages
    assert stderr == "stepgraph: `main` is not a file, directory or revision. Did you mean `master`?"


def test_a_missing_default_branch_is_an_error(stepgraph: Command) -> None:
    git("init", "--quiet", "--initial-branch=trunk")
    write_orders()
    commit("An order")
    (stderr,) = stepgraph("diff").messages
    assert stderr == (
        "stepgraph: no default branch to compare with: neither main nor master exists."
        " Name a revision: `stepgraph diff HEAD`."
    )


def test_a_repository_without_commits_is_an_error(stepgraph: Command) -> None:
    make_repository()
    assert stepgraph("diff").messages == ["stepgraph: git found no commit to compare with. `git log` shows the reason."]
    assert stepgraph("diff", "HEAD").messages == [
        (
            "stepgraph: `HEAD` is not a file, directory or revision. git found no commit in this repository."
            " `git log` shows the reason."
        )
    ]


@pytest.mark.usefixtures("repository")
def test_an_orphan_branch_has_no_merge_base(stepgraph: Command) -> None:
    git("checkout", "--quiet", "--orphan", "feature")
    commit("of its own")
    assert stepgraph("diff").messages == ["stepgraph: `main` and `HEAD` have no common ancestor in this clone."]


@pytest.mark.usefixtures("repository")
def test_a_branch_without_commits_is_an_error(stepgraph: Command) -> None:
    git("checkout", "--quiet", "--orphan", "feature")
    assert stepgraph("diff").messages == [
        "stepgraph: the current branch has no commit to compare with. `git log` shows the reason."
    ]


@pytest.mark.parametrize("arguments", [(), ("main",), ("--from", "main"), ("main...main",)])
def test_a_slow_git_is_an_error(
    repository: Path, stepgraph: Command, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    """Nothing is said about revisions that git did not look up."""
    monkeypatch.setattr("stepgraph.project.git._timed_out", {str(repository)})
    message = "the repository cannot be read: git did not finish in time and was stopped."
    assert stepgraph("diff", *arguments).messages == [
        f"stepgraph: {message} Run the command again if `git status` is fast."
    ]


@pytest.mark.usefixtures("repository")
def test_revisions_need_git(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert stepgraph("diff").messages == ["stepgraph: git was not found on PATH. It is required to read revisions."]


def path_error(path: str) -> Run:
    """Return the result of a diff with a path outside the repository of the working directory."""
    reason = f"`{path}` is not in the git repository of the working directory, where revisions are looked up."
    return Run(2, "", [f"stepgraph: {reason} Run the command in the repository of the path."])


@pytest.mark.usefixtures("repository")
def test_a_link_out_of_the_repository_is_refused(stepgraph: Command, folder: Path) -> None:
    outside = folder.with_name(f"{folder.name}-outside.py")
    outside.write_text(module(workflow("Orders", "rest")), encoding="utf-8")
    Path("link.py").symlink_to(outside)
    assert stepgraph("diff", "HEAD", "link.py") == path_error("link.py")


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("path", ["library", "library/orders.py", "link.py", "library/../library/orders.py"])
@pytest.mark.parametrize("arguments", [("--from", "main"), ("--from", "main", "--to", "HEAD"), ("main",), ()])
def test_revisions_of_a_submodule_are_refused(stepgraph: Command, path: str, arguments: tuple[str, ...]) -> None:
    """The author of a submodule chooses the names of its branches."""
    write_steps("rest", path="library/orders.py")
    git("init", "--quiet", "--initial-branch=main", folder="library")
    git("add", "--all", folder="library")
    git("commit", "--quiet", "--message=first", folder="library")
    Path("link.py").symlink_to("library/orders.py")
    assert stepgraph("diff", *arguments, path) == path_error(path)


@pytest.mark.usefixtures("repository")
def test_revisions_around_a_submodule_are_refused(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("library").mkdir()
    git("init", "--quiet", folder="library")
    monkeypatch.chdir("library")
    assert stepgraph("diff", "--from", "main", "../orders.py") == path_error("../orders.py")


@pytest.mark.slow
def test_a_shallow_clone_lacks_the_merge_base(
    stepgraph: Command, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("checkout", "--quiet", "-b", "feature")
    commit("of the feature")
    git("checkout", "--quiet", "main")
    commit("of main")
    clone = f"{repository}-clone"
    git("clone", "--quiet", "--depth=1", "--no-single-branch", f"file://{repository}", clone)
    monkeypatch.chdir(clone)
    (stderr,) = stepgraph("diff", "origin/feature...").messages
    assert stderr == (
        "stepgraph: `origin/feature` and `HEAD` have no common ancestor in this clone."
        " The clone is shallow: `git fetch --unshallow` completes it."
    )


@pytest.mark.usefixtures("repository")
def test_an_unreadable_side_is_an_error(stepgraph: Command) -> None:
    write("orders.py", module(workflow("Orders", "rest")) + SYNTAX_ERROR)
    commit()
    write_steps("rest")
    run = stepgraph("diff", "HEAD")
    assert (run.code, run.out) == (2, "")
    assert run.messages[0].startswith("HEAD:orders.py:8:5: ")
    assert run.messages[1:] == ["stepgraph: the old version (HEAD) could not be read, so nothing was compared."]
    write("graph.json", "[")
    assert stepgraph("diff", "HEAD~1", "graph.json").messages[-1] == (
        "stepgraph: the new version (graph.json) could not be read, so nothing was compared."
    )


@pytest.mark.usefixtures("repository")
def test_a_missing_git_object_is_an_error(stepgraph: Command) -> None:
    identity = git("rev-parse", "HEAD:orders.py")
    remove(f".git/objects/{identity[:2]}/{identity[2:]}")
    run = stepgraph("diff", "HEAD")
    assert run.messages == [
        "HEAD:orders.py: its content is not in this repository. Fetch it with git.",
        "stepgraph: the old version (HEAD) could not be read, so nothing was compared.",
    ]
