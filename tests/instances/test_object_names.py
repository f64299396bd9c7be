"""Names with attributes of objects, which the arguments of their initializers decide."""

from __future__ import annotations

import pytest

from stepgraph import analyze_source
from stepgraph.replay.replay import Replay
from tests.instances.replay_pairs import new_code
from tests.instances.short_logs import ended, log_of, opened

SOURCE = """
from dataclasses import dataclass, field
from typing import NamedTuple
from workers import WorkflowEntrypoint

async def work():
    return 1

$class
    async def run(self, name):
        await self.step.do(f"{self.prefix}{name}")(work)()

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        runner = $object
        await runner.run("pay")
        await step.sleep("nap", 10)
"""
RUNNER = """
class Runner:
    def __init__(self, step, prefix=""):
        self.step = step
        self.prefix = prefix

    def scoped(self, name):
        return Runner(self.step, f"{self.prefix}{name}/")
"""
STORED = RUNNER.replace("= prefix\n", '= f"{prefix}: "\n')
REPLACED = """
    def __getattribute__(self, name):
        return "b/" if name == "prefix" else object.__getattribute__(self, name)
"""
DATA = "\n@dataclass\nclass Runner:\n    step: object\n    prefix: str = 'a '\n"


def source(runner: str, made: str) -> str:
    return SOURCE.replace("$class", runner).replace("$object", made)


def replay(old: str, new: str, name: str) -> Replay:
    """Replay a log that ends in the sleep after a step with a name."""
    return new_code(old, new).replay(log_of("running", ended(name), opened("nap", "sleep")))


@pytest.mark.parametrize(
    ("runner", "made", "name"),
    [
        (RUNNER, "Runner(step)", "pay"),
        (RUNNER, 'Runner(step, "a ")', "a pay"),
        (RUNNER, 'Runner(step).scoped("a")', "a/pay"),
        (STORED, 'Runner(prefix="a", step=step)', "a: pay"),
        (DATA, "Runner(step)", "a pay"),
        (DATA, 'Runner(step, "b ")', "b pay"),
        (DATA.replace("@dataclass\nclass Runner", "class Runner(NamedTuple)"), "Runner(step)", "a pay"),
    ],
)
def test_arguments_of_initializers_name_steps(runner: str, made: str, name: str) -> None:
    code = source(runner, made)
    assert replay(code, code, name).effect == "resumes"
    assert replay(code, code, "b/pay").reasons == (
        "The log does not fit the deployed code: `b/pay-1` comes where the code runs other steps.",
    )


@pytest.mark.parametrize(
    ("runner", "made"),
    [
        (RUNNER, "Runner(step)\n        runner.prefix = 'b/'"),
        (RUNNER, "Runner(step)\n        setattr(runner, 'prefix', 'b/')"),
        (RUNNER.replace("= prefix\n", "= prefix or 'b/'\n"), "Runner(step)"),
        (RUNNER.replace("self.prefix =", "prefix = 'b/'; self.prefix ="), "Runner(step)"),
        (f"{DATA}    def __post_init__(self): object.__setattr__(self, 'prefix', 'b/')\n", "Runner(step)"),
        (DATA.replace("step: object", "step: object\n    hidden: str = field(init=False)"), "Runner(step, 'b/')"),
        (RUNNER.replace("= prefix\n", "= prefix\n        self.prefix = 'b/'\n"), "Runner(step)"),
        (
            RUNNER.replace("self.prefix =", "if not step: self.prefix =").replace(
                "def __", "prefix = 'b/'\n    def __"
            ),
            "Runner(step)",
        ),
        (f"{RUNNER}{REPLACED}", "Runner(step)"),
        (DATA, "Runner(*(step, 'b/'))"),
    ],
)
def test_attributes_that_other_code_decides_are_unknown(runner: str, made: str) -> None:
    code = source(runner, made)
    assert replay(code, code, "b/pay").effect == "resumes"


