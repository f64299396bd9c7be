"""A comment, and what it stands at."""

from __future__ import annotations

from msgspec import Struct


class Comment(Struct, frozen=True):
    """A comment at a line and column of a file, from 1, with the mark that it begins with.

    What it says is about the lines from `first` to `last`. `class_name` is that of the class of a module in which, or
    above which, it stands, empty outside of classes.
    """

    path: str
    line: int
    column: int
    text: str
    first: int
    last: int
    class_name: str = ""
