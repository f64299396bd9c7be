"""Names, settings, durations and times: constants are literal, other values are source text in braces."""

from __future__ import annotations

import pytest

from stepgraph.model.payload import StepConfig
from tests.semantics.notation import graph_of, graph_of_module, workflow_of, workflow_of_module


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ('"plain"', "plain"),
        ('"one " "two"', "one two"),
        ('"one " + "two"', "one two"),
        ('"ab" * 2', "abab"),
        ('"%s of %03d" % (PREFIX, 2)', "pre of 002"),
        ('"%s of %d" % (PREFIX, n)', '{"%s of %d" % (PREFIX, n)}'),
        ('f"{PREFIX}-{1 + 1:03d}"', "pre-002"),
        ('f"{PREFIX!r}"', "'pre'"),
        ('f"{{kept}} {order.id:>4}"', "{kept} {order.id:>4}"),
        ('"page " + str(n)', "page {str(n)}"),
        ('NAMES["first"]', "the first"),
        ("LIST[1]", "two"),
        ("name", "{name}"),
        ("rebound", "{rebound}"),
        ("pick(\n    1,  # one\n    2,\n)", "{pick(1, 2,)}"),
        ("left + \\\n        right", "{left + right}"),
        (r'"caf\u00e9"', "café"),
        (r'"\d"', r"\d"),
        (r'f"\d{1}"', r"\d1"),
        ('"x" * 10**9', '{"x" * 10**9}'),
        ('"x" * 9000 + "y" * 9000', '{"x" * 9000 + "y" * 9000}'),
        ('"x" - 1', '{"x" - 1}'),
        ('-"x"', '{-"x"}'),
        ('b"x" b"y"', '{b"x" b"y"}'),
        ('f"{5:{3}d}"', "  5"),
        ('f"{PREFIX!s}"', "pre"),
        ('f"{PREFIX!a}"', "'pre'"),
        ('f"{5:{width}d}"', "{5:{width}d}"),
        ('f"{PREFIX:d}"', "{PREFIX:d}"),
        ('f"{5:99999999999}"', "{5:99999999999}"),
    ],
)
def test_a_name_is_folded_or_source_in_braces(expression: str, shown: str) -> None:
    source = f"""
PREFIX = "pre"
NAMES = {{**{{"first": "the first"}}, "second": "the second"}}
LIST = ["one", "two"]
rebound = "once"
rebound = "twice"

from workers import WorkflowEntrypoint

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep({expression}, 1)
"""
    assert graph_of_module(source) == f"sleep {shown!r} 1"


def test_a_name_bound_once_in_an_enclosing_function_is_constant() -> None:
    assert (
        graph_of("""
        kind = "card"
        pause = 1
        pause = 2
        await step.sleep(f"charge {kind}", pause)
    """)
        == "sleep 'charge card' '{pause}'"
    )


def test_an_assigned_class_attribute_is_not_constant() -> None:
    source = """
        from workers import WorkflowEntrypoint

        class W(WorkflowEntrypoint):
            FIXED = "fixed"
            CHANGED = "changed"

            async def run(self, event, step):
                await step.sleep(self.FIXED, 1)
                await step.sleep(W.FIXED, 1)
                await step.sleep(self.CHANGED, 1)

            def other(self):
                self.CHANGED = "otherwise"
    """
    assert graph_of_module(source).splitlines() == [
        "sleep 'fixed' 1",
        "sleep 'fixed' 1",
        "sleep '{self.CHANGED}' 1",
    ]


CLASS_CONSTANT = """
from workers import WorkflowEntrypoint

class Base:
    pass

$other

class W(Base, WorkflowEntrypoint):
    name = "old"

    async def run(self, event, step):
        await self.sleep(step)
        $statement
        await self.sleep(step)

    async def sleep(self, step):
        await step.sleep(self.name, 1)
"""


@pytest.mark.parametrize(
    ("other", "statement", "shown"),
    [
        ("class Job:\n    def __init__(self):\n        self.name = 'new'", "Job()", "old"),
        ("class Job:\n    def use(self):\n        def inner():\n            self.name = 'new'", "Job()", "old"),
        ("class Job:\n    def set(self):\n        self.name = 'new'", "Job.set(self)", "{self.name}"),
        ("class Job:\n    def set(self, job):\n        job.name = 'new'", "Job().set(self)", "{self.name}"),
        (
            "class Job:\n    def setter(self):\n        def set(self): self.name = 'new'\n        return set",
            "Job().setter()(self)",
            "{self.name}",
        ),
        (
            "class Job:\n    class Inner:\n        def set(self):\n            self.name = 'new'",
            "Job.Inner.set(self)",
            "{self.name}",
        ),
        ("def set(self):\n    self.name = 'new'", "set(self)", "{self.name}"),
        ("def set(self):\n    self.name = 'new'\nBase.set = set", "self.set()", "{self.name}"),
    ],
)
def test_an_assignment_to_self_in_another_class(other: str, statement: str, shown: str) -> None:
    source = CLASS_CONSTANT.replace("$other", other).replace("$statement", statement)
    assert f"sleep {shown!r} 1" in graph_of_module(source)


