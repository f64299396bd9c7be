"""Test suppression comments."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from stepgraph.api import analyze_file, check_analysis
from stepgraph.checks.diagnostic import Finding, Severity
from stepgraph.checks.filtering import CheckedSources, filter_findings
from stepgraph.checks.settings import Settings
from stepgraph.checks.suppression_comments import configuration_comments, python_comments
from stepgraph.model.span import Span
from stepgraph.source_analysis import apply_settings
from tests.checks.filtering import PLAIN, SELECTED, code_lines, filter_module, in_run


def test_suppressed_finding_has_its_reason() -> None:
    result = filter_module(in_run("await charge(10)  # stepgraph: ignore[SG118] our own decorator takes arguments"))
    assert result.findings == ()
    (suppressed,) = result.suppressed
    assert (suppressed.finding.code, suppressed.finding.span.line) == ("SG118", 10)
    assert suppressed.reason == "our own decorator takes arguments"


@pytest.mark.parametrize(
    "body",
    [
        "await charge(10)  # stepgraph: ignore[SG118]",
        "await charge(10)  #stepgraph:ignore[SG118]",
        "await charge(10)  # stepgraph: ignore[step-called-with-arguments]: named",
        "await charge(10)  # type: ignore[call-arg]  # stepgraph: ignore[SG118]  # noqa: E501",
        "# stepgraph: ignore[SG118]\nawait charge(10)",
        "# stepgraph: ignore[SG118]\n\n# What it is about.\nawait charge(\n    10,\n)",
        "await charge(\n    10,\n)  # stepgraph: ignore[SG118] the formatter has broken the line",
        "await charge(\n    10,  # stepgraph: ignore[SG118]\n)",
        "await charge(\n    # stepgraph: ignore[SG118]\n    10,\n)",
        "await charge(\n    [\n        1,\n    ],  # stepgraph: ignore[SG118] where it ends\n)",
        'await charge(f"""{"#"}\n""")  # stepgraph: ignore[SG118]',
        "if event: await charge(10)  # stepgraph: ignore[SG118]",
    ],
)
def test_comment_applies_to_its_statement(body: str) -> None:
    result = filter_module(in_run(body))
    assert code_lines(result.findings) == []
    assert len(result.suppressed) == 1


@pytest.mark.parametrize(
    "body",
    [
        "if event:\n    pass\n    # stepgraph: ignore[SG118] the block before\nawait charge(10)",
        'await charge(10)  # add "# stepgraph: ignore[SG118]" here',
        "await charge(10)  # see `# stepgraph: ignore-file`",
        "text = '# stepgraph: ignore[SG118]'; await charge(10)",
        '"""\n# stepgraph: ignore[SG118]\n"""\nawait charge(10)',
        "x = 1  # stepgraph: ignore[SG118]\nawait charge(10)",
    ],
)
def test_texts_that_suppress_nothing(body: str) -> None:
    result = filter_module(in_run(body))
    assert [code for code, _ in code_lines(result.findings)].count("SG118") == 1
    assert result.suppressed == ()


_HELPER = """\
from workers import WorkflowEntrypoint, fetch


async def load(url):
    await fetch(url){first}
    return await fetch(url){second}


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("rest", "1 hour")
        await load("u"){call}
"""


@pytest.mark.parametrize(
    ("first", "second", "call", "lines"),
    [
        ("", "", "", [("SG303", 12)]),
        ("", "", "  # stepgraph: ignore[SG303]", []),
        ("  # stepgraph: ignore[SG303]", "  # stepgraph: ignore[SG303]", "", []),
        ("  # stepgraph: ignore[SG303]", "", "", [("SG303", 12)]),
        ("  # stepgraph: ignore[SG307]", "", "  # stepgraph: ignore[SG303]", [("SG007", 5)]),
    ],
)
def test_comment_at_a_related_location(first: str, second: str, call: str, lines: list[tuple[str, int]]) -> None:
    source = _HELPER.format(first=first, second=second, call=call)
    result = filter_module(source, Settings(select=("SG303", "SG307", "SG007")))
    assert code_lines(result.findings) == lines


@pytest.mark.parametrize(
    "comment",
    [
        "# stepgraph: ignore-file",
        "# stepgraph: ignore-file generated code",
        "# stepgraph: ignore-file[SG118] generated code",
        "# stepgraph: ignore-file[SG205, step-called-with-arguments]",
        "# stepgraph: ignore-file[SG1]",
    ],
)
def test_comment_applies_to_its_file(comment: str) -> None:
    result = filter_module(f"{comment}\n{in_run('await charge(10)')}")
    assert [line for line in code_lines(result.findings) if line[0] != "SG007"] == []
    assert [suppressed.finding.code for suppressed in result.suppressed] == ["SG118"]


