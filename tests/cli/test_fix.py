"""`stepgraph check --fix`: the diff that it prints, and the files that `--write` changes."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import pytest

from stepgraph.cli.errors import CommandError
from stepgraph.cli.fixing import FixedFile, write_fixes
from stepgraph.cli.formats import REPORT_FORMATS
from stepgraph.project.root import root_of
from tests.cli.conftest import Command

SOURCE = """\
from workers import WorkflowEntrypoint, NonRetryableError


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("charge")   # as written
        async def charge():
            raise NonRetryableError("declined")

        await charge()
        step.sleep( "pause", '5 min' )
"""

FIXED = """\
from workers import WorkflowEntrypoint
from workers.workflows import NonRetryableError


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("charge")   # as written
        async def charge():
            raise NonRetryableError("declined")

        await charge()
        await step.sleep( "pause", '5 minutes' )
"""

DIFFERENCE = """\
--- a/entry.py
+++ b/entry.py
@@ -1,4 +1,5 @@
-from workers import WorkflowEntrypoint, NonRetryableError
+from workers import WorkflowEntrypoint
+from workers.workflows import NonRetryableError
 
 
 class Orders(WorkflowEntrypoint):
@@ -8,4 +9,4 @@
             raise NonRetryableError("declined")
 
         await charge()
