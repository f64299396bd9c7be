"""The setups of the language server on the page are valid, and work in the editors that are installed."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import termios
import time
import tomllib
from pathlib import Path

import pytest

from docs.generate.examples import blocks
from docs.generate.files import ROOT
from docs.generate.sandbox import Sandbox

PAGE = (ROOT / "docs/how-to/editors.md").read_text(encoding="utf-8")
BLOCKS = [block for block in blocks(PAGE) if block.action == "file"]
FILES = {block.argument: block.text for block in BLOCKS}
FIXED = '        await step.sleep("cool down", "5 minutes")'
COMMAND = re.compile(r"\bstepgraph\W+(?:[\w.]*[aA]rg\w*\W+)?lsp\b")

NEOVIM, EMACS, HELIX = shutil.which("nvim") or "", shutil.which("emacs") or "", shutil.which("hx") or ""
needs_neovim = pytest.mark.skipif(not NEOVIM, reason="Neovim is not installed")
needs_emacs = pytest.mark.skipif(not EMACS, reason="Emacs is not installed")
needs_helix = pytest.mark.skipif(not HELIX, reason="Helix is not installed")


def names_in(language: str) -> list[str]:
    return [block.argument for block in BLOCKS if block.language == language]


def write_files(folder: Path, language: str) -> list[str]:
    """Write the blocks in a language, and return their names."""
    names = names_in(language)
    for name in names:
        (folder / name).write_text(FILES[name], encoding="utf-8")
    return names


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    sandbox = Sandbox.create(tmp_path)
    shutil.copytree(ROOT / "fixtures/readme", sandbox.folder, dirs_exist_ok=True)
    return sandbox


def environment(sandbox: Sandbox, **variables: str) -> dict[str, str]:
    path = f"{sandbox.programs}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "LC_ALL": "C.UTF-8", "HOME": str(sandbox.folder), **variables}


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if block.language == "json"], ids=lambda each: each.argument
)
def test_json_is_valid(block: tuple[str, ...]) -> None:
    assert json.loads(block[-1])


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if block.language == "toml"], ids=lambda each: each.argument
)
def test_toml_is_valid(block: tuple[str, ...]) -> None:
    assert tomllib.loads(block[-1])


@needs_neovim
def test_lua_is_valid(tmp_path: Path) -> None:
    names = write_files(tmp_path, "lua")
    script = tmp_path / "script.lua"
    script.write_text("for _, name in ipairs(arg) do assert(loadfile(name)) end", encoding="utf-8")
    subprocess.run([NEOVIM, "--clean", "-l", script, *names], cwd=tmp_path, check=True)


@needs_emacs
def test_emacs_lisp_is_valid(tmp_path: Path) -> None:
    loads = [word for name in write_files(tmp_path, "elisp") for word in ("-l", f"./{name}")]
    subprocess.run([EMACS, "-Q", "--batch", *loads], cwd=tmp_path, check=True, capture_output=True)


def test_each_editor_starts_the_server() -> None:
    sections = {section.splitlines()[0]: section for section in PAGE.split("\n## ")[3:-3]}
    assert list(sections) == ["VS Code", "Neovim", "Helix", "Zed", "Emacs", "PyCharm", "Sublime Text"]
    assert [name for name, text in sections.items() if not COMMAND.search(text)] == []


EGLOT = """\
(require 'eglot)
(require 'flymake)
(setq eglot-sync-connect 30)
(load (expand-file-name "eglot.el"))
(load (expand-file-name "eglot-save.el"))
(find-file "src/entry.py")
(apply #'eglot (eglot--guess-contact))
(let ((count 0))
  (while (and (not (flymake-diagnostics)) (< count 300))
    (accept-process-output nil 0.1)
    (flymake-start)
    (setq count (1+ count))))
(dolist (each (flymake-diagnostics))
  (princ (format "%d: %s\\n" (line-number-at-pos (flymake-diagnostic-beg each)) (flymake-diagnostic-text each))))
(set-buffer-modified-p t)
(save-buffer)
"""

LSP_MODE = """\
(package-initialize)
(unless (require 'lsp-mode nil t) (kill-emacs 3))
(setq lsp-auto-guess-root t lsp-enable-suggest-server-download nil lsp-diagnostics-provider :none)
(load (expand-file-name "lsp-mode.el"))
(find-file "src/entry.py")
(lsp)
(let ((count 0))
  (while (and (= 0 (hash-table-count (lsp-diagnostics))) (< count 300))
    (accept-process-output nil 0.1)
    (setq count (1+ count))))
(maphash (lambda (_ each) (princ (lsp-get (car each) :message))) (lsp-diagnostics))
"""


def run_emacs(sandbox: Sandbox, script: str) -> subprocess.CompletedProcess[str]:
    write_files(sandbox.folder, "elisp")
    sandbox.write("run.el", script)
    command = [EMACS, "-q", "--batch", "-l", "run.el"]
    return subprocess.run(
        command, cwd=sandbox.folder, env=environment(sandbox), capture_output=True, text=True, timeout=90, check=False
    )


@pytest.mark.slow
@needs_emacs
def test_eglot_shows_findings_and_fixes_them_on_save(sandbox: Sandbox) -> None:
    done = run_emacs(sandbox, EGLOT)
    assert "31: stepgraph [SG205]: unknown unit `min`" in done.stdout, done.stderr
    assert sandbox.read("src/entry.py").splitlines()[30] == FIXED


@pytest.mark.slow
@needs_emacs
def test_lsp_mode_shows_the_finding(sandbox: Sandbox) -> None:
    done = run_emacs(sandbox, LSP_MODE)
    if done.returncode == 3:
        pytest.skip("lsp-mode is not installed")
    assert done.stdout.startswith("unknown unit `min`"), done.stderr


@pytest.mark.slow
@needs_helix
def test_helix_shows_the_finding(sandbox: Sandbox, tmp_path: Path) -> None:
    configuration = tmp_path / "configuration"
    (configuration / "helix").mkdir(parents=True)
    write_files(configuration / "helix", "toml")
    variables = environment(sandbox, XDG_CONFIG_HOME=str(configuration), TERM="xterm-256color")
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(sandbox.folder)
        os.execve(HELIX, [HELIX, "src/entry.py"], variables)  # noqa: S606 - the editor, without a shell
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 120, 0, 0))
    shown, end = b"", time.monotonic() + 60
    try:
        while b"unknown unit" not in shown and time.monotonic() < end:
            os.write(terminal, b"]d")  # the next finding
            while select.select([terminal], [], [], 0.5)[0]:
                shown += os.read(terminal, 65536)
    finally:
        os.kill(process, 9)
        os.waitpid(process, 0)
        os.close(terminal)
    assert b"unknown unit" in shown
