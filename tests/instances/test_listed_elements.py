"""The effects of edits of the elements of collections that loops iterate over."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from tests.instances.replay_pairs import new_code
from tests.instances.short_logs import ended, log_of, opened

SOURCE = """
from dataclasses import dataclass
from enum import Enum
from workers import WorkflowEntrypoint

@dataclass
class Stage:
    name: str
    timeout: str = "1 minute"
    is_optional: bool = False

{module}

class Orders(WorkflowEntrypoint):
{members}
    async def work(self): ...

    async def run(self, event, step):
{body}
        await step.sleep("pause", "1 day")
"""
STAGES = 'STAGES = [Stage("load"), Stage("save", "2 minutes")]'
LOOP = """
for stage in {stages}:
    if stage.is_optional:
        continue
    await step.do(stage.name, config={{"timeout": stage.timeout}})(self.work)()
"""


def effect(source: str, old: str, new: str) -> str:
    """Return the effect of an edit on an instance that has run the stages `load` and `save`."""
    assert old in source
    log = log_of("running", ended("load"), ended("save"), opened("pause", "sleep"))
    return new_code(source, source.replace(old, new)).replay(log).effect


def source_of(body: str, module: str = "", members: str = "") -> str:
    """Return the code of a workflow."""
    return SOURCE.format(module=module, members=indent(members, "    "), body=indent(dedent(body), " " * 8))


OBJECTS = {
    "module": source_of(LOOP.format(stages="STAGES"), STAGES),
    "class": source_of(LOOP.format(stages="self.STAGES"), members=STAGES),
    "local": source_of(f"stages = {STAGES.removeprefix('STAGES = ')}\n{LOOP.format(stages='stages')}"),
    "names": source_of(
        LOOP.format(stages="STAGES"), 'A = Stage("load")\nB = Stage("save", "2 minutes")\nSTAGES = (A, B)'
    ),
    "helper": source_of(
        "for stage in STAGES:\n    await self.run_stage(step, stage)",
        STAGES,
        "async def run_stage(self, step, stage):\n"
        "    if not stage.is_optional:\n"
        '        await step.do(stage.name, config={"timeout": stage.timeout})(self.work)()',
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("source", OBJECTS.values(), ids=OBJECTS)
def test_only_attributes_that_a_loop_reads_decide_names(source: str) -> None:
    effects = [
        effect(source, '"2 minutes"', '"3 minutes"'),
        effect(source, '"save", "2', '"store", "2'),
        effect(source, '"2 minutes")', '"2 minutes", True)'),
    ]
    assert effects == ["resumes", "unknown", "unknown"]


def test_elements_of_a_result_are_unknown() -> None:
    source = source_of(LOOP.format(stages="plan().stages"), f"{STAGES}\ndef plan(): ...")
    assert effect(source, '"save", "2', '"store", "2') == "unknown"


PASSED = {
    "method": "await self.run_all(step, STAGES)",
    "keyword": "await self.run_all(stages=STAGES, step=step)",
    "variable": "stages = STAGES\nawait self.run_all(step, stages)",
    "list": f"await self.run_all(step, {STAGES.removeprefix('STAGES = ')})",
    "twice": "await self.run_all(step, STAGES)\nawait self.run_all(step, STAGES)",
}


def source_with_argument(body: str, statements: str = "") -> str:
    """Return the code of a workflow whose method `run_all` runs the stages that its calls pass."""
    method = f"async def run_all(self, step, stages):\n{indent(statements + LOOP, ' ' * 4)}"
    return source_of(body, STAGES, method.format(stages="stages"))


@pytest.mark.slow
@pytest.mark.parametrize("body", PASSED.values(), ids=PASSED)
def test_only_attributes_read_by_the_loop_decide_names(body: str) -> None:
    source = source_with_argument(body)
    effects = [
        effect(source, '"2 minutes"', '"3 minutes"'),
        effect(source, '"save", "2', '"store", "2'),
        effect(source, '"2 minutes")', '"2 minutes", True)'),
        effect(source, '"2 minutes")]', '"2 minutes"), Stage("ship")]'),
    ]
    assert effects == ["resumes", "unknown", "unknown", "unknown"]


CHANGED = {
    "element": ("await self.run_all(step, STAGES)", "stages[1].name = 'save'", "'save'", "'store'"),
    "parameter": ("await self.run_all(step, STAGES)", "stages.append(Stage('ship'))", "'ship'", "'pack'"),
    "module": ("STAGES.append(Stage('ship'))\nawait self.run_all(step, STAGES)", "", "'ship'", "'pack'"),
    "other call": (
        "await self.run_all(step, [Stage('load'), Stage('save')])\nawait self.run_all(step, STAGES)",
        "",
        "'save'",
        "'store'",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("body", "statement", "old", "new"), CHANGED.values(), ids=CHANGED)
def test_changes_of_arguments_decide_names(body: str, statement: str, old: str, new: str) -> None:
    assert effect(source_with_argument(body, statement), old, new) == "unknown"


@pytest.mark.slow
@pytest.mark.parametrize("change", ["STAGES.append(Stage('ship'))", "STAGES[1].is_optional = True"])
def test_changed_collections_depend_on_all_attributes(change: str) -> None:
    source = source_of(f"{change}\n{LOOP.format(stages='STAGES')}", STAGES)
    assert effect(source, '"save", "2 minutes"', '"store", "2 minutes"') == "unknown"


ITEMS = 'STAGES = [{"name": "load", "timeout": 1}, {"name": "save", "timeout": 2}]'
ITEM_LOOP = 'for stage in STAGES:\n    await step.do(stage["name"], config={"timeout": stage["timeout"]})(self.work)()'


def test_only_items_that_a_loop_reads_decide_names() -> None:
    source = source_of(ITEM_LOOP, ITEMS)
    assert effect(source, '"timeout": 2', '"timeout": 3') == "resumes"
    assert effect(source, '"name": "save"', '"name": "store"') == "unknown"


@pytest.mark.parametrize(
    "members",
    ["def rename(self, each):\n    each['name'] = each['timeout']", "def rename(self, each):\n    each.update(name=1)"],
)
def test_items_that_code_may_change_depend_on_the_whole_list(members: str) -> None:
    source = source_of(f"for each in STAGES:\n    self.rename(each)\n{ITEM_LOOP}", ITEMS, members)
    assert effect(source, '"timeout": 2', '"timeout": 3') == "unknown"


@pytest.mark.parametrize("change", ["copy['name'] = 1", "copy.update(name=1)"])
def test_new_dictionaries_change_no_listed_items(change: str) -> None:
    source = source_of(ITEM_LOOP, ITEMS, f"def label(self):\n    copy = {{}}\n    {change}\n    return copy")
    assert effect(source, '"timeout": 2', '"timeout": 3') == "resumes"


@pytest.mark.slow
def test_items_of_tuples_never_change() -> None:
    source = source_of(
        "for stage in STAGES:\n    await step.do(stage[0])(self.work)()",
        'STAGES = [("load", 1), ("save", 2)]',
        "def reset(self, counts):\n    counts[0] = 0",
    )
    assert effect(source, '"save", 2', '"save", 3') == "resumes"


def test_repeated_keys_of_dictionaries_are_not_listed() -> None:
    source = source_of(
        "for stage in STAGES.values():\n    await step.do(stage.name)(self.work)()",
        'STAGES = {"a": Stage("load"), "a": Stage("save")}',
    )
    assert effect(source, '"a": Stage("save")', '"b": Stage("save")') == "unknown"


@pytest.mark.parametrize(
    "change",
    [
        'if each.update(name=each["timeout"]):\n    pass',
        'rename = lambda item: item.update(name=each["timeout"])\nrename(each)',
        'update = each.update\nupdate(name=each["timeout"])',
        'each |= {"name": each["timeout"]}',
    ],
)
def test_items_may_change_in_all_expressions(change: str) -> None:
    source = source_of(f"for each in STAGES:\n{indent(change, '    ')}\n{ITEM_LOOP}", ITEMS)
    assert effect(source, '"timeout": 2', '"timeout": 3') == "unknown"


@pytest.mark.slow
@pytest.mark.parametrize("stages", ["STAGES", "self.STAGES"])
@pytest.mark.parametrize("change", ["others = {}\nothers.append(Stage('x'))", "self.extend({})"])
def test_collections_may_change_under_other_names(stages: str, change: str) -> None:
    extend = 'def extend(self, stages):\n    stages.append(Stage("ship"))'
    body = f"{change.format(stages)}\n{LOOP.format(stages=stages)}"
    source = source_of(body, STAGES, extend) if stages == "STAGES" else source_of(body, members=f"{STAGES}\n{extend}")
    assert effect(source, '"2 minutes"', '"3 minutes"') == "unknown"


def test_only_unpacked_items_that_a_loop_reads_decide_names() -> None:
    source = source_of(
        'for name, timeout in STAGES.items():\n    await step.do(name, config={"timeout": timeout})(self.work)()',
        'STAGES = {"load": "1 minute", "save": "2 minutes"}',
    )
    assert effect(source, "2 minutes", "3 minutes") == "resumes"
    assert effect(source, '"save"', '"store"') == "unknown"


ENUMERATION = 'class Kind(Enum):\n    LOAD = "load"\n    SAVE = "save"'
ENUMERATED = "for kind in Kind:\n    await step.do(kind.value)(self.work)()"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("SAVE", "STORE", "resumes"),
        ("(Enum)", "(str, Enum)", "resumes"),
        ('= "save"', '= "store"', "unknown"),
        ('    SAVE = "save"', '    SEND = "send"\n    SAVE = "save"', "unknown"),
    ],
)
def test_values_of_enumerations_decide_names(old: str, new: str, expected: str) -> None:
    assert effect(source_of(ENUMERATED, ENUMERATION), old, new) == expected


def test_aliases_and_settings_of_enumerations_decide_passes() -> None:
    named = "for kind in Kind:\n    await step.do(kind.name)(self.work)()"
    assert effect(source_of(named, ENUMERATION), '= "save"', '= "load"') == "unknown"
    enumeration = ENUMERATION.replace("(Enum)", "(Enum, metaclass=Reversed)")
    assert effect(source_of(ENUMERATED, enumeration), "SAVE", "STORE") == "unknown"


def test_lists_and_tuples_have_the_same_passes() -> None:
    source = source_of("for name in NAMES:\n    await step.do(name)(self.work)()", 'NAMES = ["load", "save"]')
    assert effect(source, '["load", "save"]', '("load", "save")') == "resumes"
    assert effect(source, 'NAMES = ["load", ', 'LOAD = "load"\nNAMES = [LOAD, ') == "resumes"
