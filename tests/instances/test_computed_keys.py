"""The steps of functions that look up the item of a constant dictionary with a key that each call passes."""

from __future__ import annotations

import pytest

from stepgraph import analyze_source
from tests.instances.replay_pairs import new_code
from tests.instances.short_logs import ended, log_of, opened

SOURCE = """
from dataclasses import dataclass
from workers import WorkflowEntrypoint

@dataclass
class Spec:
    name: str
    timeout: str = "1 minute"

SPECS = {"load": Spec("load file"), "save": Spec("save file", "2 minutes")}

class Orders(WorkflowEntrypoint):
    async def work(self): ...

    async def run(self, event, step):
        loaded = await self.call(step, "load")
        await step.sleep("pause", "1 day")
        if loaded["complete"]:
            await self.call(step, "save")

    async def call(self, step, key):
        spec = SPECS[key]
        return await step.do(spec.name, config={"timeout": spec.timeout})(self.work)()
"""
RENAMED = ('"save file"', '"store file"')
FORWARDED = (
    SOURCE.replace('self.call(step, "', 'self.forward(step, "')
    + """
    async def forward(self, step, kind):
        return await self.call(step, kind)
"""
)


def passed_names(source: str) -> list[list[str]]:
    """Return the names of steps in the remarks on the calls in `run`."""
    analysis = analyze_source(source).workflows[0]
    assert analysis.graph is not None
    details = analysis.details
    calls = [node for node in details.items if node[0].get("type") == "function_call"]
    return [[*detail.remarks] for _, detail in calls]


def effect(source: str, old: str, new: str) -> str:
    """Return the effect of an edit on an instance that sleeps after the step `load file`."""
    assert old in source
    log = log_of("running", ended("load file"), opened("pause", "sleep"))
    return new_code(source, source.replace(old, new)).replay(log).effect


def test_calls_show_names_of_items() -> None:
    assert passed_names(SOURCE) == [['step "load file"'], ['step "save file"']]


@pytest.mark.slow
@pytest.mark.parametrize("source", [SOURCE, FORWARDED], ids=["direct", "forwarded"])
@pytest.mark.parametrize(
    ("old", "new"), [RENAMED, ('"2 minutes"', '"3 minutes"'), ('"1 minute"', '"4 minutes"')], ids=str
)
def test_items_of_other_calls_change_nothing(source: str, old: str, new: str) -> None:
    assert effect(source, old, new) == "resumes"


@pytest.mark.parametrize("source", [SOURCE, FORWARDED], ids=["direct", "forwarded"])
def test_item_of_finished_call_is_renamed(source: str) -> None:
    assert effect(source, '"load file"', '"read file"') == "reruns"


CHANGES = {
    "replaced item": (
        "    async def run(self, event, step):\n",
        '    async def run(self, event, step):\n        SPECS["load"] = SPECS["save"]\n',
    ),
    "replaced attribute": (
        "    async def run(self, event, step):\n",
        '    async def run(self, event, step):\n        SPECS["load"].name = event["payload"]\n',
    ),
    "replaced key": ("        spec = SPECS[key]", "        key = event_key(key)\n        spec = SPECS[key]"),
    "replaced dictionary": (
        "    async def run(self, event, step):\n",
        "    async def run(self, event, step):\n        global SPECS\n        SPECS = load_specs()\n",
    ),
    "unknown item": ('Spec("load file")', "load_spec()"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_items_that_may_change_stay_unknown(change: str) -> None:
    old, new = CHANGES[change]
    assert old in SOURCE
    assert passed_names(SOURCE.replace(old, new)) == [[], []]


DIRECT = SOURCE.replace("        spec = SPECS[key]\n", "").replace("spec.name", "SPECS[key].name")
MEMBERS = (
    DIRECT.replace("@dataclass", 'class Kind(Enum):\n    LOAD = "load"\n    SAVE = "save"\n\n@dataclass')
    .replace("from dataclasses", "from enum import Enum\nfrom dataclasses")
    .replace('{"load":', "{Kind.LOAD:")
    .replace('"save": Spec', "Kind.SAVE: Spec")
    .replace('step, "load"', "step, Kind.LOAD")
    .replace('step, "save"', "step, Kind.SAVE")
)
CODES = DIRECT.replace('Spec("load file")', '"load file"').replace('Spec("save file", "2 minutes")', '"save file"')
NAMES = CODES.replace("SPECS[key].name", "SPECS[key]").replace("spec.timeout", '"1 minute"')
DEFAULT = NAMES.replace("SPECS[key]", 'SPECS.get(key, "save file")')
WRITES = DIRECT.replace("        if loaded", '        event[loaded["id"]] = 1\n        if loaded')


@pytest.mark.slow
@pytest.mark.parametrize("source", [DIRECT, MEMBERS, NAMES, WRITES], ids=["item", "member", "name", "writes"])
def test_items_need_no_variable(source: str) -> None:
    assert passed_names(source) == [['step "load file"'], ['step "save file"']]
    assert effect(source, *RENAMED) == "resumes"
    assert effect(source, '"load file"', '"read file"') == "reruns"


def test_items_may_have_defaults() -> None:
    assert passed_names(DEFAULT) == [['step "load file"'], ['step "save file"']]
    assert passed_names(DEFAULT.replace('"save":', '"store":')) == [['step "load file"'], ['step "save file"']]


@pytest.mark.parametrize("alias", ["table = SPECS", "self.table(SPECS)", "tables = [SPECS]"])
def test_items_of_shared_dictionaries_stay_unknown(alias: str) -> None:
    assert passed_names(WRITES.replace("        event[", f"        {alias}\n        event[")) == [[], []]


@pytest.mark.slow
def test_keys_may_be_variables_of_loops() -> None:
    source = MEMBERS.replace(
        "        loaded = await self.call(step, Kind.LOAD)",
        "        for kind in (Kind.LOAD,):\n            loaded = await self.call(step, kind)",
    )
    assert effect(source, *RENAMED) == "resumes"
    assert effect(source, '"load file"', '"read file"') == "reruns"
