"""The comments in what was read that say what to ignore."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stepgraph.checks.ignores.comment import Comment
from stepgraph.checks.ignores.ignore import Ignore, ignores_in
from stepgraph.project.configuration.names import CONFIGURATION_NAMES

_WORD = b"stepgraph"


def read_ignores(read: Mapping[str, bytes]) -> Iterator[Ignore]:
    """Yield what comments in some files, given by their paths, say is to be ignored."""
    for path, content in read.items():
        if _WORD in content.lower():
            for comment in _comments(path, content):
                yield from ignores_in(comment)


def is_configuration(path: str) -> bool:
    """Whether a file is one that a project is deployed by."""
    return path.rsplit("/", 1)[-1] in CONFIGURATION_NAMES


def _comments(path: str, content: bytes) -> list[Comment]:
    # Imported here: hardly any file has such comments.
    if is_configuration(path):
        from stepgraph.checks.ignores.configuration_comments import configuration_comments

        return configuration_comments(path, content)
    from stepgraph.checks.ignores.python_comments import python_comments

    return python_comments(path, content)
