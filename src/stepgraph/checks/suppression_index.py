"""The matching of findings with suppression comments, and unused suppressions."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct, field

from stepgraph.checks.diagnostic import Finding
from stepgraph.checks.selectors import ALL, Selectors
from stepgraph.checks.suppression_comments import SuppressedRule, SuppressionComment
from stepgraph.model.span import Span


class SuppressedFinding(Struct, frozen=True):
    """A finding that a comment suppresses."""

    finding: Finding
    reason: str = ""
    """The reason in the comment, which may be empty."""


class _SuppressedRules(Struct):
    """The suppressed rules of a line, a range of lines or a file.

    The time to look up a finding does not depend on the number of comments.
    """

    rules: dict[str, list[tuple[int, SuppressedRule]]] = field(default_factory=dict)
    """The rules, each with the index of its comment, by code or, for a file, by code prefix."""
    used: set[str] = field(default_factory=set)
    """The keys of `rules` that have suppressed a finding."""


class _FileIndex(Struct):
    """The suppressions of a file, indexed by line."""

    by_comment_line: dict[int, _SuppressedRules] = field(default_factory=dict)
    """The suppressions by the line of their comment."""
    by_line: dict[int, _SuppressedRules] = field(default_factory=dict)
    """The suppressions that apply to a single line, by that line."""
    by_range: dict[tuple[int, int], _SuppressedRules] = field(default_factory=dict)
    """The suppressions that apply to several lines, by first and last line.

    Each range is a statement, so ranges do not overlap.
    """
    of_file: _SuppressedRules = field(default_factory=_SuppressedRules)
    """The suppressions that apply to the whole file. Their codes may be prefixes."""
    _sorted_ranges: list[tuple[int, int]] = field(default_factory=list)
    """The sorted keys of `by_range`."""

    def add(self, number: int, ignore: SuppressionComment, code: str, rule: SuppressedRule) -> None:
        comment = ignore.comment
        if ignore.applies_to_file:
            self.of_file.rules.setdefault(code, []).append((number, rule))
            return
        groups = [self.by_comment_line.setdefault(comment.line, _SuppressedRules())]
        if comment.first_line == comment.last_line:
            groups.append(self.by_line.setdefault(comment.first_line, _SuppressedRules()))
        else:
            groups.append(self.by_range.setdefault((comment.first_line, comment.last_line), _SuppressedRules()))
        for group in groups:
            group.rules.setdefault(code, []).append((number, rule))

    def find(self, span: Span) -> Iterator[_SuppressedRules]:
        """Yield the suppressions for the first line of a span, and the suppressions on its last line."""
        if span.end_line in self.by_comment_line:
            yield self.by_comment_line[span.end_line]
        if span.line in self.by_line:
            yield self.by_line[span.line]
        if len(self._sorted_ranges) < len(self.by_range):
            self._sorted_ranges = sorted(self.by_range)
        index = bisect_right(self._sorted_ranges, (span.line + 1,)) - 1
        if index >= 0 and span.line <= self._sorted_ranges[index][1]:
            yield self.by_range[self._sorted_ranges[index]]


class SuppressionIndex(Struct):
    """Suppression comments, and the rules in them that have suppressed a finding."""

    suppressions: Sequence[SuppressionComment]
    selectors: Selectors
    _used: set[SuppressedRule] = field(default_factory=set)
    """The rules that have suppressed a finding."""
    _files: dict[str, _FileIndex] | None = None
    """The index by path. None before the first lookup."""

    def suppression_of(self, finding: Finding) -> SuppressionComment | None:
        """Return the first comment that suppresses a finding, if any, and mark its rule as used.

        A comment at the location of the finding suppresses it, and so do comments at all its related locations.
        """
        at_finding = self._suppression_at(finding.span, finding.code)
        related = [self._suppression_at(location.span, finding.code) for location in finding.related]
        if at_finding is not None or not related or None in related:
            return at_finding
        return related[0]

    def _suppression_at(self, span: Span, code: str) -> SuppressionComment | None:
        """Return the first comment that suppresses a rule at a location, and mark its rule as used."""
        file = self._index().get(span.path)
        if file is None:
            return None
        pairs = [(group, code) for group in file.find(span)]
        pairs += ((file.of_file, code[:length]) for length in range(len(ALL), len(code) + 1))
        indices: list[int] = []
        for group, key in pairs:
            rules = group.rules.get(key)
            if rules is None:
                continue
            indices.append(rules[0][0])
            if key not in group.used:
                group.used.add(key)
                self._used.update(rule for _, rule in rules)
        return self.suppressions[min(indices)] if indices else None

    def unused(
        self, classes_of_workflows: Iterable[tuple[str, str]], counts: Callable[[str, str], bool]
    ) -> tuple[tuple[SuppressionComment, SuppressedRule], ...]:
        """Return the rules in checked code that suppressed no finding, each with its comment.

        The code counts as checked if it is in a workflow class, or outside classes in a module with a workflow class,
        and if the rule is enabled for the file. Other classes and imported modules may belong to workflows that were
        not analyzed, and configurations to other environments.
        """
        classes: dict[str, set[str]] = {}
        for path, class_name in classes_of_workflows:
            classes.setdefault(path, {""}).add(class_name)
        return tuple(
            (ignore, rule)
            for ignore in self.suppressions
            if ignore.comment.class_name in classes.get(ignore.comment.path, ())
            for rule in ignore.rules
            if rule not in self._used and (code := self._code_of(ignore, rule)) and counts(code, ignore.comment.path)
        )

    def _index(self) -> dict[str, _FileIndex]:
        if self._files is None:
            self._files = {}
            for number, ignore in enumerate(self.suppressions):
                file = self._files.setdefault(ignore.comment.path, _FileIndex())
                for rule in ignore.rules:
                    code = self._code_of(ignore, rule)
                    if code is not None:
                        file.add(number, ignore, code, rule)
        return self._files

    def _code_of(self, ignore: SuppressionComment, rule: SuppressedRule) -> str | None:
        """Return the code of a rule, or None if the comment cannot suppress the rule.

        In a comment for a file, the result may be a prefix of codes.
        """
        return self.selectors.suppressible_code(rule.text, with_prefixes=ignore.applies_to_file)


class SuppressionsSubject(Struct, frozen=True):
    """The suppression comments of a check, after all other rules have run."""

    ignores: tuple[SuppressionComment, ...]
    """The comments, without those in vendored packages."""
    unused: tuple[tuple[SuppressionComment, SuppressedRule], ...]
    """The rules in checked code that suppressed no finding, each with its comment."""
    selectors: Selectors

    def invalid_rules(self) -> Iterator[tuple[SuppressedRule, str, str]]:
        """Yield the rules that a comment cannot suppress, each with the reason and advice."""
        for ignore in self.ignores:
            for rule in ignore.rules:
                refusal = self.selectors.explain_not_suppressible(rule.text, with_prefixes=ignore.applies_to_file)
                if refusal is not None:
                    yield rule, *refusal
