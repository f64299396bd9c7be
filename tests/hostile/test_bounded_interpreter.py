"""Inputs that require much work of the interpreter have a complete graph, or a note on the exceeded limit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import libcst as cst
import pytest

import stepgraph.interpreter
from stepgraph.analysis import Analysis, DetailLevel, WorkflowRecord
from stepgraph.api import analyze_source, check_analysis
from stepgraph.hashing import short_digest
from stepgraph.interpreter import equivalence
from stepgraph.interpreter.store import Store
from stepgraph.interpreter.values.calls import Suppressor
from stepgraph.interpreter.values.steps import Payload
from stepgraph.interpreter.values.tasks import Gathering, Task
from stepgraph.interpreter.values.unions import Case, Union
from stepgraph.interpreter.write_log import TaskState
from stepgraph.ir.await_groups import AwaitedTask
from stepgraph.ir.nodes import PayloadShape
from stepgraph.ir.values import Constant
from stepgraph.limits import FULL_SHARES, MAXIMUM, PER_KILOBYTE, Budget, Limit, LimitExceededError
from stepgraph.model.note import InputError
from stepgraph.model.payload import Node
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.source_text import source_text
from tests.effort import sample
from tests.hostile.hostile_input import HEAD, RUN, HostileInput, entry
from tests.hostile.inputs import load_inputs

INPUTS: Final = {row.name: row for row in (*load_inputs("interpreter"), *load_inputs("interpreter_variants"))}

# The size of each input, and the unit of the exceeded limit, if any.
EXPECTED: Final[dict[str, tuple[int, str | None]]] = {
    "width of a percent format": (10, None),
    "dictionaries that hold the one before thrice": (25, None),
    "lists of 100 times the list before": (100, None),
    "context managers that enter the next twice": (20, "operations in the graph"),
    "generators that yield the next twice": (22, None),
    "helpers that define two closures for the next": (40, "analyzed function bodies"),
    "chain of helpers": (250, None),
    "appends to a list": (300, None),
    "clique of functions": (900, None),
    "generator expressions that use each other": (40, "elements of collections"),
    "functions that use each other in generator expressions": (40, "analyzed branches"),
    "a shared dictionary wherever values are looked at": (30, None),
    "defaults that are the function before twice": (40, "parts of one value"),
    "formats of any width": (10, None),
    "names bound in a try": (100, None),
    "lists changed in a try": (60, None),
    "continues of a loop": (200, None),
    "chains of attributes": (200, None),
    "helpers that call the next ten times": (100, None),
    "helpers that call the next twice": (40, None),
    "helpers that loop over the next": (40, None),
    "helpers that give the next two lambdas": (40, "analyzed function bodies"),
    "helpers that give the next two lists": (40, "analyzed function bodies"),
    "helpers that try the next twice": (40, None),
    "helpers that return the next twice": (40, None),
    "loops in loops": (50, None),
    "loops in loops that write": (50, "operations in the graph"),
    "loops after each other": (240, None),
    "attributes set by computed names": (1_000, "elements of collections"),
    "withs in withs": (50, None),
    "items of a with": (50, None),
    "items of a with that suppress errors": (200, "values compared where branches join"),
    "unknown managers of a with": (110, "nested calls, blocks and expressions"),
    "ifs in ifs": (50, None),
    "tries in tries": (50, None),
    "tries in finallys": (50, None),
    "values on 2^n ways": (40, "analyzed function bodies"),
    "tuples on 2^n ways": (40, None),
    "decorators": (40, None),
    "diamonds": (40, "base classes of one class"),
    "chain of classes": (100, None),
    "properties that ask the next twice": (40, None),
    "getattr that asks the inner twice": (40, None),
    "lambdas that call the next twice": (40, "analyzed function bodies"),
    "lambdas of lambdas": (40, None),
    "growing arguments": (10, None),
    "mutual recursion with ten parameters": (40, "observations for rules"),
    "star arguments of star arguments": (40, None),
    "star keywords": (60, "elements of collections"),
    "lists mutated in loops": (100, None),
    "gather of products": (60, "evaluated statements and expressions"),
    "doubled text": (40, None),
    "doubled text, each a name": (40, None),
    "doubled templates": (40, None),
    "doubled text in a module": (40, None),
    "squared numbers in a module": (40, None),
    "partials of partials": (60, "parts of one value"),
    "partials of what is not known": (60, None),
    "exit stacks": (60, None),
    "lists of lists": (60, None),
    "deep lists": (300, None),
    "arguments that are three of the argument": (40, None),
    "lists of the list twice": (40, None),
    "calls of a hundred functions": (20, None),
    "unions given to unions": (5, None),
    "objects of objects": (60, None),
    "recursive constructors": (20, "values compared where branches join"),
    "classes made in functions": (40, None),
    "functions in functions": (40, "analyzed function bodies"),
    "steps in helpers called twice": (40, None),
    "helpers that write what all read": (60, None),
    "clique that writes what all read": (1600, "values compared where branches join"),
    "steps that need the two before": (100, None),
    "steps that need one of two": (40, None),
    "ifs in a loop": (100, None),
    "recursive generators": (100, None),
    "yields": (200, None),
    "clauses of a comprehension": (12, "operations in the graph"),
    "nested comprehensions": (12, "evaluated statements and expressions"),
    "nested f-strings": (30, None),
    "dictionaries in loops": (60, "elements of collections"),
    "dictionaries joined": (100, "elements of collections"),
    "keys set": (200, None),
    "attributes set": (200, None),
    "tasks of a group": (200, None),
    "gathers of gathers": (40, "parts of one value"),
    "gathers on 2^n ways": (40, "parts of one value"),
    "while loops in elses": (40, None),
    "guards with steps": (200, None),
    "boolean towers": (200, None),
    "conditional towers": (40, None),
    "subscripts of unions": (40, None),
    "items of items": (40, None),
    "handlers": (30, None),
    "steps listed twice": (60, None),
}


def exceeded(row: HostileInput, size: int) -> str | None:
    """Return the unit of the limit that the analysis of an input exceeds, or None."""
    source = row.files(size)["entry.py"]
    analysis = analyze_source(source if isinstance(source, str) else source.decode(), "entry.py")
    check_analysis(analysis)
    notes = [note for workflow in analysis.workflows for note in workflow.notes if note.code == "limit-exceeded"]
    assert len(notes) <= 1
    if not notes:
        return None
    assert not all(workflow.complete for workflow in analysis.workflows)
    units = re.search(r"more than [\d,]+ (.*)\.", notes[0].message)
    assert units is not None
    return units[1]


@pytest.mark.slow
def test_unknown_decorators_of_one_function_are_bounded() -> None:
    """The note on each decorator lists the previous ones."""
    run = "class Orders(WorkflowEntrypoint):\n    async def run(self, event, step):\n"
    function = "        @unknown\n" * 6_000 + "        def work(): ...\n"
    source = f"from workers import WorkflowEntrypoint\n\n\n{run}{function}        await step.sleep('rest', 1)\n"
    (workflow,) = analyze_source(source).workflows
    assert "elements of collections" in "".join(note.message for note in workflow.notes)


@pytest.mark.slow
@pytest.mark.parametrize("read", ["handler.kind", "getattr(handler, 'kind')", "handler['kind']"])
def test_cases_of_a_read_are_counted(read: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MAXIMUM, Limit.EVALUATIONS, 5_000)
    monkeypatch.setitem(PER_KILOBYTE, Limit.EVALUATIONS, 0)
    value = "{'kind': step.sleep}" if "[" in read else "Handler()"
    table = ", ".join(f"'{number}': {value}" for number in range(100))
    source = entry("\n".join([f"table = {{{table}}}", "handler = table[event.kind]", *[f"kind = {read}"] * 50]))
    classes = "class Handler:\n    kind = 1\n    async def run(self, step): await step.sleep('rest', 1)\n"
    (workflow,) = analyze_source(f"{classes}{source['entry.py']!s}").workflows
    assert "more than 5,000 evaluated" in "".join(note.message for note in workflow.notes)


READS = {
    "for": ("items = []", "items.append({})", "for x in items: pass"),
    "pop": ("items = []", "items.append({})", "x = items.pop(event.index)"),
    "queue": ("items = asyncio.Queue()", "items.put_nowait({})", "x = items.get_nowait()"),
    "context variable": ("items = contextvars.ContextVar('items')", "items.set({})", "x = items.get()"),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", READS)
def test_texts_of_elements_are_computed_once(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The conditions of the cases of an element that is read are the texts of all elements."""
    texts: list[object] = []

    def text_of(module: cst.Module, node: cst.CSTNode) -> str:
        texts.append(node)
        return source_text(module, node)

    monkeypatch.setattr("stepgraph.syntax.source_text.source_text", text_of)
    create, add, read = READS[kind]
    adds = [add.format(f"step.sleep if event.x{number} else None") for number in range(50)]
    source = entry("\n".join([create, *adds, *[read] * 50]))["entry.py"]
    assert isinstance(source, str)
    analyze_source(f"import asyncio, contextvars\n{source}")
    assert len(texts) < 500


