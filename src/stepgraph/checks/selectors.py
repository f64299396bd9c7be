"""How rules are named in settings and in comments: by code, by name, and by what several codes begin with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from stepgraph.checks.rule import Rule

ALL: Final = "SG"
# Codes are so short that one with two other digits is another code.
_NEAR: Final = 0.8

# These say that an input is wrong: what is in it was not looked at.
OF_INPUTS: Final = frozenset({"SG001", "SG002", "SG003"})

# These say that a comment ignores nothing.
OF_COMMENTS: Final = frozenset({"SG006", "SG007"})


class Selectors(Struct, frozen=True):
    """What may be written for rules, with the code or the beginning of codes that it stands for."""

    meanings: Mapping[str, str]
    codes: frozenset[str]

    def meaning(self, written: str) -> str | None:
        """Return the code, or beginning of codes, that something stands for; None for what is no rule."""
        return self.meanings.get(written)

    def code_in_comment(self, written: str) -> str | None:
        """Return the code of a rule that a comment can ignore; None for anything else."""
        meaning = self.meanings.get(written)
        return meaning if meaning in self.codes and meaning not in OF_COMMENTS | OF_INPUTS else None

    def refused(self, written: str) -> tuple[str, str] | None:
        """Return a clause and advice on what cannot be ignored, or is no rule; None for what is in order."""
        meaning = self.meanings.get(written)
        if meaning is None:
            return f"`{written}` is no rule", self.advice(written)
        if meaning in OF_INPUTS:
            return f"`{written}` cannot be ignored", "It says that an input was not checked. Leave it out."
        return None

    def refused_in_comment(self, written: str) -> tuple[str, str] | None:
        """Return a clause and advice on what a comment cannot ignore; None for what it can."""
        meaning = self.meanings.get(written)
        if meaning in OF_COMMENTS:
            return f"`{written}` cannot be ignored by a comment", "Set it in `ignore` in `pyproject.toml`."
        if meaning is not None and meaning not in self.codes:
            clause = f"`{written}` stands for several rules, and a comment has to name each"
            return clause, "Write their codes, or ignore them for the file in `per-file-ignores` in `pyproject.toml`."
        return self.refused(written)

    def advice(self, written: str) -> str:
        """Return what to write instead of what is no rule."""
        by_folded = {known.casefold(): known for known in self.meanings if known != ALL}
        near = get_close_matches(written.casefold(), list(by_folded), 1, _NEAR)
        if near:
            return f"Did you mean `{by_folded[near[0]]}`?"
        example = min(self.codes)
        prefix = example[:3]
        return (
            f"Rules go by their codes, such as `{example}`, by their names, or by what codes begin with (`{prefix}`)."
        )


def selectors(rules: Iterable[Rule]) -> Selectors:
    """Return what may be written for some rules."""
    names = {rule.name: rule.code for rule in rules}
    codes = {code: code for code in names.values()}
    beginnings = {code[:length]: code[:length] for code in codes for length in range(len(ALL), len(code))}
    return Selectors({**codes, **names, **beginnings}, frozenset(codes))