def test_comment_for_a_file_has_a_reason() -> None:
    result = filter_module(f"# stepgraph: ignore-file generated code\n{in_run('await charge(10)')}")
    assert [suppressed.reason for suppressed in result.suppressed] == ["generated code"]


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# stepgraph: ignore-file", "entry.py:1:14: warning: stepgraph reports nothing in this file, so the comment"),
        ("# stepgraph: ignore-file[SG118]", "entry.py:1:26: warning: `SG118` reports nothing in this file, so the"),
    ],
)
def test_comment_for_a_file_without_findings_is_unused(comment: str, message: str) -> None:
    (unused,) = filter_module(f"{comment}\n{in_run('await charge()')}", Settings()).findings
    assert unused.code == "SG007"
    assert str(unused).startswith(message)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("await charge(  # stepgraph: ignore[SG118]\n    10,\n)", [("SG007", 10), ("SG118", 11)]),
        ("await charge(10)\n# stepgraph: ignore[SG118]", [("SG118", 10), ("SG007", 11)]),
        ("# stepgraph: ignore[SG118]\nawait charge()\nawait charge(10)", [("SG007", 10), ("SG118", 12)]),
        ("# stepgraph: ignore[SG118]\nif event:\n    await charge(10)", [("SG007", 10), ("SG118", 12)]),
        ('x = "# stepgraph: ignore[SG118]"; await charge(10)', [("SG118", 10)]),
        ('x = """\n# stepgraph: ignore[SG118]\n"""; await charge(10)', [("SG118", 12)]),
    ],
)
def test_comment_does_not_apply_to_other_statements(body: str, expected: list[tuple[str, int]]) -> None:
    assert code_lines(filter_module(in_run(body)).findings) == expected