def test_texts_of_operands_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[object] = []

    def text_of(module: cst.Module, node: cst.CSTNode) -> str:
        texts.append(node)
        return source_text(module, node)

    monkeypatch.setattr("stepgraph.syntax.source_text.source_text", text_of)
    test = " and ".join(f"(event.a{number} or event.b{number})" for number in range(50))
    source = entry(f"if {test}: await step.sleep('rest', 1)")["entry.py"]
    assert isinstance(source, str)
    analyze_source(source)
    assert len(texts) < 300


def test_the_text_of_a_module_is_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a limit, the text of the module stands for the definitions of global names."""
    definitions = "".join(f"V{n} = other('{n}')\n" for n in range(20))
    tests = "\n".join(f"if V{n}: await step.sleep('s{n}', 1)" for n in range(20))
    source = f"{definitions}{entry(tests)['entry.py']!s}"
    hashed: list[str | bytes] = []

    def digest_of(content: str | bytes) -> str:
        hashed.append(content)
        return short_digest(content)

    monkeypatch.setattr("stepgraph.syntax.definitions.global_values._MAX_TOTAL_CHARACTERS", 10)
    monkeypatch.setattr("stepgraph.syntax.definitions.global_values.short_digest", digest_of)
    (workflow,) = analyze_source(source).workflows
    WorkflowRecord.of(workflow, DetailLevel.COMPARISON)
    assert hashed.count(source.encode()) == 1


def test_tasks_that_have_not_begun_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The state after each start has the ids of all tasks that have not begun."""
    monkeypatch.setitem(MAXIMUM, Limit.ELEMENTS, 1_000)
    monkeypatch.setitem(PER_KILOBYTE, Limit.ELEMENTS, 0)
    starts = "        asyncio.create_task(self.rest(step))\n" * 100
    rest = "    async def rest(self, step):\n        await step.sleep('rest', 1)\n"
    (workflow,) = analyze_source(f"import asyncio\n{HEAD}{RUN}{starts}{rest}").workflows
    assert "elements of collections" in "".join(note.message for note in workflow.notes)


