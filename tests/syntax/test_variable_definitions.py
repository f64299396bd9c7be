"""Names, conditions and loop heads without the names of variables."""

from __future__ import annotations

from textwrap import indent

import pytest

from stepgraph import analyze_source
from stepgraph.model.walk import paths_of

HEAD = """
from workers import WorkflowEntrypoint

SIZE = 3
NAMES = ["a", "b"]

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
"""


def definitions(body: str) -> list[str]:
    """Return the definitions of the nodes and branches in the body of `run`."""
    return definitions_in(HEAD + indent(body, " " * 8))


def definitions_in(source: str) -> list[str]:
    """Return the definitions of the nodes and branches in `Orders`."""
    workflow = next(each for each in analyze_source(source).workflows if each.class_name == "Orders")
    assert workflow.graph is not None
    details = workflow.comparable_details
    nodes = [node for _, node in paths_of(workflow.graph["workflow"])]
    branches = [branch for node in nodes if node["type"] in {"if", "switch"} for branch in node["branches"]]
    found = (details.texts_of(part).definition for part in (*nodes, *branches))
    return [text for text in found if text]


def named(body: str, *names: str) -> str:
    """Return a body with names in place of `$1`, `$2` ..."""
    for number, name in enumerate(names, start=1):
        body = body.replace(f"${number}", name)
    return body


NAP = 'await step.sleep("nap", 1)'
ITEMS = 'for $1 in event["payload"]:\n    await step.sleep(f"pack {$1}", 1)'


@pytest.mark.parametrize(
    "body",
    [
        ITEMS,
        f'{ITEMS}\nfor item in range(3):\n    await step.sleep(f"send {{item}}", 1)',
        'for $1, ($2, b) in enumerate(event):\n    await step.sleep(f"{$1} {$2} {b}", 1)',
        '$1 = event["payload"]\nif $1["vip"]:\n    await step.sleep("nap", 1)',
        '$1 = event["payload"]\nmatch $1:\n    case 1:\n        await step.sleep("nap", 1)',
        '$1 = 0\nwhile $1 < 3:\n    await step.sleep(f"nap {$1}", 1)\n    $1 += 1',
        '$1: int = len(event)\n$2 = $1 + 1\nawait step.sleep(f"nap {$2!r:>3} {event.$1}", 1)',
        '@step.do(f"{event.a}")\nasync def $1(event): ...\nfor $2 in event:\n    await step.sleep(f"{$2}", 1)',
    ],
)
def test_names_of_variables_do_not_matter(body: str) -> None:
    expected = definitions(named(body, "item", "a"))
    assert expected
    assert definitions(named(body, "sku", "x").replace("event.sku", "event.item")) == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('x = event["a"]\nwhile x["b"]:', 'while event["a"]["b"]:'),
        ('x = event["a"] + 1\nx: int\nwhile f(2 * x):', 'while f(2 * (event["a"] + 1)):'),
        ("x = event\ny = x[0]\nfor z in y:", "for each in event[0]:"),
        ("for i in range(SIZE):", "for i in range(3):"),
        ("for i in range( len( event['a'] )+1 ):", 'for i in range(len(event["a"]) + 1):'),
        ("while x := event.pop():", "while (y := (event.pop())):"),
        ("x = event['a']\nwhile x ['b']:", 'while event["a"]["b"]:'),
        ("for name in NAMES:", 'for name in ["a", "b"]:'),
    ],
)
def test_values_replace_variables_with_one_assignment(old: str, new: str) -> None:
    assert definitions(f"{old}\n    {NAP}") == definitions(f"{new}\n    {NAP}") != []


@pytest.mark.slow
def test_names_of_step_functions_do_not_matter() -> None:
    code = '@step.do("load")\nasync def $1(): ...\nfor row in await $1():\n    await step.sleep(f"{row}", 1)'
    expected = definitions(named(code, "load"))
    assert len(expected) == 2
    assert definitions(named(code, "load_rows")) == expected


@pytest.mark.slow
def test_settings_of_a_step_do_not_change_its_result() -> None:
    code = '@step.do("load"$1)\nasync def load(): ...\nfor row in await load():\n    await step.sleep(f"{row}", 1)'
    without = definitions(named(code, ""))
    assert definitions(named(code, ', config={"timeout": "5 minutes"}')) == without
    assert definitions(named(code, ", depends=[]")) != without


