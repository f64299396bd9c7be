"""Which findings are ignored by which comments, and which comments ignore nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct, field

from stepgraph.checks.finding import Finding
from stepgraph.checks.ignores.ignore import Ignore, NamedRule
from stepgraph.checks.selectors import Selectors
from stepgraph.model.span import Span


class Suppressed(Struct, frozen=True):
    """A finding that a comment says is to be ignored, for a reason, which may be empty."""

    finding: Finding
    ignore: Ignore

    @property
    def reason(self) -> str:
        """Why it is to be ignored, as the comment says."""
        return self.ignore.reason


class _About(Struct):
    """The rules that some comments name, by code, each with the number of its comment; `used` are the codes looked up.

    A finding costs as much where a thousand comments are about its line as where one is.
    """

    rules: dict[str, list[tuple[int, NamedRule]]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)


class _File(Struct):
    """The comments of a file: by the line in which they stand, by the one line, and by the lines that they are about.

    Comments about several lines are about one statement, so that their lines do not overlap those of others.
    """

    standing: dict[int, _About] = field(default_factory=dict)
    single: dict[int, _About] = field(default_factory=dict)
    ranges: dict[tuple[int, int], _About] = field(default_factory=dict)
    _ordered: list[tuple[int, int]] = field(default_factory=list)

    def add(self, number: int, ignore: Ignore, code: str, named: NamedRule) -> None:
        comment = ignore.comment
        abouts = [self.standing.setdefault(comment.line, _About())]
        if comment.first == comment.last:
            abouts.append(self.single.setdefault(comment.first, _About()))
        else:
            abouts.append(self.ranges.setdefault((comment.first, comment.last), _About()))
        for about in abouts:
            about.rules.setdefault(code, []).append((number, named))

    def about(self, span: Span) -> Iterator[_About]:
        """Yield the comments for the first line of a span, and those that share its last line."""
        if span.end_line in self.standing:
            yield self.standing[span.end_line]
        if span.line in self.single:
            yield self.single[span.line]
        if len(self._ordered) < len(self.ranges):
            self._ordered = sorted(self.ranges)
        index = bisect_right(self._ordered, (span.line + 1,)) - 1
        if index >= 0 and span.line <= self._ordered[index][1]:
            yield self.ranges[self._ordered[index]]


class Matching(Struct):
    """Comments, and which of the rules in them have ignored something."""

    ignores: Sequence[Ignore]
    selectors: Selectors
    _used: set[NamedRule] = field(default_factory=set)
    _files: dict[str, _File] | None = None

    def suppressing(self, finding: Finding) -> Ignore | None:
        """Return the first comment that says of a finding that it is to be ignored."""
        file = self._indexed().get(finding.span.path)
        if file is None:
            return None
        first: list[int] = []
        for about in file.about(finding.span):
            rules = about.rules.get(finding.code)
            if rules is None:
                continue
            first.append(rules[0][0])
            if finding.code not in about.used:
                about.used.add(finding.code)
                self._used.update(named for _, named in rules)
        return self.ignores[min(first)] if first else None

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
            if named not in self._used
            and (code := self.selectors.code_in_comment(named.text))
            and counts(code, ignore.comment.path)
        )

    def _indexed(self) -> dict[str, _File]:
        if self._files is None:
            self._files = {}
            for number, ignore in enumerate(self.ignores):
                file = self._files.setdefault(ignore.comment.path, _File())
                for named in ignore.rules:
                    code = self.selectors.code_in_comment(named.text)
                    if code is not None:
                        file.add(number, ignore, code, named)
        return self._files
