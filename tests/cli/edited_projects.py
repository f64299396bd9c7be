"""Projects that are edited at random."""

from __future__ import annotations

from pathlib import Path
from random import Random

FILES = ("entry.py", "helpers.py", "package/__init__.py", "package/more.py", "base.py", "wrangler.toml", "odd.py")

ENTRY = """\
from workers import WorkflowEntrypoint
from helpers import settle
import package.more as more
from base import Base


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await settle(step)
        await more.close(step)


class Derived(Base):
    async def run(self, event, step):
        await step.sleep("rest", "{number} hours")
"""
HELPERS = """\
from package import *

async def work(): ...


async def settle(step):
    await step.do("settle {number}")(work)()
    await finish(step)
"""
PACKAGE = """\
async def finish(step):
    await step.sleep("finish {number}", "5 min")
"""
MORE = """\
async def close(step):
    step.sleep("close {number}", 5)
"""
BASE = """\
from workers import WorkflowEntrypoint


class Base(WorkflowEntrypoint):
    number = {number}
"""
WRANGLER = """\
name = "shop{number}"
main = "entry.py"
compatibility_date = "2026-03-0{digit}"
compatibility_flags = ["python_workers", "python_workflows"]

[[workflows]]
name = "orders-{number}"
binding = "ORDERS"
class_name = "Orders"
"""
ODD = """\
from base import Base


class Odd(Base):
    async def run(self, event, step):
        await step.sleep("odd {number}", {number})
"""
TEXTS = dict(zip(FILES, (ENTRY, HELPERS, PACKAGE, MORE, BASE, WRANGLER, ODD), strict=True))
BROKEN = ("def (:\n", "\x00", "class Base: pass\n", "")


def start(folder: Path, random: Random) -> None:
    """Write a project."""
    for name in FILES:
        if name != "wrangler.toml" or random.random() < 0.5:
            write(folder, name, random)


def write(folder: Path, name: str, random: Random) -> None:
    """Write a file of a project."""
    number = random.randrange(4)
    text = TEXTS[name].format(number=number, digit=number + 1)
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(random.choice(BROKEN) if random.random() < 0.1 else text, encoding="utf-8")


def edit(folder: Path, random: Random) -> None:
    """Edit, add or remove a file of a project."""
    name = random.choice(FILES)
    path = folder / name
    match random.randrange(5):
        case 0 if path.exists():
            path.unlink()
        case 1:
            (folder / "helpers").mkdir(exist_ok=True)
            (folder / "helpers" / "__init__.py").write_text("async def settle(step): ...\n", encoding="utf-8")
        case 2 if (folder / "helpers" / "__init__.py").exists():
            (folder / "helpers" / "__init__.py").unlink()
        case _:
            write(folder, name, random)
