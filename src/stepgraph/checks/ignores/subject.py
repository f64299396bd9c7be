"""The subject of rules about suppression comments."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from stepgraph.checks.ignores.ignore import SuppressedRule, SuppressionComment
from stepgraph.checks.selectors import Selectors


class SuppressionsSubject(Struct, frozen=True):
    """The suppression comments of a run, after all other rules have run."""

    ignores: tuple[SuppressionComment, ...]
    unused: tuple[tuple[SuppressionComment, SuppressedRule], ...]
    """The rules in checked code that suppressed no finding, each with its comment."""
    selectors: Selectors

    def invalid_rules(self) -> Iterator[tuple[SuppressedRule, str, str]]:
        """Yield the rules that a comment cannot suppress, each with the reason and advice."""
        for ignore in self.ignores:
            for rule in ignore.rules:
                refusal = self.selectors.explain_not_suppressible(rule.text)
                if refusal is not None:
                    yield rule, *refusal
