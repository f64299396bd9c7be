"""The calls that a drawing expands in place, and the reasons why it does not expand the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from stepgraph.render.view import Expansion

if TYPE_CHECKING:
    from stepgraph.model.payload import FunctionDef

DRAWN_BEFORE: Final = "drawn at its first call"
DRAWN_SEPARATELY: Final = "drawn separately"
RECURSIVE: Final = "calls itself"
MISSING: Final = "not in this graph"

MAX_EXPANDED_CALLS: Final = 2000
"""The maximum number of expanded calls in a drawing. Functions may call each other exponentially often."""


class CallExpansion(Struct):
    """The functions of a drawing, which is made in order, and the state of their expansion."""

    functions: Mapping[str, FunctionDef] = field(default_factory=dict)
    expand: Expansion = "first"
    shown: dict[str, int] = field(default_factory=dict)
    """The functions drawn so far, by name. The value identifies the call or the function as an object, if necessary."""

    _expanded: int = 0
    _open: Counter[str] = field(default_factory=Counter)
    """The functions whose bodies are being drawn."""

    def reason_against(self, name: str) -> str:
        """Return the reason why a call is not expanded, or an empty string for an expanded call."""
        if name not in self.functions:
            return MISSING
        if self._open[name]:
            return RECURSIVE
        if self.expand == "none":
            return DRAWN_SEPARATELY
        if name in self.shown and (self.expand == "first" or self._expanded >= MAX_EXPANDED_CALLS):
            return DRAWN_BEFORE
        return ""

    @contextmanager
    def expanded(self, name: str, place: int = 0) -> Iterator[None]:
        """Expand a call: the body of the function is drawn in the `with` block."""
        self._expanded += 1
        with self.drawn(name, place):
            yield

    @contextmanager
    def drawn(self, name: str, place: int = 0) -> Iterator[None]:
        """Draw the body of a function in the `with` block."""
        self.shown.setdefault(name, place)
        with self.entered(name):
            yield

    @contextmanager
    def entered(self, name: str) -> Iterator[None]:
        """Draw the body of a function in the `with` block, without counting it as drawn for later calls."""
        self._open[name] += 1
        yield
        self._open[name] -= 1
