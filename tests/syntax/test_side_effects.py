"""Definitions of conditions and names whose values depend on the side effects of other code."""

from __future__ import annotations

from textwrap import indent

import pytest

from tests.syntax.test_variable_definitions import definitions_in

COUNTER = "    def bump(self, k):\n        self.n += k"
FILL = "def fill(items, n):\n    items.extend([0] * n)"
REFILL = "def fill(items, n):\n    append(n)\ndef append(n):\n    n.append(0)"
LOOK = "    async def look(self, step):\n        if self.n > 2:\n            await step.sleep('look', 1)"
DATA = "from dataclasses import dataclass\n@dataclass\nclass Pair:\n    n: int = 3"
PUT = "class Box:\n    n = 0\n    def put(self, n):\n        self.n = n"
GUARDED = COUNTER.replace("self.n", "if k > 5:\n            return\n        self.n")
RETURNING = f"{COUNTER}\n        return\n        self.n += 5\n"
TAKE = "    def take(self):\n        self.n += 1\n        return True"
ONE_OR_THREE = (
    "    def set(self, is_small):\n        if is_small:\n            self.n = 1\n        else:\n            self.n = 3"
)


def source_of(body: str, value: str, members: str = "", module: str = "") -> str:
    """Return a workflow that tests a value after the statements in `run`."""
    statements = indent(f'{body}\nif {value} > 2:\n    await step.sleep("nap", 1)', " " * 8)
    head = f"{module}\nfrom workers import WorkflowEntrypoint\nclass Orders(WorkflowEntrypoint):\n{members}\n"
    return f"{head}    async def run(self, event, step):\n{statements}\n"


@pytest.mark.parametrize(
    ("body", "value", "members", "module", "old", "new"),
    [
        ("self.n = 0\nself.bump(1)", "self.n", COUNTER, "", "bump(1)", "bump(3)"),
        ("self.n = 0\nself.bump(1)", "self.n", COUNTER, "", "+= k", "-= k"),
        ("self.n = 0\nself.bump(1)", "self.n", COUNTER, "", "self.bump(1)", "self.bump(1); self.bump(1)"),
        ("self.n = 3; self.n = 1", "self.n", "", "", "self.n = 3; self.n = 1", "self.n = 1; self.n = 3"),
        ("self.set(True)", "self.n", ONE_OR_THREE, "", "set(True)", "set(False)"),
        ("items = []\nfill(items, 1)", "len(items)", "", FILL, "(items, 1)", "(items, 3)"),
        ("items = []\nfill(items, 1)", "len(items)", "", FILL, "[0] * n", "[0, 1] * n"),
        ("items = []\nfill([], n=items)", "len(items)", "", REFILL, "append(0)", "append(1)"),
        ("items = []\nfill([], items)", "len(items)", "", f"@swapped\n{FILL}", "[0] * n", "[0, 1] * n"),
        ("items = []\nother = items\nother.append(1)", "len(items)", "", "", "append(1)", "extend([1, 2])"),
        ("pair = Pair(1)", "pair.n", "", DATA, "Pair(1)", "Pair(2)"),
        ("pair = Pair()", "pair.n", "", DATA, "Pair()", "Pair(n=2)"),
        ("box = Box()\nx = box.put(1)", "box.n", "", PUT, "put(1)", "put(3)"),
        ("self.box = Box()\nself.box.put(1)", "self.box.n", "", PUT, "put(1)", "put(3)"),
        ("setattr(self, 'n', 1)", "self.n", "", "", "'n', 1", "'n', 3"),
        ("self.n = 1", "getattr(self, 'n')", "", "", "= 1", "= 3"),
        ("vars(self)['n'] = 1", "self.n", "", "", "] = 1", "] = 3"),
        ("pass", "type(self).n", "    n = 1", "", "n = 1", "n = 3"),
        ("put(1)", "n", "", "n = 0\ndef put(k):\n    global n\n    n = k", "put(1)", "put(3)"),
        ("n = 0\ndef put(k):\n    nonlocal n\n    n = k\nput(1)", "n", "", "", "put(1)", "put(3)"),
        ("for self.n in [1]:\n    pass", "self.n", "", "", "[1]", "[3]"),
        ("for x in [0, 1, 2]:\n    if x > 0:\n        break\nn = x", "n", "", "", "x > 0", "x > 1"),
        ("try:\n    raise ValueError(1)\nexcept ValueError as e:\n    n = e.args[0]", "n", "", "", "(1)", "(3)"),
        ("n = 3\ntry:\n    int('x')\nexcept ValueError:\n    n = 1", "n", "", "", "int('x')", "int('0')"),
        ("n = 1\nmatch event:\n    case 5:\n        n = 3", "n", "", "", "case 5", "case 6"),
        ("k = iter(event); next(k)", "next(k)", "", "", "; next(k)", "; next(k); next(k)"),
    ],
)
def test_side_effects_are_part_of_definitions(
    body: str, value: str, members: str, module: str, old: str, new: str
) -> None:
    source = source_of(body, value, members, module)
    assert definitions_in(source.replace(old, new)) != definitions_in(source)