@pytest.mark.parametrize(
    "method", ["def set(self):\n        self.name = 'new'", "set = lambda self: setattr(self, 'name', 1)"]
)
def test_an_assignment_to_self_in_a_base_class(method: str) -> None:
    source = CLASS_CONSTANT.replace("class Base:\n    pass", f"class Base:\n    {method}")
    assert "sleep '{self.name}' 1" in graph_of_module(source.replace("$other", "").replace("$statement", "self.set()"))


def test_a_metaclass_that_assigns_an_attribute_of_the_class() -> None:
    meta = "class Meta(type):\n    def rename(self):\n        self.name = 'new'\n"
    source = CLASS_CONSTANT.replace("class Base:", "class Base(metaclass=Meta):").replace(
        "class Base", f"{meta}\nclass Base"
    )
    assert "sleep '{self.name}' 1" in graph_of_module(source.replace("$other", "").replace("$statement", "W.rename()"))


@pytest.mark.parametrize(
    ("duration", "shown"),
    [
        ("1500", 1500),
        ("-1.5", -1.5),
        ('"5 minutes"', "5 minutes"),
        ("60 * 1000", 60000),
        ("1 << 10", 1024),
        ("1e400", "{1e400}"),
        ("1 / 0", "{1 / 0}"),
        ("1 << 10**9", "{1 << 10**9}"),
        ("9" * 400, "{" + "9" * 400 + "}"),
        ("9" * 5000, "{" + "9" * 5000 + "}"),
        ("datetime.timedelta(days=10**12)", "{datetime.timedelta(days=10**12)}"),
    ],
)
def test_a_duration_is_milliseconds_or_text_as_given(duration: str, shown: object) -> None:
    assert graph_of(f'import datetime\nawait step.sleep("x", {duration})') == f"sleep 'x' {shown!r}"


@pytest.mark.parametrize(
    ("timestamp", "shown"),
    [
        ('"2030-01-01T00:00:00Z"', "2030-01-01T00:00:00Z"),
        ("1893456000000", "1893456000000"),
        ("datetime.datetime(2030, 1, 2, 3, tzinfo=datetime.timezone.utc)", "2030-01-02T03:00:00+00:00"),
        ("datetime.datetime(2030, 1, 2, tzinfo=None)", "2030-01-02T00:00:00"),
        ("datetime.datetime(2030, 13, 1)", "{datetime.datetime(2030, 13, 1)}"),
        ("datetime.datetime(2030, month, 1)", "{datetime.datetime(2030, month, 1)}"),
        ("datetime.datetime.now()", "{datetime.datetime.now()}"),
    ],
)
def test_a_time_is_text_an_iso_date_or_digits(timestamp: str, shown: str) -> None:
    assert graph_of(f'import datetime\nawait step.sleep_until("x", {timestamp})') == f"until 'x' {shown!r}"


def test_a_wait_has_a_type_and_a_default_timeout() -> None:
    assert graph_of("""
        await step.wait_for_event("one", "paid")
        await step.wait_for_event("two", "paid", timeout="2 days")
        await step.wait_for_event("three")
    """).splitlines() == ["wait 'one' 'paid' '24 hours'", "wait 'two' 'paid' '2 days'", "wait 'three'"]


def config_of(config: str) -> tuple[StepConfig, list[str]]:
    workflow = workflow_of(f"""
        BASE = {{"retries": {{"limit": 3, "delay": "5 seconds"}}}}

        def slow():
            return {{"timeout": "2 hours"}}

        async def load_slow():
            return {{"timeout": "2 hours"}}

        @step.do("x", config={config})
        async def x():
            return 1

        await x()
    """)
    assert workflow.graph is not None
    node = workflow.graph["workflow"]["nodes"][0]
    assert node["type"] == "step_do"
    return node["config"], [note.code for note in workflow.notes]


def test_settings_are_merged_with_the_defaults_of_the_engine() -> None:
    assert config_of('{**BASE, "timeout": 60000}') == (
        {"retries": {"limit": 3, "delay": "5 seconds", "backoff": "exponential"}, "timeout": 60000},
        [],
    )