@pytest.mark.parametrize(
    "value", ["answer = $1", "(answer := $1)", "answer: object = $1", "answer = []\nanswer.append($1)", "answer = [$1]"]
)
def test_settings_of_a_wait_do_not_change_its_result(value: str) -> None:
    """The engine finds the event that has ended a wait by the name of the wait."""
    wait = 'await step.wait_for_event("$1", event_type="$2"$3)'
    code = f'{value.replace("$1", wait)}\nif answer.payload["ok"]:\n    {NAP}'
    without = definitions(named(code, "answer", "reply", ""))
    assert definitions(named(code, "answer", "reply", ', timeout="5 minutes"')) == without != []
    assert definitions(named(code, "answer", "other", "")) == without
    assert definitions(named(code, "answer", "x", "").replace("event_type=", "")) == without
    assert definitions(named(code, "other", "reply", "")) != without


IN_BASE = """
from workers import WorkflowEntrypoint

class Base(WorkflowEntrypoint):
    async def ask(self, step):
        return await step.wait_for_event("answer", "reply")

class Orders(Base):
    async def run(self, event, step):
        if await self.ask(step):
            await step.sleep("nap", 1)
"""


def test_methods_of_base_classes_are_followed() -> None:
    in_class = IN_BASE.replace("\nclass Orders(Base):\n", "")
    assert definitions_in(IN_BASE) == definitions_in(in_class.replace("Base", "Orders")) != []


CALLED = """
async def pack(step, $1, prefix=""):
    await step.sleep(f"{prefix} {$1}", 1)
    if $1:
        await pack(step, $1 - 1, prefix=prefix)
for item in event:
    await pack(step, item, prefix="a")
"""


IN_LOOP = 'for item in event["items"]:\n    await step.sleep(f"{item}", 1)'
HELPER = 'async def nap(x):\n    await step.sleep(f"{x}", 1)\n'


@pytest.mark.parametrize(
    "body",
    [
        HELPER + 'for row in event["items"]:\n    await nap(row)',
        HELPER + 'items = event["items"]\nawait asyncio.gather(*(nap(each) for each in items))',
        HELPER + 'await asyncio.gather(*[nap(each) for each in event["items"] if each])',
        HELPER + 'async def naps(rows):\n    for row in rows:\n        await nap(x=row)\nawait naps(event["items"])',
        'x = event["items"]\n[await step.sleep(f"{x}", 1) for x in x]',
    ],
)
def test_helpers_and_comprehensions_name_steps_like_loops(body: str) -> None:
    name = definitions(IN_LOOP)[-1]
    assert name in definitions(body)
    assert name not in definitions(body.replace('event["items"]', 'event["lines"]'))


@pytest.mark.parametrize(
    "loop",
    [
        "await asyncio.gather(*(nap(each) for each in $1))",
        "[await nap(each) for each in $1]",
        "await asyncio.gather(*map(nap, $1))",
    ],
)
def test_all_loops_have_heads(loop: str) -> None:
    head = definitions(IN_LOOP)[0]
    assert head in definitions(named(HELPER + loop, 'event["items"]'))
    assert head in definitions(named(f'{HELPER}items = event["items"]\n{loop}', "items"))
    assert head not in definitions(named(HELPER + loop, 'event["lines"]'))


def test_conditions_of_comprehensions_are_part_of_the_head() -> None:
    (head,) = definitions('[await step.sleep("a", 1) for x in event.items if x[0]]')
    assert head == (
        "for each of __0.items with __0 = <parameter 1 of run>"
        " if __0[0] with __0 = <each of __0.items with __0 = <parameter 1 of run>>"
    )


def test_names_of_parameters_do_not_matter() -> None:
    expected = definitions(named(CALLED, "item"))
    assert len(expected) == 3
    assert definitions(named(CALLED, "sku")) == expected
    assert definitions(named(CALLED, "sku").replace("prefix", "label")) == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("step, item,", "step, item[0],"),
        ('prefix="a"', 'prefix="b"'),
        ("$1, prefix", "prefix, $1"),
        ("in event", "in event[1:]"),
        ("$1 - 1", "$1 - 2"),
    ],
)
def test_arguments_of_calls_matter(old: str, new: str) -> None:
    assert definitions(named(CALLED.replace(old, new), "item")) != definitions(named(CALLED, "item"))


