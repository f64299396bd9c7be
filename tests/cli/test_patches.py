"""`check --diff`: patches for `git apply` and `patch`, without control characters for readers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stepgraph.cli.main import main

SOURCE = b"""\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("rest", "1 hour")
        step.sleep("pause", "1 hour")  # ~
        await step.sleep("more", "1 hour")
"""
FIXED = SOURCE.replace(b'step.sleep("pause"', b'await step.sleep("pause"')
NAMES: list[bytes] = [
    b"entry.py",
    b"two words.py",
    b"a tab\tand more.py",
    b'"quoted".py',
    b"back\\slash.py",
    b"line\nbreak.py",
    b"a\n--- b\n+++ c\n@@ -1 +1 @@\n-x\n+y\n.py",
    "注文 é.py".encode(),
    b"not \xff utf-8.py",
    b"\x1b]0;title\x07.py",
    "invoice\u202efdp.py".encode(),
    b"##[add-mask]x.py",
    b"::add-mask::x.py",
    b"-rf.py",
    b"a 2026-01-01 00:00:00.py",
]
GIT_APPLY = ["git", "apply", "-"]
PATCH = ["patch", "-p1"]
SCRIPT = ["script", "-qec"]
HOSTILE = [
    "\x1b]0;title\x07\x1b[2J",
    "\x9b2J \u202e \u2066 \u200b",
    "##[add-mask]x",
    "##vso[task.prependpath]/tmp",
    "\ufeff\ufe0f",
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "TEAMCITY_VERSION"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def fix(capfdbinary: pytest.CaptureFixture[bytes], *arguments: str) -> tuple[bytes, str]:
    """Return the patch of all files in the working directory, and the messages."""
    main(["check", "--diff", *arguments])
    out, stderr = capfdbinary.readouterr()
    return out, stderr.decode()


@pytest.mark.parametrize("name", NAMES)
def test_git_applies_a_patch_to_a_file_of_any_name(capfdbinary: pytest.CaptureFixture[bytes], name: bytes) -> None:
    Path(os.fsdecode(name)).write_bytes(SOURCE)
    subprocess.run(GIT_APPLY, input=fix(capfdbinary, ".")[0], check=True)
    assert [(os.fsencode(path), path.read_bytes()) for path in Path().iterdir()] == [(name, FIXED)]


# GNU patch refuses names with line breaks.
@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if b"\n" not in name])
def test_patch_applies_a_patch_to_a_file_of_any_name(capfdbinary: pytest.CaptureFixture[bytes], name: bytes) -> None:
    Path(os.fsdecode(name)).write_bytes(SOURCE)
    subprocess.run(PATCH, input=fix(capfdbinary, ".")[0], check=True, capture_output=True)
    assert [(os.fsencode(path), path.read_bytes()) for path in Path().iterdir()] == [(name, FIXED)]


@pytest.mark.parametrize(
    ("name", "head"),
    [
        (b"entry.py", b"--- a/entry.py\n+++ b/entry.py\n@@"),
        ("注文.py".encode(), "--- a/注文.py\n+++ b/注文.py\n@@".encode()),
        (b"two words.py", b"--- a/two words.py\t\n+++ b/two words.py\t\n@@"),
        (b'a\n"\\\xff\x1b.py', b'--- "a/a\\n\\"\\\\\\377\\033.py"\n+++ "b/a\\n\\"\\\\\\377\\033.py"\n@@'),
        (b"##[group]a.py", b'--- "a/\\043\\043[group]a.py"\n+++ "b/\\043\\043[group]a.py"\n@@'),
    ],
)
def test_a_name_is_quoted_as_git_does(capfdbinary: pytest.CaptureFixture[bytes], name: bytes, head: bytes) -> None:
    Path(os.fsdecode(name)).write_bytes(SOURCE)
    assert fix(capfdbinary, ".")[0].startswith(head)


@pytest.mark.parametrize("command", [GIT_APPLY, PATCH], ids=["git", "patch"])
def test_no_name_changes_another_file(capfdbinary: pytest.CaptureFixture[bytes], command: list[str]) -> None:
    makefile = Path("Makefile")
    makefile.write_text("all: ; true\n", encoding="utf-8")
    forged = Path("x\n--- a/Makefile\n+++ b/Makefile\n@@ -1 +1 @@\n-all: ; true\n+all: ; false\n--- a/x.py")
    forged.parent.mkdir(parents=True)
    forged.write_bytes(SOURCE)
    subprocess.run(command, input=fix(capfdbinary, ".")[0], check=False, capture_output=True)
    assert makefile.read_text(encoding="utf-8") == "all: ; true\n"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_pipe_gets_the_bytes_of_the_file(capfdbinary: pytest.CaptureFixture[bytes], text: str) -> None:
    Path("a.py").write_bytes(SOURCE.replace(b"~", text.encode()))
    out, stderr = fix(capfdbinary, "a.py")
    assert text.encode() in out
    assert stderr == "would fix 1 finding in 1 file\n"
    subprocess.run(GIT_APPLY, input=out, check=True)
    assert Path("a.py").read_bytes() == FIXED.replace(b"~", text.encode())


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("runner", ["GITHUB_ACTIONS", "TF_BUILD", "GITLAB_CI"])
def test_a_log_gets_escaped_control_characters(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, text: str, runner: str
) -> None:
    monkeypatch.setenv(runner, "true")
    Path("a.py").write_bytes(SOURCE.replace(b"~", text.encode()))
    out, stderr = fix(capfdbinary, "a.py")
    assert out.isascii()
    assert not {b"\x1b", b"##[", b"##vso["} & {each for each in (b"\x1b", b"##[", b"##vso[") if each in out}
    assert stderr.splitlines()[1] == (
        "this patch is for display only: control characters are escaped. Use `--fix` to change the files, or"
        " `-o FILE` to write a patch for `git apply`."
    )


def test_no_line_of_a_file_is_a_command_in_a_log(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    Path("a.py").write_bytes(SOURCE.replace(b"# ~", b'# "\n        """\n::add-mask::x\n"""'))
    assert b"\n \\::add-mask::x\n" in fix(capfdbinary, "a.py")[0]


def test_a_log_gets_a_harmless_patch_unchanged(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    Path("注文 a.py").write_bytes(SOURCE.replace(b"~", "注文\tfür".encode()).replace(b"\n", b"\r\n"))
    out, stderr = fix(capfdbinary, ".")
    assert stderr == "would fix 1 finding in 1 file\n"
    subprocess.run(GIT_APPLY, input=out, check=True)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8-sig", "koi8-r", "shift_jis"])
def test_a_patch_is_in_the_encoding_of_the_file(capfdbinary: pytest.CaptureFixture[bytes], encoding: str) -> None:
    text = {"latin-1": "é", "koi8-r": "ж"}.get(encoding, "注")
    declared = f"# coding: {encoding}\n" if encoding != "utf-8-sig" else ""
    source = (declared + SOURCE.decode().replace("~", text)).encode(encoding)
    Path("a.py").write_bytes(source)
    out, _ = fix(capfdbinary, "a.py")
    subprocess.run(GIT_APPLY, input=out, check=True)
    assert Path("a.py").read_bytes() == source.replace(b'step.sleep("pause"', b'await step.sleep("pause"')


def test_a_file_gets_the_bytes_in_a_terminal_or_log(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    source = SOURCE.replace(b"~", "\x1b]0;a\x07\u202e".encode())
    Path("a.py").write_bytes(source)
    summary = "would fix 1 finding in 1 file\n"
    assert fix(capfdbinary, "a.py", "-o", "a.patch") == (b"", summary)
    subprocess.run([*GIT_APPLY[:-1], "a.patch"], check=True)
    assert Path("a.py").read_bytes() == FIXED.replace(b"~", "\x1b]0;a\x07\u202e".encode())


@pytest.mark.slow
def test_a_terminal_gets_escaped_control_characters(tmp_path: Path) -> None:
    Path("a.py").write_bytes(SOURCE.replace(b"~", "\x1b]0;a\x07\u202e".encode()))
    command = f"{sys.executable} -m stepgraph check --diff a.py"
    shown = subprocess.run([*SCRIPT, command, "/dev/null"], capture_output=True, check=False, cwd=tmp_path)
    assert b"\\x1b]0;a\\x07\\u202e" in shown.stdout
    # The progress line is erased.
    assert b"\x1b" not in shown.stdout.replace(b"\r\x1b[K", b"")
