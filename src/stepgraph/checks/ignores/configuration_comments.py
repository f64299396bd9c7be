"""The comments of a configuration, in JSONC or TOML."""

from __future__ import annotations

from collections.abc import Iterator

from stepgraph.checks.ignores.comment import Comment
from stepgraph.project.configuration.document import Lines


def configuration_comments(path: str, content: bytes) -> list[Comment]:
    """Return the comments of a configuration that was read.

    One that stands alone is about the next line that is not a comment, any other about its own.
    """
    text = content.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    position = Lines(text).position
    places = [(position(offset), comment) for offset, comment in _comments(path, text)]
    lines = text.split("\n")
    following = _following(lines, {line for (line, _), _ in places} & _alone(lines))
    found = []
    for (line, column), comment in places:
        about = following.get(line, line)
        found.append(Comment(path, line, column, comment.removesuffix("*/"), about, about))
    return found


def _comments(path: str, text: str) -> Iterator[tuple[int, str]]:
    # Imported here: a run meets one of the two, or none.
    if path.endswith(".toml"):
        from stepgraph.project.configuration.toml import toml_comments

        return toml_comments(text)
    from stepgraph.project.configuration.jsonc import jsonc_comments

    return jsonc_comments(text)


def _following(lines: list[str], comments: set[int]) -> dict[int, int]:
    """Return for each line the next one, itself included, that holds more than a comment, if there is one."""
    following: dict[int, int] = {}
    for number in range(len(lines), 0, -1):
        if number not in comments and lines[number - 1].strip():
            following[number] = number
        elif number + 1 in following:
            following[number] = following[number + 1]
    return following


def _alone(lines: list[str]) -> set[int]:
    """Return the numbers of the lines that hold a comment only, where they hold one that begins in them."""
    return {
        number
        for number, line in enumerate(lines, 1)
        if line.lstrip().startswith(("#", "//")) or (line.lstrip().startswith("/*") and line.rstrip().endswith("*/"))
    }
