"""Test SG131: methods `run` that the engine cannot run."""

from __future__ import annotations

import pytest

from stepgraph.api import analyze_source, check_analysis
from tests.checks.projects import ENTRY

SIGNATURE = "(self, event, step)"


def findings(parameters: str = SIGNATURE, before: str = "", after: str = "") -> list[str]:
    """Return the findings in a workflow whose `run` has other parameters."""
    text = ENTRY.replace(SIGNATURE, parameters).replace("    async def", f"{before}    async def") + after
    return [str(finding).removeprefix("<string>:") for finding in check_analysis(analyze_source(text))]


def test_number_of_parameters() -> None:
    assert findings("(self, step)") == [
        (
            "5:15: error: `run` takes `(self, step)`, but the engine passes the event and the step: each"
            " instance fails with a TypeError. Write `async def run(self, event, step)`. [SG131]"
        )
    ]


def test_missing_self() -> None:
    assert findings("(event, step)") == [
        (
            "5:15: error: `run` takes `(event, step)` without `self`, but is called with `self`, the event and the"
            " step: each instance fails with a TypeError. Write `async def run(self, event, step)`. [SG131]"
        )
    ]


def test_missing_parameter_explains_the_undefined_name() -> None:
    assert findings("(self, event)") == [
        (
            "5:15: error: `run` takes `(self, event)`, but the engine passes the event and the step: each instance"
            " fails with a TypeError. Write `async def run(self, event, step)`. [SG131]"
        )
    ]


def test_order_of_parameters() -> None:
    assert findings("(self, step, event)") == [
        (
            "5:15: error: `run` takes `(self, step, event)`, but the engine passes the event first: using it as the"
            " step object fails. Write `async def run(self, event, step)`. [SG131]"
        )
    ]


def test_other_findings_with_swapped_parameters() -> None:
    found = findings("(self, step, event)", after="        await step.sleep('pause {event}', '5 min')\n")
    assert [(finding.partition(":")[0], finding[-6:-1]) for finding in found] == [
        ("5", "SG131"),
        ("7", "SG218"),
        ("7", "SG205"),
    ]


def test_graph_with_swapped_parameters() -> None:
    (workflow,) = analyze_source(ENTRY.replace(SIGNATURE, "(self, step, event)")).workflows
    assert workflow.graph is not None
    assert [node["type"] for node in workflow.graph["workflow"]["nodes"]] == ["step_sleep"]


def test_swapped_names_of_parameters_that_are_used_in_the_right_order() -> None:
    text = ENTRY.replace(SIGNATURE, "(self, step, event)").replace("step.sleep", "event.sleep")
    (workflow,) = analyze_source(text).workflows
    assert workflow.graph is not None
    assert [node["type"] for node in workflow.graph["workflow"]["nodes"]] == ["step_sleep"]


@pytest.mark.parametrize("parameters", ["(self, step, event)", "(self, step)", "(self, event, step, *, extra)"])
def test_note_on_wrong_parameters_in_a_graph(parameters: str) -> None:
    (workflow,) = analyze_source(ENTRY.replace(SIGNATURE, parameters)).workflows
    note = next(note for note in workflow.notes if note.code == "run-parameters")
    assert (note.label, note.incomplete) == ("error[SG131]", False)
    assert note.message == f"`run` takes `{parameters}`, but the engine passes the event, then the step."
    assert note.advice == "Write `async def run(self, event, step)`."


def test_event_read_from_the_step_object_is_a_consequence() -> None:
    found = findings("(self, step, event)", after='        return event["payload"]\n')
    assert [finding.partition(":")[0] for finding in found] == ["5"]


def test_a_run_with_yield_is_reported() -> None:
    assert findings(after="        yield 1\n") == [
        (
            "5:15: error: `run` contains `yield`: it only creates a generator, and its code never runs. Return the"
            " result instead of yielding it. [SG131]"
        )
    ]


@pytest.mark.slow
def test_static_method() -> None:
    assert findings("(event, step)", before="    @staticmethod\n") == [
        (
            "6:15: error: `run` is a static method with `(event, step)`, but the SDK also passes `self`: each"
            " instance fails with a TypeError. Write `async def run(self, event, step)`. [SG131]"
        )
    ]


def test_static_method_with_a_parameter_for_the_instance() -> None:
    assert findings("(this, event, step)", before="    @staticmethod\n") == []


def test_class_method() -> None:
    assert findings("(cls, event, step)", before="    @classmethod\n") == [
        (
            "6:15: error: `run` is a class method, which the SDK cannot call: each instance fails with a TypeError."
            " Write `async def run(self, event, step)`. [SG131]"
        )
    ]


@pytest.mark.parametrize("parameters", ["(self, event, step, tenant)", "(self, event, step, *, tenant)"])
def test_required_parameter(parameters: str) -> None:
    assert [finding.split("`")[3] for finding in findings(parameters)] == [parameters]