def test_all_arguments_of_a_starred_parameter_matter() -> None:
    code = """
async def pack(step, *items, label="x"):
    await step.sleep(f"{items} {label}", 1)

await pack(step, event.a, event.b)
"""
    (expected,) = definitions(code)
    assert definitions(code.replace("items", "lines")) == [expected]
    assert definitions(code.replace("event.b", "event.c")) != [expected]
    assert expected.startswith("\0__0\0 x with ")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (ITEMS, ITEMS.replace("payload", "lines")),
        (ITEMS, ITEMS.replace("{$1}", "{$1[0]}")),
        ('for a, b in event:\n    await step.sleep(f"{a}", 1)', 'for b, a in event:\n    await step.sleep(f"{a}", 1)'),
        ('a = 1\nawait step.sleep(f"{a}", 1)', 'a = 1\na = 2\nawait step.sleep(f"{a}", 1)'),
        ('x = event.a\nawait step.sleep(f"{x}", 1)', 'x = event.b\nawait step.sleep(f"{x}", 1)'),
    ],
)
def test_values_of_variables_matter(old: str, new: str) -> None:
    assert definitions(named(old, "item")) != definitions(named(new, "item"))


@pytest.mark.parametrize(
    "body",
    [
        'await step.sleep(f"{[event for event in event]}", 1)',
        '[await step.sleep(f"{y}", 1) for x in event for y in x]',
        'with open(event) as x:\n    await step.sleep(f"{x}", 1)',
        "\n".join(
            [
                "a0, b0 = event",
                *(f"a{n + 1}, b{n + 1} = a{n} + b{n}" for n in range(50)),
                'await step.sleep(f"{a50} {b50}", 1)',
            ]
        ),
    ],
)
def test_digests_stand_for_unknown_definitions(body: str) -> None:
    assert [text.split("x_")[0] for text in definitions(body)] == [""]


def test_digests_show_the_changes_in_front_of_each_read() -> None:
    head = (
        f"x = y = 0\nmatch event:\n    case 1:\n        x = 2\nfor i in event:\n    y = i\n    x = y\nif x:\n    {NAP}"
    )
    (digest,), (other,) = definitions(head), definitions(head.replace("    y = i\n    x = y", "    x = y\n    y = i"))
    assert digest != other


@pytest.mark.parametrize(
    "name",
    [
        'f"pack {item!s} now"',
        'f"pack {str(item)} now"',
        '"pack " + item + " now"',
        '"pack " + str(item) + f" {\'now\'}"',
        "name",
    ],
)
def test_names_are_joined_in_any_way(name: str) -> None:
    code = 'for item in event:\n    name = f"pack {item} now"\n    await step.sleep($name, 1)'
    assert definitions(code.replace("$name", name)) == definitions(code.replace("$name", 'f"pack {item} now"'))


@pytest.mark.parametrize("name", ['f"pack {item:>3} now"', 'f"pack {item!r} now"', 'f"{item} pack now"', "item"])
def test_other_pieces_are_other_names(name: str) -> None:
    code = "for item in event:\n    await step.sleep($name, 1)"
    assert definitions(code.replace("$name", name)) != definitions(code.replace("$name", 'f"pack {item} now"'))


def test_the_numbers_of_elements_do_not_matter() -> None:
    code = 'for $1 in $2:\n    await step.sleep(f"pack {item}", 1)'
    numbered = definitions(named(code, "n, item", "enumerate(event, 1)"))
    assert numbered == definitions(named(code, "item", "event"))
    assert numbered != definitions(named(code, "item, n", "enumerate(event, 1)"))
    assert numbered != definitions(named(code, "n, item", "event"))


