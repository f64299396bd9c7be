"""The exception for defects of this package, as opposed to invalid input."""

from __future__ import annotations


class InternalError(Exception):
    """The analysis of the file at `path` failed because of a defect. The cause is chained."""

    def __init__(self, path: str) -> None:
        super().__init__(f"the analysis of {path} failed")
        self.path = path