@pytest.mark.parametrize(
    ("body", "value", "members", "module", "old", "new"),
    [
        ("self.n = 0\nself.bump(1)", "self.n", COUNTER, "", "self.bump(1)", "self.bump(k=1)"),
        ("self.n = 0\nself.bump(1)", "self.n", COUNTER.replace("k", "amount"), "", "amount", "number"),
        ("self.n = 0\nself.m = 1", "self.n", "", "", "self.m = 1", "self.m = 3"),
        ("items = []\nfill([], items)", "len(items)", "", FILL, "[0] * n", "[0, 1] * n"),
        ("items = []\nfill(n=items, items=[])", "len(items)", "", FILL, "[0] * n", "[0, 1] * n"),
        ("self.n = 1", "self.n", "", "", "self.n = 1", "self.n: int = 1"),
        ("self.n = 0\nself.n += 1", "self.n", "", "", "self.n += 1", "self.n = self.n + 1"),
        ("self.n = 1", "self.n", "", "", "self.n = 1", "self.n = 1; print(self)"),
        (
            "items = []\nfill(items, 1)",
            "len(items)",
            "",
            FILL,
            "items.extend([0] * n)",
            "items.extend([0]*n)  # x",
        ),
        ("items = []\nfill(items, 1)", "len(items)", "", FILL, "fill", "add_zeros"),
    ],
)
def test_equal_side_effects_do_not_change_definitions(
    body: str, value: str, members: str, module: str, old: str, new: str
) -> None:
    source = source_of(body, value, members, module)
    assert definitions_in(source.replace(old, new)) == definitions_in(source)


CART = (
    "class Cart:\n    def __init__(self, items): self.items = items\n    def add(self, n): self.items.extend([0] * n)"
)
DERIVED = f"{CART}\nclass Basket(Cart): pass"
FILLER = "class Filler:\n    def __init__(self, items): items.extend([0] * 1)"
LISTED = f"{DATA.replace('n: int = 3', 'items: list')}\n    def add(self, n): self.items.extend([0] * n)"


@pytest.mark.parametrize(
    ("body", "module", "old", "new"),
    [
        ("self.items = items\nself.items.append(1)", "", "append(1)", "extend([1, 2])"),
        ("cart = Cart(items)\ncart.add(1)", CART, "[0] * n", "[0, 1] * n"),
        ("cart = Basket(items)\ncart.add(1)", DERIVED, "[0] * n", "[0, 1] * n"),
        ("pair = Pair(items)\npair.add(1)", LISTED, "[0] * n", "[0, 1] * n"),
        ("Filler(items)", FILLER, "[0] * 1", "[0] * 3"),
    ],
    ids=["attribute", "initializer", "base class", "data class", "changed parameter"],
)
def test_attributes_that_share_objects_have_side_effects(body: str, module: str, old: str, new: str) -> None:
    source = source_of(f"items = []\n{body}", "len(items)", module=module)
    assert definitions_in(source.replace(old, new)) != definitions_in(source)


def test_other_objects_of_an_attribute_have_no_side_effects() -> None:
    source = source_of("items = []\nself.others = []\nself.others.append(1)", "len(items)")
    assert definitions_in(source.replace("append(1)", "extend([1, 2])")) == definitions_in(source)


REGISTER = "n = 0\ndef register(kind):\n    global n\n    n += kind.size\n    return kind\n"
NAMED = "names = []\ndef register(function):\n    names.append(function.__name__)\n    return function\n"
SUBCLASS = "n = 0\nclass Base:\n    def __init_subclass__(cls):\n        global n\n        n += cls.size\n"
META = "n = 0\nclass Meta(type):\n    def __init__(cls, *args):\n        global n\n        n += 1\n"
MEMBER = "n = 0\nclass Member:\n    def __set_name__(self, owner, name):\n        global n\n        n += len(name)\n"