@pytest.mark.slow
def test_elements_of_all_paths_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each loop joins the list and the ids of the started tasks before its body with those after its body."""
    monkeypatch.setitem(MAXIMUM, Limit.JOINED, 10_000)
    monkeypatch.setitem(PER_KILOBYTE, Limit.JOINED, 0)
    step = "            @step.do('save {0}')\n            async def save_{0}(): ...\n"
    loop = f"        for item in event['payload']:\n{step}            pending.append(save_{{0}}())\n"
    loops = "".join(loop.format(number) for number in range(40))
    source = f"import asyncio\n{HEAD}{RUN}        pending = []\n{loops}        await asyncio.gather(*pending)\n"
    (workflow,) = analyze_source(source).workflows
    assert workflow.notes == ()


def test_copy_of_a_tree_of_data_is_not_nested(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pass over the body of a recursive function nests the copies of the previous pass in new copies."""
    monkeypatch.setitem(MAXIMUM, Limit.JOINED, 1_000)
    monkeypatch.setitem(PER_KILOBYTE, Limit.JOINED, 0)
    copy = """def copy(value):
    if isinstance(value, dict):
        return {key: copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copy(item) for item in value]
    if isinstance(value, tuple):
        return [copy(item) for item in value]
    return {"value": value}
"""
    (workflow,) = analyze_source(f"{copy}{HEAD}{RUN}        copy(event)\n").workflows
    assert workflow.notes == ()


