"""Analysis of many classes and deep hierarchies takes linear time, up to a limit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from stepgraph import analyze_paths, analyze_source, pipeline
from stepgraph.syntax import bindings
from stepgraph.syntax.bindings import Bindings, Owner

FIRST = """from workers import WorkflowEntrypoint
class B0(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("rest", "1 hour")
"""


def chain(length: int) -> str:
    return FIRST + "".join(f"class B{number}(B{number - 1}): pass\n" for number in range(1, length))


@pytest.mark.slow
def test_classes_with_more_than_a_hundred_bases_are_refused() -> None:
    analysis = analyze_source(chain(400), "shop.py")

    assert [workflow.class_name for workflow in analysis.workflows] == [f"B{number}" for number in range(100)]
    assert len(analysis.problems) == 300
    assert str(analysis.problems[0]) == (
        "shop.py:104:7: the class `B100` is not analyzed: more than 100 base classes of one class."
        " Derive it from fewer classes."
    )


def test_workflow_classes_beyond_the_limit_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "MODULE_WORKFLOWS", 3)
    analysis = analyze_source(chain(5), "shop.py")

    assert [workflow.class_name for workflow in analysis.workflows] == ["B0", "B1", "B2"]
    assert [str(problem) for problem in analysis.problems] == [
        "shop.py: more than 3 workflow classes, so `B3` and the others are not analyzed. Split the module."
    ]


@pytest.mark.slow
def test_a_chain_across_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b0.py").write_text(FIRST)
    for number in range(1, 150):
        source = f"from b{number - 1} import B{number - 1}\nclass B{number}(B{number - 1}): pass\n"
        (tmp_path / f"b{number}.py").write_text(source)
    analysis = analyze_paths([tmp_path / "b149.py"])

    assert [problem.message for problem in analysis.problems] == [
        "the class `B149` is not analyzed: more than 100 base classes of one class."
    ]


def test_a_configured_class_with_more_bases_is_refused(tmp_path: Path) -> None:
    (tmp_path / "entry.py").write_text(chain(120))
    (tmp_path / "wrangler.toml").write_text(
        'name = "shop"\nmain = "entry.py"\n[[workflows]]\nname = "shop"\nbinding = "SHOP"\nclass_name = "B119"\n'
    )
    analysis = analyze_paths([tmp_path])

    assert [(problem.kind, problem.line) for problem in analysis.problems] == [("limit-exceeded", 6)]


@pytest.mark.slow
def test_a_base_that_is_too_deep_stops_the_workflow() -> None:
    body = "        class Deep(B110): pass\n        await step.sleep('late', '1 hour')\n"
    run = "class Shop(WorkflowEntrypoint):\n    async def run(self, event, step):\n"
    analysis = analyze_source(chain(120) + run + body)
    shop = analysis.workflows[-1]

    assert [note.code for note in shop.notes] == ["limit-exceeded"]
    assert not shop.complete


@pytest.mark.slow
def test_classes_with_many_direct_bases_are_refused() -> None:
    bases = [f"M{number}" for number in range(600)]
    source = FIRST + "".join(f"class {base}: pass\n" for base in bases)
    bases_in_order, bases_reversed = ", ".join(bases), ", ".join(reversed(bases))
    analysis = analyze_source(
        f"{source}class P({bases_in_order}): pass\nclass Q({bases_reversed}): pass\nclass A(P, Q, B0): pass\n"
    )

    assert [workflow.class_name for workflow in analysis.workflows] == ["B0"]
    assert [problem.line for problem in analysis.problems] == [605, 606, 607]


@pytest.mark.slow
def test_a_module_is_scanned_once_for_all_its_workflows(monkeypatch: pytest.MonkeyPatch) -> None:
    scanned: list[Owner] = []
    scan = bindings.scan

    def counted(owner: Owner, words: Sequence[bytes]) -> Bindings:
        scanned.append(owner)
        return scan(owner, words)

    monkeypatch.setattr(bindings, "scan", counted)
    classes = FIRST.split("\n", 1)[1]
    analyze_source(FIRST + "".join(classes.replace("B0", f"C{number}") for number in range(50)))

    assert len(scanned) == 1 + 2 * 51
