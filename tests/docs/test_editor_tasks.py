"""The setups of editors on the page match the output of the command."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import BaseModel, Field

from docs.generate.examples import blocks
from docs.generate.files import ROOT
from docs.generate.sandbox import Sandbox

PAGE = (ROOT / "docs/how-to/editor-tasks.md").read_text(encoding="utf-8")
FILES = {block.argument: block.text for block in blocks(PAGE) if block.action == "file"}
FINDING = ("src/entry.py", "31", "39", "SG205", "unknown unit `min`: the engine reads '5 min' as 5 milliseconds.")
MISSING = ("no graph.py", "4", None, "error")
WITHOUT_GRAPH = """\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        pass
"""


class Pattern(BaseModel):
    regexp: str
    file: int
    line: int
    column: int
    code: int
    message: int

    def fields(self, line: str) -> tuple[str | None, ...] | None:
        """Return the file, line, column, code and message that the pattern finds in a line, or None."""
        match = re.search(self.regexp, line)
        return match and tuple(match[group] for group in (self.file, self.line, self.column, self.code, self.message))


class GithubMatcher(BaseModel):
    pattern: list[Pattern]


class GithubMatchers(BaseModel):
    matchers: list[GithubMatcher] = Field(alias="problemMatcher")


class CodeMatcher(BaseModel):
    pattern: Pattern


class CodeTask(BaseModel):
    command: str
    args: list[str]
    matcher: CodeMatcher = Field(alias="problemMatcher")


class CodeTasks(BaseModel):
    tasks: list[CodeTask]


(CODE_TASK,) = CodeTasks.model_validate_json(FILES[".vscode/tasks.json"]).tasks
MATCHER_FILE = (ROOT / ".github/stepgraph-matcher.json").read_text(encoding="utf-8")
((GITHUB_PATTERN,),) = (each.pattern for each in GithubMatchers.model_validate_json(MATCHER_FILE).matchers)


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """The project of the page, and a workflow without a graph."""
    sandbox = Sandbox.create(tmp_path)
    shutil.copytree(ROOT / "fixtures/readme", sandbox.folder, dirs_exist_ok=True)
    sandbox.write("no graph.py", WITHOUT_GRAPH)
    return sandbox


def output(sandbox: Sandbox, options: str = "") -> list[str]:
    command = f"stepgraph check -f concise {options} . 'no graph.py'"
    return sandbox.run(command, allowed_codes=(0, 1)).splitlines()


def run_editor(sandbox: Sandbox, *command: str) -> str:
    """Run an editor that finds `stepgraph`, and return its output."""
    path = f"{sandbox.programs}{os.pathsep}{os.environ['PATH']}"
    # Emacs runs compilations in a terminal of the type `dumb`, but not in batch mode.
    environment = {**os.environ, "PATH": path, "LC_ALL": "C.UTF-8", "TERM": "dumb"}
    done = subprocess.run(
        command, cwd=sandbox.folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("pattern", [GITHUB_PATTERN, CODE_TASK.matcher.pattern], ids=["GitHub", "VS Code"])
def test_problem_matchers_find_each_finding(sandbox: Sandbox, pattern: Pattern) -> None:
    matches = [fields for line in output(sandbox, "--require-dag") if (fields := pattern.fields(line))]
    assert FINDING in matches
    assert [fields[:4] for fields in matches if fields[3] == "error"] == [MISSING]
    assert len(output(sandbox, "--require-dag")) == len(matches) + 1, "only the summary is no finding"


@pytest.mark.slow
def test_the_regular_expression_of_sublime_text(sandbox: Sandbox) -> None:
    build: Mapping[str, str] = json.loads(FILES["stepgraph.sublime-build"])
    matches = [match.groups() for line in output(sandbox, "-q") if (match := re.search(build["file_regex"], line))]
    assert (*FINDING[:3], f"{FINDING[3]} {FINDING[4]}") in matches


def test_tasks_run_the_documented_command() -> None:
    (zed,) = json.loads(FILES[".zed/tasks.json"])
    build = json.loads(FILES["stepgraph.sublime-build"])
    command = ["stepgraph", "check", "-f", "concise", "-q"]
    assert [CODE_TASK.command, *CODE_TASK.args] == command
    assert [zed["command"], *zed["args"]] == command
    assert build["cmd"] == command


@pytest.mark.slow
@pytest.mark.parametrize("editor", ["vim", "nvim"])
def test_vim_fills_the_quickfix_list(sandbox: Sandbox, editor: str) -> None:
    if shutil.which(editor) is None:
        pytest.skip(f"{editor} is not installed")
    sandbox.write("python.vim", FILES["python.vim"])
    entry = "[bufname(q.bufnr), q.lnum, q.col, q.valid, q.text]"
    commands = [
        "source python.vim",
        "silent make!",
        f"call writefile([json_encode(map(getqflist(), {{_, q -> {entry}}}))], 'quickfix.json')",
        "qa!",
    ]
    run_editor(sandbox, editor, "-es", "-u", "NONE", "-N", *(word for each in commands for word in ("-c", each)))
    entries = json.loads(sandbox.read("quickfix.json"))
    assert entries == [["src/entry.py", 31, 39, 1, f"SG205 {FINDING[4]}"]]


FLYMAKE = """\
(require 'python)
(require 'flymake)
(load (expand-file-name "flymake.el"))
(find-file "src/entry.py")
(let ((result nil) (count 0))
  (python-flymake (lambda (diagnostics &rest _) (setq result (list diagnostics))))
  (while (and (not result) (< count 300))
    (accept-process-output nil 0.1)
    (setq count (1+ count)))
  (dolist (each (car result))
    (princ (format "%d: %s\\n" (line-number-at-pos (flymake-diagnostic-beg each)) (flymake-diagnostic-text each)))))
"""
COMPILE = """\
(require 'compile)
(require 'python)
(load (expand-file-name "init.el"))
(find-file "src/entry.py")
(setq default-directory (expand-file-name "../"))
(with-current-buffer (compilation-start compile-command)
  (while (get-buffer-process (current-buffer)) (accept-process-output nil 0.1))
  (compilation--ensure-parse (point-max))
  (goto-char (point-min))
  (compilation-next-error 1)
  (let ((location (compilation--message->loc (get-text-property (point) 'compilation-message))))
    (princ (format "%s:%d:%d" (caar (compilation--loc->file-struct location))
                   (compilation--loc->line location) (compilation--loc->col location)))))
"""

needs_emacs = pytest.mark.skipif(shutil.which("emacs") is None, reason="emacs is not installed")


@needs_emacs
def test_flymake_finds_the_finding(sandbox: Sandbox) -> None:
    sandbox.write("flymake.el", FILES["flymake.el"])
    sandbox.write("run.el", FLYMAKE)
    assert run_editor(sandbox, "emacs", "-Q", "--batch", "-l", "run.el") == f"31: SG205 {FINDING[4]}\n"


@needs_emacs
def test_compile_finds_the_location(sandbox: Sandbox) -> None:
    sandbox.write("init.el", FILES["init.el"])
    sandbox.write("run.el", COMPILE)
    assert run_editor(sandbox, "emacs", "-Q", "--batch", "-l", "run.el") == "src/entry.py:31:39"
