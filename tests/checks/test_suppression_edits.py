"""The changes that suppress a finding, applied and checked again."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from msgspec.structs import replace

from stepgraph.checks.catalogue import RULES
from stepgraph.checks.diagnostic import Finding
from stepgraph.checks.page import read_page
from stepgraph.checks.rule import Rule
from stepgraph.checks.selectors import INPUT_RULES, SUPPRESSION_RULES
from stepgraph.checks.settings import Settings
from stepgraph.checks.suppression_edits import SuppressionEdit, remove_suppression, suppress_here, suppress_in_file
from stepgraph.model.span import Span
from stepgraph.project.sources import find_sources
from stepgraph.source_analysis import apply_settings, check_sources, import_pipeline
from tests.checks.examples import findings_of_example
from tests.checks.filtering import CODE, filter_module, in_run
from tests.effort import sample

UNUSED = Settings(select=(CODE, "SG201", "SG007"))
ONLY = Settings(select=(CODE, "SG007"))
COMMENT = "# stepgraph: ignore[SG118]"


def edited(text: str, edit: SuppressionEdit | None) -> str:
    """Return a text after a change."""
    assert edit is not None
    span = edit.span
    lines = text.splitlines(keepends=True)
    first, *others = lines[span.line - 1 : span.end_line]
    last = others[-1] if others else first
    lines[span.line - 1 : span.end_line] = [first[: span.column - 1] + edit.text + last[span.end_column - 1 :]]
    return "".join(lines)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("await charge(10)", f"await charge(10)  {COMMENT}"),
        ("await charge(10)  ", f"await charge(10)  {COMMENT}"),
        ("await charge(10); step", f"await charge(10); step  {COMMENT}"),
        ("if event: await charge(10)", f"if event: await charge(10)  {COMMENT}"),
        ("await charge(10)  # why", f"await charge(10)  # why  {COMMENT}"),
        ("await charge(\n    10,\n)", f"await charge(\n    10,  {COMMENT}\n)"),
        ("await charge( \\\n    10)", f"await charge( \\\n    10)  {COMMENT}"),
        ("await charge(10 \\\n)", f"await charge(10 \\\n)  {COMMENT}"),
        ('await charge("""\ntext\n""")', f'await charge("""\ntext\n""")  {COMMENT}'),
        ('await charge(10) or """\ntext\n"""', f'await charge(10) or """\ntext\n"""  {COMMENT}'),
        ('await charge(f"""{event}\n""")', f'await charge(f"""{{event}}\n""")  {COMMENT}'),
        ("await charge(10)  # stepgraph: ignore[SG301] why", "await charge(10)  # stepgraph: ignore[SG301, SG118] why"),
        ("# stepgraph: ignore[SG201]\nawait charge(10)", "# stepgraph: ignore[SG201, SG118]\nawait charge(10)"),
        ("await charge(\n    1, 2\n)", f"await charge(\n    1, 2  {COMMENT}\n)"),
    ],
)
def test_a_comment_is_added_at_the_end(before: str, after: str) -> None:
    source = in_run(before)
    finding = filter_module(source, ONLY).findings[0]
    changed = edited(source, suppress_here(CODE, finding.span, source.encode()))
    assert changed == in_run(after)
    assert filter_module(changed, ONLY).findings == ()


WRANGLER = {
    "wrangler.jsonc": """\
        {
          "name": "shop",
          "main": "entry.py",
          "workflows": [
            // The orders.
            {"binding": "ORDERS", "name": "o o", "class_name": "Orders"}
          ]
        }
        """,
    "wrangler.toml": """\
        name = "shop"
        main = "entry.py"
        [[workflows]]
        binding = "ORDERS"
        name = "o o" # The orders.
        class_name = "Orders"
        """,
}


@pytest.mark.parametrize(
    ("path", "line", "comment"),
    [
        ("wrangler.jsonc", 6, "    // stepgraph: ignore[SG113]\n"),
        ("wrangler.toml", 5, "# stepgraph: ignore[SG113]\n"),
    ],
)
def test_a_comment_is_above_a_field_of_a_configuration(
    path: str, line: int, comment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = dedent(WRANGLER[path])
    Path("entry.py").write_text(in_run("await charge()"), encoding="utf-8")
    Path(path).write_text(before, encoding="utf-8")
    (finding,) = findings_here("SG113")
    after = edited(before, suppress_here("SG113", finding.span, before.encode()))
    lines = before.splitlines(keepends=True)
    assert after == "".join([*lines[: line - 1], comment, *lines[line - 1 :]])
    Path(path).write_text(after, encoding="utf-8")
    assert findings_here("SG113") == ()


def findings_here(code: str) -> tuple[Finding, ...]:
    """Return the findings of a rule, and unused comments, in the working directory."""
    analysis, findings = check_sources(find_sources(["."], None, import_pipeline))
    return apply_settings(analysis, findings, Settings(select=(code, "SG007"))).findings


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{}", "# stepgraph: ignore-file[SG118]\n{}"),
        ('"""Docs."""\r\n{}', '# stepgraph: ignore-file[SG118]\r\n"""Docs."""\r\n{}'),
        ("#!/usr/bin/python\n{}", "#!/usr/bin/python\n# stepgraph: ignore-file[SG118]\n{}"),
        ("#\n# coding: utf-8\n{}", "#\n# coding: utf-8\n# stepgraph: ignore-file[SG118]\n{}"),
        ("{}# stepgraph: ignore-file[SG3] why\n", "{}# stepgraph: ignore-file[SG3, SG118] why\n"),
    ],
)
def test_a_comment_suppresses_a_rule_in_a_file(before: str, after: str) -> None:
    module = in_run("await charge(10)\nawait charge(10)")
    before, after = before.format(module), after.format(module)
    assert edited(before, suppress_in_file(CODE, "entry.py", before.encode())) == after
    assert filter_module(after, ONLY).findings == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("await charge()  # stepgraph: ignore[SG118] why", "await charge()"),
        ("# stepgraph: ignore[SG118]\nawait charge()", "await charge()"),
        ("await charge()  # noqa  # stepgraph: ignore[SG118]", "await charge()  # noqa"),
        ("await charge()  # stepgraph: ignore[SG118]  # noqa", "await charge()  # noqa"),
        ("await charge(1)  # stepgraph: ignore[SG118, SG201] why", "await charge(1)  # stepgraph: ignore[SG118] why"),
        ("await charge(1)  # stepgraph: ignore[SG201, SG118]", "await charge(1)  # stepgraph: ignore[SG118]"),
    ],
)
def test_an_unused_rule_is_removed(before: str, after: str) -> None:
    source = in_run(before)
    (finding,) = filter_module(source, UNUSED).findings
    changed = edited(source, remove_suppression(finding.span, source.encode()))
    assert changed == in_run(after)
    assert filter_module(changed, UNUSED).findings == ()


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ('"u": "http://x", // stepgraph: ignore[SG113] http://y', '"u": "http://x",'),
        ('"u": "http://x", /* stepgraph: ignore[SG113] */', None),
    ],
)
def test_a_comment_is_removed_from_a_configuration(line: str, after: str | None) -> None:
    column = line.index("SG113") + 1
    edit = remove_suppression(Span("wrangler.jsonc", 1, column, 1, column + 5), line.encode())
    assert (None if edit is None else edited(line, edit)) == after


@pytest.mark.parametrize("code", ["SG002", "SG003", "SG006", "SG007"])
def test_some_rules_have_no_comment(code: str) -> None:
    content = b"first\n"
    assert suppress_here(code, Span("entry.py", 1, 1, 1, 2), content) is None
    assert suppress_in_file(code, "entry.py", content) is None


def test_the_interpreter_of_a_script_has_no_comment() -> None:
    assert suppress_here(CODE, Span("entry.py", 1, 1, 1, 1), b"#!/usr/bin/python\n") is None


@pytest.mark.slow
@pytest.mark.parametrize("rule", sample(RULES, 24), ids=lambda rule: rule.code)
def test_each_example_can_be_suppressed(rule: Rule, tmp_path: Path) -> None:
    examples = [] if rule.code in INPUT_RULES | SUPPRESSION_RULES else read_page(rule).flagged
    for number, example in enumerate(examples):
        folder = tmp_path / str(number)
        findings = [each for each in findings_of_example(example, folder / "before") if each.code == rule.code]
        for index, finding in enumerate(findings):
            path = Path(finding.span.path).relative_to(folder / "before").as_posix()
            text = dict(example.files)[path]
            changed = edited(text, suppress_here(rule.code, finding.span, text.encode()))
            files = tuple(({**dict(example.files), path: changed}).items())
            after = findings_of_example(replace(example, files=files), folder / f"after {index}")
            assert [each.code for each in after].count(rule.code) < len(findings)
            assert not {each.code for each in after} & SUPPRESSION_RULES
