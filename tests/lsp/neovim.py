"""Neovim without a user interface, which executes Lua for tests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

NEOVIM = shutil.which("nvim") or ""
_START_SECONDS = 20
_WAIT = """\
local result
vim.wait(20000, function()
  result = (function()
    {code}
  end)()
  return result ~= nil and result ~= vim.NIL and result ~= false
end, 20)
return result"""
_SCREEN = """\
vim.cmd.redraw()
local lines = {}
for row = 1, vim.o.lines do
  local line = ""
  for column = 1, vim.o.columns do
    line = line .. vim.fn.screenstring(row, column)
  end
  table.insert(lines, (line:gsub("%s+$", "")))
end
return lines"""


class Neovim:
    """A running Neovim with a file. `stop` must be called at the end."""

    def __init__(self, folder: Path, file: str, scripts: Sequence[Path], programs: Path) -> None:
        """Open a file of a directory, with scripts as the configuration. `programs` is the first entry of PATH."""
        self._home = folder.with_name(f"{folder.name}-neovim")
        self._home.mkdir()
        self._socket = self._home / "socket"
        configuration = self._home / "init.lua"
        configuration.write_text("".join(script.read_text(encoding="utf-8") for script in scripts), encoding="utf-8")
        self._environment = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
            **{f"XDG_{name}_HOME": str(self._home / name) for name in ("CACHE", "CONFIG", "DATA", "STATE")},
        }
        options = ("--headless", "--clean", "-u", configuration, "--listen", self._socket)
        self._process = subprocess.Popen([NEOVIM, *options, file], cwd=folder, env=self._environment)
        end = time.monotonic() + _START_SECONDS
        while not self._socket.exists():
            assert time.monotonic() < end, "Neovim does not start"
            time.sleep(0.01)

    def lua(self, code: str) -> object:
        """Execute Lua, and return the value that it returns."""
        script = self._home / "script.lua"
        function = f"local result = (function()\n{code}\nend)()\n"
        script.write_text(f"{function}return vim.json.encode(result)", encoding="utf-8")
        command = [NEOVIM, "--server", str(self._socket), "--remote-expr", f"luaeval('dofile(_A)', '{script}')"]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout, done.stderr
        result: object = json.loads(done.stdout)
        return result

    def wait_for(self, code: str) -> object:
        """Execute Lua again and again until it returns a value that is neither nil nor false, and return it."""
        result = self.lua(_WAIT.format(code=code))
        assert result, code
        return result

    def screen(self) -> str:
        """Return the text on the screen."""
        lines = self.lua(_SCREEN)
        assert isinstance(lines, list)
        return "\n".join(lines)

    def stop(self) -> None:
        """End Neovim."""
        self._process.kill()
        self._process.wait()