def test_unused_codes_of_a_comment_are_reported() -> None:
    result = filter_module(in_run("await charge(10)  # stepgraph: ignore[SG118, SG007X, SG118]\nawait charge()"))
    assert [str(finding) for finding in result.findings if finding.code == "SG007"] == []
    two = "await charge(10)  # stepgraph: ignore[SG118]\nawait charge()  # stepgraph: ignore[SG118, SG006]"
    unused, refused = map(str, filter_module(in_run(two)).findings)
    assert unused == (
        "entry.py:11:45: warning: `SG118` reports nothing here, so the comment can only hide future findings."
        " Remove `SG118` from the comment. [SG007]"
    )
    assert refused == (
        "entry.py:11:52: warning: `SG006` cannot be ignored by a comment, so this entry has no effect."
        " Add it to `ignore` in `pyproject.toml`. [SG006]"
    )


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        (
            "# stepgraph: ignore",
            (
                "10:27: warning: `stepgraph: ignore` has no effect: it must name the rules to ignore."
                " Write `stepgraph: ignore[SG118] reason`, with the rules in brackets. [SG006]"
            ),
        ),
        ("# stepgraph: ignore this line", "10:27: warning: `stepgraph: ignore this line` has no effect"),
        ("# stepgraph: ignore[]", "10:27: warning: `stepgraph: ignore[]` has no effect"),
        ("# stepgraph: ignore SG118", "10:27: warning: `stepgraph: ignore SG118` has no effect"),
        ("# stepgraph: ignore [SG118]", "10:27: warning: `stepgraph: ignore [SG118]` has no effect"),
        (
            "# stepgraph ignores [SG118]",
            "10:27: warning: `stepgraph ignores [SG118]` has no effect: its syntax is invalid.",
        ),
        ("# stepgraph ignore[SG118]", "10:27: warning: `stepgraph ignore[SG118]` has no effect"),
        ("# Stepgraph: Ignore[SG118]", "10:27: warning: `Stepgraph: Ignore[SG118]` has no effect"),
        ("# stepgraph: noqa[SG118]", "10:27: warning: `stepgraph: noqa[SG118]` has no effect"),
        ("# stepgraph: disable", "10:27: warning: `stepgraph: disable` has no effect: the only directives are"),
        ("# stepgraph: disable=SG118", "10:27: warning: `stepgraph: disable=SG118` has no effect: the only"),
        ("# stepgraph: see [SG118]", "10:27: warning: `stepgraph: see [SG118]` has no effect: the only"),
        (
            "# noqa: SG118",
            (
                "10:27: warning: `noqa: SG118` has no effect on stepgraph's findings."
                " Write `stepgraph: ignore[SG118] reason`, with the rules in brackets. [SG006]"
            ),
        ),
        (
            "# noqa: sg205, SG206",
            (
                "10:27: warning: `noqa: sg205, SG206` has no effect on stepgraph's findings."
                " Write `stepgraph: ignore[SG205, SG206] reason`, with the rules in brackets. [SG006]"
            ),
        ),
        (
            "# stepgraph: ignore-file SG205",
            (
                "10:27: warning: `stepgraph: ignore-file SG205` has no effect: it must name the rules to ignore."
                " Write `stepgraph: ignore-file[SG205] reason`, with the rules in brackets. [SG006]"
            ),
        ),
        ("# noqa: E501, SG118", "10:27: warning: `noqa: E501, SG118` has no effect on stepgraph's findings."),
        (
            "# stepgraph: ignore-files",
            "10:27: warning: `stepgraph: ignore-files` has no effect: it must name the rules",
        ),
        (
            "# stepgraph: ignore-file[]",
            "10:27: warning: `stepgraph: ignore-file[]` has no effect: it must name the rules",
        ),
        ("# stepgraph: ignore-file[SG007]", "10:50: warning: `SG007` cannot be ignored by a comment, so this entry"),
        (
            "# stepgraph: ignore[SG0118]",
            "10:45: warning: unknown rule `SG0118`, so this entry has no effect. Did you mean `SG118`? [SG006]",
        ),
        (
            "# stepgraph: ignore[SG118 SG201]",
            "10:45: warning: unknown rule `SG118 SG201`, so this entry has no effect. Sep",
        ),
        (
            "# stepgraph: ignore[types]",
            "10:45: warning: unknown rule `types`, so this entry has no effect. Use a rule's",
        ),
        (
            "# stepgraph: ignore[SG1]",
            "10:45: warning: `SG1` is a prefix of several rules, and a comment must name each",
        ),
    ],
)
def test_unused_or_invalid_comment_is_reported(comment: str, message: str) -> None:
    broken, called = sorted(filter_module(in_run(f"await charge(1) {comment}")).findings, key=lambda each: each.code)
    assert called.code == "SG118"
    assert str(broken).startswith(f"entry.py:{message}")


@pytest.mark.parametrize(
    "comment",
    [
        "# stepgraph draws this as one loop",
        "# noqa: E501",
        "# stepgraph ignores `finally` here",
        "# see stepgraph: ignored by it",
    ],
)
def test_other_comments_about_stepgraph(comment: str) -> None:
    assert filter_module(in_run(f"{comment}\nawait charge()")).findings == ()


def test_comment_for_a_disabled_rule_is_not_unused() -> None:
    source = in_run("await charge()  # stepgraph: ignore[SG118]")
    assert code_lines(filter_module(source).findings) == [("SG007", 10)]
    assert filter_module(source, replace(PLAIN, select=("SG007",))).findings == ()
    assert filter_module(source, replace(PLAIN, ignore=("SG118",))).findings == ()
    assert filter_module(source, replace(PLAIN, severity={"SG118": None})).findings == ()
    assert filter_module(source, replace(PLAIN, per_file_ignores={"*.py": ("SG118",)})).findings == ()


def test_rules_on_comments_are_configurable() -> None:
    source = in_run("await charge()  # stepgraph: ignore[SG118]")
    assert filter_module(source, replace(PLAIN, ignore=("SG007",))).findings == ()
    (finding,) = filter_module(
        source, replace(PLAIN, severity={"unused-ignore": None, "SG007": Severity.ERROR})
    ).findings
    assert finding.severity is Severity.ERROR


def test_comment_in_an_imported_module_may_serve_other_workflows(tmp_path: Path) -> None:
    helpers = """\
async def pay(charge):
    await charge(10)  # stepgraph: ignore[SG118]

async def refund(charge):
    await charge(10)  # stepgraph: ignore[SG118]

# stepgraph: ignore[SG18]
"""
    (tmp_path / "payments.py").write_text(helpers, encoding="utf-8")
    entry = in_run("await pay(charge)").replace("from workers", "from payments import pay\nfrom workers")
    (tmp_path / "entry.py").write_text(entry, encoding="utf-8")
    analysis = analyze_file(tmp_path / "entry.py")
    result = apply_settings(analysis, check_analysis(analysis), PLAIN)
    assert [suppressed.finding.span.line for suppressed in result.suppressed] == [2]
    assert code_lines(result.findings) == [("SG006", 7)]


