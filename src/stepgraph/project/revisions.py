"""Resolving names of revisions to commits with git."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from stepgraph.project.git import start_git

DEFAULT_BRANCHES: Final = ("main", "master", "origin/main", "origin/master")
_NAMESPACES: Final = ("refs/heads", "refs/remotes", "refs/tags")
_MERGE_BASE: Final = "..."
HEAD: Final = "HEAD"


class Revision(Struct, frozen=True):
    """A commit of a repository."""

    root: str
    """The root folder of the repository."""
    commit: str
    """The object id of the commit."""
    label: str
    """The prefix of paths in the commit, as in `main:src/entry.py`."""
    title: str
    """The name of the revision in sentences."""


def revision_of(root: str, name: str) -> Revision | None:
    """Resolve a branch, a tag or an expression such as `HEAD~1`; None for an unknown name.

    `A...B` is the merge base of two revisions. An empty side stands for HEAD.
    """
    if _MERGE_BASE in name:
        first, _, second = name.partition(_MERGE_BASE)
        return merge_base(root, first or HEAD, second or HEAD)
    commit = _commit(root, name)
    return None if commit is None else Revision(root, commit, name, name)


def merge_base(root: str, first: str, second: str) -> Revision | None:
    """Return the merge base of two revisions; None if a name is unknown, or without a common ancestor."""
    commits = _commit(root, first), _commit(root, second)
    output = None if None in commits else _git_output(root, "merge-base", *filter(None, commits))
    if not output:
        return None
    commit = output.split()[0]
    return Revision(root, commit, commit[:12], f"the merge base of {first} and {second}")


def default_branch(root: str) -> str | None:
    """Return the default branch: that of `origin`, or `main` or `master`; None without one."""
    origin_branch = (_git_output(root, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD") or "").strip()
    names = (origin_branch, *DEFAULT_BRANCHES)
    return next((name for name in names if name and _commit(root, name) is not None), None)


def revision_names(root: str) -> tuple[str, ...]:
    """Return the names of branches and tags."""
    output = _git_output(root, "for-each-ref", "--format=%(refname:short)", *_NAMESPACES)
    return tuple((output or "").splitlines())


def is_shallow(root: str) -> bool:
    """Return whether the repository is a shallow clone."""
    return (_git_output(root, "rev-parse", "--is-shallow-repository") or "").strip() == "true"


def _commit(root: str, name: str) -> str | None:
    # Git would read the name as an option, or cannot receive it.
    if not name or name.startswith("-") or "\0" in name:
        return None
    output = _git_output(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    return output.strip() if output else None


def _git_output(root: str, *arguments: str) -> str | None:
    """Return the output of git, None if it fails."""
    git = start_git(root, *arguments)
    output = None if git is None else git.read_output()
    if git is None or output is None or not git.succeeded:
        return None
    return output.decode("utf-8", "surrogateescape")
