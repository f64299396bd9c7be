"""Which findings are ignored by which comments, and which comments ignore nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct, field

from stepgraph.checks.finding import Finding
from stepgraph.checks.ignores.ignore import Ignore, NamedRule
from stepgraph.checks.selectors import Selectors


class Suppressed(Struct, frozen=True):
    """A finding that a comment says is to be ignored, for a reason, which may be empty."""

    finding: Finding
    ignore: Ignore

    @property
    def reason(self) -> str:
        """Why it is to be ignored, as the comment says."""
        return self.ignore.reason


class Matching(Struct):
    """Comments, and which of the rules in them have ignored something."""

    ignores: Sequence[Ignore]
    selectors: Selectors
    _used: set[NamedRule] = field(default_factory=set)

    def suppressing(self, finding: Finding) -> Ignore | None:
        """Return the first comment that says of a finding that it is to be ignored."""
        about = [
            (ignore, named)
            for ignore in self.ignores
            if ignore.is_about(finding.span)
            for named in ignore.rules
            if self._code(named) == finding.code
        ]
        self._used |= {named for _, named in about}
        return about[0][0] if about else None

    def unused(
        self, classes_of_workflows: Iterable[tuple[str, str]], counts: Callable[[str, str], bool]
    ) -> tuple[tuple[Ignore, NamedRule], ...]:
        """Return the rules that comments name and that found nothing there, though they looked.

        That is: findings of the rule count in that file, and the comment stands in a class of a workflow or beside the
        classes of a module with one. What is said in a module that is only imported, or in another class, may be for
        workflows that were not analysed, and in a configuration for another environment.
        """
        classes: dict[str, set[str]] = {}
        for path, class_name in classes_of_workflows:
            classes.setdefault(path, {""}).add(class_name)
        return tuple(
            (ignore, named)
            for ignore in self.ignores
            if ignore.comment.class_name in classes.get(ignore.comment.path, ())
            for named in ignore.rules
            if named not in self._used and (code := self._code(named)) and counts(code, ignore.comment.path)
        )

    def _code(self, named: NamedRule) -> str | None:
        """Return the code of a rule that a comment can ignore."""
        if self.selectors.refused_in_comment(named.text) is not None:
            return None
        return self.selectors.meaning(named.text)