@pytest.mark.parametrize(
    ("module", "value", "old", "new"),
    [
        (f"{REGISTER}class A:\n    size = 1", "n", "class A", "@register\nclass A"),
        (f"{REGISTER}@register\nclass A:\n    size = 1", "n", "size = 1", "size = 3"),
        (f"{NAMED}@register\ndef a(): pass", "names[0]", "def a", "def b"),
        (f"{SUBCLASS}class A(Base):\n    size = 1", "n", "size = 1", "size = 3"),
        (f"{META}class A(metaclass=Meta): ...", "n", "...", "...\nclass B(A): ..."),
        (f"{MEMBER}class A:\n    a = Member()", "n", "a = Member()", "total = Member()"),
    ],
    ids=["decorator", "attribute", "name", "subclass", "metaclass", "member"],
)
def test_definitions_have_side_effects(module: str, value: str, old: str, new: str) -> None:
    source = source_of("pass", value, module=module)
    assert definitions_in(source.replace(old, new)) != definitions_in(source)


def test_bodies_of_registered_functions_have_no_side_effects() -> None:
    source = source_of("pass", "names[0]", module=f"{NAMED}@register\ndef a():\n    return 1")
    assert definitions_in(source.replace("return 1", "return 2")) == definitions_in(source)


def test_extracting_a_method_does_not_change_definitions() -> None:
    extracted = source_of("self.n = 0\nself.bump(1)", "self.n", COUNTER)
    assert definitions_in(extracted) == definitions_in(source_of("self.n = 0\nself.n += 1", "self.n"))


def test_bodies_of_steps_have_no_side_effects() -> None:
    ship = "    async def ship(self):\n        self.n = 2"
    source = source_of("self.n = 1\nawait step.do('ship')(self.ship)()", "self.n", ship)
    assert definitions_in(source.replace("self.n = 2", "self.n = 3")) == definitions_in(source)


def test_unknown_names_have_digests() -> None:
    source = source_of("with event as n:\n    pass\nawait step.sleep(f'nap {n}', 1)", "1")
    assert definitions_in(source.replace("with event", "with event['a']")) != definitions_in(source)


@pytest.mark.slow
def test_settings_of_waits_do_not_matter() -> None:
    wait = "try:\n    x = await step.wait_for_event('go', 'go', timeout='1 hour')\nexcept Exception:\n    x = None"
    source = source_of(f"n = 0\n{wait}\nmatch x:\n    case 1:\n        n = 1", "n")
    assert definitions_in(source.replace("1 hour", "2 days")) == definitions_in(source)


@pytest.mark.parametrize(
    ("body", "after"),
    [
        ("self.n = 1", "self.n = 5"),
        ("self.n = 0\nself.bump(1)", "self.bump(2)"),
        ("n = 1", "n = 5"),
        ("n = []\nn.append(1)", "n.append(2)"),
        ("for n in [1]:\n    pass", "for n in event:\n    if n:\n        break"),
    ],
)
def test_writes_after_a_read_do_not_change_definitions(body: str, after: str) -> None:
    value = "n" if body[0] != "s" else "self.n"
    source = source_of(body, value, COUNTER)
    assert definitions_in(f"{source}{indent(after, ' ' * 8)}\n") == definitions_in(source)


def test_writes_after_a_read_in_a_loop_change_definitions() -> None:
    source = source_of("self.n = 0\nfor x in event:\n    await self.look(step)\n    self.n += 1", "1", LOOK)
    assert definitions_in(source.replace("+= 1", "+= 2")) != definitions_in(source)


def test_writes_of_tasks_concurrent_with_a_read_count() -> None:
    source = source_of("t = asyncio.create_task(self.look(step))\nself.n = 1\nawait t", "1", LOOK, "import asyncio")
    assert definitions_in(source.replace("self.n = 1", "self.n = 5")) != definitions_in(source)


@pytest.mark.slow
def test_writes_of_functions_called_before_change_definitions() -> None:
    source = source_of("self.n = 0\nself.bump(1)\nawait self.look(step)", "1", f"{COUNTER}\n{LOOK}")
    assert definitions_in(source.replace("bump(1)", "bump(2)")) != definitions_in(source)
    moved = source.replace("        self.bump(1)\n", "").replace("(step)\n", "(step)\n        self.bump(1)\n")
    assert definitions_in(moved) != definitions_in(source)