@pytest.mark.slow
def test_values_that_variables_name_are_no_definitions() -> None:
    """A recursive definition counts only variables without a value."""
    code = """
async def walk(step, node):
    $1
    for child in node["nodes"]:
        await step.sleep(f"visit {$2}", 1)
        await walk(step, child)

await walk(step, event)
"""
    assert definitions(named(code, "name = node", "name")) == definitions(named(code, "pass", "node"))


@pytest.mark.parametrize("condition", ["(a) == 'x'", '(a == ("x"))', 'b == "x"'])
def test_the_layout_of_conditions_does_not_matter(condition: str) -> None:
    code = f"a = event.a\nb = a\nif $condition:\n    {NAP}"
    assert definitions(code.replace("$condition", condition)) == ["__0.a == 'x' with __0 = <parameter 1 of run>"]


def test_the_definition_of_a_name() -> None:
    assert definitions(named(ITEMS, "item")) == [
        "for each of __0['payload'] with __0 = <parameter 1 of run>",
        "pack \0__0\0 with __0 = <each of __0['payload'] with __0 = <parameter 1 of run>>",
    ]


@pytest.mark.slow
def test_the_definitions_of_a_graph_are_bounded() -> None:
    value = ", ".join(["1"] * 150)
    lines = [f"x = [{value}]", *(f'await step.sleep(f"{number} {{x}}", 1)' for number in range(200))]
    expanded = [each for each in definitions("\n".join(lines)) if value in each]
    assert 50 < len(expanded) < 150


CALLING = """
from workers import WorkflowEntrypoint

LIMIT = 500

def exceeds(total: int) -> bool:
    rest = total - LIMIT
    return rest > 0

def slug(item):
    return item.lower() if exceeds(len(item)) else item

class Orders(WorkflowEntrypoint):
    def is_due(self, order):
        return exceeds(order.total)

    async def run(self, event, step):
        def is_new(order):
            return order.age < 3

        if exceeds(event.total) and self.is_due(event) and is_new(event):
            await step.sleep(f"nap {slug(event.name)}", 1)
"""


def defined(code: str) -> list[str]:
    """Return the definitions of the condition and the name in `CALLING`."""
    (workflow,) = analyze_source(code).workflows
    return [texts.definition for _, texts in workflow.comparable_details.texts if texts.definition]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("exceeds", "is_more"),
        ("slug", "short"),
        ("is_due", "is_late"),
        ("is_new", "is_young"),
        ("total: int) -> bool", "total)"),
        ("rest", "more"),
        ("LIMIT", "MAX"),
        ("    rest =", '    """Compare."""\n    rest ='),
        ("item.lower()", "(item).lower()"),
    ],
)
def test_names_of_functions_without_steps_do_not_matter(old: str, new: str) -> None:
    assert defined(CALLING.replace(old, new)) == defined(CALLING)
    assert len(defined(CALLING)) == 2


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("LIMIT = 500", "LIMIT = 501", 2),
        ("rest > 0", "rest >= 0", 2),
        ("item.lower()", "item.upper()", 1),
        ("order.total", "order.price", 1),
        ("order.age < 3", "order.age < 4", 1),
    ],
)
def test_the_code_of_functions_without_steps_matters(old: str, new: str, changed: int) -> None:
    pairs = zip(defined(CALLING), defined(CALLING.replace(old, new)), strict=True)
    assert sum(before != after for before, after in pairs) == changed


@pytest.mark.slow
def test_recursive_functions_are_recognized() -> None:
    code = CALLING.replace("item.lower()", "slug(item[1:])")
    assert defined(code) == defined(code.replace("slug", "short"))
    assert defined(code) != defined(code.replace("1:", "2:"))


@pytest.mark.slow
def test_constants_of_classes_matter() -> None:
    code = CALLING.replace("    def is_due", "    SIZE = 3\n\n    def is_due").replace(
        "exceeds(event.total)", "self.SIZE > 1"
    )
    assert defined(code) == defined(code.replace("SIZE", "MAX"))
    assert defined(code) != defined(code.replace("SIZE = 3", "SIZE = 4"))


@pytest.mark.slow
def test_long_functions_are_recognized_by_their_text() -> None:
    code = CALLING.replace("    return rest", "    rest += 0\n" * 2_500 + "    return rest")
    assert "u_" in str(defined(code))
    assert defined(code) != defined(f"{code}\n")


