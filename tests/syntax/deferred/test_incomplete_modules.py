"""A workflow whose analysis needs a body that cannot be parsed separately is analyzed with whole modules."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.analysis import Analysis
from stepgraph.api import analyze_paths
from stepgraph.large_stack import run_with_large_stack
from stepgraph.syntax.modules import SourceModules
from stepgraph.syntax.parse import TokenBudgetError
from stepgraph.syntax.walk import all_nodes

PADDING = "# a comment that makes the module long enough\n" * 200
UNSUPPORTED = (
    f"async def unsupported(step, x):\n    y = {' + '.join(['x'] * 50)}\n    return x if y else(lambda: x)\n\n\n"
)
"""Valid Python that LibCST rejects."""
SUPPORTED = f"""\
async def supported(step, x):
    @step.do("send the message to the customer")
    async def send():
        return {" + ".join(["x"] * 50)}

    await send()
"""
WORKFLOW = """\
from workers import WorkflowEntrypoint
from shared import {name}


class {workflow}(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("start")
        async def start():
            pass

        await start()
        await {name}(step, event)
"""
PROBLEM = "shared.py: valid Python that the parser, LibCST, does not support. Put spaces between keywords and brackets."


def write(folder: Path, **workflows: str) -> Path:
    """Write workflows that call the function of the shared module with a name, and the shared module."""
    (folder / "shared.py").write_text(f"{PADDING}\n\n{UNSUPPORTED}{SUPPORTED}", encoding="utf-8")
    for workflow, name in workflows.items():
        text = WORKFLOW.format(workflow=workflow, name=name)
        (folder / f"{workflow.lower()}.py").write_text(text, encoding="utf-8")
    return folder


def results(analysis: Analysis) -> dict[str, tuple[int, bool]]:
    """Return the number of steps and the completeness of each workflow, by class."""
    return {each.class_name: (each.step_count, each.complete) for each in analysis.workflows}


def problems(analysis: Analysis, folder: Path) -> list[str]:
    return [str(problem).replace(f"{folder}/", "") for problem in analysis.problems]


def test_an_unused_function_may_be_unsupported(tmp_path: Path) -> None:
    analysis = analyze_paths(write(tmp_path, Orders="supported"))

    assert results(analysis) == {"Orders": (2, True)}
    assert analysis.problems == ()


def test_a_module_with_an_unsupported_function_is_reported(tmp_path: Path) -> None:
    analysis = analyze_paths(write(tmp_path, Orders="unsupported"))

    assert results(analysis) == {"Orders": (1, False)}
    assert problems(analysis, tmp_path) == [PROBLEM]


def test_a_module_with_an_unusual_name_in_a_function_is_reported(tmp_path: Path) -> None:
    folder = write(tmp_path, Orders="supported")
    text = f"{PADDING}\n\n{SUPPORTED}".replace("await send()", "await \uff53end()")
    (folder / "shared.py").write_text(text, encoding="utf-8")
    message = "Python reads the name `\uff53end` as `send`, so the code differs from what it seems to be. Write `send`."
    assert problems(analyze_paths(folder), folder) == [f"shared.py:208:11: {message}"]


@pytest.mark.parametrize("names", [("supported", "unsupported"), ("unsupported", "supported")])
def test_other_workflows_are_not_affected(tmp_path: Path, names: tuple[str, str]) -> None:
    analysis = analyze_paths(write(tmp_path, First=names[0], Second=names[1]))

    expected = {"supported": (2, True), "unsupported": (1, False)}
    assert results(analysis) == {"First": expected[names[0]], "Second": expected[names[1]]}
    assert problems(analysis, tmp_path) == [PROBLEM]


def test_a_syntax_error_in_an_unused_function_is_reported(tmp_path: Path) -> None:
    write(tmp_path, Orders="supported")
    with (tmp_path / "shared.py").open("a", encoding="utf-8") as file:
        file.write("\n\ndef unused():\n    return (\n")
    analysis = analyze_paths(tmp_path)

    assert results(analysis) == {"Orders": (1, False)}
    assert problems(analysis, tmp_path) == ["shared.py:217:12: syntax error: '(' was never closed."]


def test_the_token_limit_applies_to_whole_modules() -> None:
    source = f"{PADDING}\n\ndef f():\n    return [{'1, ' * 400}]\n\n\n".encode()
    modules = SourceModules(room=700)
    module = run_with_large_stack(lambda: modules.parse("shared.py", source))
    assert module.tokens > 1_000
    assert not modules.parse_incomplete_whole()

    assert len(list(all_nodes(module.tree))) < 100
    assert modules.parse_incomplete_whole()
    with pytest.raises(TokenBudgetError):
        run_with_large_stack(lambda: modules.parse("shared.py", source))


@pytest.mark.parametrize(("encoding", "is_deferred"), [("utf-8", True), ("utf-8-sig", True), ("cp1252", False)])
def test_sources_in_utf_8_are_deferred(encoding: str, *, is_deferred: bool) -> None:
    source = f"# coding: {encoding}\n{PADDING}\n\ndef f():\n    return [{'1, ' * 400}]\n\n\n"
    module = run_with_large_stack(lambda: SourceModules().parse("shared.py", source.encode(encoding)))

    assert (module.deferred is not None) == is_deferred
    assert module.tree.bytes == source.encode(encoding)


def test_parsed_bodies_are_counted() -> None:
    source = f"{PADDING}\n\ndef f():\n    return [{'1, ' * 400}]\n\n\n".encode()
    modules = SourceModules()
    module = run_with_large_stack(lambda: modules.parse("shared.py", source))
    before = module.tokens_in_memory

    assert len(list(all_nodes(module.tree))) > 400
    assert module.tokens_in_memory > before + 400
    assert not modules.parse_incomplete_whole()
