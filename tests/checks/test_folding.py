"""Test the folding of findings with one cause."""

from __future__ import annotations

from msgspec.structs import replace

from stepgraph.checks.diagnostic import Applicability, Finding, Fix, RelatedLocation, Severity, fold_findings
from stepgraph.model.span import Span
from tests.checks.snippets import findings_in


def location(line: int) -> Span:
    return Span("entry.py", line, 1, line, 5)


def finding(line: int, *, cause: int | None = 1, code: str = "SG205") -> Finding:
    related = () if cause is None else (RelatedLocation(location(cause), "`TIMEOUT` is assigned here"),)
    return Finding(code, Severity.WARNING, f"line {line}.", "", location(line), "W", related=related)


def folded(*findings: Finding) -> list[tuple[int, list[tuple[int, str]]]]:
    """Return the line of each folded finding, with the lines and messages of its related locations."""
    return [
        (each.span.line, [(related.span.line, related.message) for related in each.related])
        for each in fold_findings(findings)
    ]


def test_first_finding_lists_the_others_of_its_cause() -> None:
    assert folded(finding(5), finding(7, cause=2), finding(9)) == [
        (5, [(1, "`TIMEOUT` is assigned here"), (9, "the same problem")]),
        (7, [(2, "`TIMEOUT` is assigned here")]),
    ]


def test_other_rules_causes_and_workflows_stay_separate() -> None:
    others = [finding(6, code="SG206"), finding(7, cause=None), finding(8, cause=None)]
    in_another_workflow = replace(finding(9), workflow="V")
    assert fold_findings([finding(5), *others, in_another_workflow]) == (finding(5), *others, in_another_workflow)


def test_findings_with_fixes_stay_separate() -> None:
    fixable = [replace(finding(line), fix=Fix(Applicability.SAFE)) for line in (5, 6)]
    assert fold_findings(fixable) == tuple(fixable)


def test_long_lists_end_with_a_count() -> None:
    ((_, related),) = folded(*(finding(line) for line in range(5, 15)))
    assert related[1:] == [
        *((line, "the same problem") for line in range(6, 10)),
        (10, "the same problem, and at 4 more locations"),
    ]


def related_lines(body: str, before: str = "") -> list[tuple[int, str]]:
    """Return the line and message of the first related location of each finding."""
    return [(each.related[0].span.line, each.related[0].message) for each in findings_in(body, before)]


def test_durations_of_one_constant_have_one_cause() -> None:
    body = 'await step.sleep("a", REST)\nawait step.sleep("b", REST)'
    assert related_lines(body, 'REST = "5 min"') == [(1, "`REST` is assigned here")] * 2


def test_constant_of_an_outer_function_is_the_cause() -> None:
    body = """
    rest: str = "10s"

    async def pause(name):
        await step.sleep(name, rest)

    await pause("a")
    """
    assert related_lines(body) == [(7, "`rest` is assigned here")]


def test_calls_with_arguments_share_the_declaration_as_cause() -> None:
    body = '@step.do("a")\nasync def a():\n    return 1\n\nawait a(1)\nawait a(2)'
    assert related_lines(body) == [(7, "the step is declared here")] * 2