@pytest.mark.slow
def test_many_functions_that_call_each_other_have_digests() -> None:
    calls = "".join(f"    x = f{number}(x)\n" for number in range(30))
    functions = "".join(f"def f{number}(x):\n{calls}    return x\n" for number in range(30))
    code = CALLING.replace("class Orders", f"{functions}\nclass Orders").replace("exceeds(event.total)", "f0(event)")
    assert "f_" in str(defined(code))


FILLED = """
$1 = []
for $2 in event:
    $1.append($2)
if $1:
    await step.sleep("nap", 1)
"""


def test_mutations_of_collections_matter() -> None:
    (expected,) = definitions(named(FILLED, "rows", "row"))
    assert definitions(named(FILLED, "lines", "line")) == [expected]
    assert definitions(named(FILLED, "rows", "row").replace("append", "extend")) != [expected]
    assert definitions(named(FILLED, "rows", "row").replace("in event", "in event[1:]")) != [expected]


def test_passes_of_loops_matter_after_the_loop() -> None:
    code = f"x = 0\nfor i in range(3):\n    x += 1\nif x == 3:\n    {NAP}"
    (expected,) = definitions(code)
    assert expected == "__0 == 3 with __0 = ((0); AddAssign (1); for each of range(3) at 1,2)"


@pytest.mark.parametrize("change", ["rows.append(1)", "x += 1", "note(rows)"])
def test_the_branch_that_contains_a_change_matters(change: str) -> None:
    rest = f"\nif rows or x:\n    {NAP}"
    head = "def note(rows):\n    rows.append(1)\nrows = []\nx = 0\n"
    branches = (f"if event.a:\n    {change}\nelse:\n    pass", f"if event.a:\n    pass\nelse:\n    {change}", change)
    assert len({str(definitions(f"{head}{each}{rest}")) for each in branches}) == 3


def test_the_condition_of_each_change_matters() -> None:
    code = f"x = 0\nif event.a:\n    x += 1\nif event.b:\n    x += 2\n    x += 3\nif x:\n    {NAP}"
    moved = code.replace("    x += 1\nif event.b:\n    x += 2\n", "    x += 1\n    x += 2\nif event.b:\n")
    assert definitions(code) != definitions(moved)


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        (
            f"x = 0\nfor i in range(3):\n    if x:\n        {NAP}\n        x += 1",
            f"x = 0\nfor i in range(3):\n    if x:\n        {NAP}\n    x += 1",
        ),
        (
            f"x = 0\nfor i in range(3):\n    x += 1\n    if x:\n        {NAP}",
            f"x = 0\nx += 1\nfor i in range(3):\n    if x:\n        {NAP}",
        ),
        (
            f"x = 0\nfor i in event:\n    for j in i:\n        if x:\n            {NAP}\n        x += 1",
            f"x = 0\nfor i in event:\n    for j in i:\n        if x:\n            {NAP}\n    x += 1",
        ),
        (
            f"rows = []\nfor i in event:\n    if i:\n        if rows:\n            {NAP}\n        rows.append(i)",
            f"rows = []\nfor i in event:\n    if i:\n        if rows:\n            {NAP}\n    rows.append(i)",
        ),
    ],
    ids=["own block", "loop", "outer loop", "condition"],
)
def test_a_change_in_a_repeated_block_around_the_read_matters(inside: str, outside: str) -> None:
    assert definitions(inside) != definitions(outside)


def test_a_block_around_all_changes_and_the_read_does_not_matter() -> None:
    code = f"x = 0\nfor i in event:\n    if x:\n        {NAP}\n    x += 1"
    wrapped = "for each in event:\n" + indent(code, "    ")
    assert definitions(code)[-1] == definitions(wrapped)[-1]


CHOSEN = 'if event["eu"]:\n    x = event["a"]\nelse:\n    x = "b"'
NAMED = '\nawait step.sleep(f"nap {x}", 1)'


