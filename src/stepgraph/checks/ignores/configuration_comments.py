"""Parser of comments in configurations (JSONC or TOML)."""

from __future__ import annotations

from collections.abc import Iterator

from stepgraph.checks.ignores.ignore import Comment
from stepgraph.project.configuration.document import LineIndex


def configuration_comments(path: str, content: bytes) -> list[Comment]:
    """Return the comments of a valid configuration.

    A comment on its own line applies to the next line with code, any other comment to its own line.
    """
    text = content.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    position = LineIndex(text).position
    positioned = [(position(offset), comment) for offset, comment in _comments(path, text)]
    lines = text.split("\n")
    next_code_line = _next_code_lines(lines, {line for (line, _), _ in positioned} & _comment_only_lines(lines))
    comments = []
    for (line, column), comment in positioned:
        target = next_code_line.get(line, line)
        comments.append(Comment(path, line, column, comment.removesuffix("*/"), target, target))
    return comments


def _comments(path: str, text: str) -> Iterator[tuple[int, str]]:
    # Imported here: a run needs at most one of the two parsers.
    if path.endswith(".toml"):
        from stepgraph.project.configuration.toml import toml_comments

        return toml_comments(text)
    from stepgraph.project.configuration.jsonc import jsonc_comments

    return jsonc_comments(text)


def _next_code_lines(lines: list[str], comment_lines: set[int]) -> dict[int, int]:
    """Map each line number to the first line with code at or after it. Lines after the last code have no entry."""
    next_code_line: dict[int, int] = {}
    for number in range(len(lines), 0, -1):
        if number not in comment_lines and lines[number - 1].strip():
            next_code_line[number] = number
        elif number + 1 in next_code_line:
            next_code_line[number] = next_code_line[number + 1]
    return next_code_line


def _comment_only_lines(lines: list[str]) -> set[int]:
    """Return the numbers of lines that consist of a comment. Only the first line of a block comment counts."""
    return {
        number
        for number, line in enumerate(lines, 1)
        if line.lstrip().startswith(("#", "//")) or (line.lstrip().startswith("/*") and line.rstrip().endswith("*/"))
    }
