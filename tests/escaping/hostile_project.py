"""A project and saved graphs with hostile texts in all positions."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.render import graphs

_SOURCE: Final = """\
from workers import WorkflowEntrypoint


class Orders{number}(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do({text})
        async def work(): ...

        await work()
        await step.sleep({text}, {text})  # {raw}
        await step.wait_for_event({text}, event_type={text}, timeout={text})
        step.sleep("pause", "5 min")  # {raw}
        if event[{text}] == {text}:
            await step.sleep_until({text}, {text})
        match event:
            case {text}:
                await step.sleep("match", 1)
        await unknown(step)  # {raw}
"""
_LONGEST_NAME: Final = 200


def write_project(texts: Sequence[str]) -> None:
    """Write a Worker for each text, in a folder named after it if the file system allows."""
    for number, text in enumerate(texts):
        folder = Path(_folder_name(text, number))
        folder.mkdir()
        raw = re.sub("[\x00\n\r\x0c\ud800-\udfff]", "", text)
        source = _SOURCE.format(text=ascii(text), raw=raw, number=number)
        (folder / "entry.py").write_text(source, encoding="utf-8")
        workflows = [{"name": text, "binding": text, "class_name": f"Orders{number}"}]
        settings = {"name": text, "main": "entry.py", "workflows": workflows}
        (folder / "wrangler.json").write_text(json.dumps(settings), encoding="utf-8")


def write_saved(name: str, texts: Sequence[str]) -> None:
    """Write saved graphs to a file, one for each text."""
    Path(name).write_text(json.dumps([graphs.everywhere(text) for text in texts]), encoding="utf-8")


def _folder_name(text: str, number: int) -> str:
    plain = re.sub("[/\x00\ud800-\udc7f\udd00-\udfff]", "_", text)
    name = os.fsdecode(os.fsencode(plain)[:_LONGEST_NAME])
    return f"{name}{number}"
