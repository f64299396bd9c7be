"""The comments of a configuration, in JSONC or TOML."""

from __future__ import annotations

from collections.abc import Iterator

from stepgraph.checks.ignores.comment import Comment
from stepgraph.project.configuration.document import position_at


def configuration_comments(path: str, content: bytes) -> list[Comment]:
    """Return the comments of a configuration that was read.

    One that stands alone is about the next line that is not a comment, any other about its own.
    """
    text = content.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    places = list(_comments(path, text))
    lines = text.split("\n")
    blank = {position_at(text, offset)[0] for offset, _ in places} & _alone(lines)
    found = []
    for offset, comment in places:
        line, column = position_at(text, offset)
        about = next((n for n in range(line, len(lines) + 1) if n not in blank and lines[n - 1].strip()), line)
        found.append(Comment(path, line, column, comment.removesuffix("*/"), about, about))
    return found


def _comments(path: str, text: str) -> Iterator[tuple[int, str]]:
    # Imported here: a run meets one of the two, or none.
    if path.endswith(".toml"):
        from stepgraph.project.configuration.toml import toml_comments

        return toml_comments(text)
    from stepgraph.project.configuration.jsonc import jsonc_comments

    return jsonc_comments(text)


def _alone(lines: list[str]) -> set[int]:
    """Return the numbers of the lines that hold a comment only, where they hold one that begins in them."""
    return {
        number
        for number, line in enumerate(lines, 1)
        if line.lstrip().startswith(("#", "//")) or (line.lstrip().startswith("/*") and line.rstrip().endswith("*/"))
    }
