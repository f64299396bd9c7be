"""Findings that were there before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepgraph.checks.baseline import Baseline, BaselineEntry, fingerprint
from stepgraph.checks.baseline_file import read_baseline
from stepgraph.checks.filtering import FilteredFindings
from stepgraph.model.note import InputError
from tests.checks.keeping import PLAIN, finding, in_run, kept, places

TWO = in_run("await charge(10)\nawait charge(20)")


def prints(result: FilteredFindings) -> list[str]:
    return [result.fingerprint(finding) for finding in (*result.findings, *result.baselined)]


def baseline_of(source: str, path: str = "entry.py") -> Baseline:
    result = kept(source, path=path)
    return Baseline("").updated(result.findings, result.fingerprint, ())


def test_a_fingerprint_is_made_of_rule_file_line_and_number() -> None:
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


def test_equal_findings_on_equal_lines_are_told_apart() -> None:
    found = prints(kept(in_run("await charge(10)\nawait charge(10)\nif event:\n    await charge(10)")))
    assert len(set(found)) == 3


INSERTED = st.sampled_from(
    ["", "# a comment", "unrelated = [1]", "@step.do('other')\nasync def other():\n    return 1\n"]
)


@pytest.mark.slow
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(above=st.lists(INSERTED), between=st.lists(INSERTED), name=st.sampled_from(["Orders", "Refunds"]))
def test_moving_lines_changes_no_fingerprint(above: list[str], between: list[str], name: str) -> None:
    body = "\n".join([*above, "await charge(10)", *between, "if event:", "    await charge(10)"])
    source = "import json\n\n\ndef unrelated():\n    return json\n\n\n" + in_run(body).replace("Orders", name)
    assert prints(kept(source)) == prints(kept(in_run("await charge(10)\nif event:\n    await charge(10)")))


def test_known_findings_do_not_count() -> None:
    result = kept(in_run("await charge(30)\n\nawait charge(10)\nawait charge(20)"), baseline=baseline_of(TWO))
    assert places(result.findings) == [("SG118", 10)]
    assert places(result.baselined) == [("SG118", 12), ("SG118", 13)]
    assert result.outdated == ()


def test_one_more_of_the_same_counts() -> None:
    result = kept(in_run("await charge(10)\nawait charge(10)"), baseline=baseline_of(in_run("await charge(10)")))
    assert (len(result.baselined), len(result.findings)) == (1, 1)


def test_what_a_comment_ignores_is_not_looked_for_in_the_baseline() -> None:
    source = in_run("await charge(10)  # stepgraph: ignore[SG118]\nawait charge(20)")
    result = kept(source, baseline=baseline_of(TWO))
    assert (len(result.suppressed), len(result.baselined)) == (1, 1)
    assert [entry.message.split("`")[1] for entry in result.outdated] == ["10"]


def test_that_an_input_could_not_be_read_is_never_known() -> None:
    assert Baseline("").updated([finding("SG001")], lambda _: "0" * 24, ()).entries == ()


def test_what_is_not_found_any_more_is_outdated() -> None:
    known = baseline_of(TWO)
    result = kept(in_run("await charge(20)"), baseline=known)
    assert [entry.path for entry in result.outdated] == ["entry.py"]
    assert len(known.updated(result.baselined, result.fingerprint, result.outdated).entries) == 1


def test_of_files_and_rules_that_were_not_looked_at_nothing_is_outdated() -> None:
    other = BaselineEntry("0" * 24, "SG118", "other.py", "")
    unselected = BaselineEntry("1" * 24, "SG205", "entry.py", "")
    gone = BaselineEntry("2" * 24, "SG118", "gone.py", "")
    baseline = Baseline("", (other, unselected, gone), frozenset({"gone.py"}))
    result = kept(TWO, PLAIN, baseline)
    assert result.outdated == (gone,)
    updated = baseline.updated(result.findings, result.fingerprint, result.outdated)
    assert {entry.fingerprint for entry in updated.entries} == {"0" * 24, "1" * 24, *prints(result)}


def test_paths_are_seen_from_the_folder_of_the_baseline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    known = baseline_of(TWO, "src/entry.py")
    assert {entry.path for entry in known.entries} == {"src/entry.py"}

    monkeypatch.chdir("src")
    result = kept(TWO, baseline=Baseline("../", known.entries), path="entry.py")
    assert (result.findings, len(result.baselined)) == ((), 2)


def test_a_baseline_is_json_with_a_finding_a_line() -> None:
    lines = baseline_of(in_run("await charge(20)\nawait charge(10)")).text().splitlines()
    assert lines[:2] == ["{", '  "version": 1,']
    assert (lines[2], lines[5:]) == ('  "findings": [', ["  ]", "}"])
    first = json.loads(lines[3].rstrip(","))
    assert list(first) == ["path", "code", "fingerprint", "message"]
    assert (first["path"], first["code"]) == ("entry.py", "SG118")


def test_the_text_of_a_baseline_is_the_same_when_lines_move() -> None:
    moved = in_run("\n\nawait charge(20)\n# moved\nawait charge(10)")
    assert baseline_of(moved).text() == baseline_of(TWO).text()


def test_an_empty_baseline_is_one_too(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    path.write_text(Baseline("").text(), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == '{\n  "version": 1,\n  "findings": []\n}\n'
    assert read_baseline(path.as_posix()).entries == ()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    written = baseline_of(TWO)
    path.write_text(written.text(), encoding="utf-8")
    read = read_baseline(path.as_posix())
    assert set(read.entries) == set(written.entries)
    assert (read.folder, read.gone) == (f"{tmp_path.as_posix()}/", frozenset({"entry.py"}))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, ": no such file, where a baseline is meant. Write it with --update-baseline."),
        ("<<<<<<< HEAD", ":1:1: no baseline: not valid JSON: "),
        ("[]", ":1:1: no baseline: not valid JSON: an object is expected."),
        ("{}", ":1:1: no baseline: it has no `version` and `findings`."),
        ('{"version": 2, "findings": []}', ":1:13: a baseline of version 2, and this stepgraph knows version 1."),
        ('{"version": "1", "findings": []}', ":1:13: `version` is text, where a whole number above 0 is expected."),
        ('{"version": 1, "findings": [{"code": "SG118"}]}', ":1:29: `fingerprint` is missing in this entry of"),
        ('{"version": 1, "findings": {}}', ":1:28: `findings` is an object, where a list of objects is expected."),
    ],
)
def test_what_is_no_baseline_is_refused_with_its_place(text: str | None, told: str, tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_baseline(path.as_posix())
    assert str(caught.value).startswith(f"{path.as_posix()}{told}")
