"""A project whose modules are edited at random, one fragment at a time.

Two workflows share some of their imports. The other imports are only searched, until an edit makes them relevant.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

FRAGMENTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "first.py": (
        ("", "# a comment\n", "\n\n"),
        ("from workers import WorkflowEntrypoint\nfrom helpers import work\n",),
        ("import deep\n", "", "import deep as helpers\n"),
        ("\n\nclass First(WorkflowEntrypoint):\n    async def run(self, event, step):\n        await work(step)\n",),
        (
            '        await step.sleep("rest", "5 min")\n',
            '        await step.sleep("rest", "5 min")  # stepgraph: ignore[SG102]\n',
            '        await step.sleep("rest", 5)\n',
        ),
    ),
    "second.py": (
        ("from workers import WorkflowEntrypoint\nimport helpers\nimport deep\n",),
        ("\n\nclass Second(WorkflowEntrypoint):\n    async def run(self, event, step):\n",),
        (
            "        await helpers.work(step)\n",
            "        await helpers.other(step)\n",
            "        await deep.go(step)\n",
        ),
    ),
    "helpers.py": (
        ("", "# a comment\n", '"""A docstring."""\n', "# coding: latin-1\n"),
        ("import deep\n", "import extra, deep\n", "from deep import *\n", ""),
        ('NAME = "charge"\n', 'NAME = "ship"\n', "NAME = deep.NAME\n"),
        ("\n\nasync def work(step):\n",),
        (
            "    await step.sleep(NAME, 1)\n",
            "    await step.sleep(NAME, 1)  # 1\n",
            "    await rest(step)\n",
            "    x = 1\n",
        ),
        ("\n\nasync def other(step):\n    await step.sleep('other', 2)\n", "\n\nasync def other(step): ...\n", ""),
        ("\n\ndef unused():\n    return 0\n", "\n\ndef unused():\n    global NAME\n    NAME = 'lost'\n", "# \xe9\n"),
    ),
    "deep.py": (
        ("", "# helpers.NAME = 1\n", "import extra\n", "import helpers\n"),
        ('NAME = "deep"\n', ""),
        (
            "\n\ndef configure():\n    return 1\n",
            "\n\ndef configure():\n    import helpers\n    helpers.NAME = 1\n",
        ),
        ("\n\nasync def go(step):\n    await step.sleep('deep', 3)\n", "\n\nclass Base:\n    pass\n"),
        ("", "setattr(object, 'x' + 'y', 1)\n", "\n\nasync def rest(step): ...\n", "def (:\n", "\x00"),
    ),
    "extra.py": (
        ("", "import helpers\nhelpers.NAME = 'extra'\n", "from workers import WorkflowEntrypoint\n"),
        ("", "value = env.WORKFLOW.create()\n", "\n\ndef patch(helpers):\n    helpers.work = None\n"),
    ),
}


class EditedModules:
    """The project, with the number of the current variant of each fragment."""

    def __init__(
        self, folder: Path, random: Random, fragments: dict[str, tuple[tuple[str, ...], ...]] = FRAGMENTS
    ) -> None:
        """Write the project with the first variant of each fragment."""
        self._folder = folder
        self._random = random
        self._fragments = fragments
        self._variants = {name: [0] * len(variants) for name, variants in fragments.items()}
        for name in fragments:
            self._write(name)

    def edit(self) -> None:
        """Change a fragment of a module, or now and then remove or restore a module."""
        name = self._random.choice(list(self._fragments))
        position = self._random.randrange(len(self._fragments[name]))
        self._variants[name][position] = self._random.randrange(len(self._fragments[name][position]))
        if self._random.random() < 0.05:
            (self._folder / name).unlink(missing_ok=True)
        else:
            self._write(name)

    def _write(self, name: str) -> None:
        fragments = zip(self._fragments[name], self._variants[name], strict=True)
        text = "".join(variants[number] for variants, number in fragments)
        (self._folder / name).write_text(text, encoding="utf-8")
