"""`stepgraph check --fix`: the difference that it shows, and the files that `--write` changes."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import pytest

from stepgraph.checks.fixes import FixedFile
from stepgraph.cli.errors import CommandError
from stepgraph.cli.fixing import write_fixes
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


def test_a_diff_is_shown_and_nothing_is_changed(stepgraph: Command, entry: Path) -> None:
    run = stepgraph("check", "--fix", "entry.py")

    assert run.out == DIFFERENCE
    assert run.told == ["--write corrects 3 findings in 1 file"]
    assert run.code == 1
    assert entry.read_text(encoding="utf-8") == SOURCE


@pytest.mark.parametrize("form", ["json", "sarif", "github", "gitlab", "markdown"])
def test_other_formats_report_what_can_be_fixed(stepgraph: Command, entry: Path, form: str) -> None:
    run = stepgraph("check", "--fix", "-f", form, "entry.py")

    assert run.out == stepgraph("check", "--no-cache", "-f", form, "entry.py").out
    assert run.told == ["--write corrects 3 findings in 1 file"]
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


def test_write_changes_the_file_and_reports_what_is_left(stepgraph: Command, entry: Path) -> None:
    entry.chmod(0o640)

    run = stepgraph("check", "--fix", "--write", "entry.py")

    assert entry.read_text(encoding="utf-8") == FIXED
    assert entry.stat().st_mode & 0o777 == 0o640
    assert run.out.endswith("no findings in 1 workflow\n")
    assert run.told == ["corrected 3 findings in 1 file"]
    assert run.code == 0


def test_what_is_fixed_needs_no_second_fix(stepgraph: Command, entry: Path) -> None:
    stepgraph("check", "--fix", "--write", "entry.py")

    run = stepgraph("check", "--fix", "entry.py")

    assert (run.out, run.code) == ("", 0)
    assert run.told == ["nothing that was found can be corrected automatically"]
    assert entry.read_text(encoding="utf-8") == FIXED


def test_what_needs_no_fix_is_not_written(stepgraph: Command, entry: Path) -> None:
    entry.write_text(FIXED, encoding="utf-8")
    written = entry.stat().st_mtime_ns

    run = stepgraph("check", "--fix", "--write", "entry.py")

    assert (run.told, run.code) == (["nothing that was found can be corrected automatically"], 0)
    assert run.out.endswith("no findings in 1 workflow\n")
    assert entry.stat().st_mtime_ns == written


def test_a_file_that_would_not_stay_as_it_is_is_not_written(stepgraph: Command, entry: Path) -> None:
    entry.write_text("\x0c" + SOURCE, encoding="utf-8")

    run = stepgraph("check", "--fix", "--write", "entry.py")

    assert (run.told, run.code) == (["nothing that was found can be corrected automatically"], 1)
    assert entry.read_text(encoding="utf-8") == "\x0c" + SOURCE


def test_a_file_that_was_changed_meanwhile_is_not_written_over(entry: Path) -> None:
    fixed = FixedFile("entry.py", "utf-8", b"as it was read", FIXED.encode(), ())

    with pytest.raises(CommandError, match=r"entry\.py has changed since it was read\. Run the command again\."):
        write_fixes([fixed], [root_of("entry.py")])

    assert entry.read_text(encoding="utf-8") == SOURCE


def test_the_diff_is_one_that_git_applies(stepgraph: Command, folder: Path, entry: Path) -> None:
    entry.write_bytes(SOURCE.rstrip("\n").replace("\n", "\r\n").encode())
    run = stepgraph("check", "--fix", "entry.py")

    subprocess.run(["git", "apply", "-"], input=run.out.encode(), cwd=folder, check=True)  # noqa: S607 - git is git

    assert entry.read_bytes() == FIXED.rstrip("\n").replace("\n", "\r\n").encode()


def test_what_is_ignored_or_not_selected_is_not_fixed(stepgraph: Command, entry: Path) -> None:
    text = SOURCE.replace("'5 min' )", "'5 min' )  # stepgraph: ignore[SG203] on purpose")
    entry.write_text(text, encoding="utf-8")

    stepgraph("check", "--fix", "--write", "--ignore", "SG125", "entry.py")

    changed = text.replace("'5 min'", "'5 minutes'")
    assert entry.read_text(encoding="utf-8") == changed


def test_standard_input_is_shown_a_diff_for(stepgraph: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del folder
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(SOURCE.encode())))

    run = stepgraph("check", "--fix", "-")

    assert run.out == DIFFERENCE.replace("entry.py", "<stdin>")


def test_standard_input_cannot_be_changed(stepgraph: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del folder
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(SOURCE.encode())))

    run = stepgraph("check", "--fix", "--write", "-")

    assert run.told == ["stepgraph: standard input cannot be changed. Leave out --write to see the difference."]
    assert run.code == 2


def test_write_without_fix_is_wrong_use(stepgraph: Command) -> None:
    run = stepgraph("check", "--write")

    assert run.told == [
        "stepgraph: --write changes what --fix shows, and needs it. Try `stepgraph check --help`.",
    ]
    assert run.code == 2


def test_a_symbolic_link_is_written_through(stepgraph: Command, entry: Path) -> None:
    other = entry.with_name("other.py")
    other.mkdir()
    entry.rename(other / "entry.py")
    (other / "link.py").symlink_to("entry.py")

    run = stepgraph("check", "--fix", "--write", "other.py/link.py")

    assert run.code == 0
    assert (other / "link.py").is_symlink()
    assert (other / "entry.py").read_text(encoding="utf-8") == FIXED


def test_what_a_baseline_holds_is_corrected_too(
    stepgraph: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("entry.py").write_text(SOURCE, encoding="utf-8")
    baseline = ("--baseline", "known.json")
    assert stepgraph("check", *baseline, "--update-baseline").code == 0
    assert stepgraph("check", *baseline).code == 0
    stepgraph("check", *baseline, "--fix", "--write")
    assert Path("entry.py").read_text(encoding="utf-8") == FIXED
