"""A checkout with traps: files that leave a mark if a tool executes them by accident."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Modules that tools, pip or the standard library import if the checkout is on the module path.
_MODULES: Final = (
    *("venv.py", "pip.py", "ensurepip.py", "stepgraph.py", "click.py", "libcst.py", "msgspec.py", "pydantic.py"),
    *("logging.py", "os.py", "re.py", "json.py", "typing.py", "encodings.py", "subprocess.py", "runpy.py"),
    *("sitecustomize.py", "usercustomize.py", "conftest.py", "setup.py", "platformdirs.py", "hatchling.py"),
)
_PACKAGES: Final = ("venv", "pip", "stepgraph", "encodings", "json", "hatchling")
_PROGRAMS: Final = ("python3", "python", "pip", "stepgraph", "git", "dot", "rm", "gh", "curl", "uv")
_MODULE_FOLDERS: Final = ("", "src/")
_PROGRAM_FOLDERS: Final = ("", "bin/")

ENTRY: Final = """\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("charge")
        async def charge():
            return 10

        await charge()
"""


@dataclass(frozen=True, slots=True)
class Traps:
    """A checkout, and the directory of the marks that its traps leave."""

    checkout: Path
    triggered: Path

    @property
    def names(self) -> list[str]:
        """The names of the triggered traps."""
        return sorted(path.name for path in self.triggered.iterdir())

    @property
    def environment(self) -> dict[str, str]:
        """An environment with relative paths into the checkout in each variable that a job may set."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "PYTHON"))}
        return {
            **inherited,
            "PATH": os.pathsep.join([".", "bin", "", inherited["PATH"]]),
            "PYTHONPATH": os.pathsep.join([".", "src"]),
            "PYTHONSTARTUP": "sitecustomize.py",
            "STEPGRAPH_NO_CACHE": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
        }


def set_traps(folder: Path) -> Traps:
    """Create a checkout with a workflow and traps on a branch `traps`, in an empty directory."""
    traps = Traps(folder / "checkout", folder / "triggered")
    traps.triggered.mkdir(parents=True)
    (traps.checkout / "src").mkdir(parents=True)
    (traps.checkout / "src/entry.py").write_text(ENTRY, encoding="utf-8")
    _commit(traps.checkout, "An order", "init", "--quiet", "--initial-branch=main")
    _git(traps.checkout, "update-ref", "refs/remotes/origin/main", "HEAD")
    renamed = ENTRY.replace('"charge"', '"charge card"')
    (traps.checkout / "src/entry.py").write_text(renamed, encoding="utf-8")
    for directory in _MODULE_FOLDERS:
        _set_modules(traps, directory)
    for directory in _PROGRAM_FOLDERS:
        _set_programs(traps, directory)
    attributes = "* diff=trap filter=trap merge=trap textconv=trap\n"
    (traps.checkout / ".gitattributes").write_text(attributes, encoding="utf-8")
    _commit(traps.checkout, "Traps", "checkout", "--quiet", "-b", "traps")
    _set_in_git(traps)
    return traps


def _set_modules(traps: Traps, directory: str) -> None:
    target = traps.checkout / directory
    for name in _MODULES:
        (target / name).write_text(_python(traps, f"{directory}{name}"), encoding="utf-8")
    for package in _PACKAGES:
        (target / package).mkdir(exist_ok=True)
        for name in ("__init__.py", "__main__.py"):
            path = f"{package}/{name}"
            (target / path).write_text(_python(traps, f"{directory}{path}"), encoding="utf-8")
    settings = (
        '[tool.pytest.ini_options]\naddopts = "-p trap"\n[build-system]\nrequires = []\nbuild-backend = "setup"\n'
    )
    (target / "pyproject.toml").write_text(settings, encoding="utf-8")
    (target / "setup.cfg").write_text(
        "[global]\nfind-links = .\n[easy_install]\nindex-url = file:.\n", encoding="utf-8"
    )
    (target / "pip.conf").write_text("[global]\nindex-url = file:.\n", encoding="utf-8")
    (target / ".python-version").write_text("../python3\n", encoding="utf-8")


def _set_programs(traps: Traps, directory: str) -> None:
    target = traps.checkout / directory
    target.mkdir(exist_ok=True)
    for path in (target / name for name in _PROGRAMS):
        if not path.exists():  # a package
            path.write_text(_shell(traps, f"{directory}{path.name}"), encoding="utf-8")
            path.chmod(0o755)


def _set_in_git(traps: Traps) -> None:
    """Set traps in the configuration of git. A pull request cannot contain these, but they must not run either."""
    script = traps.checkout / ".git/trap"
    for key in (
        *("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "diff.external"),
        *("diff.trap.command", "diff.trap.textconv", "filter.trap.smudge", "filter.trap.clean", "gpg.program"),
        *("credential.helper", "uploadpack.packObjectsHook"),
    ):
        path = script.with_name(f"trap-{key}")
        path.write_text(_shell(traps, f"git {key}"), encoding="utf-8")
        path.chmod(0o755)
        _git(traps.checkout, "config", key, str(path))
    hooks = traps.checkout / "hooks"
    hooks.mkdir()
    for hook in ("post-checkout", "pre-commit", "post-index-change", "reference-transaction", "fsmonitor-watchman"):
        (hooks / hook).write_text(_shell(traps, f"hook {hook}"), encoding="utf-8")
        (hooks / hook).chmod(0o755)
    _git(traps.checkout, "config", "core.hooksPath", str(hooks))


def _python(traps: Traps, name: str) -> str:
    # Some modules are imported before `open` is defined.
    return f"import posix\nposix.close(posix.open({str(_mark(traps, name))!r}, posix.O_WRONLY | posix.O_CREAT))\n"


def _shell(traps: Traps, name: str) -> str:
    return f"#!/bin/sh\n: >'{_mark(traps, name)}'\n"


def _mark(traps: Traps, name: str) -> Path:
    return traps.triggered / name.replace("/", "_")


def _commit(checkout: Path, message: str, *first: str) -> None:
    _git(checkout, *first)
    _git(checkout, "add", "--all", "--force")
    author = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    _git(checkout, *author, "commit", "--quiet", "--message", message)


def _git(checkout: Path, *arguments: str) -> None:
    """Run git without the user's configuration."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", *arguments], cwd=checkout, env=environment, check=True)  # noqa: S607
