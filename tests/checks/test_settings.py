"""Test how settings are read, and how they select findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.checks.diagnostic import Finding, Severity
from stepgraph.checks.filtering import CheckedSources, filter_findings
from stepgraph.checks.settings import FailOn, Settings, read_settings
from stepgraph.project.path_patterns import matches
from tests.checks.filtering import codes, make_finding, make_rule

RULES = (
    make_rule("SG001", "unreadable-input"),
    make_rule("SG004", "incomplete"),
    make_rule("SG101", "unknown-step-parameter"),
    make_rule("SG205", "unknown-duration-unit"),
    make_rule("SG206", "milliseconds-like-seconds"),
    make_rule("SG302", "nondeterministic-branch"),
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to a temporary repository."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")


def read(text: str) -> Settings:
    write("pyproject.toml", f"[tool.stepgraph]\n{text}")
    return read_settings([], RULES)


def problems(text: str) -> list[str]:
    return [str(problem) for problem in read(text).problems]


def reported_findings(settings: Settings, *findings: Finding) -> tuple[Finding, ...]:
    return filter_findings(findings, settings, CheckedSources({}, ()), rules=RULES).findings


def test_defaults_without_a_file() -> None:
    assert read_settings([], RULES) == Settings()


def test_every_key() -> None:
    settings = read(
        """
        select = ["SG1", "unknown-duration-unit"]
        ignore = ["SG101"]
        severity = { SG206 = "error", "SG3" = "note", unknown-duration-unit = "off" }
        per-file-ignores = { "src/legacy/**" = ["SG3", "SG101"] }
        fail-on = "warning"
        strict = true
        require-dag = true
        baseline = "checks/known.json"
        snapshot = true
        """
    )
    assert settings == Settings(
        select=("SG1", "SG205"),
        ignore=("SG101",),
        severity={"SG206": Severity.ERROR, "SG3": Severity.NOTE, "SG205": None},
        per_file_ignores={"src/legacy/**": ("SG3", "SG101")},
        fail_on=FailOn.WARNING,
        strict=True,
        require_dag=True,
        baseline="checks/known.json",
        snapshot=True,
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('slect = ["SG1"]', "pyproject.toml:2:1: unknown setting `slect`. Did you mean `select`?"),
        ("fail_on = 'error'", "pyproject.toml:2:1: unknown setting `fail_on`. Did you mean `fail-on`?"),
        (
            'colour = "red"',
            (
                "pyproject.toml:2:1: unknown setting `colour`. Available: `select`, `ignore`, `severity`,"
                " `per-file-ignores`, `fail-on`, `strict`, `require-dag`, `baseline`, `snapshot`, `include`, `exclude`,"
                " `extend-exclude`."
            ),
        ),
        ('select = ["SG1", "SG2O5"]', "pyproject.toml:2:18: unknown rule `SG2O5`. Did you mean `SG205`?"),
        ('ignore = ["sg101"]', "pyproject.toml:2:11: unknown rule `sg101`. Did you mean `SG101`?"),
        (
            'ignore = ["unknown-duration"]',
            "pyproject.toml:2:11: unknown rule `unknown-duration`. Did you mean `unknown-duration-unit`?",
        ),
        (
            'ignore = ["E501"]',
            (
                "pyproject.toml:2:11: unknown rule `E501`."
                " Use a rule's code (`SG001`), its name, or a prefix of codes (`SG0`)."
            ),
        ),
        (
            'ignore = ["SG001"]',
            (
                "pyproject.toml:2:11: `SG001` cannot be ignored. It reports inputs that could not be checked. Repair"
                " the input, and remove `SG001` here."
            ),
        ),
        ("select = 'SG1'", 'pyproject.toml:2:10: `select` must be a list of strings, got a string. Write `["SG1"]`.'),
        ("select = ['SG1', 2]", "pyproject.toml:2:18: `select` must contain only strings, got a number."),
        ("strict = 'yes'", "pyproject.toml:2:10: `strict` must be true or false, got a string."),
        ("fail-on = 'eror'", "pyproject.toml:2:11: invalid value `eror` for `fail-on`. Did you mean `error`?"),
        (
            "severity = { SG101 = 'fatal' }",
            "pyproject.toml:2:22: invalid value `fatal` for `SG101`. Available: `error`, `warning`, `note`, `off`.",
        ),
        ("severity = { SG999 = 'off' }", "pyproject.toml:2:14: unknown rule `SG999`. Use a rule's code"),
        ("severity = { SG001 = 'off' }", "pyproject.toml:2:14: the severity of `SG001` cannot be changed."),
        ("per-file-ignores = { 'a.py' = ['SG99'] }", "pyproject.toml:2:32: unknown rule `SG99`."),
        (
            f"baseline = '{'a/' * 2_049}'",
            "pyproject.toml:2:12: `baseline` is longer than 4,096 characters, so it is not a path.",
        ),
        ("baseline = 3", "pyproject.toml:2:12: `baseline` must be a string, got a number."),
    ],
)
def test_invalid_settings_have_their_location(text: str, problem: str) -> None:
    (message,) = problems(text)
    assert message.startswith(problem)


def test_valid_settings_count_despite_invalid_ones() -> None:
    settings = read('select = ["SG1", "SG999"]\nstrict = 1\nfail-on = "warning"')
    assert len(settings.problems) == 2
    assert (settings.select, settings.strict, settings.fail_on) == (("SG1",), False, FailOn.WARNING)


@pytest.mark.parametrize(("select", "selected"), [('"SG2"', ["SG205"]), ('["SG999"]', ["SG205"]), ("[]", [])])
def test_only_a_valid_select_disables_rules(select: str, selected: list[str]) -> None:
    findings = reported_findings(read(f"select = {select}"), make_finding("SG205"))
    assert [finding.code for finding in findings if finding.code != "SG003"] == selected


def test_invalid_toml_is_a_problem_if_it_mentions_stepgraph() -> None:
    assert problems("select = [")[0].startswith("pyproject.toml:2:11: not valid TOML: ")
    write("pyproject.toml", "[project\n")
    assert read_settings([], RULES).problems == ()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_file_in_utf_16_is_not_ignored(encoding: str) -> None:
    mark = "" if encoding == "utf-16" else "\ufeff"
    Path("pyproject.toml").write_bytes(f"{mark}[tool.stepgraph]\ncolour = 1\n".encode(encoding))
    (problem,) = read_settings([], RULES).problems
    assert str(problem) == "pyproject.toml:1:1: encoded as UTF-16, not UTF-8. Save it as UTF-8."


def test_file_in_utf_16_without_a_byte_order_mark_is_not_ignored() -> None:
    Path("pyproject.toml").write_bytes("[tool.stepgraph]\n".encode("utf-16-le"))
    (problem,) = read_settings([], RULES).problems
    assert str(problem) == "pyproject.toml:1:1: encoded as UTF-16, not UTF-8. Save it as UTF-8."


def test_file_in_utf_16_without_the_table() -> None:
    Path("pyproject.toml").write_bytes("[tool.ruff]\n".encode("utf-16"))
    assert read_settings([], RULES) == Settings()


def test_table_must_be_a_table() -> None:
    write("pyproject.toml", "[tool]\nstepgraph = true\n")
    (problem,) = read_settings([], RULES).problems
    assert str(problem) == "pyproject.toml:2:13: `stepgraph` must be a table, got a boolean."


def test_problems_of_settings_cannot_be_disabled() -> None:
    settings = read('ignore = ["SG0"]\nslect = []')
    (finding,) = reported_findings(settings)
    assert str(finding) == "pyproject.toml:3:1: error: unknown setting `slect`. Did you mean `select`? [SG003]"


def test_nearest_file_with_the_table_counts() -> None:
    write("pyproject.toml", "[tool.stepgraph]\nstrict = true\n")
    write("apps/shop/pyproject.toml", '[project]\nname = "shop"\ndependencies = ["stepgraph"]\n')
    write("apps/shop/src/entry.py", "")
    settings = read_settings(["apps/shop/src/entry.py"], RULES)
    assert (settings.strict, settings.folder) == (True, "")

    write("apps/shop/pyproject.toml", '[tool.stepgraph]\nbaseline = "known.json"\n')
    settings = read_settings(["apps/shop/src/entry.py"], RULES)
    assert (settings.strict, settings.folder, settings.baseline) == (False, "apps/shop/", "apps/shop/known.json")


def test_file_in_a_parent_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    write("pyproject.toml", '[tool.stepgraph]\nbaseline = "known.json"\nper-file-ignores = { "src/*.py" = ["SG1"] }\n')
    write("src/entry.py", "")
    monkeypatch.chdir("src")
    settings = read_settings([], RULES)
    assert (settings.folder, settings.baseline) == ("../", "../known.json")
    assert reported_findings(settings, make_finding("SG101", "entry.py")) == ()


def test_several_paths_share_their_common_folder() -> None:
    write("pyproject.toml", "[tool.stepgraph]\nstrict = true\n")
    write("a/pyproject.toml", "[tool.stepgraph]\nselect = []\n")
    write("a/entry.py", "")
    write("b/entry.py", "")
    assert read_settings(["a/entry.py", "b"], RULES).strict
    assert not read_settings(["a/entry.py", "a"], RULES).strict


def test_files_outside_of_the_repository_are_ignored(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("pyproject.toml", "[tool.stepgraph]\nstrict = true\n")
    write("inner/.git/HEAD", "")
    monkeypatch.chdir(folder / "inner")
    assert read_settings([], RULES) == Settings()


@pytest.mark.parametrize(
    ("select", "ignore", "reported"),
    [
        (("SG",), (), ["SG101", "SG205", "SG302"]),
        (("SG1", "SG205"), (), ["SG101", "SG205"]),
        (("SG",), ("SG2",), ["SG101", "SG302"]),
        (("SG1", "SG2"), ("SG1",), ["SG205"]),
        (("SG101",), ("SG1",), ["SG101"]),
        (("SG1",), ("SG101",), []),
        (("SG101",), ("SG101",), []),
        ((), (), []),
    ],
)
def test_longer_code_of_select_and_ignore_wins(
    select: tuple[str, ...], ignore: tuple[str, ...], reported: list[str]
) -> None:
    findings = (make_finding("SG101"), make_finding("SG205"), make_finding("SG302"))
    assert codes(reported_findings(Settings(select=select, ignore=ignore), *findings)) == reported


@pytest.mark.parametrize("code", ["SG001", "SG002", "SG003"])
def test_unchecked_inputs_are_always_reported(code: str) -> None:
    settings = Settings(
        select=("SG1",),
        ignore=("SG0",),
        severity={"SG0": None, "SG": Severity.WARNING},
        per_file_ignores={"*": ("SG",)},
    )
    error = make_finding(code, severity=Severity.ERROR)
    assert reported_findings(settings, error) == (error,)


def test_severity_of_the_longest_matching_code() -> None:
    settings = Settings(severity={"SG2": Severity.NOTE, "SG206": Severity.ERROR, "SG205": None})
    reported = reported_findings(
        settings, make_finding("SG201"), make_finding("SG205"), make_finding("SG206"), make_finding("SG302")
    )
    assert [(each.code, each.severity.value) for each in reported] == [
        ("SG201", "note"),
        ("SG206", "error"),
        ("SG302", "warning"),
    ]


def test_rule_enabled_in_a_disabled_group() -> None:
    settings = Settings(severity={"SG2": None, "SG206": Severity.WARNING})
    assert codes(reported_findings(settings, make_finding("SG205"), make_finding("SG206"))) == ["SG206"]


def test_strict_reports_unresolved_code_as_errors() -> None:
    finding = make_finding("SG004", severity=Severity.NOTE)
    dynamic = make_finding("SG005", severity=Severity.NOTE)
    reported = reported_findings(Settings(strict=True, severity={"SG004": Severity.WARNING}), finding, dynamic)
    assert [each.severity.value for each in reported] == ["error", "note"]


def test_per_file_ignores() -> None:
    settings = Settings(per_file_ignores={"src/legacy/**": ("SG3", "SG101"), "generated_*.py": ("SG",)})
    findings = (
        make_finding("SG302", "src/legacy/deep/old.py"),
        make_finding("SG205", "src/legacy/old.py"),
        make_finding("SG302", "src/new.py"),
        make_finding("SG101", "anywhere/generated_flow.py"),
    )
    reported = reported_findings(settings, *findings)
    assert [(each.code, each.span.path) for each in reported] == [
        ("SG205", "src/legacy/old.py"),
        ("SG302", "src/new.py"),
    ]


def test_patterns_are_relative_to_the_settings_file(folder: Path) -> None:
    settings = Settings(per_file_ignores={"src/*.py": ("SG",)}, folder="shop/")
    assert (
        reported_findings(
            settings, make_finding("SG101", "shop/src/a.py"), make_finding("SG101", str(folder / "shop/src/b.py"))
        )
        == ()
    )
    assert codes(reported_findings(settings, make_finding("SG101", "src/a.py"))) == ["SG101"]


@pytest.mark.parametrize(
    ("pattern", "fits", "does_not"),
    [
        ("src/*.py", "src/a.py", "src/b/a.py"),
        ("src/**", "src/b/a.py", "other/src/a.py"),
        ("src/**/a.py", "src/a.py", "src/ba.py"),
        ("**/tests/*", "x/tests/a.py", "x/tests/y/a.py"),
        ("test_*.py", "deep/down/test_a.py", "deep/test_x/a.py"),
        ("legacy/", "legacy/x/a.py", "legacy.py"),
        ("./a?.py", "ab.py", "a.py"),
        ("src/[a-c].py", "src/b.py", "src/[a-c].py"),
        ("src/[!a].py", "src/b.py", "src/a.py"),
        ("src/\\[a].py", "src/[a].py", "src/a.py"),
        ("src/[.py", "src/[.py", "src/a.py"),
    ],
)
def test_pattern_matching(pattern: str, fits: str, does_not: str) -> None:
    assert matches(pattern, fits)
    assert not matches(pattern, does_not)


@pytest.mark.parametrize(
    ("fail_on", "failing"),
    [(FailOn.ERROR, ["error"]), (FailOn.WARNING, ["error", "warning"]), (FailOn.NEW, ["error", "warning"])],
)
def test_fail_on_levels(fail_on: FailOn, failing: list[str]) -> None:
    assert [severity.value for severity in Severity if fail_on.fails(severity)] == failing