@pytest.mark.parametrize(
    "body",
    [
        'x = event["a"] if event["eu"] else "b"',
        'x = "b" if not event["eu"] else event["a"]',
        'if not event["eu"]:\n    x = "b"\nelse:\n    x = event["a"]',
        'x = "b"\nif event["eu"]:\n    x = event["a"]',
        'is_eu = event["eu"]\nif is_eu:\n    y = event["a"]\n    x = y\nelse:\n    x = "b"',
    ],
)
def test_choices_equal_conditional_expressions(body: str) -> None:
    assert definitions(body + NAMED) == definitions(CHOSEN + NAMED) != []


@pytest.mark.parametrize(
    "body",
    [
        'x = "b" if event["eu"] else event["a"]',
        'if not event["eu"] and event["b"]:\n    x = "b"\nelse:\n    x = event["a"]',
        'x = "b"\nif event["eu"]:\n    x += event["a"]',
        'x = "b"\nfor y in event:\n    if event["eu"]:\n        x = event["a"]',
        f'{CHOSEN}\nx = "b"',
    ],
)
def test_other_choices_matter(body: str) -> None:
    assert definitions(body + NAMED) != definitions(CHOSEN + NAMED)


@pytest.mark.slow
def test_choices_in_loops_may_keep_earlier_values() -> None:
    choice = 'if y["eu"]:\n    x = y["a"]' + NAMED
    before, inside = (
        definitions('x = "b"\nfor y in event:\n' + indent(choice, "    ")),
        definitions("for y in event:\n" + indent(f'x = "b"\n{choice}', "    ")),
    )
    assert before != inside


COUNTED = """
n = 0
for item in event["items"]:
    if item["old"]:
        continue
    if item["ok"]:
        n += 1
if n > 1:
    await step.sleep("nap", 1)
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("n += 1", "n = n + 1"),
        ('if item["ok"]:', 'if not not item["ok"]:'),
        ('    if item["ok"]:', '    is_ok = item["ok"]\n    if is_ok:'),
        ('    if item["old"]:', '    is_old = item["old"]\n    if is_old:'),
    ],
)
def test_the_form_of_assignments_in_loops_does_not_matter(old: str, new: str) -> None:
    assert definitions(COUNTED.replace(old, new)) == definitions(COUNTED) != []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("n += 1", "n = n + 2"),
        ("n += 1", "n = 1 + 1"),
        ("n += 1", 'n = n + item["n"]'),
        ('if item["ok"]:', 'if not item["ok"]:'),
        ('item["old"]', 'item["new"]'),
    ],
)
def test_the_values_of_assignments_in_loops_matter(old: str, new: str) -> None:
    assert definitions(COUNTED.replace(old, new)) != definitions(COUNTED)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x *= 2", "x = x * 2"),
        ('x += "ab"', 'x = x + "ab"'),
        ("x[event.pop()] += 1", "x[event.pop()] = x[event.pop()] + 1"),
        ("class Box:\n    def __iadd__(self, n): ...\nx += 1", "class Box:\n    def __iadd__(self, n): ...\nx = x + 1"),
    ],
)
def test_assignments_of_objects_that_may_change_in_place_matter(old: str, new: str) -> None:
    changed, unchanged = (definitions(f"x = event\n{text}{NAMED}") for text in (new, old))
    assert changed != unchanged


def test_loops_that_an_assignment_ends_do_not_matter() -> None:
    tested = f"if x:\n    {NAP}"
    retried = f"for attempt in range(3):\n    try:\n        x = event.pop()\n        break\n    except E: ...\n{tested}"
    assert definitions(retried) == definitions(f"x = event.pop()\n{tested}") != []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            'n = 0\nwhile event:\n    await step.sleep(f"nap {n}", 1)\n    n += 1',
            'n = 0\nwhile event:\n    n += 1\n    await step.sleep(f"nap {n}", 1)',
        ),
        (f"n = 0\nif n:\n    {NAP}\nn = 1", f"n = 0\nn = 1\nif n:\n    {NAP}"),
    ],
)
def test_assignments_before_and_after_a_use_differ(before: str, after: str) -> None:
    assert definitions(before) != definitions(after)


def test_functions_may_run_after_all_assignments() -> None:
    code = 'n = 0\nasync def nap():\n    await step.sleep(f"nap {n}", 1)\nn = 1\nawait nap()'
    assert definitions(code) == ["nap \0__0\0 with __0 = ((0); (1))"]
