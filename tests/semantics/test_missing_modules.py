"""Imports of modules and names that are missing, invalid or outside of the project."""

from __future__ import annotations

import pytest

from tests.semantics.notation import notation, text
from tests.semantics.projects import REST, RESTED, graph_of, notes_of, project_of, running, workflow_of

pytestmark = pytest.mark.usefixtures("empty_directory")


def test_a_missing_module_of_the_project_is_noted() -> None:
    assert notes_of("from shop.cards import rest\n", "await rest(step)", shop__="")[0] == (
        "entry.py:1:1: the project has no module `shop.cards`. "
        "The import fails when the module is loaded. Correct it. [missing-module]"
    )
    assert notes_of("from .helpers import rest\n", "await rest(step)")[0] == (
        "entry.py:1:1: the project has no module `.helpers`. "
        "The import fails when the module is loaded. Correct it. [missing-module]"
    )


def test_an_external_module_is_noted_if_it_gets_the_step_object() -> None:
    (note,) = notes_of("from somewhere import rest\n", "await rest(step)")
    assert note == (
        "entry.py:7:20: the step object is passed to `rest`, which is outside the project. "
        "Steps that run there are missing from the graph. Call them directly. [escapes]"
    )


def test_a_missing_name_is_noted_with_a_suggestion() -> None:
    assert notes_of("from helpers import rset\n", "await rset(step)", helpers=REST)[0] == (
        "entry.py:1:1: helpers.py has no `rset`. Did you mean `rest`? [missing-name]"
    )
    assert notes_of("import helpers\n", "await helpers.rset(step)", helpers=REST)[0] == (
        "entry.py:7:15: helpers.py has no `rset`. Did you mean `rest`? [missing-name]"
    )


def test_a_missing_name_without_similar_names_is_noted() -> None:
    assert notes_of("from helpers import xyz\n", "await xyz(step)", helpers=REST)[0] == (
        "entry.py:1:1: helpers.py has no `xyz`. The import fails when the module is loaded. Correct it. [missing-name]"
    )
    assert notes_of("import helpers\n", "await helpers.xyz(step)", helpers=REST)[0] == (
        "entry.py:7:15: helpers.py has no `xyz`. Accessing it fails at run time. [missing-name]"
    )


def test_a_module_of_a_package_is_near_as_well() -> None:
    assert notes_of("from shop import card\n", "await card.rest(step)", shop__="", shop__cards=REST)[0] == (
        "entry.py:1:1: shop/__init__.py has no `card`. Did you mean `cards`? [missing-name]"
    )


def test_names_created_at_run_time_are_not_missing() -> None:
    helpers = "def __getattr__(name): ..."
    (note,) = notes_of("import helpers\n", "await helpers.rest(step)", helpers=helpers)
    assert note.endswith("[escapes]")


def test_an_invalid_module_is_noted_and_is_a_problem() -> None:
    analysis = project_of(
        running("from helpers import rest\n", 'await rest(step)\nawait step.sleep("kept", 1)'), helpers="def (:\n"
    )
    (workflow,) = analysis.workflows
    assert notation(workflow.graph) == "sleep 'kept' 1"
    assert not workflow.complete
    (problem,) = analysis.problems
    assert problem.location == "helpers.py:1:5"
    note = workflow.notes[0]
    assert (note.code, note.span.line, note.span.column) == ("broken-module", 1, 1)
    assert note.message.startswith("`from helpers import rest` cannot be resolved: helpers.py:1:5: syntax error")


@pytest.mark.parametrize("code", ["await rest(step)", "call = rest\nawait call(step)", "await helpers.rest(step)"])
def test_a_call_of_a_function_of_an_invalid_module_depends_on_the_import(code: str) -> None:
    head = "import helpers\nfrom helpers import rest\n"
    (workflow,) = project_of(running(head, code), helpers="def (:\n").workflows
    note = next(note for note in workflow.notes if note.code == "unresolved-call")
    assert note.advice == "Steps that it runs are missing from the graph. Correct the import."