def test_another_object_does_not_matter() -> None:
    old = source(RUNNER, 'Runner(step)\n        other = Runner(step, "x ")')
    assert replay(old, old.replace('"x "', '"y "'), "pay").effect == "resumes"
    assert replay(old, old.replace("Runner(step)", 'Runner(step, "z ")'), "pay").reruns == ("z pay-1",)


PRIVATE = RUNNER.replace(
    "def scoped", 'def named(self, name):\n        return f"{self.prefix}{name}"\n\n    def scoped'
)


@pytest.mark.slow
def test_another_receiver_matters() -> None:
    code = SOURCE.replace("{self.prefix}{name}", "{self.named(name)}").replace("$class", PRIVATE)
    old = code.replace("$object", 'Runner(step, event["payload"])\n        other = Runner(step, "x ")')
    new = old.replace('runner.run("pay")', 'other.run("pay")')
    assert replay(old, new, "pay").effect == "unknown"
    assert replay(old, old.replace("def named", "def title").replace(".named", ".title"), "pay").effect == "resumes"


ACTIVITY = """
from dataclasses import dataclass
from workers import WorkflowEntrypoint

async def work():
    return 1

@dataclass(frozen=True)
class Activity:
    name: str
    timeout: str = "1 minute"

PAY = Activity("pay", "1 hour")

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await self.perform(step, PAY)
        await step.sleep("nap", 10)

    async def perform(self, step, activity):
        await step.do(activity.name, {"timeout": activity.timeout})(work)()
"""


@pytest.mark.parametrize(
    ("new", "effect"),
    [
        ('PAY = Activity("pay", "2 hours")', "resumes"),
        ('PAY = Activity(timeout="1 hour", name="pay")', "resumes"),
        ('PAY = Activity("charge", "1 hour")', "reruns"),
        ('PAY = Activity("pay", "1 hour")\n\ndef rename():\n    PAY.name = "charge"', "unknown"),
        ('PAY = Activity("pay", "1 hour")\n\ndef rename():\n    global PAY\n    PAY = Activity("charge")', "unknown"),
    ],
)
def test_fields_of_an_object_of_a_module_name_steps(new: str, effect: str) -> None:
    assert replay(ACTIVITY, ACTIVITY.replace('PAY = Activity("pay", "1 hour")', new), "pay").effect == effect


SETTINGS = """
from dataclasses import dataclass
from workers import WorkflowEntrypoint

async def work():
    return 1

@dataclass(frozen=True)
class Settings:
    limit: int = 2
    pause: str = "1 hour"
    names: str = "pay"

SETTINGS = Settings(limit=3)
TABLE = {"pay": Settings(names="pay")}

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        if event["payload"] < SETTINGS.limit:
            await step.do(TABLE["pay"].names)(work)()
        await step.sleep("nap", SETTINGS.pause)
"""


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        ("limit=3", "limit=4", "unknown"),
        ("limit: int = 2", "limit: int = 5", "resumes"),
        ('"1 hour"', '"2 hours"', "reruns"),
        ('names="pay"', 'names="charge"', "unknown"),
        ('names: str = "pay"', 'names: str = "charge"', "resumes"),
        ('names="pay"', 'names="pay", limit=9', "resumes"),
    ],
)
def test_each_attribute_of_an_object_of_a_module_counts_alone(before: str, after: str, effect: str) -> None:
    assert replay(SETTINGS, SETTINGS.replace(before, after), "pay").effect == effect
    frozen = SETTINGS.replace("SETTINGS = ", "SETTINGS: Settings = ")
    assert replay(frozen, frozen.replace(before, after), "pay").effect == effect


def test_assigned_attributes_of_a_module_object_are_unknown() -> None:
    old = SETTINGS + "\n\ndef lower(number):\n    SETTINGS.limit = number\n"
    assert replay(old, old.replace("limit: int = 2", "limit: int = 5"), "pay").effect == "unknown"