def test_comments_in_vendored_code_are_not_reported(tmp_path: Path) -> None:
    vendored = tmp_path / "python_modules"
    vendored.mkdir()
    (tmp_path / "wrangler.jsonc").write_text('{"compatibility_date": "2026-03-01"}', encoding="utf-8")
    (vendored / "payments.py").write_text(
        "# stepgraph: ignore\nasync def pay(charge): await charge()\n", encoding="utf-8"
    )
    entry = in_run("await pay(charge)").replace("from workers", "from payments import pay\nfrom workers")
    (tmp_path / "entry.py").write_text(entry, encoding="utf-8")
    analysis = analyze_file(tmp_path / "entry.py")
    assert any(path.endswith("payments.py") for path in analysis.read)
    assert apply_settings(analysis, check_analysis(analysis), PLAIN).findings == ()


@pytest.mark.parametrize("code", ["SG001", "SG002", "SG003"])
def test_unchecked_inputs_cannot_be_suppressed(code: str) -> None:
    findings = Finding(code, Severity.ERROR, "it is wrong.", "", Span("entry.py", 1, 1, 1, 2))
    content = f"x = 1  # stepgraph: ignore[{code}]\n".encode()
    result = filter_findings([findings], Settings(), CheckedSources({"entry.py": content}, ()))
    assert [each.code for each in result.findings] == [code, "SG006"]


JSONC = """\
{
  // stepgraph: ignore[SG118] above
  "name": "// stepgraph: ignore[SG118]", // stepgraph: ignore[SG007]
  /* stepgraph: ignore[SG118] */ "main": "entry.py",
  /* stepgraph: ignore[SG118] */
  // and words

  "workflows": []
}
"""

TOML = '''\
# stepgraph: ignore[SG118] above
name = "# stepgraph: ignore[SG118]" # stepgraph: ignore[SG007]
main = """
# stepgraph: ignore[SG118]
""" # stepgraph: ignore[SG118]
'''


def test_jsonc_comments_apply_to_their_or_the_next_line() -> None:
    comments = configuration_comments("wrangler.jsonc", JSONC.encode())
    assert [(c.line, c.column, c.first_line) for c in comments if "ignore" in c.text] == [
        (2, 3, 3),
        (3, 42, 3),
        (4, 3, 4),
        (5, 3, 8),
    ]


def test_toml_comments_apply_to_their_or_the_next_line() -> None:
    comments = configuration_comments("wrangler.toml", TOML.encode())
    assert [(c.line, c.column, c.first_line) for c in comments] == [(1, 1, 2), (2, 37, 2), (5, 5, 5)]


def test_suppression_in_a_configuration(tmp_path: Path) -> None:
    configuration = tmp_path / "wrangler.jsonc"
    configuration.write_text('{\n  "name": "a b" // stepgraph: ignore[SG118] for now\n}', encoding="utf-8")
    (tmp_path / "entry.py").write_text(in_run("await charge()"), encoding="utf-8")
    analysis = analyze_file(tmp_path / "entry.py")
    path = configuration.as_posix()
    assert path in analysis.read
    findings = Finding("SG118", Severity.ERROR, "it is wrong.", "", Span(path, 2, 3, 2, 10))
    result = apply_settings(analysis, [findings], Settings(select=SELECTED))
    assert result.findings == ()
    assert [each.reason for each in result.suppressed] == ["for now"]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_numbers_with_all_line_endings(line_end: str) -> None:
    source = in_run("await charge(10)  # stepgraph: ignore[SG118]").replace("\n", line_end)
    assert code_lines(filter_module(source).findings) == []


def test_comments_before_a_syntax_error() -> None:
    content = b"x = 1  # stepgraph: one\ny = (\n# stepgraph: two\n"
    assert [comment.text for comment in python_comments("entry.py", content)][:1] == ["# stepgraph: one"]


def test_comments_in_another_encoding() -> None:
    content = "# coding: latin-1\nx = 'é'  # stepgraph: ignore[SG118] dès lors\n".encode("latin-1")
    (comment,) = python_comments("entry.py", content)
    assert (comment.column, comment.text) == (10, "# stepgraph: ignore[SG118] dès lors")
