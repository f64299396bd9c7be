"""The completion scripts, run by the shells."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stepgraph.cli.completion import SCRIPTS
from tests.cli.conftest import Command, Run

CODES = ["SG201", "SG202", "SG203", "SG204", "SG205", "SG206", "SG207", "SG208", "SG209"]
FORMATS = ["text", "concise", "json", "jsonl", "junit", "sarif", "github", "gitlab", "markdown"]

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
needs_fish = pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")


@pytest.fixture
def programs(folder: Path) -> Path:
    """A directory with the program `stepgraph`, and a project in the working directory."""
    (folder / "src").mkdir()
    (folder / "src" / "entry.py").touch()
    directory = folder / "programs"
    directory.mkdir()
    program = directory / "stepgraph"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m stepgraph "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return directory


def run_shell(programs: Path, *command: str) -> list[str]:
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "HOME": str(programs)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


def complete_in_bash(programs: Path, *words: str) -> list[str]:
    """Return the completions of the last of the words, which bash splits at `=`."""
    quoted_words = shlex.join(words)
    code = f"""
        {SCRIPTS["bash"]}
        COMP_WORDS=({quoted_words}) COMP_CWORD={len(words) - 1}
        _stepgraph stepgraph {shlex.quote(words[-1] if words[-1] != "=" else "")} ''
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    return run_shell(programs, "bash", "--norc", "-c", code)


@pytest.mark.slow
@needs_bash
@pytest.mark.parametrize(
    ("words", "completions"),
    [
        (("che",), ["check"]),
        (("check", "--se"), ["--select"]),
        (("check", "--format", "sa"), ["sarif"]),
        (("check", "--format", "=", "sa"), ["sarif"]),
        (("check", "--format", "="), FORMATS),
        (("check", "-f", "j"), ["json", "jsonl", "junit"]),
        (("check", "--select", "SG20"), CODES),
        (("check", "--select", "SG101,SG205"), ["SG101,SG205"]),
        (("check", "--ignore", "unknown-d"), ["unknown-duration-unit"]),
        (("graph", "--fold", "loop,s"), ["loop,switch", "loop,step"]),
        (("lint", "--strict", "--fail-on", "w"), ["warning"]),
        (("rules", "sg205"), ["SG205"]),
        (("schema", "d"), ["diff"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
        (("-C", "s"), ["src"]),
        # bash completes file names itself.
        (("check", "s"), [""]),
        (("check", "-o", "s"), [""]),
        (("nonsense", "x"), [""]),
    ],
    ids=" ".join,
)
def test_bash_completes(programs: Path, words: tuple[str, ...], completions: list[str]) -> None:
    assert complete_in_bash(programs, "stepgraph", *words) == completions


@pytest.mark.slow
@needs_bash
def test_bash_completes_commands(programs: Path) -> None:
    commands = [
        "check",
        "completion",
        "diff",
        "graph",
        "instance",
        "list",
        "lsp",
        "render",
        "replay",
        "rules",
        "schema",
        "serve",
        "why",
    ]
    assert complete_in_bash(programs, "stepgraph", "") == commands


@pytest.mark.slow
@needs_bash
def test_bash_runs_no_program_named_by_path(programs: Path, folder: Path) -> None:
    trap = folder / "stepgraph"
    trap.write_text(f"#!/bin/sh\ntouch {shlex.quote(str(folder / 'triggered'))}\n", encoding="utf-8")
    trap.chmod(0o755)
    assert complete_in_bash(programs, "./stepgraph", "che") == ["check"]
    assert not (folder / "triggered").exists()


@needs_fish
@pytest.mark.parametrize(
    ("line", "completions"),
    [
        ("stepgraph che", ["check\tFind code that will fail or misbehave at..."]),
        ("stepgraph check --format=sa", ["--format=sarif"]),
        ("stepgraph check --select SG101,SG205", ["SG101,SG205\tunknown-duration-unit"]),
        ("stepgraph check src/e", ["src/entry.py"]),
        ("stepgraph -C s", ["src/\tDirectory"]),
    ],
)
def test_fish_completes(programs: Path, line: str, completions: list[str]) -> None:
    code = f"stepgraph completion fish | source; complete -C {shlex.quote(line)}"
    assert run_shell(programs, "fish", "--no-config", "-c", code) == completions


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_are_valid(stepgraph: Command, programs: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = programs / "script"
    script.write_text(stepgraph("completion", shell).out, encoding="utf-8")
    assert run_shell(programs, shell, "-n", str(script)) == []


def test_a_missing_shell_is_a_usage_error(stepgraph: Command) -> None:
    message = "stepgraph: missing SHELL. Available: bash, zsh, fish. Try `stepgraph completion --help`."
    assert stepgraph("completion") == Run(2, "", [message])
