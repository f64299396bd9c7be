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


def write_run(texts: Sequence[str]) -> None:
    """Write the graph of a workflow with a step for each text, and logs of instances that failed or run."""
    document = graphs.graph(*map(graphs.do, texts), graphs.do("end"), class_name=texts[-1])
    Path("run.json").write_text(json.dumps(document), encoding="utf-8")
    Path("logs").mkdir()
    entries = [_entry(text, success=True) for text in texts]
    for number, text in enumerate(texts):
        failed = [*entries[:number], _entry(text, success=False)]
        Path("logs", f"{_folder_name(text, number)}.json").write_text(_log(failed, text), encoding="utf-8")
    Path("failed.json").write_text(_log([*entries[:-1], _entry(texts[-1], success=False)], "errored"), encoding="utf-8")
    Path("running.json").write_text(_log(entries, "running"), encoding="utf-8")
    Path("other.json").write_text(_log([*entries, _entry("\n".join(texts), success=True)], "running"), encoding="utf-8")


def _entry(name: str, *, success: bool) -> dict[str, object]:
    error = None if success else {"name": name, "message": name}
    times = {"start": "2026-11-28T14:50:00Z", "end": "2026-11-28T14:50:00Z", "success": success, "error": error}
    config = {"timeout": name, "retries": {"limit": 1, "delay": name, "backoff": name}}
    return {"name": f"{name}-1", "type": "step", "attempts": [times], "config": config, "output": name, **times}


def _log(entries: Sequence[object], status: str) -> str:
    error = {"name": status, "message": status}
    return json.dumps({"status": status, "id": status, "error": error, "steps": entries})


def _folder_name(text: str, number: int) -> str:
    plain = re.sub("[/\x00\ud800-\udc7f\udd00-\udfff]", "_", text)
    name = os.fsdecode(os.fsencode(plain)[:_LONGEST_NAME])
    return f"{name}{number}"