-        step.sleep( "pause", '5 min' )
+        await step.sleep( "pause", '5 minutes' )
"""


@pytest.fixture
def entry(folder: Path) -> Path:
    path = folder / "entry.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


def test_fix_prints_a_diff_and_changes_nothing(stepgraph: Command, entry: Path) -> None:
    run = stepgraph("check", "--fix", "entry.py")

    assert run.out == DIFFERENCE
    assert run.messages == ["safe fixes for 3 findings in 1 file; add --write to apply them"]
    assert run.code == 1
    assert entry.read_text(encoding="utf-8") == SOURCE


# --fix replaces the text by a diff.
@pytest.mark.parametrize("form", sorted(REPORT_FORMATS.keys() - {"text"}))
def test_other_formats_report_fixable_findings(stepgraph: Command, entry: Path, form: str) -> None:
    run = stepgraph("check", "--fix", "-f", form, "entry.py")

    assert run.out == stepgraph("check", "--no-cache", "-f", form, "entry.py").out
    assert run.messages == ["safe fixes for 3 findings in 1 file; add --write to apply them"]
    assert run.code == 1
    assert entry.read_text(encoding="utf-8") == SOURCE


def test_a_report_file_is_written_with_fix(stepgraph: Command, entry: Path) -> None:
    run = stepgraph("check", "--fix", "-q", "-o", "report.json", "entry.py")

    assert (run.out, run.code) == ("", 1)
    assert len(json.loads(Path("report.json").read_text(encoding="utf-8"))["findings"]) == 3
    assert entry.read_text(encoding="utf-8") == SOURCE


@pytest.mark.usefixtures("entry")
def test_a_diff_can_be_written_to_a_file(stepgraph: Command) -> None:
    run = stepgraph("check", "--fix", "-o", "fixes.patch", "entry.py")

    assert (run.out, run.code) == ("", 1)
    assert Path("fixes.patch").read_text(encoding="utf-8") == DIFFERENCE


def test_write_changes_files_and_reports_the_rest(stepgraph: Command, entry: Path) -> None:
    entry.chmod(0o640)

    run = stepgraph("check", "--fix", "--write", "entry.py")

    assert entry.read_text(encoding="utf-8") == FIXED
    assert entry.stat().st_mode & 0o777 == 0o640
    assert run.out.endswith("no findings in 1 workflow\n")
    assert run.messages == ["fixed 3 findings in 1 file"]
    assert run.code == 0


def test_fixed_files_need_no_second_fix(stepgraph: Command, entry: Path) -> None:
    stepgraph("check", "--fix", "--write", "entry.py")

    run = stepgraph("check", "--fix", "entry.py")

    assert (run.out, run.code) == ("", 0)
    assert run.messages == ["no finding has a safe fix"]
    assert entry.read_text(encoding="utf-8") == FIXED


def test_files_without_fixes_are_not_written(stepgraph: Command, entry: Path) -> None:
    entry.write_text(FIXED, encoding="utf-8")
    written = entry.stat().st_mtime_ns

    run = stepgraph("check", "--fix", "--write", "entry.py")

    assert (run.messages, run.code) == (["no finding has a safe fix"], 0)
    assert run.out.endswith("no findings in 1 workflow\n")
    assert entry.stat().st_mtime_ns == written


def test_an_unfaithful_rewrite_is_not_written(stepgraph: Command, entry: Path) -> None:
    entry.write_text("\x0c" + SOURCE, encoding="utf-8")

    run = stepgraph("check", "--fix", "--write", "entry.py")

    assert (run.messages, run.code) == (["no finding has a safe fix"], 1)
    assert entry.read_text(encoding="utf-8") == "\x0c" + SOURCE


def test_a_concurrently_changed_file_is_not_written(entry: Path) -> None:
    fixed = FixedFile("entry.py", "utf-8", b"as it was read", FIXED.encode(), ())

    with pytest.raises(CommandError, match=r"entry\.py has changed since it was read\. Run the command again\."):
        write_fixes([fixed], [root_of("entry.py")])

    assert entry.read_text(encoding="utf-8") == SOURCE


def test_git_applies_the_diff(stepgraph: Command, folder: Path, entry: Path) -> None:
    entry.write_bytes(SOURCE.rstrip("\n").replace("\n", "\r\n").encode())
    run = stepgraph("check", "--fix", "entry.py")

    subprocess.run(["git", "apply", "-"], input=run.out.encode(), cwd=folder, check=True)  # noqa: S607 - git is git

    assert entry.read_bytes() == FIXED.rstrip("\n").replace("\n", "\r\n").encode()


def test_ignored_findings_are_not_fixed(stepgraph: Command, entry: Path) -> None:
    text = SOURCE.replace("'5 min' )", "'5 min' )  # stepgraph: ignore[SG203] on purpose")
    entry.write_text(text, encoding="utf-8")

    stepgraph("check", "--fix", "--write", "--ignore", "SG125", "entry.py")

    changed = text.replace("'5 min'", "'5 minutes'")
    assert entry.read_text(encoding="utf-8") == changed


def test_standard_input_gets_a_diff(stepgraph: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del folder
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(SOURCE.encode())))

    run = stepgraph("check", "--fix", "-")

    assert run.out == DIFFERENCE.replace("entry.py", "<stdin>")


def test_standard_input_cannot_be_changed(stepgraph: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del folder
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(SOURCE.encode())))

    run = stepgraph("check", "--fix", "--write", "-")

    assert run.messages == ["stepgraph: cannot apply fixes to standard input. Omit --write to see them."]
    assert run.code == 2


def test_write_without_fix_is_a_usage_error(stepgraph: Command) -> None:
    run = stepgraph("check", "--write")

    assert run.messages == [
        "stepgraph: --write requires --fix. Try `stepgraph check --help`.",
    ]
    assert run.code == 2


def test_a_symbolic_link_is_written_through(stepgraph: Command, entry: Path) -> None:
    directory = entry.with_name("other.py")
    directory.mkdir()
    entry.rename(directory / "entry.py")
    (directory / "link.py").symlink_to("entry.py")

    run = stepgraph("check", "--fix", "--write", "other.py/link.py")

    assert run.code == 0
    assert (directory / "link.py").is_symlink()
    assert (directory / "entry.py").read_text(encoding="utf-8") == FIXED


def test_findings_in_the_baseline_are_fixed(
    stepgraph: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("entry.py").write_text(SOURCE, encoding="utf-8")
    baseline = ("--baseline", "known.json")
    assert stepgraph("check", *baseline, "--update-baseline").code == 0
    assert stepgraph("check", *baseline).code == 0
    stepgraph("check", *baseline, "--fix", "--write")
    assert Path("entry.py").read_text(encoding="utf-8") == FIXED