def test_runs_of_other_workflows_have_no_effects() -> None:
    runner = "class Runner:\n    def run(self):\n        pass"
    source = source_of("self.n = 1\nRunner().run()", "self.n", module=runner)
    other = "class Others(WorkflowEntrypoint):\n    async def run(self, event, step):\n        self.n = 1\n"
    both = f"{source}{other}"
    assert definitions_in(both.replace("self.n = 1\n", "self.n = 2\n")) != definitions_in(both)
    assert definitions_in(f"{source}{other.replace('= 1', '= 2')}") == definitions_in(both)


def test_members_that_code_assigns_have_no_constant_value() -> None:
    source = source_of("self.setup(event)\nawait step.sleep(f'nap {self.kind}', 1)", "1", "    kind = 'std'\n")
    setup = "    def setup(self, event):\n        self.kind = event['kind']\n"
    assert "nap std" not in str(definitions_in(f"{source}{setup}"))


def test_mutations_after_an_assignment_of_the_object_count() -> None:
    source = source_of("d = {}\nl = [d]\nd['n'] = 1", "l[0]['n']")
    assert definitions_in(source.replace("= 1", "= 3")) != definitions_in(source)


def test_loops_over_one_name_define_variables_of_their_own() -> None:
    fill = "items = []\nfor x in event:\n    items.append(x)\nfor x in items:\n    await step.sleep(f'nap {x}', 1)"
    source = source_of(fill, "1")
    renamed = source.replace("for x in event", "for y in event").replace("append(x)", "append(y)")
    assert definitions_in(renamed) == definitions_in(source)


BASE = "class Base:\n    def __init__(self, n):\n        self.n = n\n{put}"
DERIVED = "class {name}(Base):\n    def __init__(self, n):\n        super().__init__(n)\n        self.n = self.n + 1\n"
PUT_TWICE = "    def put(self, n):\n        self.n = n * 2\n"
PUT_IN_SUPER = "class First({base}):\n    def set(self, n):\n        super().put(n)\n"


@pytest.mark.slow
def test_many_subclasses_initialize_their_base() -> None:
    subclasses = "".join(DERIVED.format(name=f"Box{number}") for number in range(8))
    module = f"{BASE.format(put='')}{subclasses}def other():\n    return 5"
    source = source_of("box = Box1(event['n'])\nbox.n += 1", "box.n", "", module)
    assert definitions_in(source) == definitions_in(source.replace("return 5", "return 6"))
    assert definitions_in(source) != definitions_in(source.replace("self.n = n", "self.n = n + 7"))


@pytest.mark.parametrize(
    ("classes", "base", "expected"),
    [
        (BASE.format(put=PUT_TWICE), "Base", True),
        (f"{BASE.format(put='')}class Second(Base):\n{PUT_TWICE}", "Base", True),
        (f"class Second:\n{PUT_TWICE}", "made(Second)", True),
        (f"{BASE.format(put='')}class Alone:\n{PUT_TWICE}", "Base", False),
    ],
    ids=["base", "sibling", "unknown base", "unrelated"],
)
def test_super_runs_methods_of_other_bases_of_an_object(classes: str, base: str, *, expected: bool) -> None:
    both = "class Both(First, Second):\n    pass\n" if "Second" in classes else ""
    module = f"{classes}{PUT_IN_SUPER.format(base=base)}{both}"
    source = source_of("box = make(event)\nbox.set(1)", "box.n", "", module)
    before, after = (definitions_in(each)[0].rpartition(" = ")[2] for each in (source, source.replace("* 2", "* 3")))
    assert before.startswith("<effects")
    assert (before != after) is expected


@pytest.mark.parametrize(
    ("write", "read"),
    [
        ("self.n = 1", "n = self.n"),
        ("self.bump(1)", "n = self.n"),
        ("items.append(1)", "n = len(items)"),
        ("fill(items, 1)", "n = len(items)"),
        ("box.n = 1", "n = box.n"),
        ("box.put(1)", "n = box.n + 1"),
        ("self.n = 1", "n = 5 if event else self.n"),
    ],
)
def test_writes_before_and_after_a_copy_differ(write: str, read: str) -> None:
    before, after = (f"items = []\nbox = Box()\n{text}" for text in (f"{write}\n{read}", f"{read}\n{write}"))
    module = f"{FILL}\n{PUT}"
    assert definitions_in(source_of(before, "n", COUNTER, module)) != definitions_in(
        source_of(after, "n", COUNTER, module)
    )


def test_copies_of_objects_in_front_of_another_assignment_of_their_attribute_differ() -> None:
    copy, rebind = "copy = self.box", "self.box = Box()\nself.box.put(event)"
    before, after = (f"self.box = Box()\n{text}" for text in (f"{copy}\n{rebind}", f"{rebind}\n{copy}"))
    definitions = definitions_in(source_of(before, "copy.n", module=PUT))
    assert definitions != definitions_in(source_of(after, "copy.n", module=PUT))


