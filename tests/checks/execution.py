"""Execute the examples of rules on the published SDK."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple, Unpack

import pytest

from stepgraph.analysis import Analysis
from stepgraph.checks.catalogue import BY_CODE
from stepgraph.checks.page import Example, read_page
from stepgraph.project.configuration.compatibility import DependencyMode
from tests.checks.examples import CONFIGURATION_NAMES, analyze_example
from tests.execution.platform import Mode
from tests.execution.runner import Execution, Options, execute

# Payloads of examples that fail with a stub, by title.
PAYLOADS: Final = {
    "External code that does not receive the step object": {"order": 7},
    "Timeout that the graph shows as an expression": {"timeout": "5 minutes"},
    "Tab in a computed name": {"orders": [7]},
    "Colon in a computed type": {"order": 7},
    "Computed event type": {"order": 7},
    "Type from the payload": {"type": "approved"},
    "Deterministic ID and date": {"url": "https://example.com"},
    "Client created on demand in each step": {"first": 1, "second": 2},
    "Seconds converted to milliseconds": {"renews_at_seconds": 1_798_761_600},
    "Duration from the payload": {"minutes": 5},
    "Sleep that nothing pauses after": {"due": 1_798_761_600_000},
    "Loop that assigns the variable again for each step": {"orders": [1, 2]},
    "Sleep assigned to an unused variable": {"due": 1_798_761_600_000},
    "Optional keys": {"order": 7},
}


class Deployed(NamedTuple):
    """A workflow to execute, with its configured limit of steps."""

    class_name: str | None
    step_limit: int | None = None


def execute_example(example: Example, folder: Path, **options: Unpack[Options]) -> list[Execution]:
    """Run the workflows of an example: the configured ones or, without a configuration, all that the analysis finds."""
    analysis = analyze_example(example, folder)
    defaults: Options = {"mode": _mode(example, analysis)}
    if example.title in PAYLOADS:
        defaults["payload"] = PAYLOADS[example.title]
    modules = modules_of(example, _main_path(analysis, folder))
    return [_execute_workflow(modules, workflow, {**defaults, **options}) for workflow in _deployed_workflows(analysis)]


def execute_only(example: Example, folder: Path, **options: Unpack[Options]) -> Execution:
    """Run the only workflow of an example."""
    (execution,) = execute_example(example, folder, **options)
    return execution


def error_text(execution: Execution) -> str:
    """Return the error of a run as in the last line of a traceback."""
    return f"{type(execution.error).__name__}: {execution.error}"


def flagged_example(code: str, title: str) -> Example:
    """Return the flagged example of a rule with this title."""
    (example,) = (example for example in read_page(BY_CODE[code]).flagged if example.title == title)
    return example


def parametrize_flagged(*codes: str, excluding: Collection[str] = ()) -> pytest.MarkDecorator:
    """Parametrize a test with the flagged examples of rules, excluding some by title."""
    parameters = [
        pytest.param(e, id=f"{code} {e.title}") for code, e in _flagged_examples(codes) if e.title not in excluding
    ]
    return pytest.mark.parametrize("example", parameters)


def parametrize_flagged_with_code(codes: Iterable[str], *, excluding: Collection[str] = ()) -> pytest.MarkDecorator:
    """Parametrize a test with the codes and flagged examples of rules, excluding some by title."""
    pairs = [(code, e) for code, e in _flagged_examples(codes) if e.title not in excluding]
    return pytest.mark.parametrize(("code", "example"), [pytest.param(*p, id=f"{p[0]} {p[1].title}") for p in pairs])


def _flagged_examples(codes: Iterable[str]) -> Iterator[tuple[str, Example]]:
    return ((code, example) for code in codes for example in read_page(BY_CODE[code]).flagged)


def _execute_workflow(modules: dict[str, str], workflow: Deployed, options: Options) -> Execution:
    if workflow.step_limit is not None:
        options["step_limit"] = workflow.step_limit
    return execute(modules, workflow.class_name, **options)


def modules_of(example: Example, main: tuple[str, str] | None = None) -> dict[str, str]:
    """Return the modules of an example by name, with the main module first.

    `main` is the module root and the path of the main module in it, by default that of the module `entry`.
    """
    root, entry = main or _entry_of(example)
    paths = {path.removeprefix(root): text for path, text in example.files if path.startswith(root)}
    modules = {_module_name(path): text for path, text in paths.items() if path.endswith(".py")}
    name = _module_name(entry)
    return {name: modules[name], **modules}


def _entry_of(example: Example) -> tuple[str, str]:
    path = next(path for path, _ in example.files if PurePosixPath(path).name == "entry.py")
    return path.removesuffix("entry.py"), "entry.py"


def _module_name(path: str) -> str:
    parts = PurePosixPath(path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _main_path(analysis: Analysis, folder: Path) -> tuple[str, str]:
    """Return the module root of the configured Worker in a folder, and the path of its main module in the root."""
    configurations = () if analysis.project is None else analysis.project.configurations
    configuration = next((each for each in configurations if each.main is not None), None)
    if configuration is None or configuration.main is None:
        return "", "entry.py"
    main = Path(configuration.main).relative_to(folder)
    base = main.parent if configuration.base_dir is None else Path(configuration.base_dir).relative_to(folder)
    return base.as_posix().removeprefix(".") + "/" * (base != Path()), main.relative_to(base).as_posix()


def _deployed_workflows(analysis: Analysis) -> list[Deployed]:
    configurations = () if analysis.project is None else analysis.project.configurations
    configured = [Deployed(w.class_name, w.steps) for each in configurations for w in each.own_workflows]
    return configured or [Deployed(workflow.class_name) for workflow in analysis.workflows] or [Deployed(None)]


def _mode(example: Example, analysis: Analysis) -> Mode:
    is_configured = any(Path(path).name in CONFIGURATION_NAMES for path, _ in example.files)
    modes = [] if analysis.project is None else [each.mode for each in analysis.project.configurations]
    mode = next((mode for mode in modes if mode is not None), None) if is_configured else example.mode
    return "legacy" if mode is DependencyMode.LEGACY else "implicit"
