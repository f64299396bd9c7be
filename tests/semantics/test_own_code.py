"""Statements of modules and classes that rebind or fill their own names before `run` starts."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.body_effects import CALLS_A_B
from tests.semantics.notation import FUNCTIONS, text
from tests.semantics.projects import graph_of, notes_of

pytestmark = pytest.mark.usefixtures("empty_directory")

CALL_EACH_JOB = "for job in JOBS:\n    await job(step)"


def test_a_function_may_be_wrapped_under_its_own_name() -> None:
    wrapping = """
        def wrap(inner):
            async def outer(step):
                await step.sleep("before", 1)
                await inner(step)
            return outer

        async def job(step):
            await step.sleep("job", 1)

        job = wrap(job)
    """
    assert graph_of(wrapping, "await job(step)") == text("""
        call outer(job)
        def outer(job)
          sleep 'before' 1
          call job
        def job
          sleep 'job' 1
    """)


def test_an_unknown_wrapper_is_reported_like_a_decorator() -> None:
    head = FUNCTIONS + "from tenacity import retry\na = retry(a)\n"
    (note,) = notes_of(head, "await a(step)")
    assert "the decorator `retry(a)` is outside the project" in note


def test_the_last_binding_of_a_name_counts() -> None:
    assert graph_of(FUNCTIONS + "a = b\n", "await a(step)") == text("""
        call b
        def b
          sleep 'b' 1
    """)


@pytest.mark.parametrize(
    "filling",
    [
        "JOBS = [a]\nJOBS.append(b)",
        "JOBS = []\nfor job in (a, b):\n    JOBS.append(job)",
        "JOBS = []\nJOBS += [a, b]",
        "JOBS = []\n\ndef register(job):\n    JOBS.append(job)\n\nregister(a)\nregister(b)",
    ],
    ids=["append", "loop", "augmented", "function"],
)
def test_a_list_has_the_elements_its_module_adds(filling: str) -> None:
    assert graph_of(f"{FUNCTIONS}{filling}\n", CALL_EACH_JOB) == CALLS_A_B


def test_a_dictionary_has_the_entries_that_decorators_register() -> None:
    head = """
        JOBS = {}

        def register(name):
            def keep(function):
                JOBS[name] = function
                return function
            return keep

        @register("a")
        async def a(step):
            await step.sleep("a", 1)

        @register("b")
        async def b(step):
            await step.sleep("b", 1)
    """
    assert graph_of(head, "for job in JOBS.values():\n    await job(step)") == CALLS_A_B


def test_a_constant_in_a_changed_collection_is_not_shown() -> None:
    head = """
        WAITS = {"short": "1 minute"}

        def slow_down():
            WAITS["short"] = "2 hours"
    """
    assert graph_of(head, 'await step.sleep("rest", WAITS["short"])') == "sleep 'rest' '{WAITS[\"short\"]}'"


def test_a_constant_assigned_by_another_module_is_not_shown() -> None:
    head = "import settings\nsettings.DELAY = 5\n"
    assert graph_of(head, 'await step.sleep("rest", settings.DELAY)', settings="DELAY = 1") == (
        "sleep 'rest' '{settings.DELAY}'"
    )


def test_a_function_that_is_assigned_to_from_outside_is_reported() -> None:
    head = "import helpers\nhelpers.a = print\n"
    (note,) = notes_of(head, "await helpers.a(step)", helpers=FUNCTIONS)
    assert note == (
        "helpers.py:2:1: other code changes `a`, so its value at run time is unknown."
        " The graph shows this definition. [assigned-elsewhere]"
    )


def test_the_step_object_is_followed_through_a_module() -> None:
    body = "state.step = step\nawait jobs.job()"
    jobs = 'import state\n\nasync def job():\n    await state.step.sleep("job", 1)\n'
    assert graph_of("import state\nimport jobs\n", body, state="step = None", jobs=jobs) == text("""
        call job
        def job
          sleep 'job' 1
    """)


def test_the_step_object_in_an_unknown_attribute_is_reported() -> None:
    (note,) = notes_of("import lib\n", "lib.step = step")
    assert "the step object is assigned to `lib.step`, which stepgraph does not model." in note


@pytest.mark.parametrize(("base", "shown"), [("Enum", "{Name.A}"), ("StrEnum", "alpha")])
def test_members_of_string_and_number_enums_are_their_values(base: str, shown: str) -> None:
    head = f"from enum import {base}\n\nclass Name({base}):\n    A = 'alpha'\n"
    assert graph_of(head, "await step.sleep(Name.A, 1)") == f"sleep '{shown}' 1"


@pytest.mark.parametrize("base", ["Enum", "IntEnum", "StrEnum"])
def test_values_of_enum_members_are_constants(base: str) -> None:
    head = f"from enum import {base}\n\nclass Pause({base}):\n    LONG = 60000\n"
    assert graph_of(head, "await step.sleep('rest', Pause.LONG.value)") == "sleep 'rest' 60000"


def test_an_attribute_of_another_owner_does_not_count() -> None:
    head = "import settings\nimport other\nother.DELAY = 5\n"
    graph = graph_of(head, 'await step.sleep("rest", settings.DELAY)', settings="DELAY = 1", other="")
    assert graph == "sleep 'rest' 1"


def test_a_function_that_another_one_may_replace_is_reported() -> None:
    head = FUNCTIONS + "def setup(job):\n    global a\n    a = job\n\nsetup(b)\n"
    (note,) = notes_of(head, "await a(step)")
    assert "functions reassign `a`, so its value at run time is unknown." in note


def test_a_module_imported_for_its_side_effects_is_executed() -> None:
    head = "import settings\nimport setup\n"
    graph = graph_of(
        head,
        'await step.sleep("rest", settings.DELAY)',
        settings="DELAY = 1",
        setup=("import settings\nsettings.DELAY = 5\n"),
    )
    assert graph == "sleep 'rest' '{settings.DELAY}'"


def test_a_list_that_another_module_rebinds_is_reported() -> None:
    change = "import jobs\njobs.JOBS = [print]\n"
    (note,) = notes_of(
        "from jobs import JOBS\nimport setup\n", CALL_EACH_JOB, jobs=f"{FUNCTIONS}JOBS = [a, b]\n", setup=change
    )
    assert "other code changes `JOBS`, so its value at run time is unknown." in note


@pytest.mark.parametrize(
    "change", ["import jobs\njobs.JOBS.append(jobs.c)\n", "from jobs import JOBS, c\nJOBS.append(c)\n"]
)
def test_a_list_that_another_module_fills(change: str) -> None:
    jobs = f"{FUNCTIONS}async def c(step):\n    await step.sleep('c', 1)\nJOBS = [a, b]\n"
    graph = graph_of("from jobs import JOBS\nimport setup\n", CALL_EACH_JOB, jobs=jobs, setup=change)
    assert graph.startswith("call a\ncall b\ncall c\n")


def test_constants_changed_by_another_module_are_not_shown() -> None:
    head = "from settings import WAITS\nimport setup\n"
    setup = 'from settings import WAITS as waits\nwaits["short"] = 5\n'
    graph = graph_of(head, 'await step.sleep("rest", WAITS["short"])', settings='WAITS = {"short": 1}', setup=setup)
    assert graph == "sleep 'rest' '{WAITS[\"short\"]}'"


def test_a_module_may_unpack_values() -> None:
    head = FUNCTIONS + "first, (second, [third]) = a, (b, [a])\nsecond, third = second, b\n"
    assert graph_of(head, "await first(step)\nawait second(step)\nawait third(step)") == text("""
        call a
        call b
        call b
        def a
          sleep 'a' 1
        def b
          sleep 'b' 1
    """)


def test_a_constant_set_in_several_branches_is_not_shown() -> None:
    head = "if x:\n    DELAY = 1\nelif y:\n    DELAY = 2\nelse:\n    DELAY = 3\n"
    assert graph_of(head, "await step.sleep('rest', DELAY)") == "sleep 'rest' '{DELAY}'"


def test_several_lists_may_be_filled_by_one_function() -> None:
    head = (
        FUNCTIONS
        + "JOBS = []\nALL = []\n\ndef register(job):\n    JOBS.append(job)\n    ALL.append(job)\n\nregister(a)\n"
    )
    assert graph_of(head, "for job in ALL:\n    await job(step)\nfor job in JOBS:\n    await job(step)") == text("""
        call a
        call a
        def a
          sleep 'a' 1
    """)


def test_a_name_bound_by_a_with_in_a_module_is_unknown() -> None:
    assert notes_of(FUNCTIONS + "with open('x') as a:\n    pass\n", "await a(step)")[0].endswith("[escapes]")


def test_an_object_that_another_function_may_replace_is_reported() -> None:
    head = """
        class Jobs:
            async def run(self, step):
                await step.sleep("a", 1)

        jobs = Jobs()
    """
    change = "\n\ndef change():\n    import entry\n\n    entry.jobs = None\n"
    assert notes_of(textwrap.dedent(head) + "import other\n", "await jobs.run(step)", other=change)[0].endswith(
        "[assigned-elsewhere]"
    )


def test_a_function_writes_global_and_nonlocal_names() -> None:
    head = "held = None\n"
    body = """
        global held
        held = step

        def outer():
            def inner():
                def innermost():
                    nonlocal kept
                    kept = held

                innermost()

            kept = None
            inner()
            return kept

        await outer().sleep("x", 1)
        [(number := row) for row in rows]
        await step.sleep("y", number)
    """
    assert graph_of(head, body).splitlines() == ["sleep 'x' 1", "sleep 'y' '{number}'"]


def test_a_module_may_assign_to_several_targets_at_once() -> None:
    holder = "class Holder:\n    pass\n\nholder = Holder()\n"
    head = FUNCTIONS + holder + "pair = (first, second) = a, b\nfirst, holder.kept = second, first\n"
    assert graph_of(head, "await first(step)\nawait pair[0](step)") == text("""
        call b
        call a
        def b
          sleep 'b' 1
        def a
          sleep 'a' 1
    """)
