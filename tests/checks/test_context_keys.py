"""Test SG133: keys that the context of a step does not have."""

from __future__ import annotations

import pytest

from stepgraph.checks.diagnostic import Finding, Severity
from tests.checks.snippets import findings_in, only_finding


def body_of(*statements: str, parameters: str = "ctx") -> str:
    """Return a body of `run` with a step that has these statements."""
    body = "\n    ".join(statements)
    return f'@step.do("charge")\nasync def charge({parameters}):\n    {body}\n\nawait charge()'


def context_findings(*statements: str) -> list[Finding]:
    return [finding for finding in findings_in(body_of(*statements)) if finding.code == "SG133"]


@pytest.mark.parametrize(
    ("expression", "message", "advice"),
    [
        (
            'ctx["attempts"]',
            "fails with a KeyError: the context of a step has the keys 'attempt', 'step' and 'config'.",
            'Write `ctx["attempt"]`.',
        ),
        (
            'ctx["step"]["nam"]',
            "fails with a KeyError: `ctx[\"step\"]` has the keys 'name' and 'count'.",
            'Write `ctx["step"]["name"]`.',
        ),
        (
            "ctx.name",
            "fails with an AttributeError: the context of a step has the keys 'attempt', 'step' and 'config'.",
            'Write `ctx["step"]["name"]`.',
        ),
        (
            "ctx.waitUntil",
            "fails with an AttributeError: the context of a step has the keys 'attempt', 'step' and 'config'.",
            "Write `self.ctx.waitUntil`.",
        ),
    ],
)
def test_unknown_key(expression: str, message: str, advice: str) -> None:
    finding = only_finding(body_of(f"return {expression}"))
    assert (finding.code, finding.severity) == ("SG133", Severity.ERROR)
    assert finding.message == f"`{expression}` {message}"
    assert finding.advice == advice


def test_get_with_an_unknown_key_is_a_warning() -> None:
    finding = only_finding(body_of('return ctx.get("retries", 0)'))
    assert (finding.code, finding.severity) == ("SG133", Severity.WARNING)
    assert finding.message == (
        "`ctx.get(\"retries\", 0)` always returns the default: the context of a step has the keys 'attempt', 'step'"
        " and 'config'."
    )


def test_key_in_a_nested_function() -> None:
    findings = context_findings("def key():", '    return ctx["attempts"]', "return key()")
    assert [finding.span.line for finding in findings] == [10]


@pytest.mark.parametrize(
    "statement",
    [
        'return [ctx["attempt"], ctx["step"]["name"], ctx["step"]["count"], ctx["config"]["retries"]["limit"]]',
        'return [ctx.get("attempt"), ctx.attempt, list(ctx.keys())]',
        'return ctx["region"] if "region" in ctx else None',
        'ctx = {"region": ctx["attempt"]}; return ctx["region"]',
        'ctx["region"] = "eu"; return ctx["region"]',
        "return [(lambda ctx: ctx['region'])(row) for row in [{'region': 1}]]",
        "return self.ctx.props",
    ],
)
def test_valid_use(statement: str) -> None:
    assert context_findings(statement) == []


def test_caught_key_error() -> None:
    assert context_findings("try:", '    return ctx["region"]', "except KeyError:", "    return None") == []


@pytest.mark.parametrize(
    ("statements", "access"),
    [
        (("alias = ctx", 'return alias["attempts"]'), 'alias["attempts"]'),
        (("first = ctx", "second = first", 'return second["attempts"]'), 'second["attempts"]'),
        (('current = ctx["step"]', 'return current["nam"]'), 'current["nam"]'),
    ],
)
def test_unknown_key_of_an_alias(statements: tuple[str, ...], access: str) -> None:
    assert [finding.message.split(" fails")[0] for finding in context_findings(*statements)] == [f"`{access}`"]


@pytest.mark.parametrize(
    "statements",
    [
        ("alias = ctx", 'alias = {"other": 1}', 'return alias["other"]'),
        ("alias = ctx", 'alias["other"] = 1', 'return ctx["other"]'),
        ("global alias", "alias = ctx", 'return alias["other"]'),
        ("alias = ctx", "def change():", "    nonlocal alias", '    alias = {"other": 1}', 'return alias["other"]'),
    ],
)
def test_alias_that_may_be_another_mapping(statements: tuple[str, ...]) -> None:
    assert context_findings(*statements) == []
