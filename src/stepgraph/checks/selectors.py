"""Rule selectors: the codes, code prefixes and names of rules in settings and comments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from msgspec import Struct

from stepgraph.phrases import near_names

ALL: Final = "SG"
"""The prefix of all codes."""
_ALL_NAME: Final = "ALL"
"""Ruff's selector of all rules, which stepgraph accepts, too."""
_SIMILARITY: Final = 0.8
"""The similarity cutoff of suggestions, which a code with one wrong digit reaches."""

INPUT_RULES: Final = frozenset({"SG001", "SG002", "SG003"})
"""The rules that report invalid inputs and settings. These rules cannot be ignored."""

SUPPRESSION_RULES: Final = frozenset({"SG006", "SG007"})
"""The rules that report suppression comments without effect. Comments cannot suppress these rules."""


class SelectableRule(Protocol):
    """The fields of a rule that selectors refer to."""

    @property
    def code(self) -> str:
        """The stable code."""

    @property
    def name(self) -> str:
        """The stable name."""


class Selectors(Struct, frozen=True):
    """The valid selectors of a set of rules."""

    prefix_by_selector: Mapping[str, str]
    """The code or code prefix of each selector."""
    codes: frozenset[str]
    """The complete codes."""

    def resolve(self, selector: str) -> str | None:
        """Return the code or code prefix of a selector, or None if it is invalid."""
        return self.prefix_by_selector.get(selector)

    def suppressible_code(self, selector: str, *, with_prefixes: bool) -> str | None:
        """Return the code of a selector, or None if a comment cannot suppress it. `with_prefixes` allows prefixes."""
        meaning = self.prefix_by_selector.get(selector)
        is_known = meaning in self.codes or with_prefixes
        return meaning if is_known and meaning not in SUPPRESSION_RULES | INPUT_RULES else None

    def explain_not_ignorable(self, selector: str, *, with_prefixes: bool = True) -> tuple[str, str] | None:
        """Return the reason why a selector cannot be ignored, and advice, or None if it can be ignored."""
        meaning = self.prefix_by_selector.get(selector)
        if meaning is None:
            return f"unknown rule `{selector}`", self.advice(selector, with_prefixes=with_prefixes)
        if meaning in INPUT_RULES:
            advice = f"It reports inputs that could not be checked. Repair the input, and remove `{selector}` here."
            return f"`{selector}` cannot be ignored", advice
        return None

    def explain_not_suppressible(self, selector: str, *, with_prefixes: bool) -> tuple[str, str] | None:
        """Return the reason why a comment cannot suppress a selector, and advice, or None if it can."""
        meaning = self.prefix_by_selector.get(selector)
        if meaning in SUPPRESSION_RULES:
            return f"`{selector}` cannot be ignored by a comment", "Add it to `ignore` in `pyproject.toml`."
        if meaning is not None and meaning not in self.codes and not with_prefixes:
            clause = f"`{selector}` is a prefix of several rules, and a comment must name each rule"
            return clause, "List their codes, or add the prefix to `per-file-ignores` in `pyproject.toml`."
        return self.explain_not_ignorable(selector, with_prefixes=with_prefixes)

    def advice(self, selector: str, *, with_prefixes: bool = True) -> str:
        """Return advice on an invalid selector: the most similar rule or prefix of codes, or the valid forms."""
        parts = selector.split()
        if len(parts) > 1 and all(map(self.resolve, parts)):
            return f"Separate the rules with commas: `{', '.join(parts)}`."
        rules = [name for name, meaning in self.prefix_by_selector.items() if meaning in self.codes]
        prefixes = [name for name in self.prefix_by_selector if with_prefixes and name not in (ALL, _ALL_NAME)]
        near = near_names(selector, rules, _SIMILARITY) or near_names(selector, prefixes, _SIMILARITY)
        if near:
            return f"Did you mean `{near[0]}`?"
        example = min(self.codes)
        if not with_prefixes:
            return f"Use a rule's code (`{example}`) or its name."
        return f"Use a rule's code (`{example}`), its name, or a prefix of codes (`{example[:3]}`)."


def selectors(rules: Iterable[SelectableRule]) -> Selectors:
    """Return all valid selectors of the rules: codes, names, prefixes of codes, and `ALL`."""
    names = {rule.name: rule.code for rule in rules}
    codes = {code: code for code in names.values()}
    prefixes = {code[:length]: code[:length] for code in codes for length in range(len(ALL), len(code))}
    return Selectors({**codes, **names, **prefixes, _ALL_NAME: ALL}, frozenset(codes))
