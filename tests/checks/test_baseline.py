"""Test baselines, which hide findings recorded earlier."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepgraph.checks.baseline import Baseline, BaselineEntry, fingerprint, read_baseline
from stepgraph.checks.filtering import FilteredFindings
from stepgraph.model.note import InputError
from tests.checks.filtering import PLAIN, code_lines, filter_module, in_run, make_finding

TWO_FINDINGS = in_run("await charge(10)\nawait charge(20)")


def fingerprints(result: FilteredFindings) -> list[str]:
    return [result.fingerprint(finding) for finding in (*result.findings, *result.baselined)]


def baseline_of(source: str, path: str = "entry.py") -> Baseline:
    result = filter_module(source, path=path)
    return Baseline("").updated(result.findings, result.fingerprint, ())


def test_fingerprint_depends_on_rule_file_line_and_ordinal() -> None:
    print_ = fingerprint("SG118", "src/entry.py", "    await   charge(10)\n", 1)
    assert print_ == "56a85de0380ba0eff418cb18"
    assert print_ == fingerprint("SG118", "src/entry.py", "await charge(10)", 1)
    others = [
        fingerprint("SG101", "src/entry.py", "await charge(10)", 1),
        fingerprint("SG118", "src/other.py", "await charge(10)", 1),
        fingerprint("SG118", "src/entry.py", "await charge(11)", 1),
        fingerprint("SG118", "src/entry.py", "await charge(10)", 2),
    ]
    assert len({print_, *others}) == 5


def test_equal_findings_have_distinct_fingerprints() -> None:
    findings = fingerprints(
        filter_module(in_run("await charge(10)\nawait charge(10)\nif event:\n    await charge(10)"))
    )
    assert len(set(findings)) == 3


INSERTED = st.sampled_from(
    ["", "# a comment", "unrelated = [1]", "@step.do('other')\nasync def other():\n    return 1\n"]
)


@pytest.mark.slow
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(above=st.lists(INSERTED), between=st.lists(INSERTED), name=st.sampled_from(["Orders", "Refunds"]))
def test_fingerprints_survive_moved_lines(above: list[str], between: list[str], name: str) -> None:
    body = "\n".join([*above, "await charge(10)", *between, "if event:", "    await charge(10)"])
    source = "import json\n\n\ndef unrelated():\n    return json\n\n\n" + in_run(body).replace("Orders", name)
    assert fingerprints(filter_module(source)) == fingerprints(
        filter_module(in_run("await charge(10)\nif event:\n    await charge(10)"))
    )


def test_baselined_findings_are_hidden() -> None:
    result = filter_module(
        in_run("await charge(30)\n\nawait charge(10)\nawait charge(20)"), baseline=baseline_of(TWO_FINDINGS)
    )
    assert code_lines(result.findings) == [("SG118", 10)]
    assert code_lines(result.baselined) == [("SG118", 12), ("SG118", 13)]
    assert result.outdated == ()


def test_additional_equal_finding_is_reported() -> None:
    result = filter_module(
        in_run("await charge(10)\nawait charge(10)"), baseline=baseline_of(in_run("await charge(10)"))
    )
    assert (len(result.baselined), len(result.findings)) == (1, 1)


def test_suppressed_findings_do_not_match_the_baseline() -> None:
    source = in_run("await charge(10)  # stepgraph: ignore[SG118]\nawait charge(20)")
    result = filter_module(source, baseline=baseline_of(TWO_FINDINGS))
    assert (len(result.suppressed), len(result.baselined)) == (1, 1)
    assert [entry.message.split("`")[1] for entry in result.outdated] == ["10"]


def test_unreadable_inputs_are_never_baselined() -> None:
    assert Baseline("").updated([make_finding("SG001")], lambda _: "0" * 24, ()).entries == ()


def test_fixed_findings_are_outdated() -> None:
    baseline = baseline_of(TWO_FINDINGS)
    result = filter_module(in_run("await charge(20)"), baseline=baseline)
    assert [entry.path for entry in result.outdated] == ["entry.py"]
    assert len(baseline.updated(result.baselined, result.fingerprint, result.outdated).entries) == 1


def test_unchecked_files_and_rules_are_not_outdated() -> None:
    unchecked = BaselineEntry("0" * 24, "SG118", "other.py", "")
    unselected = BaselineEntry("1" * 24, "SG205", "entry.py", "")
    gone = BaselineEntry("2" * 24, "SG118", "gone.py", "")
    baseline = Baseline("", (unchecked, unselected, gone), frozenset({"gone.py"}))
    result = filter_module(TWO_FINDINGS, PLAIN, baseline)
    assert result.outdated == (gone,)
    updated = baseline.updated(result.findings, result.fingerprint, result.outdated)
    assert {entry.fingerprint for entry in updated.entries} == {"0" * 24, "1" * 24, *fingerprints(result)}


def test_paths_are_relative_to_the_baseline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    baseline = baseline_of(TWO_FINDINGS, "src/entry.py")
    assert {entry.path for entry in baseline.entries} == {"src/entry.py"}

    monkeypatch.chdir("src")
    result = filter_module(TWO_FINDINGS, baseline=Baseline("../", baseline.entries), path="entry.py")
    assert (result.findings, len(result.baselined)) == ((), 2)


def test_baseline_has_one_finding_per_line() -> None:
    lines = baseline_of(in_run("await charge(20)\nawait charge(10)")).text().splitlines()
    assert lines[:2] == ["{", '  "version": 1,']
    assert (lines[2], lines[5:]) == ('  "findings": [', ["  ]", "}"])
    first = json.loads(lines[3].rstrip(","))
    assert list(first) == ["path", "code", "fingerprint", "message"]
    assert (first["path"], first["code"]) == ("entry.py", "SG118")


def test_moved_lines_do_not_change_the_text() -> None:
    moved = in_run("\n\nawait charge(20)\n# moved\nawait charge(10)")
    assert baseline_of(moved).text() == baseline_of(TWO_FINDINGS).text()


def test_empty_baseline(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    path.write_text(Baseline("").text(), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == '{\n  "version": 1,\n  "findings": []\n}\n'
    assert read_baseline(path.as_posix()).entries == ()


def test_baseline_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    written = baseline_of(TWO_FINDINGS)
    path.write_text(written.text(), encoding="utf-8")
    read = read_baseline(path.as_posix())
    assert set(read.entries) == set(written.entries)
    assert (read.folder, read.missing_files) == (f"{tmp_path.as_posix()}/", frozenset({"entry.py"}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, ": baseline file not found. Write it with --update-baseline."),
        ("<<<<<<< HEAD", ":1:1: not a baseline: not valid JSON: "),
        ("[\n<<<<<<< a\n1\n=======\n2\n>>>>>>> b\n]", ":2:1: not a baseline: unresolved merge conflict. Choose one"),
        ("[]", ":1:1: not a baseline: expected an object, got a list."),
        ("{}", ":1:1: not a baseline: `version` and `findings` are missing."),
        ('{"version": 2, "findings": []}', ":1:13: unsupported baseline version 2: this stepgraph supports version 1."),
        ('{"version": "1", "findings": []}', ":1:13: `version` must be a positive integer, got a string."),
        ('{"version": 1, "findings": [{"code": "SG118"}]}', ":1:29: `fingerprint` is missing in this entry of"),
        (
            f'{{"version": 1, "findings": [{{"code": "SG118", "fingerprint": "0", "path": "{"a/" * 100_000}"}}]}}',
            ":1:75: `path` is longer than 4,096 characters, so it is not a path.",
        ),
        (
            f'{{"version": 1, "findings": [{"[]," * 1_500_000}[]]}}',
            ":1:1: not a baseline: more than 3,000,000 values.",
        ),
        ('{"version": 1, "findings": {}}', ":1:28: `findings` must be a list of objects, got an object."),
    ],
)
def test_invalid_baseline_is_rejected_with_its_location(text: str | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_baseline(path.as_posix())
    assert str(caught.value).startswith(f"{path.as_posix()}{message}")


@pytest.mark.parametrize(
    ("path", "is_missing"),
    [
        ("entry.py", False),
        ("src/entry.py", True),
        ("gone/deeper/entry.py", True),
        ("../entry.py", False),
        ("/gone/entry.py", False),
        ("src/out/gone/entry.py", False),
        (".git/gone.py", False),
    ],
)
def test_missing_files_inside_the_root_are_gone(path: str, tmp_path: Path, *, is_missing: bool) -> None:
    for folder in (".git", "src"):
        (tmp_path / "project" / folder).mkdir(parents=True)
    (tmp_path / "project/entry.py").touch()
    (tmp_path / "project/src/out").symlink_to(tmp_path)
    entry = BaselineEntry("0", "SG118", path, "message")
    file = tmp_path / "project/known.json"
    file.write_text(Baseline("", (entry,)).text(), encoding="utf-8")
    assert read_baseline(file.as_posix()).missing_files == (frozenset({path}) if is_missing else frozenset())
