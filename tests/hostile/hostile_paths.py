"""Generate projects with hostile paths: `python -m tests.hostile.hostile_paths COUNT [FIRST]`.

The number of a project is the seed of the paths in its configuration, links, imports and arguments.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Final

from stepgraph.cli.formats import REPORT_FORMATS
from tests.hostile.fuzzing import run
from tests.hostile.trials import OUTSIDE, main
from tests.text_formats import TEXT_FORMATS

_PATHS: Final = (
    *(
        "entry.py",
        "src/entry.py",
        "src",
        ".",
        "..",
        "../outside",
        "../outside/entry.py",
        "{outside}",
        "{outside}/leak.py",
    ),
    *(
        "linked",
        "linked/entry.py",
        "linked/..",
        "src/../../outside",
        "/",
        "/proc/self/environ",
        "/proc/self/cwd/entry.py",
    ),
    *(
        "/proc/self/root/etc/passwd",
        "/dev/zero",
        "/dev/stdin",
        "/dev/fd/0",
        "/etc/passwd",
        "pipe.py",
        "loop.py",
        "~/x.py",
    ),
    *(
        "",
        " ",
        "a" * 300,
        "../" * 50 + "etc/passwd",
        "known.json",
        "../outside/known.json",
        "linked/known.json",
        "x.py/y.py",
    ),
    *(
        "./././entry.py",
        "src//entry.py",
        "..\\outside\\entry.py",
        "C:/outside/entry.py",
        "file:///etc/passwd",
        "entry.py\\n",
    ),
)
_NAMES: Final = (
    *(
        "entry.py",
        "leak.py",
        "src",
        "src/entry.py",
        "linked",
        "wrangler.toml",
        "wrangler.json",
        "pyproject.toml",
        "known.json",
    ),
    *(
        "python_modules",
        "leak",
        "pipe.py",
        "loop.py",
        "out",
        "out.json",
        "x.py",
        "src/leak.py",
        "__init__.py",
        ".gitignore",
    ),
)
_TARGETS: Final = (
    *(
        "{outside}",
        "{outside}/entry.py",
        "{outside}/netrc",
        "{outside}/leak.py",
        "../outside/known.json",
        "..",
        ".",
        "gone",
    ),
    *(
        "/proc/self/environ",
        "/proc/self/fd/0",
        "/dev/zero",
        "/etc/passwd",
        "entry.py",
        "src",
        "src/entry.py",
        "{outside}/gone",
    ),
    *("/", "linked", "loop.py", "/proc/self/root", "../outside/wrangler.toml", "../outside/pyproject.toml"),
)
_IMPORTS: Final = (
    *("from leak import API_KEY", "import leak", "from .leak import API_KEY", "from ..outside.leak import API_KEY"),
    *(
        "from ..leak import *",
        "from linked.leak import API_KEY",
        "from outside.leak import API_KEY",
        "from src.leak import *",
    ),
    *("from leak.entry import API_KEY", "from linked.entry import API_KEY as leak", "from entry import API_KEY", ""),
)
_ORDERS: Final = """from workers import WorkflowEntrypoint
{imports}


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep({name}, "5 min")
"""
_OUTPUTS: Final = (
    "out.json",
    "out/",
    "out/a.json",
    "linked/a.json",
    ".git/config",
    "known.json",
    "entry.py",
)
_HALF: Final = 0.5
_RARELY: Final = 0.3


def prepare(number: int, folder: Path) -> Callable[[], tuple[int, str]]:
    """Create the project of a number in the working directory, and return a run of a command on it."""
    rng = Random(number)  # noqa: S311 - not for cryptography

    def path(paths: tuple[str, ...]) -> str:
        return rng.choice(paths).format(outside=folder / OUTSIDE)

    if rng.random() < _HALF:
        Path(".git").mkdir()
    if rng.random() < _HALF:
        Path("src").mkdir()
    for name in ("entry.py", "src/entry.py", "x.py"):
        imports = "\n".join(rng.choices(_IMPORTS, k=2))
        source = _ORDERS.format(imports=imports, name=rng.choice(["API_KEY", "leak.API_KEY", "'rest'"]))
        with suppress(OSError):
            Path(name).write_text(source, encoding="utf-8")
    if rng.random() < _HALF:
        _write_wrangler(rng, path(_PATHS), path(_PATHS))
    if rng.random() < _RARELY:
        Path("pyproject.toml").write_text(f"[tool.stepgraph]\nbaseline = '{path(_PATHS)}'\n", encoding="utf-8")
    for _ in range(rng.randrange(4)):
        _put(rng, Path(rng.choice(_NAMES)), path(_TARGETS))
    arguments = _arguments(rng, path(_OUTPUTS), path(_PATHS))
    return lambda: run(arguments)


def _write_wrangler(rng: Random, main_module: str, base_dir: str) -> None:
    workflows = '[[workflows]]\nname = "orders"\nbinding = "O"\nclass_name = "Orders"\n'
    base = f"base_dir = '{base_dir}'\n" if rng.random() < _HALF else ""
    text = f"name = 'w'\nmain = '{main_module}'\n{base}{workflows}"
    with suppress(OSError):
        Path(rng.choice(["", "src/"]) + "wrangler.toml").write_text(text, encoding="utf-8")


def _put(rng: Random, name: Path, target: str) -> None:
    """Replace a file with a link, or rarely with a pipe."""
    with suppress(OSError):
        # The new file must be inside the project.
        if name.parent.is_symlink() or (name.is_dir() and not name.is_symlink()):
            return
        name.unlink(missing_ok=True)
        if rng.random() < _RARELY:
            os.mkfifo(name)
        else:
            name.symlink_to(target)


def _arguments(rng: Random, output: str, path: str) -> tuple[str, ...]:
    named = rng.choice([".", ".", ".", "entry.py", "x.py", "src", "src/entry.py", "linked", "linked/entry.py"])
    writing = ("-o", output) if rng.random() < _RARELY else ()
    inside = path if "outside" not in path and not path.startswith("/") else "known.json"
    commands: tuple[tuple[str, ...], ...] = (
        ("check", named, "-f", rng.choice(list(REPORT_FORMATS)), *writing),
        ("check", named, "--baseline", inside, *rng.choice([(), ("--update-baseline",)])),
        ("check", named, *rng.choice([(), (), ("--update-baseline",)])),
        ("check", named, "--diff", *rng.choice([(), ("--unsafe-fixes",)])),
        ("graph", named, "-f", rng.choice(list(TEXT_FORMATS)), *writing),
        ("list", named, "-f", rng.choice(["text", "json"])),
        ("render", inside or "known.json"),
        ("diff", named, "x.py"),
    )
    return rng.choice(commands)


if __name__ == "__main__":
    main("tests.hostile.hostile_paths", prepare)
