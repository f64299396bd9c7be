"""Revisions of a repository: which commit a name stands for, asked of git."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from stepgraph.project.git import start_git

DEFAULT_BRANCHES: Final = ("main", "master", "origin/main", "origin/master")
_NAMESPACES: Final = ("refs/heads", "refs/remotes", "refs/tags")
_DOTS: Final = "..."
HEAD: Final = "HEAD"


class Revision(Struct, frozen=True):
    """A commit of the repository at `root`.

    `label` is what stands before the paths in it (`main:src/entry.py`), `title` is how it is spoken of.
    """

    root: str
    commit: str
    label: str
    title: str


def revision_of(root: str, name: str) -> Revision | None:
    """Return the commit that git knows by a name: a branch, a tag, `HEAD~1`. None where it knows none.

    `A...B` is the merge base of two, `A...` and `...B` that with HEAD.
    """
    if _DOTS in name:
        one, _, other = name.partition(_DOTS)
        return merge_base(root, one or HEAD, other or HEAD)
    commit = _commit(root, name)
    return None if commit is None else Revision(root, commit, name, name)


def merge_base(root: str, one: str, other: str) -> Revision | None:
    """Return the commit from which two went apart. None if one is not known, or if they have none in common here."""
    first, second = _commit(root, one), _commit(root, other)
    answer = None if first is None or second is None else _ask(root, "merge-base", first, second)
    if not answer:
        return None
    commit = answer.split()[0]
    return Revision(root, commit, commit[:12], f"the merge base of {one} and {other}")


def default_branch(root: str) -> str | None:
    """Return the branch that others are made from: that of `origin`, else `main` or `master`. None for neither."""
    of_origin = (_ask(root, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD") or "").strip()
    names = (of_origin, *DEFAULT_BRANCHES)
    return next((name for name in names if name and _commit(root, name) is not None), None)


def revision_names(root: str) -> tuple[str, ...]:
    """Return the names of branches and tags."""
    answer = _ask(root, "for-each-ref", "--format=%(refname:short)", *_NAMESPACES)
    return tuple((answer or "").splitlines())


def is_shallow(root: str) -> bool:
    """Tell whether the repository lacks the beginning of its history."""
    return (_ask(root, "rev-parse", "--is-shallow-repository") or "").strip() == "true"


def _commit(root: str, name: str) -> str | None:
    # Git would take it for an option, or could not be given it.
    if not name or name.startswith("-") or "\0" in name:
        return None
    answer = _ask(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    return answer.strip() if answer else None


def _ask(root: str, *arguments: str) -> str | None:
    """Return what git answers, None where it fails."""
    git = start_git(root, *arguments)
    answer = None if git is None else git.answer()
    if git is None or answer is None or not git.succeeded:
        return None
    return answer.decode("utf-8", "surrogateescape")
