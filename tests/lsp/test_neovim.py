"""The documented setup of Neovim with the features of the language server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.generate.examples import blocks
from docs.generate.files import ROOT
from docs.generate.sandbox import Sandbox
from tests.lsp.neovim import NEOVIM, Neovim

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not NEOVIM, reason="Neovim is not installed"),
]

PAGE = (ROOT / "docs/how-to/editors.md").read_text(encoding="utf-8")
SCRIPTS = {block.argument: block.text for block in blocks(PAGE) if block.action == "file" and block.language == "lua"}
FINDING = "unknown unit `min`: the engine reads '5 min' as 5 milliseconds.\nWrite \"5 minutes\"."

# The text of the floating window.
FLOAT = """\
for _, window in ipairs(vim.api.nvim_list_wins()) do
  if vim.api.nvim_win_get_config(window).relative ~= "" then
    return vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false)
  end
end"""
# Records the URLs that are opened.
OPEN = """\
opened = {}
vim.ui.open = function(url)
  table.insert(opened, url)
  return { wait = function() return { code = 0 } end }
end"""


def start(scratch: Path, setup: str) -> Neovim:
    """Open the workflow with one of the documented setups."""
    sandbox = Sandbox.create(scratch)
    shutil.copytree(ROOT / "fixtures/readme", sandbox.folder, dirs_exist_ok=True)
    for name, text in SCRIPTS.items():
        (scratch / name).write_text(text, encoding="utf-8")
    scripts = [scratch / name for name in (setup, "keys.lua", "save.lua")]
    return Neovim(sandbox.folder, "src/entry.py", scripts, sandbox.programs)


@pytest.fixture
def neovim(tmp_path: Path) -> Iterator[Neovim]:
    neovim = start(tmp_path, "init.lua")
    yield neovim
    neovim.stop()


def wait_for_finding(neovim: Neovim) -> None:
    neovim.wait_for("return #vim.diagnostic.get(0) > 0")


def line(neovim: Neovim, number: int) -> object:
    return neovim.lua(f"return vim.fn.getline({number})")


def test_a_finding_appears(neovim: Neovim) -> None:
    wait_for_finding(neovim)
    code = "return vim.tbl_map(function(d) return { d.lnum + 1, d.code, d.message } end, vim.diagnostic.get(0))"
    assert neovim.lua(code) == [[31, "SG205", FINDING]]


def test_the_setup_for_newer_versions_works(tmp_path: Path) -> None:
    neovim = start(tmp_path, "lsp.lua")
    try:
        if not neovim.lua("return vim.lsp.config ~= nil"):
            pytest.skip("this version has no vim.lsp.config")
        wait_for_finding(neovim)
    finally:
        neovim.stop()


def test_its_fix_applies(neovim: Neovim) -> None:
    wait_for_finding(neovim)
    neovim.lua(
        "vim.api.nvim_win_set_cursor(0, { 31, 40 })\n"
        "vim.lsp.buf.code_action({ apply = true, filter = function(action) return action.isPreferred end })"
    )
    assert neovim.wait_for("""local line = vim.fn.getline(31) return line:find("minutes") and line""") == (
        '        await step.sleep("cool down", "5 minutes")'
    )
    neovim.wait_for("return #vim.diagnostic.get(0) == 0")


def test_safe_fixes_apply_on_save(neovim: Neovim) -> None:
    wait_for_finding(neovim)
    neovim.lua("vim.cmd.write()")
    assert neovim.lua("return vim.fn.readfile(vim.fn.expand('%'))[31]") == (
        '        await step.sleep("cool down", "5 minutes")'
    )


def test_the_lens_opens_the_graph(neovim: Neovim) -> None:
    neovim.lua(OPEN)
    titles = "return vim.tbl_map(function(lens) return lens.command.title end, vim.lsp.codelens.get(0))"
    neovim.wait_for("return #vim.lsp.codelens.get(0) > 0")
    assert neovim.lua(titles) == ["6 steps", "show graph", "1 finding"]
    neovim.lua(
        "vim.api.nvim_win_set_cursor(0, { 9, 4 })\n"
        "vim.ui.select = function(items, _, choose) choose(items[2]) end\n"
        "vim.lsp.codelens.run()"
    )
    url = neovim.wait_for("return opened[1]")
    assert str(url).startswith("http://127.0.0.1:")
    assert str(url).endswith("/workflows/orders")


def test_the_hover_describes_a_step(neovim: Neovim) -> None:
    wait_for_finding(neovim)
    neovim.lua("vim.api.nvim_win_set_cursor(0, { 17, 20 }) vim.lsp.buf.hover()")
    lines = neovim.wait_for(FLOAT)
    assert isinstance(lines, list)
    assert "3 retries" in "\n".join(lines)


def test_a_rename_changes_a_step(neovim: Neovim) -> None:
    wait_for_finding(neovim)
    neovim.lua("vim.api.nvim_win_set_cursor(0, { 20, 20 }) vim.lsp.buf.rename('give back')")
    neovim.wait_for("return vim.fn.getline(20):find('give back')")
    assert line(neovim, 20) == '        @step.do("give back")'


def test_symbols_are_the_outline(neovim: Neovim) -> None:
    wait_for_finding(neovim)
    neovim.lua("vim.lsp.buf.document_symbol()")
    neovim.wait_for("return #vim.fn.getloclist(0) > 0 or #vim.fn.getqflist() > 0")
    items = neovim.lua(
        "local list = vim.fn.getloclist(0) if #list == 0 then list = vim.fn.getqflist() end\n"
        "return vim.tbl_map(function(item) return item.text end, list)"
    )
    assert isinstance(items, list)
    assert any("charge card" in item for item in items)


def test_inlay_hints_are_shown(neovim: Neovim) -> None:
    wait_for_finding(neovim)
    neovim.wait_for("return #vim.lsp.inlay_hint.get({ bufnr = 0 }) > 0")
