"""Modules that need too much memory to parse are refused before parsing."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from stepgraph.large_stack import run_with_large_stack
from stepgraph.limits import PARSED_TOKENS
from stepgraph.model.note import InputError, Problem
from stepgraph.project.reading import read_source
from stepgraph.project.root import Root
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.modules import SourceModules
from stepgraph.syntax.parse import TokenBudgetError, merge_room_problems, parse_module
from stepgraph.syntax.quick_scan import quick_scan


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [
        "x = [" + "0," * 400_000 + "]\n",
        "a\n" * 250_000,
        "\n" * 400_000,
        "#\n" * 250_000,
        "x = [" + "''," * 400_000 + "]",
        "x = f'" + "{a}" * 250_000 + "'",
        "x = f'" + "{a:>10}" * 125_000 + "'",
        "x = 0 if 1 else' '\n" + "a(0)\n" * 150_000,
        "x = 0 if 1 else''' '''\n" + "a(0)\n" * 100_000,
        'x = [f"{a["b"]}", " "]\n' + "a(0)\n" * 150_000 + 'x = "]"\n',
    ],
)
def test_a_module_with_too_many_tokens_is_refused(source: str) -> None:
    with pytest.raises(InputError) as refusal:
        parse_module(source.encode(), "shop.py")

    assert str(refusal.value) == "shop.py: not parsed: it has more than 500,000 tokens. Split the module."


def test_twenty_thousand_steps_are_within_the_limit() -> None:
    steps = "".join(f"        await step.sleep('rest {number}', '5 minutes')\n" for number in range(20_000))

    assert quick_scan(steps).tokens == 220_000


NAMES = b"a, b, c, d\n"
"""A module of 9 tokens."""


def parse(modules: SourceModules, path: str) -> SourceModule:
    return run_with_large_stack(lambda: modules.parse(path, NAMES))


def test_modules_of_a_workflow_share_the_token_budget() -> None:
    modules = SourceModules(room=17, may_release=True)
    parse(modules, "a.py")

    with pytest.raises(TokenBudgetError, match="it and the modules it is analyzed with have more than 500,000 tokens"):
        parse(modules, "b.py")
    assert modules.exceeded_token_budget


@pytest.mark.slow
def test_modules_of_earlier_workflows_are_released() -> None:
    modules = SourceModules(room=17, may_release=True)
    for path in ("a.py", "b.py", "a.py"):
        modules.start_workflow_module()
        parse(modules, path)

    assert modules.tokens == 3 * 9
    assert modules.contents == {"a.py": NAMES, "b.py": NAMES}


@pytest.mark.slow
def test_a_module_of_the_previous_workflow_is_not_released() -> None:
    modules = SourceModules(room=50, may_release=True)
    shared = parse(modules, "shared.py")
    for path in ("a.py", "b.py", "c.py", "d.py", "e.py", "f.py", "g.py", "h.py"):
        modules.start_workflow_module()
        parse(modules, path)
        assert parse(modules, "shared.py") is shared


@pytest.mark.parametrize("is_pinned", [True, False])
def test_a_pinned_module_is_not_released(*, is_pinned: bool) -> None:
    modules = SourceModules(room=17, may_release=is_pinned)
    parse(modules, "a.py")
    modules.pin(["a.py"])
    modules.start_workflow_module()

    with pytest.raises(TokenBudgetError):
        parse(modules, "b.py")


@pytest.mark.slow
def test_an_import_over_the_budget_is_retried(tmp_path: Path) -> None:
    (tmp_path / "shared.py").write_bytes(NAMES)
    modules, path = SourceModules(room=18, may_release=True), str(tmp_path / "shared.py")
    parse(modules, "a.py")
    parse(modules, "b.py")
    assert isinstance(run_with_large_stack(lambda: modules.load(path, Root(str(tmp_path)))), Problem)

    modules.start_workflow_module()
    assert isinstance(run_with_large_stack(lambda: modules.load(path, Root(str(tmp_path)))), SourceModule)


def test_an_import_over_the_budget_is_read_once_for_a_workflow(tmp_path: Path) -> None:
    (tmp_path / "shared.py").write_bytes(NAMES)
    reads: list[str] = []

    def read(path: str, root: Root) -> bytes:
        reads.append(path)
        return read_source(path, root)

    modules, path = SourceModules(room=17, read_source=read), str(tmp_path / "shared.py")
    parse(modules, "a.py")
    for _ in range(3):
        assert isinstance(run_with_large_stack(lambda: modules.load(path, Root(str(tmp_path)))), Problem)
    assert reads == [path]


def test_imports_over_the_budget_are_one_problem(tmp_path: Path) -> None:
    for path in ("b.py", "c.py", "d.py"):
        (tmp_path / path).write_bytes(NAMES)
    modules, root = SourceModules(room=17), Root(str(tmp_path))
    parse(modules, "a.py")
    for path in ("b.py", "c.py", "d.py"):
        run_with_large_stack(partial(modules.load, str(tmp_path / path), root))
    invalid = Problem("e.py", "syntax error")

    [merged, other] = merge_room_problems([*modules.problems.values(), invalid])

    assert (merged.path, other) == (str(tmp_path / "b.py"), invalid)
    assert merged.message == (
        "not parsed, like 2 other imported modules: they and the modules they are analyzed with have more than 500,000 "
        "tokens."
    )


def test_tokens_are_limited_across_all_modules() -> None:
    modules = SourceModules(tokens=PARSED_TOKENS + 1)

    with pytest.raises(InputError, match="or 20,000,000 tokens of them"):
        parse(modules, "a.py")


@pytest.mark.parametrize(
    ("source", "tokens"), [("", 0), ("a = 1\n", 5), ("x = 'a b c'", 3), ("f'{a}'", 4), ("# a b c\n", 3), ("a\r\nb", 4)]
)
def test_counted_tokens(source: str, tokens: int) -> None:
    assert quick_scan(source).tokens == tokens
