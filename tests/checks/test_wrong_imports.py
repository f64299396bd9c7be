"""SG125: imports that the SDK refuses."""

from __future__ import annotations

from pathlib import Path

from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.finding import Finding
from stepgraph.syntax.edits import MovedImport
from tests.checks.projects import CONFIGURATION, ENTRY, found, shown


def wrong(text: str) -> list[Finding]:
    return [finding for finding in check_analysis(analyze_source(text)) if finding.code == "SG125"]


def test_the_name_is_found_and_where_it_is_to_be_had() -> None:
    assert [str(f) for f in wrong(f"from workers import Response, NonRetryableError\n{ENTRY}")] == [
        (
            "<string>:1:31: error: `workers` has no `NonRetryableError`, so the import fails with an ImportError."
            " Write `from workers.workflows import NonRetryableError`. [SG125]"
        )
    ]


def test_what_two_workflows_share_is_found_once_and_first() -> None:
    text = f"from workers import NonRetryableError\n{ENTRY}\n\nclass Other(WorkflowEntrypoint):\n"
    text += "    async def run(self, event, step):\n        return 1\n"

    findings = check_analysis(analyze_source(text))
    assert [(f.code, f.workflow) for f in findings] == [("SG125", "Orders")]


def test_the_import_can_be_moved() -> None:
    (finding,) = wrong(f"from workers import Response, NonRetryableError as Fatal\n{ENTRY}")

    (edit,) = finding.edits
    assert isinstance(edit, MovedImport)
    assert (edit.names, edit.module) == (("NonRetryableError",), "workers.workflows")
    assert edit.place.text == "from workers import Response, NonRetryableError as Fatal"


def test_an_import_in_run_is_found() -> None:
    text = ENTRY.replace("        await", "        from workers import NonRetryableError\n        await")

    assert [f.span.line for f in wrong(text)] == [6]


def test_an_import_in_run_that_may_fail_is_not() -> None:
    attempt = "try:\n            from workers import NonRetryableError\n        except ImportError:\n            pass"

    assert wrong(ENTRY.replace("        await", f"        {attempt}\n        await")) == []


def test_an_import_in_a_function_that_no_workflow_calls_is_not_found() -> None:
    assert wrong(f"{ENTRY}\n\ndef unused():\n    from workers import NonRetryableError\n") == []


def test_a_guarded_import_is_not_found() -> None:
    text = "try:\n    from workers import NonRetryableError\nexcept ImportError:\n    pass\n"

    assert wrong(text + ENTRY) == []


def test_an_import_for_types_is_not_found() -> None:
    text = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from workers import NonRetryableError\n"

    assert wrong(text + ENTRY) == []


def test_a_module_of_that_name_in_a_package_is_another_one() -> None:
    assert wrong(f"from .workers import NonRetryableError\n{ENTRY}") == []
    assert wrong(f"from shop.workers import NonRetryableError\n{ENTRY}") == []


def test_a_module_that_two_workflows_import_is_found_once(tmp_path: Path) -> None:
    entry = "from failures import refuse\n" + ENTRY.replace("await", "refuse()\n        await")
    second = entry.replace("Orders", "Refunds").split("\n\n\n")[1]
    files = {
        "entry.py": f"{entry}\n\n{second}",
        "failures.py": "from workers import NonRetryableError\n\n\ndef refuse():\n    raise NonRetryableError\n",
        "wrangler.toml": CONFIGURATION
        + '\n[[workflows]]\nbinding = "REFUNDS"\nname = "refunds"\nclass_name = "Refunds"\n',
    }

    assert [line.split(": ")[0] for line in shown(found(tmp_path, files, "SG125"), tmp_path)] == ["failures.py:1:21"]
