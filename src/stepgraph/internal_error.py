"""A defect of this package, as opposed to one of its input."""

from __future__ import annotations


class InternalError(Exception):
    """The analysis of the file at `path` failed for a reason that is not in the file. The cause is chained to it."""

    def __init__(self, path: str) -> None:
        super().__init__(f"the analysis of {path} failed")
        self.path = path