DECORATED = """
from dataclasses import dataclass
from workers import WorkflowEntrypoint

@dataclass(frozen=True)
class Meta:
    name: str
    timeout: str = "1 minute"

def activity(name=None, **options):
    def decorate(function):
        function.meta = Meta(name or function.__name__.replace("_", " "), **options)
        return function
    return decorate

def meta_of(function):
    meta = getattr(function, "meta", None)
    if meta is None:
        raise TypeError(function)
    return meta

@activity("pay", timeout="1 hour")
async def charge_card():
    return 1

@activity()
async def send_mail():
    return 1

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await self.perform(step, charge_card)
        await step.sleep("nap", 10)
        await self.perform(step, send_mail)

    async def perform(self, step, function):
        meta = meta_of(function)
        await step.do(meta.name, config={"timeout": meta.timeout})(function)()
"""
PLAIN = DECORATED.replace("        meta = meta_of(function)\n", "").replace("meta.", "function.meta.")
OPTIONS = DECORATED.replace("activity(name=None, **options)", "activity(name=None, timeout='1 hour')").replace(
    "**options", "timeout"
)


def called_steps(code: str) -> list[list[str]]:
    """Return the names of steps in the remarks on the calls."""
    details = analyze_source(code).workflows[-1].details
    return [[*detail.remarks] for node, detail in details.items if node.get("type") == "function_call"]


@pytest.mark.slow
@pytest.mark.parametrize("code", [DECORATED, PLAIN, OPTIONS], ids=["getattr", "attribute", "parameter"])
def test_function_attributes_from_decorators_name_steps(code: str) -> None:
    assert called_steps(code) == [['step "pay"'], ['step "send mail"']]
    assert replay(code, code.replace("1 hour", "2 hours"), "pay").effect == "resumes"
    assert replay(code, code.replace("send_mail", "mail"), "pay").effect == "resumes"
    assert replay(code, code.replace('"pay"', '"charge"'), "pay").effect == "reruns"


@pytest.mark.parametrize(
    "other",
    [
        "charge_card.meta = Meta('charge')",
        "def rename(function):\n    function.meta = Meta('charge')\n",
        "def wrap(function):\n    def inner(): ...\n    inner.meta = Meta('charge')\n    return inner\n",
        "setattr(charge_card, 'meta', Meta('charge'))",
    ],
)
def test_function_attributes_from_other_code_are_unknown(other: str) -> None:
    assert called_steps(f"{DECORATED}\n{other}") == [[], []]


def test_attributes_of_a_replaced_function_are_unknown() -> None:
    code = DECORATED.replace("return function\n", "return other\n")
    assert called_steps(f"{code}\nasync def other():\n    return 1\n") == [[], []]


UNPACKED = """
from dataclasses import dataclass
from workers import WorkflowEntrypoint

@dataclass(frozen=True)
class Meta:
    name: str = "pay"

def activity(options):
    def decorate(function):
        function.meta = Meta(**options)
        return function
    return decorate

@activity({"name": "charge"})
async def charge_card():
    return 1

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await self.perform(step, charge_card)

    async def perform(self, step, function):
        await step.do(function.meta.name)(function)()
"""


def test_unpacked_parameters_may_contain_any_argument() -> None:
    assert called_steps(UNPACKED) == [[]]


def test_attributes_that_a_condition_stores_are_unknown() -> None:
    old = "        function.meta = "
    assert called_steps(DECORATED.replace(old, f"        if name:\n    {old}")) == [[], []]


RESULT = (
    DECORATED.replace(
        "        await self.perform(step, charge_card)", "        paid = await self.perform(step, charge_card)"
    )
    .replace(
        '        await step.sleep("nap", 10)', '        if paid["in full"]:\n            await step.sleep("nap", 10)'
    )
    .replace("        await step.do(meta", "        return await step.do(meta")
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "effect"),
    [
        ("return 1", "return 2", "resumes"),
        ("1 hour", "2 hours", "resumes"),
        ("activity()", 'activity("mail")', "resumes"),
        ("charge_card)\n", 'charge_card if "a" in event else send_mail)\n', "unknown"),
    ],
)
def test_results_depend_on_the_names_of_functions_only(old: str, new: str, effect: str) -> None:
    assert old in RESULT
    assert replay(RESULT, RESULT.replace(old, new), "pay").effect == effect