@pytest.mark.parametrize(
    "parameters",
    [
        "(self, _, step)",
        "(self, event, step, /)",
        "(self, event, step, retries=3, *, tenant=None, **options)",
        "(self, *arguments, step=None)",
        "(self, event: dict, step)",
    ],
)
def test_parameters_that_accept_the_arguments(parameters: str) -> None:
    assert [finding for finding in findings(parameters) if "SG131" in finding] == []


def test_decorator_that_changes_the_signature() -> None:
    decorator = "    @with_tenant\n"
    function = (
        "\ndef with_tenant(run):\n    async def wrapper(self, event, step):\n        await run(self, event, step, 1)\n"
    )

    assert [
        f for f in findings("(self, event, step, tenant)", decorator, f"{function}    return wrapper\n") if "SG131" in f
    ] == []


def test_base_class_that_gets_more_arguments() -> None:
    derived = (
        "\n\nclass Refunds(Orders):\n    async def run(self, event, step):\n        await super().run(event, step, 1)\n"
    )

    assert findings("(self, event, step, tenant)", after=derived) == []


def test_function_that_is_assigned_to_run() -> None:
    source = """
from functools import partialmethod
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def work(self, pause, event, step):
        await step.sleep("rest", pause)

    run = partialmethod(work, "1 hour")
"""
    assert [finding.code for finding in check_analysis(analyze_source(source)) if finding.code == "SG131"] == []


def test_generator_inside_of_run() -> None:
    before = ENTRY.replace(
        "        await", "        def pages():\n            yield 1\n\n        print(list(pages()))\n        await"
    )

    assert [finding for finding in check_analysis(analyze_source(before)) if finding.code == "SG131"] == []


@pytest.mark.parametrize(
    ("parameters", "body", "flagged"),
    [
        ("self", "self.cache = {}", "6"),
        ("self, ctx, env, bucket", "super().__init__(ctx, env)", "6"),
        ("self, ctx, env, *, bucket", "super().__init__(ctx, env)", "6"),
        ("self, ctx, env", "self.cache = {}", "6"),
        ("self, ctx, env", "super().__init__(ctx, env)", ""),
        ("self, ctx, env, bucket='a'", "super().__init__(ctx, env)", ""),
        ("self, *arguments", "WorkflowEntrypoint.__init__(self, *arguments)", ""),
        ("self, ctx, env", "self.env, self.ctx = env, ctx", ""),
        ("self, ctx, env", "self.connect(ctx, env)", ""),
        ("self, ctx, env", "vars(self).update(ctx=ctx, env=env)", ""),
    ],
)
def test_initializer_that_the_runtime_calls(parameters: str, body: str, flagged: str) -> None:
    initializer = f"\n    def __init__({parameters}):\n        {body}\n\n"
    step = "        @step.do('load')\n        async def load():\n            return await self.env.KV.get('a')\n"
    found = findings(before=initializer, after=f"{step}        return await load()\n")
    assert [line.split(":")[0] for line in found] == [flagged] * bool(flagged)


def test_constructor_may_set_the_environment() -> None:
    before = "\n    def __new__(cls, ctx, env):\n        created = super().__new__(cls)\n        created.env = env\n"
    before += "        return created\n\n    def __init__(self, ctx, env):\n        self.cache = {}\n\n"
    assert findings(before=before, after="        return self.env.NAME\n") == []


def test_environment_that_the_initializer_does_not_set() -> None:
    before = "\n    def __init__(self, ctx, env):\n        self.cache = {}\n\n"
    assert findings(before=before, after="        return self.env.NAME\n") == [
        (
            "6:9: error: `__init__` does not call the method of the base class, so `self.env` (line 11) fails with an"
            " AttributeError. Call `super().__init__(ctx, env)` in it. [SG131]"
        )
    ]


def test_environment_of_an_abstract_class() -> None:
    text = ENTRY.replace("(WorkflowEntrypoint)", "(WorkflowEntrypoint, metaclass=ABCMeta)")
    text = text.replace("    async", "    def __init__(self, ctx, env):\n        self.cache = {}\n\n    async", 1)
    text = f"from abc import ABCMeta\n{text}        return self.env.NAME\n"
    assert [finding.code for finding in check_analysis(analyze_source(text))] == ["SG131"]


def test_initializer_of_a_base_class() -> None:
    base = "from workers import WorkflowEntrypoint\n\n\nclass Base(WorkflowEntrypoint):\n"
    base += "    def __init__(self, ctx, env, bucket):\n        super().__init__(ctx, env)\n\n\n"
    text = base + ENTRY.split("\n\n\n")[1].replace("(WorkflowEntrypoint)", "(Base)")
    text = text.replace(
        "    async", "    def __init__(self, ctx, env):\n        super().__init__(ctx, env, 'a')\n\n    async"
    )
    assert [str(finding) for finding in check_analysis(analyze_source(text))] == []