@pytest.mark.parametrize(
    "code",
    [
        "v = {0}\n        for i in range(v): await step.sleep('x', 1)",
        "await {{{0}: step.sleep, 1: step.sleep}}[event]('x', 1)",
    ],
)
def test_integers_may_have_more_digits_than_python_prints(code: str) -> None:
    (workflow,) = analyze_source(f"{HEAD}{RUN}        {code.format('0x' + 'f' * 4000)}\n").workflows
    assert workflow.outline()


def test_calls_that_are_compared_may_pass_large_integers() -> None:
    before = "async def charge(step, amount):\n    await step.sleep('x', 1)\n    return amount > 3\n"
    run = f"if await charge(step, 1): return\n        await charge(step, 0x{'f' * 4000})\n"
    (workflow,) = analyze_source(f"{HEAD}{before}{RUN}        {run}").workflows
    assert [texts.definition for _, texts in workflow.comparable_details.texts] == ["1 > 3"]


@pytest.mark.slow
def test_calls_in_nested_tries_are_evaluated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each evaluation of a call for the errors of a `try` counts as a branch."""
    monkeypatch.setitem(MAXIMUM, Limit.BRANCHES, 500)
    monkeypatch.setitem(PER_KILOBYTE, Limit.BRANCHES, 0)
    tries = "".join(f"{' ' * depth}try:\n" for depth in range(8, 68))
    sleeps = "".join(f"{' ' * 68}await step.sleep('rest {n}', 1)\n" for n in range(100))
    handlers = "".join(f"{' ' * depth}except E{depth}:\n{' ' * depth} pass\n" for depth in reversed(range(8, 68)))
    (workflow,) = analyze_source(f"{HEAD}{RUN}{tries}{sleeps}{handlers}").workflows
    assert workflow.notes == ()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "size", "unit"), sample([(name, *rest) for name, rest in EXPECTED.items()], 14))
def test_work_is_bounded(name: str, size: int, unit: str | None) -> None:
    assert exceeded(INPUTS[name], size) == unit


def test_work_after_an_exceeded_limit_raises() -> None:
    budget = Budget()
    with pytest.raises(LimitExceededError, match="BRANCHES"):
        budget.spend(Limit.BRANCHES, MAXIMUM[Limit.BRANCHES] + 1)
    with pytest.raises(LimitExceededError):
        budget.spend(Limit.FACTS)


def test_limits_grow_up_to_a_size_of_the_source() -> None:
    budget = Budget()
    for _ in range(3):
        budget.grow(100_000)
    assert budget.maximum[Limit.BRANCHES] == 20_000 + 500 * 250


def test_limits_grow_with_the_source() -> None:
    budget = Budget()
    budget.grow(3_000)
    assert budget.maximum[Limit.BRANCHES] == MAXIMUM[Limit.BRANCHES] + 3 * PER_KILOBYTE[Limit.BRANCHES]


def test_many_workflows_of_a_module_share_limits() -> None:
    assert Budget(FULL_SHARES).maximum == MAXIMUM
    assert Budget(10 * FULL_SHARES).maximum[Limit.FACTS] == MAXIMUM[Limit.FACTS] // 10


@pytest.mark.slow
def test_a_class_with_expensive_bases_is_not_analyzed() -> None:
    source = INPUTS["bases that are computed"].files(40)["entry.py"]
    message = r"entry\.py is not analyzed: finding its workflow classes takes more than [\d,]+ evaluated statements"
    with pytest.raises(InputError, match=message):
        analyze_source(str(source), "entry.py")


def name_of_sleep(text: str) -> str:
    """Return the name of a sleep in the graph."""
    analysis = analyze_source(f"{HEAD}{RUN}        await step.sleep({text}, 1)\n", "entry.py")
    node = graph_nodes(analysis)[0]
    assert node["type"] == "step_sleep"
    return node["name"]


def graph_nodes(analysis: Analysis) -> list[Node]:
    graph = analysis.workflows[0].graph
    assert graph is not None
    return graph["workflow"]["nodes"]


@pytest.mark.parametrize(
    "text",
    [
        *("'%9999999999s' % 'a'", "'%.999999999f' % 1.5", "'%*d' % 9999999999", "b'%9999999999d' % 1"),
        *("'a' * 9999999999", "9999999999 * 'a'", "'a' * 100 * 100 * 100 * 100"),
    ],
)
def test_long_text_is_shown_as_its_source(text: str) -> None:
    assert name_of_sleep(text) == f"{{{text}}}"


@pytest.mark.parametrize("field", ["{1:>9999999999}", "{1 << 9999999999}", "{10 ** 9999999999}", "{9 ** 64 ** 64}"])
def test_long_fields_are_shown_as_their_source(field: str) -> None:
    assert name_of_sleep(f"f'a{field}'") == f"a{field}"


@pytest.mark.parametrize(("text", "name"), [("'%03d' % 7", "007"), ("f'{7:>3}'", "  7"), ("'ab' * 2", "abab")])
def test_short_text_is_computed(text: str, name: str) -> None:
    assert name_of_sleep(text) == name


def test_rollback_removes_appended_elements() -> None:
    store = Store(Budget())
    cell = store.new({"items": (1,)})
    checkpoint = store.checkpoint()
    store.extend(cell, (1, 2))
    store.extend(cell, (1, 2, 3))
    assert cell["items"] == (1, 2, 3)
    store.rollback(checkpoint)
    assert cell["items"] == (1,)


def test_a_slot_that_only_a_discarded_path_of_a_task_writes_keeps_its_value() -> None:
    store = Store(Budget())
    cell, value = store.new(), Payload(PayloadShape())
    place = SourcePlace(SourceModule("a.py", cst.parse_module(""), b""), cst.Name("x"))
    checkpoint = store.checkpoint()
    with store.logged(store.serial) as log:
        store.write(cell, "attribute", value)
    store.rollback(checkpoint)
    store.start_task(TaskState(1, place, loop_depth=0, loop_pass=0), log)
    store.finish_task(AwaitedTask(1), 0, may_have_failed=False)
    assert dict(cell) == {"attribute": value}


def test_values_are_compared_only_within_their_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparing each pair of 200 gatherings, payloads or unions at each join would dominate the analysis."""
    compared: list[object] = []
    monkeypatch.setattr(equivalence, "is_equivalent", lambda *pair: compared.append(pair))
    gatherings = [Gathering("all", (Task(n),), started_tasks=frozenset({n})) for n in range(10)]
    loop_members = [Gathering("all", (Task(n),)) for n in range(10)]
    payloads = [Payload(PayloadShape()) for _ in range(10)]
    place = SourcePlace(SourceModule("a.py", cst.parse_module(""), b""), cst.Name("x"))
    unions = [Union((Case("x", Constant(n)), Case(None, Constant(0))), None, place) for n in range(10)]
    equivalence.ValueSet([*gatherings, *loop_members, *payloads, *unions, *map(Suppressor, [None] * 10)])
    assert compared == []


def test_a_set_holds_the_mark_of_a_missing_value_once() -> None:
    """Otherwise the values that tasks in nested loops may read multiply with each pass."""
    values = equivalence.ValueSet()
    added = [values.add(equivalence.MISSING), values.add(equivalence.MISSING)]
    assert (added, equivalence.MISSING in values) == ([True, False], True)


# Modules that copy elements without inspecting them, or that count elements themselves.
UNCOUNTED: Final = {"with_.py", "task_methods.py", "changes.py"}


def test_iteration_over_elements_is_counted() -> None:
    """Collections can be exponentially large as trees, so each iteration counts its elements against the budget."""
    modules = Path(stepgraph.interpreter.__path__[0]).rglob("*.py")
    assert {path.name for path in modules if 'state["items"]' in path.read_text("utf-8")} == UNCOUNTED
