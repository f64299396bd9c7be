"""Test SG125: imports that the SDK does not provide."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules

import pytest

from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.diagnostic import Finding
from stepgraph.fixing import compute_fixes
from stepgraph.syntax.edits.source_edits import MovedImport
from tests.checks.projects import CONFIGURATION, ENTRY, check_project, format_findings
from tests.checks.snippets import edits_of


def import_findings(text: str) -> list[Finding]:
    return [finding for finding in check_analysis(analyze_source(text)) if finding.code == "SG125"]


def test_advice_names_the_correct_module() -> None:
    assert [str(f) for f in import_findings(f"from workers import Response, NonRetryableError\n{ENTRY}")] == [
        (
            "<string>:1:31: error: unknown name `NonRetryableError` in `workers`: the import fails with an ImportError,"
            " and the Worker never starts. Write `from workers.workflows import NonRetryableError`. [SG125]"
        )
    ]


def test_shared_import_is_flagged_once() -> None:
    text = f"from workers import NonRetryableError\n{ENTRY}\n\nclass Other(WorkflowEntrypoint):\n"
    text += "    async def run(self, event, step):\n        return 1\n"

    findings = check_analysis(analyze_source(text))
    assert [(f.code, f.workflow) for f in findings] == [("SG125", "Orders")]


def test_import_can_be_moved() -> None:
    (finding,) = import_findings(f"from workers import Response, NonRetryableError as Fatal\n{ENTRY}")

    (edit,) = edits_of(finding)
    assert isinstance(edit, MovedImport)
    assert edit.module_of_name == (("NonRetryableError", "workers.workflows"),)
    assert edit.place.text == "from workers import Response, NonRetryableError as Fatal"


def test_import_in_run() -> None:
    text = ENTRY.replace("        await", "        from workers import NonRetryableError\n        await")

    assert [f.span.line for f in import_findings(text)] == [6]


def test_import_in_run_with_fallback() -> None:
    attempt = "try:\n            from workers import NonRetryableError\n        except ImportError:\n            pass"

    assert import_findings(ENTRY.replace("        await", f"        {attempt}\n        await")) == []


def test_import_in_an_uncalled_function() -> None:
    assert import_findings(f"{ENTRY}\n\ndef unused():\n    from workers import NonRetryableError\n") == []


def test_guarded_import() -> None:
    text = "try:\n    from workers import NonRetryableError\nexcept ImportError:\n    pass\n"

    assert import_findings(text + ENTRY) == []


def test_import_for_type_checking() -> None:
    text = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from workers import NonRetryableError\n"

    assert import_findings(text + ENTRY) == []


def test_module_of_another_package() -> None:
    assert import_findings(f"from .workers import NonRetryableError\n{ENTRY}") == []
    assert import_findings(f"from shop.workers import NonRetryableError\n{ENTRY}") == []


def test_import_of_a_shared_module_is_flagged_once(tmp_path: Path) -> None:
    entry = "from failures import refuse\n" + ENTRY.replace("await", "refuse()\n        await")
    second = entry.replace("Orders", "Refunds").split("\n\n\n")[1]
    files = {
        "entry.py": f"{entry}\n\n{second}",
        "failures.py": "from workers import NonRetryableError\n\n\ndef refuse():\n    raise NonRetryableError\n",
        "wrangler.toml": CONFIGURATION
        + '\n[[workflows]]\nbinding = "REFUNDS"\nname = "refunds"\nclass_name = "Refunds"\n',
    }

    assert [line.split(": ")[0] for line in format_findings(check_project(tmp_path, files, "SG125"), tmp_path)] == [
        "failures.py:1:21"
    ]


SDK_IMPORT = "from workers import WorkflowEntrypoint\n"


def base_import_lines(source: str) -> list[str]:
    text = ENTRY.replace(SDK_IMPORT, f"{source}\n")
    return [str(finding).removeprefix("<string>:") for finding in import_findings(text)]


@pytest.mark.parametrize(
    ("module", "column"),
    [("js", 16), ("workers.workflows", 31), ("workers.workflow", 30), ("cloudflare", 24), ("cloudflare.workers", 32)],
)
def test_import_of_the_base_class(module: str, column: int) -> None:
    assert base_import_lines(f"from {module} import WorkflowEntrypoint") == [
        (
            f"1:{column}: error: unknown name `WorkflowEntrypoint` in `{module}`: the import fails with an ImportError,"
            " and the Worker never starts. Write `from workers import WorkflowEntrypoint`. [SG125]"
        )
    ]


def test_class_with_a_misplaced_base_is_analyzed() -> None:
    analysis = analyze_source(ENTRY.replace("from workers import", "from js import"))

    assert [(each.name, each.step_count, each.complete) for each in analysis.workflows] == [("Orders", 1, True)]


@pytest.mark.parametrize("name", ["WorkflowStep", "WorkflowEvent"])
def test_types_of_javascript_cannot_be_moved(name: str) -> None:
    (finding,) = import_findings(ENTRY.replace("import Work", f"import {name}, Work"))

    assert finding.advice == f"Remove it: the Python SDK has no class `{name}`."
    assert finding.fix is None


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        (
            "step",
            "Remove it, and write `async def run(self, event, step)`: the engine passes the step object to `run`.",
        ),
        ("Workflow", "Did you mean `WorkflowEntrypoint`?"),
        ("Respone", "Did you mean `Response`?"),
        ("StepContext", "Remove it: the Python SDK has no class `StepContext`."),
        ("on_fetch", "Remove it: the Python SDK has no name `on_fetch`."),
    ],
)
def test_name_that_the_sdk_lacks(name: str, advice: str) -> None:
    (finding,) = import_findings(ENTRY.replace("import Work", f"import {name}, Work"))

    assert finding.message == (
        f"unknown name `{name}` in `workers`: the import fails with an ImportError, and the Worker never starts."
    )
    assert finding.advice == advice


@pytest.mark.parametrize("name", ["Context", "asgi", "env", "wait_until", "workflows", "_EnvWrapper"])
def test_other_names_of_the_sdk(name: str) -> None:
    assert import_findings(ENTRY.replace("import Work", f"import {name}, Work")) == []


def test_names_of_the_installed_sdk() -> None:
    sdk = find_spec("workers")
    assert sdk is not None
    assert sdk.origin is not None
    exports = next(
        statement.value
        for statement in ast.parse(Path(sdk.origin).read_text()).body
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__"
    )
    submodules = [module.name for module in iter_modules(sdk.submodule_search_locations)]
    names = ", ".join([*ast.literal_eval(exports), *submodules])
    assert import_findings(f"from workers import {names}\n{ENTRY}") == []


def test_attribute_that_the_sdk_lacks() -> None:
    text = f"import workers\n{ENTRY}".replace("await", "print(workers.context)\n        await")

    assert [(finding.message, finding.advice) for finding in import_findings(text)] == [
        (
            "unknown name `context` in `workers`: `workers.context` fails with an AttributeError.",
            "Did you mean `Context`?",
        )
    ]


def test_base_class_of_another_package_is_not_flagged() -> None:
    assert base_import_lines("from agents import WorkflowEntrypoint") == []


def test_base_class_from_its_own_module() -> None:
    findings = check_analysis(analyze_source(ENTRY.replace("from workers import", "from workers.entrypoints import")))

    assert findings == ()


def test_guarded_import_of_the_base_class() -> None:
    guarded = "try:\n    from js import WorkflowEntrypoint\nexcept ImportError:\n    WorkflowEntrypoint = object"

    assert base_import_lines(guarded) == []


def test_base_class_of_a_project_package(tmp_path: Path) -> None:
    files = {
        "wrangler.toml": CONFIGURATION,
        "entry.py": ENTRY.replace("from workers import", "from cloudflare.workers import"),
        "cloudflare/workers.py": SDK_IMPORT,
    }

    assert check_project(tmp_path, files, "SG125") == []


def test_base_class_imported_through_another_module(tmp_path: Path) -> None:
    files = {
        "wrangler.toml": CONFIGURATION,
        "entry.py": ENTRY.replace("from workers import", "from base import"),
        "base.py": "from js import WorkflowEntrypoint\n",
    }

    assert [line.split(": ")[0] for line in format_findings(check_project(tmp_path, files, "SG125"), tmp_path)] == [
        "base.py:1:16"
    ]


@pytest.mark.parametrize(
    ("imports", "owner", "module"),
    [
        ("import js", "js", "js"),
        ("import workers.workflows", "workers.workflows", "workers.workflows"),
        ("import workers.workflows as w", "w", "workers.workflows"),
    ],
)
def test_attribute_of_the_wrong_module(imports: str, owner: str, module: str) -> None:
    text = ENTRY.replace(SDK_IMPORT, f"{imports}\n").replace("(Work", f"({owner}.Work")

    (finding,) = import_findings(text)
    assert finding.message == (
        f"unknown name `WorkflowEntrypoint` in `{module}`: `{owner}.WorkflowEntrypoint` fails with an AttributeError."
    )
    (file,) = compute_fixes([finding], unsafe=False)
    assert file.after.decode() == ENTRY.replace(SDK_IMPORT, f"{imports}\n{SDK_IMPORT}")


def test_attribute_for_the_error_of_steps() -> None:
    text = f"import workers\n{ENTRY}".replace("await", "raise workers.NonRetryableError\n        await")

    assert [finding.advice for finding in import_findings(text)] == [
        "Write `from workers.workflows import NonRetryableError`."
    ]


def test_attribute_that_may_be_missing() -> None:
    attempt = "try:\n    Fatal = workers.NonRetryableError\nexcept AttributeError:\n    Fatal = ValueError\n"
    text = f"import workers\n{attempt}{ENTRY}".replace(
        "        await", "        if Fatal:\n            pass\n        await"
    )

    assert import_findings(text) == []


def test_class_of_a_project_module(tmp_path: Path) -> None:
    files = {
        "wrangler.toml": CONFIGURATION,
        "entry.py": ENTRY.replace(SDK_IMPORT, "import sdk\n").replace("(Work", "(sdk.Work"),
        "sdk.py": SDK_IMPORT,
    }

    assert check_project(tmp_path, files, "SG125") == []


STEPS = "async def charge(step):\n    await step.sleep('settle', 1000)\n"


def project_with(statement: str, steps: str = STEPS) -> dict[str, str]:
    return {"wrangler.toml": CONFIGURATION, "entry.py": f"{statement}\n{ENTRY}", "steps.py": steps}


def test_misspelled_name_of_a_project_module(tmp_path: Path) -> None:
    findings = check_project(tmp_path, project_with("from steps import chrge"), "SG125")
    assert format_findings(findings, tmp_path) == [
        (
            "entry.py:1:19: error: unknown name `chrge` in steps.py: the import fails with an ImportError, and the"
            " Worker never starts. Define `chrge` in steps.py, or correct the name. [SG125]"
        )
    ]


def test_unknown_name_is_reported_once(tmp_path: Path) -> None:
    files = project_with("from steps import charged")
    files["entry.py"] = files["entry.py"].replace("await step", "await charged(step)\n        await step")
    (finding,) = check_project(tmp_path, files, "SG125")
    assert finding.advice == "Did you mean `charge`?"
    assert check_project(tmp_path, files, "SG004") == []


def test_other_unresolved_functions_are_reported(tmp_path: Path) -> None:
    files = project_with("from steps import charged\nfrom jobs.later import ship")
    files |= {"jobs/__init__.py": ""}
    files["entry.py"] = files["entry.py"].replace("await step", "await ship(step)\n        await step")
    spans = [note.span.line for note in check_project(tmp_path, files, "SG004")]
    assert spans == [2, 8]


@pytest.mark.parametrize(
    ("statement", "steps"),
    [
        ("from steps import charge", STEPS),
        ("from steps import anything", "from elsewhere import *"),
        ("from steps import anything", "def __getattr__(name):\n    return 1\n"),
        ("from steps import anything", "globals()['anything'] = 1\n"),
        ("import steps\nsteps.anything = 1\nfrom steps import anything", STEPS),
        ("try:\n    from steps import anything\nexcept ImportError:\n    anything = None", STEPS),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from steps import anything", STEPS),
    ],
)
def test_name_that_a_project_module_may_have(statement: str, steps: str, tmp_path: Path) -> None:
    assert check_project(tmp_path, project_with(statement, steps), "SG125") == []


@pytest.mark.parametrize(
    ("imported", "lines"),
    [
        ("pay", []),  # a submodule
        ("register", []),  # bound before the import
        ("later", [3]),
    ],
)
def test_package_that_imports_from_itself(imported: str, lines: list[int], tmp_path: Path) -> None:
    files = project_with("from jobs import register") | {
        "jobs/__init__.py": f"async def register(step):\n    pass\nfrom . import {imported}\n",
        "jobs/pay.py": "from . import register\n",
    }
    files["entry.py"] = files["entry.py"].replace("await step", "await register(step)\n        await step")
    assert [finding.span.line for finding in check_project(tmp_path, files, "SG125")] == lines


@pytest.mark.parametrize(
    ("path", "text", "lines"),
    [
        ("workers.py", "QUEUE = 1\n", [1]),
        ("workers/__init__.py", "", [1]),
        ("workers/jobs.py", "QUEUE = 1\n", []),  # Python prefers the SDK to a package without __init__.py.
        ("workers.py", "class WorkflowEntrypoint:\n    pass\n", []),
        ("jobs/workers.py", "QUEUE = 1\n", []),
        ("python_modules/workers/__init__.py", "QUEUE = 1\n", []),
    ],
)
def test_module_that_shadows_the_sdk(tmp_path: Path, path: str, text: str, lines: list[int]) -> None:
    findings = check_project(tmp_path, {"entry.py": ENTRY, "wrangler.toml": CONFIGURATION, path: text}, "SG125")
    assert [finding.span.line for finding in findings] == lines


def test_shadowed_sdk_is_named(tmp_path: Path) -> None:
    configuration = CONFIGURATION.replace("entry.py", "workers.py")
    findings = check_project(tmp_path, {"workers.py": ENTRY, "wrangler.toml": configuration}, "SG125")
    assert format_findings(findings, tmp_path) == [
        (
            "workers.py:1:21: error: unknown name `WorkflowEntrypoint` in workers.py, which the Worker loads in place"
            " of the SDK module `workers`: the import fails with an ImportError, and the Worker never starts. Rename"
            " workers.py. [SG125]"
        )
    ]