@pytest.mark.parametrize(
    ("write", "value"),
    [
        ("n = number", "n"),
        ("self.n += 1", "self.n"),
        ("self.bump(1)", "self.n"),
        ("items.append(number)", "len(items)"),
        ("fill(items, 1)", "len(items)"),
        ("box.n += 1", "box.n"),
    ],
)
def test_writes_before_and_after_a_use_in_a_loop_differ(write: str, value: str) -> None:
    use = f"if {value} > 2:\n    await step.sleep('nap', 1)"
    before, after = (
        source_of(
            f"items = []\nbox = Box()\nfor number in event:\n{indent(text, '    ')}", "1", COUNTER, f"{FILL}\n{PUT}"
        )
        for text in (f"{write}\n{use}", f"{use}\n{write}")
    )
    assert definitions_in(before) != definitions_in(after)


@pytest.mark.parametrize(
    ("body", "value"),
    [("self.n = 1", "self.n"), ("n = [1]\nn.append(1)", "len(n)"), ("self.n = 1\nk = 1", "self.n + k")],
)
def test_copies_after_all_writes_do_not_change_definitions(body: str, value: str) -> None:
    copied = source_of(f"{body}\ncopy = {value}", "copy")
    assert definitions_in(copied) == definitions_in(source_of(body, value))


def test_copies_before_other_writes_do_not_change_definitions() -> None:
    copied = source_of("self.n = 1\ncopy = self.n\nself.m = 2", "copy")
    assert definitions_in(copied) == definitions_in(source_of("self.n = 1\nself.m = 2", "self.n"))


def test_objects_made_before_a_write_do_not_change_definitions() -> None:
    """Extracting a method leaves the definition of an attribute of the object as it is."""
    put = PUT.replace("    def put", "    def __init__(self):\n        self.n = 1\n    def put")
    source = source_of("box = Box()\nbox.put(3)", "box.n", "", put)
    method = "    async def look(self, box, step):\n        if box.n > 2:\n            await step.sleep('nap', 1)"
    extracted = source_of("box = Box()\nbox.put(3)\nawait self.look(box, step)", "1", method, put)
    assert definitions_in(source)[0] in definitions_in(extracted)


@pytest.mark.parametrize(
    ("body", "members", "old", "new"),
    [
        ("self.n = 0\nself.bump(1)", GUARDED, "if k > 5", "if k > 6"),
        ("self.n = 0\nself.bump(1)", GUARDED, "            return\n", "            raise ValueError\n"),
        ("for x in event:\n    if x:\n        continue\n    self.n += 1", "", "if x", "if not x"),
        ("for x in event:\n    self.n += 1\n    if x:\n        break", "", "if x", "if not x"),
        ("for x in event:\n    if x:\n        break\n    else:\n        self.n += 1", "", "break", "pass"),
        ("for x in event:\n    if x:\n        break\nelse:\n    self.n += 1", "", "break", "pass"),
        ("while self.take():\n    if event:\n        break", TAKE, "if event", "if not event"),
        ("for x in event:\n    self.n += 1\n    if x:\n        continue\n    break", "", "if x", "if not x"),
    ],
)
def test_jumps_that_skip_effects_are_part_of_them(body: str, members: str, old: str, new: str) -> None:
    source = source_of(body, "self.n", members)
    assert definitions_in(source.replace(old, new)) != definitions_in(source)


@pytest.mark.parametrize(
    ("body", "members", "old", "new"),
    [
        ("self.n = 0\nself.bump(1)", COUNTER, "self.n += k", "self.n += k\n        if k > 5:\n            return"),
        ("if event:\n    return\nself.n = 1", "", "if event", "if not event"),
        ("for x in event:\n    self.n += 1\n    if x:\n        continue", "", "if x", "if not x"),
        ("for x in event:\n    for y in x:\n        if y:\n            break\n    self.n += 1", "", "if y", "if not y"),
        ("for x in event:\n    if x:\n        continue\n    else:\n        self.n += 1", "", "continue", "pass"),
        ("self.n = 0\nself.bump(1)", RETURNING, "        self.n += 5\n", ""),
    ],
)
def test_jumps_that_skip_no_effects_are_not_part_of_them(body: str, members: str, old: str, new: str) -> None:
    source = source_of(body, "self.n", members)
    before, after = (definitions_in(each)[-1] for each in (source, source.replace(old, new)))
    assert before == after
