"""Names in the form in which Python reads them, which is the normalization form NFKC. LibCST does not normalize them.

A module with another form of a name is not analyzed, because all analyses, also of other modules, compare names as they
are written.
"""

from __future__ import annotations

import re
from typing import Final

import libcst as cst

from stepgraph.syntax.positions import positions
from stepgraph.syntax.walk import all_nodes

LIBCST_ERRORS: Final = (cst.ParserSyntaxError, cst.CSTValidationError, cst.CSTLogicError, TypeError)
"""The errors of LibCST.

On valid code, it raises TypeError (`x if y else(lambda: z)`) and CSTLogicError (`t'a' t'b'`).
"""

_FORM: Final = "NFKC"
_WORD: Final = r"[^\x00-/:-@\[-^`{-\x7f]+"
"""All but the ASCII characters that end a word. As a set of characters to include, it would take 2 ms to compile."""


class UnusualNameError(cst.CSTValidationError):
    """A module has names that Python reads as other ones."""

    def __init__(self, tree: cst.Module, names: list[cst.Name]) -> None:
        super().__init__()
        self._tree = tree
        self._names = names

    def first(self) -> tuple[str, str, tuple[int, int]]:
        """Return the first name, the name that Python reads, and the line and column from 1."""
        from unicodedata import normalize

        ranges = positions(self._tree)
        (line, column, *_), name = min((ranges[id(name)], name.value) for name in self._names)
        return name, normalize(_FORM, name), (line, column + 1)


def has_normal_names(text: str) -> bool:
    """Return whether Python reads all names in a source as they are written. Words in strings and comments count, too.

    For example, it reads `ﬁeld`, with a ligature, as `field`.
    """
    if text.isascii():
        return True
    # Imported here because most sources are ASCII.
    from unicodedata import is_normalized

    words = (word for word in re.findall(_WORD, text) if not word.isascii())
    return all(is_normalized(_FORM, "".join(filter(_is_in_name, word))) for word in words)


def _is_in_name(character: str) -> bool:
    return f"_{character}".isidentifier()


def parse_names(code: str | bytes, text: str) -> cst.Module:
    """Return the tree of a source, whose text is `text`.

    Raises the errors of LibCST, and UnusualNameError for a name that Python reads as another one.
    """
    tree = cst.parse_module(code)
    if not has_normal_names(text):
        from unicodedata import is_normalized

        names = [node for node in all_nodes(tree) if isinstance(node, cst.Name)]
        unusual = [name for name in names if not is_normalized(_FORM, name.value)]
        if unusual:
            raise UnusualNameError(tree, unusual)
    return tree