def test_a_module_that_cannot_be_decoded_is_noted_with_its_remedy() -> None:
    source = "# coding: utf-16\n"
    (workflow,) = project_of(running("from helpers import rest\n", "await rest(step)"), helpers=source).workflows
    assert workflow.notes[0].advice == (
        "Steps that depend on it are missing from the graph."
        " Name an encoding that Python knows, or save the file as UTF-8 without a coding line."
    )


def test_a_star_import_of_a_missing_module_is_noted() -> None:
    assert notes_of("from .nothing import *\n", "await rest(step)")[0].startswith(
        "entry.py:1:1: the project has no module `.nothing`."
    )


def test_a_star_from_a_module_that_is_broken_is_noted() -> None:
    notes = notes_of("from helpers import *\n", "await rest(step)", helpers="def (:\n")
    assert notes[0].startswith("entry.py:1:1: `from helpers import *` cannot be resolved: helpers.py:1:5: ")


def test_a_fallback_counts_where_the_module_lacks_the_name() -> None:
    head = """
        try:
            from helpers import newer as rest
        except ImportError:
            from helpers import rest
    """
    assert graph_of(head, "await rest(step)", helpers=REST) == RESTED


@pytest.mark.parametrize(
    "attempt",
    [
        "try:\n    import helpers\nexcept ImportError:\n    import elsewhere as helpers\n",
        "try:\n    from shop import helpers\nexcept ImportError:\n    helpers = None\n",
    ],
)
def test_an_existing_module_is_used_in_a_try(attempt: str) -> None:
    assert graph_of(attempt, "await helpers.rest(step)", helpers=REST, shop__="", shop__helpers=REST) == RESTED


def test_a_fallback_is_ignored_for_a_module_with_another_error() -> None:
    head = "try:\n    from broken import rest\nexcept ImportError:\n    from helpers import rest\n"
    assert notes_of(head, "await rest(step)", broken="def (\n", helpers=REST)[0].endswith("[broken-module]")


def test_missing_names_of_a_namespace_package_are_external() -> None:
    notes = notes_of("import shop.pay\n", "await shop.other.rest(step)", shop__pay=REST)
    assert [note.rsplit(" ", 1)[1] for note in notes] == ["[escapes]"]


def test_a_module_that_is_broken_assigns_nothing_to_others() -> None:
    broken = "import helpers\nhelpers.rest = 1\ndef (\n"
    project = project_of(
        running("import broken\nimport helpers\n", "await helpers.rest(step)"), broken=broken, helpers=REST
    )
    assert notation(project.workflows[0].graph) == RESTED
    assert "assigned-elsewhere" not in [note.code for note in project.workflows[0].notes]


@pytest.mark.parametrize(
    "test", ['(hook := getattr(job, "hook", None)) is not None', 'hook := getattr(job, "hook", None)']
)
def test_an_optional_function_of_a_module_is_a_choice(test: str) -> None:
    body = f"for job in (first, second):\n    if {test}:\n        await hook(step)\n"
    assert graph_of("import first, second\n", body, first="from second import rest as hook", second=REST) == text("""
        loop
          if TEST
            call rest
        def rest
          sleep 'rest' 1
    """).replace("TEST", test)


def test_a_test_for_a_missing_function_of_a_module_fails() -> None:
    body = 'await job.rest(step)\nif getattr(job, "hook", None):\n    await job.hook(step)\n'
    assert graph_of("import job\n", body, job=REST) == RESTED


@pytest.mark.parametrize("change", ['setattr(job, "ho" + "ok", job.rest)', 'vars(job)["hook"] = job.rest'])
def test_a_function_set_by_a_computed_name_is_reported(change: str) -> None:
    body = 'hook = getattr(job, "hook", None)\nif hook:\n    await hook(step)\nawait step.sleep("end", 1)\n'
    workflow = workflow_of(running(f"import job\n{change}\n", body), job=REST)
    assert not workflow.complete


def test_a_function_set_by_executed_text_in_another_module_is_reported() -> None:
    body = 'hook = getattr(job, "hook", None)\nif hook:\n    await hook(step)\nawait step.sleep("end", 1)\n'
    install = 'def install(module):\n    exec("module.hook = module.rest")\n'
    workflow = workflow_of(running("import job, patch\npatch.install(job)\n", body), job=REST, patch=install)
    assert not workflow.complete
