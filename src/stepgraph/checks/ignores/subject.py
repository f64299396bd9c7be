"""What rules on comments look at."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from stepgraph.checks.ignores.ignore import Ignore, NamedRule
from stepgraph.checks.selectors import Selectors


class IgnoresSubject(Struct, frozen=True):
    """The comments that say what to ignore, after all other rules have run.

    `unused` are the rules among them that ignored nothing, and could have.
    """

    ignores: tuple[Ignore, ...]
    unused: tuple[tuple[Ignore, NamedRule], ...]
    selectors: Selectors

    def wrong(self) -> Iterator[tuple[NamedRule, str, str]]:
        """Yield what is named and cannot be ignored by a comment, with a clause and advice."""
        for ignore in self.ignores:
            for named in ignore.rules:
                refused = self.selectors.refused_in_comment(named.text)
                if refused is not None:
                    yield named, *refused
