"""The suppression comments of the analyzed files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stepgraph.checks.ignores.ignore import Comment, SuppressionComment, parse_suppressions
from stepgraph.project.root import CONFIGURATION_NAMES

_PACKAGE_NAME = b"stepgraph"


def parse_suppression_comments(files: Mapping[str, bytes]) -> Iterator[SuppressionComment]:
    """Yield the suppressions in files, which map paths to contents."""
    for path, content in files.items():
        if _PACKAGE_NAME in content.lower():
            for comment in _comments(path, content):
                yield from parse_suppressions(comment)


def is_configuration(path: str) -> bool:
    """Whether a path names a Wrangler configuration: `wrangler.toml` or the like."""
    return path.rsplit("/", 1)[-1] in CONFIGURATION_NAMES


def _comments(path: str, content: bytes) -> list[Comment]:
    # Imported here: hardly any file has suppression comments.
    if is_configuration(path):
        from stepgraph.checks.ignores.configuration_comments import configuration_comments

        return configuration_comments(path, content)
    from stepgraph.checks.ignores.python_comments import python_comments

    return python_comments(path, content)