def test_backoff_of_none_is_constant() -> None:
    assert config_of('{"retries": {"limit": 3, "delay": 2000, "backoff": None}}') == (
        {"retries": {"limit": 3, "delay": 2000, "backoff": "constant"}, "timeout": "10 minutes"},
        [],
    )


def test_an_unknown_limit_or_backoff_is_reported() -> None:
    assert config_of('{"retries": {"limit": limit, "delay": delay, "backoff": backoff}}') == (
        {"retries": {"limit": 5, "delay": "{delay}", "backoff": "exponential"}, "timeout": "10 minutes"},
        ["dynamic-config", "dynamic-config"],
    )


@pytest.mark.parametrize(
    "declared",
    ["step.do('x', config=CONFIG)(function)", "partial(step.do, config=CONFIG)('x')(function)"],
)
def test_declaring_steps_keeps_settings_constant(declared: str) -> None:
    """The SDK changes neither the config nor the decorated function, whoever declares the step."""
    graph = workflow_of_module(f"""
from functools import partial
from workers import WorkflowEntrypoint

CONFIG = {{"timeout": "1 hour"}}

def declared(step, function):
    return {declared}

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        await declared(step, lambda: 1)()
""").graph
    assert graph is not None
    node = graph["workflow"]["nodes"][0]
    assert node["type"] == "step_do"
    assert node["config"]["timeout"] == "1 hour"


@pytest.mark.parametrize(
    ("parameter", "config"),
    [
        ("config=None", "config"),
        ("config=None", "config or None"),
        ("**config", "config"),
        ("**config", "config or None"),
    ],
)
def test_settings_that_no_call_passes(parameter: str, config: str) -> None:
    workflow = workflow_of(f"""
        async def do(name, function, {parameter}):
            await step.do(name, config={config})(function)()

        await do("x", lambda: 1)
        await do("y", lambda: 1)
    """)
    assert workflow.notes == ()


@pytest.mark.parametrize("config", ["load_config()", "slow()", "await load_slow()"])
def test_unknown_settings_are_the_defaults_and_reported(config: str) -> None:
    assert config_of(config) == (
        {"retries": {"limit": 5, "delay": 1000, "backoff": "exponential"}, "timeout": "10 minutes"},
        ["dynamic-config"],
    )


@pytest.mark.parametrize(
    "expression",
    [
        'NAMES.get("a")',
        "sorted(LIST)[0]",
        "LIST.copy()[0]",
        'getattr(self, "FIXED")',
        'local["text"]',
        "CHANGED[0]",
        'names()["a"]',
        '(await load_names())["a"]',
        '(lambda: {"a": "one"})()["a"]',
        'self.names["a"]',
    ],
)
def test_calls_and_changed_names_are_not_folded(expression: str) -> None:
    source = f"""
from workers import WorkflowEntrypoint

NAMES = {{"a": "one"}}
LIST = ["b", "a"]
CHANGED = ["old"]
CHANGED[0] = "new"

def names():
    return {{"a": "one"}}

async def load_names():
    return {{"a": "one"}}

class W(WorkflowEntrypoint):
    FIXED = "fixed"

    @property
    def names(self):
        return {{"a": "one"}}

    async def run(self, event, step):
        local = {{"text": f"{{event}}"}}
        await step.sleep({expression}, 1)
"""
    assert graph_of_module(source) == f"sleep {'{' + expression + '}'!r} 1"


def test_a_function_is_shown_once_for_all_constants() -> None:
    assert graph_of("""
        async def rest(settings):
            await step.sleep(settings["name"], 1)

        await rest({"name": "one"})
        await rest({"name": "two"})
    """).splitlines() == ["call rest", "call rest", "def rest", "  sleep '{settings[\"name\"]}' 1"]


@pytest.mark.parametrize("written", [r'"\N{no such letter}"', r'f"\x"', r'f"\u12{1}"'])
def test_text_with_an_escape_that_python_refuses_is_its_source(written: str) -> None:
    assert graph_of(f"await step.sleep({written}, 1)") == f"sleep {'{' + written + '}'!r} 1"


@pytest.mark.parametrize("refused", [r'"\N{no such letter}"', "9" * 5000], ids=["text", "number"])
def test_one_of_two_literals_may_be_invalid(refused: str) -> None:
    duration = f"60 if short else {refused}"
    assert graph_of(f'await step.sleep("x", {duration})') == f"sleep 'x' {'{' + duration + '}'!r}"
