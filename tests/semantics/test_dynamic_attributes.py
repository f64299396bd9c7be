"""`getattr`."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.dynamic_attributes import BOTH, HEAD, graph_of
from tests.semantics.notation import graph_of_module, module_of, notation, text


@pytest.mark.parametrize("name", ['"handle_" + kind', 'f"handle_{kind}"', 'f"{kind}dle_{event}"'])
def test_other_methods_are_left_out(name: str) -> None:
    graph = graph_of(f'kind = event["kind"]\nawait getattr(self, {name})(step)')
    assert [line for line in graph.splitlines() if line.startswith("|")] == ['| case "handle_a"', '| case "handle_b"']


@pytest.mark.parametrize("change", ['name += "_b"', "name = name.lower()", "for name in names:\n    pass"])
def test_a_variable_with_an_unknown_name(change: str) -> None:
    names = 'names = event["names"]\nname = f"handle_{event["kind"]}"'
    body = f"{names}\n{change}\nawait getattr(self, name)(step)"
    source = HEAD + textwrap.indent(body, " " * 8)
    assert not module_of(source).workflows[0].complete


def test_a_table_of_names_is_a_switch_on_its_key() -> None:
    assert graph_of('kind = event["kind"]\nawait getattr(self, self.TABLE[kind])(step)') == text(f"""
    switch kind
    | case "A"
      call handle_a
    | case "B"
      call handle_b{BOTH}""")


@pytest.mark.parametrize("names", ['("handle_a", "handle_b")', '["handle_a", "handle_b"]', "self.STAGES"])
def test_a_loop_over_names_is_unrolled(names: str) -> None:
    assert graph_of(f"for stage in {names}:\n    await getattr(self, stage)(step)") == text(f"""
    call handle_a
    call handle_b{BOTH}""")


def test_a_constant_name_is_an_attribute() -> None:
    assert graph_of('await getattr(self, "other")(step)').splitlines()[0] == "call other"


def test_a_default_is_used_for_a_missing_attribute() -> None:
    body = 'hook = getattr(self, "after", None)\nif hook:\n    await hook(step)\nawait self.other(step)'
    assert graph_of(body).splitlines()[0] == "call other"


def test_an_unknown_name_is_reported_once() -> None:
    source = f"{HEAD}        await getattr(self, event['kind'])(step)\n        await self.other(step)\n"
    workflow = module_of(source).workflows[0]
    assert [note.code for note in workflow.notes] == ["unresolved-call"]
    assert not workflow.complete


SPECS = """        specs = [{"name": "x", "handler": "handle_a"}, {"name": "y", "handler": "handle_b"}]
"""


@pytest.mark.parametrize("name", ['spec["handler"]', 'spec.get("handler")'])
def test_a_loop_over_tables_with_a_name_is_unrolled(name: str) -> None:
    source = f"{HEAD}{SPECS}        for spec in specs:\n            await getattr(self, {name})(step)\n"
    assert graph_of_module(source) == text("""
        call handle_a
        call handle_b
        def handle_a
          sleep 'a' 1
        def handle_b
          sleep 'b' 1
    """)


@pytest.mark.parametrize(
    "head",
    [
        "for spec in table.values():",
        "for key, spec in table.items():",
        "spec = table[event]\n        if event:",
        "spec = table.get(event)\n        if event:",
    ],
)
def test_a_name_in_one_of_several_tables_is_a_switch(head: str) -> None:
    tables = """        list_ = [{"handler": "handle_a"}, {"handler": "handle_b"}]
        table = {"a": {"handler": "handle_a"}, "b": {"handler": "handle_b"}}
"""
    graph = graph_of_module(f"{HEAD}{tables}        {head}\n            await getattr(self, spec['handler'])(step)\n")
    assert "switch spec['handler']\n" in graph
    assert "call handle_a\n" in graph
    assert "call handle_b\n" in graph


@pytest.mark.parametrize(
    "change",
    [
        "spec['handler'] = 'other'",
        "spec.update(handler='other')",
        "spec = {'handler': event}",
        "specs[0]['handler'] = 'other'",
    ],
)
def test_a_name_in_a_changing_table_is_reported(change: str) -> None:
    body = f"        for spec in specs:\n            {change}\n            await getattr(self, spec['handler'])(step)\n"
    assert not module_of(f"{HEAD}{SPECS}{body}").workflows[0].complete


def test_a_class_with_an_unknown_base_is_reported() -> None:
    source = f"from library import Base\n{HEAD}        await getattr(self, f'handle_{{event}}')(step)\n"
    assert not module_of(source.replace("W(WorkflowEntrypoint)", "W(Base, WorkflowEntrypoint)")).workflows[0].complete


CALL = """
async def call(name):
    await getattr(self, name)(step)
"""


def test_a_constant_argument_names_an_attribute() -> None:
    assert graph_of(CALL + 'await call("handle_b")\nawait call("other")') == text("""
        call call
        call call #2
        def call
          call handle_b
        def handle_b
          sleep 'b' 1
        def call #2
          call other
        def other
          sleep 'other' 1
    """)


def test_none_names_no_attribute() -> None:
    call = CALL.replace("    await", "    if name is not None:\n        await", 1)
    assert graph_of(call + 'await call(None)\nawait call("other")') == text("""
        call call
        def call
          if name is not None
            call other
        def other
          sleep 'other' 1
    """)


def test_a_parameter_assigned_in_a_branch_names_either_attribute() -> None:
    body = (
        CALL.replace("    await", '    if event:\n        name = "handle_a"\n    await', 1) + 'await call("handle_b")'
    )
    assert [line for line in graph_of(body).splitlines() if "|" in line] == [
        '  | case "handle_a"',
        '  | case "handle_b"',
    ]


def test_a_parameter_names_the_attribute_to_set() -> None:
    body = 'def put(name, fn):\n    setattr(self, name, fn)\n\nput("other", self.handle_a)\nawait self.other(step)'
    assert graph_of(body) == "call handle_a\ndef handle_a\n  sleep 'a' 1"


def test_one_of_several_values_of_any_attribute_is_a_switch_on_its_source() -> None:
    body = """
        for name in ("x", "y"):
            setattr(self, f"run_{name}", self.handle_a if event else self.handle_b)
        await self.run_x(step)
    """
    assert graph_of(body).splitlines()[0] == "switch self.run_x"


@pytest.mark.parametrize("pairs", ['(("x", self.handle_a), ("y", self.other))', '{"x": self.handle_a, "y": h}.items()'])
def test_a_loop_over_pairs_sets_attributes(pairs: str) -> None:
    body = f"h = self.other\nfor name, fn in {pairs}:\n    setattr(self, name, fn)\nawait self.x(step)"
    assert graph_of(body) == "call handle_a\ndef handle_a\n  sleep 'a' 1"


@pytest.mark.parametrize(
    "assignment",
    [
        'name = "handle_a" if event else "handle_b"',
        'if event:\n    name = "handle_a"\nelse:\n    name = "handle_b"',
        'other = "handle_b"\nname = "handle_a" if event else other',
        'name = self.TABLE[event["kind"]]',
        'table = {"A": "handle_a"}\nname = table.get(event["kind"], "handle_b")',
        'table = {"A": ("handle_a", 1), "B": ("handle_b", 2)}\nname, limit = table[event["kind"]]',
    ],
)
@pytest.mark.parametrize("read", ["getattr(self, name)(step)", "(lambda: getattr(self, name))()(step)"])
def test_a_name_assigned_from_literals_is_a_switch(assignment: str, read: str) -> None:
    graph = graph_of(f"{assignment}\nawait {read}")
    assert [line for line in graph.splitlines() if line.startswith("|")] == ['| case "handle_a"', '| case "handle_b"']


def test_a_loop_with_a_break_over_names_is_a_switch() -> None:
    graph = graph_of('for name in ("handle_a", "other"):\n    await getattr(self, name)(step)\n    if event: break')
    assert [line for line in graph.splitlines() if "| case" in line] == ['  | case "handle_a"', '  | case "other"']


@pytest.mark.parametrize(
    "assignment",
    [
        'name = "handle_a" if event else event["name"]',
        'name = "handle_"\nname += "a"',
        'name = "handle_a"\ndef change():\n    nonlocal name\n    name = event["name"]\nchange()',
        'name = "handle_a"\nname, _ = event',
        'table = {"A": ("handle_a", 1), "B": (event["name"], 2)}\nname, limit = table[event["kind"]]',
        'table = {"A": ("handle_a", 1)}\n*_, name = table[event["kind"]]',
        'table = {"A": ["handle_a", 1]}\ntable["A"][0] = event["name"]\nname, limit = table[event["kind"]]',
        'name = self.TABLE.get(event, event["name"])',
        'for name in ("handle_a", event["name"]): pass',
    ],
)
def test_a_name_with_another_value_is_noted(assignment: str) -> None:
    source = HEAD + textwrap.indent(f"{assignment}\nawait getattr(self, name)(step)", " " * 8)
    assert not module_of(source).workflows[0].complete


def test_a_local_name_of_another_function_does_not_count() -> None:
    body = """
    def read(name):
        return lambda: getattr(self, name)

    get = read(event["name"])
    name = "handle_a"
    await get()(step)
    """
    assert not module_of(HEAD + textwrap.indent(textwrap.dedent(body), " " * 8)).workflows[0].complete


def test_a_method_of_the_step_object_is_chosen_by_name() -> None:
    assert graph_of('kind = "sleep" if event else "do"\nawait getattr(step, kind)("n", 1)') == text("""
    switch kind
    | case "sleep"
      sleep 'n' 1
    | case "do"
    """)


def test_setattr_with_one_of_several_names_may_set_each() -> None:
    graph = graph_of('name = "other" if event else "x"\nsetattr(self, name, self.handle_a)\nawait self.other(step)')
    assert "call handle_a" in graph
    assert "call other" in graph


@pytest.mark.parametrize(
    ("parameter", "statement", "first", "second"),
    [
        ("spec", 'await getattr(self, spec["kind"])(step)', '{"kind": "handle_a"}', '{"kind": "handle_b"}'),
        ("spec", "await getattr(self, spec[0])(step)", '["handle_a"]', '["handle_b"]'),
        ("**spec", 'await getattr(self, spec["kind"])(step)', 'kind="handle_a"', 'kind="handle_b"'),
        ("spec", "kind, n = spec; await getattr(self, kind)(step)", '("handle_a", 1)', '("handle_b", 1)'),
    ],
)
def test_names_in_arguments_are_those_of_each_call(parameter: str, statement: str, first: str, second: str) -> None:
    assert graph_of(f"""
        async def visit({parameter}):
            {statement}

        await visit({first})
        await visit({second})
    """) == text("""
        call visit
        call visit #2
        def visit
          call handle_a
        def handle_a
          sleep 'a' 1
        def visit #2
          call handle_b
        def handle_b
          sleep 'b' 1
    """)


def test_an_unknown_name_in_an_argument_is_noted() -> None:
    source = HEAD + textwrap.indent(
        """\
async def visit(spec):
    await getattr(self, spec["kind"])(step)

await visit({"kind": event["kind"]})
""",
        " " * 8,
    )
    assert not module_of(source).workflows[0].complete


@pytest.mark.parametrize("names", ["self.STAGES[:1]", "self.STAGES[::2]", "(*W.STAGES[:1],)", "W.STAGES[:-1]"])
def test_a_slice_of_names_selects_methods(names: str) -> None:
    assert graph_of(f"for stage in {names}:\n    await getattr(self, stage)(step)") == text("""
        call handle_a
        def handle_a
          sleep 'a' 1
    """)


@pytest.mark.parametrize("names", ["self.STAGES[start:]", "W.STAGES[: event['count']]", "self.STAGES[::start]"])
def test_a_slice_with_an_unknown_bound_may_have_any_of_the_names(names: str) -> None:
    body = f"start = event['start']\nfor stage in {names}:\n    await getattr(self, stage)(step)"
    assert graph_of(body) == text("""
        loop
          switch stage
          | case "handle_a"
            call handle_a
          | case "handle_b"
            call handle_b
    """) + "\n" + text(BOTH)


def test_a_slice_of_a_changed_list_of_names_is_reported() -> None:
    change = 'stages = ["handle_a"]\nstages.append(event["stage"])\n'
    loop = "for stage in stages[1:]:\n    await getattr(self, stage)(step)"
    source = HEAD + textwrap.indent(change + loop, " " * 8)
    assert not module_of(source).workflows[0].complete


@pytest.mark.parametrize("name", ['f"handle_{kind}"', '"handle_" + kind', 'f"{kind}"'])
def test_text_with_a_loop_variable_selects_a_method_in_each_pass(name: str) -> None:
    kinds = '("handle_b", "handle_a")' if name == 'f"{kind}"' else '("b", "a")'
    assert graph_of(f"for kind in {kinds}:\n    await getattr(self, {name})(step)") == text("""
        call handle_b
        call handle_a
        def handle_b
          sleep 'b' 1
        def handle_a
          sleep 'a' 1
    """)


@pytest.mark.parametrize(
    ("target", "names"),
    [
        ("name", "(*self.STAGES, 'other')"),
        ("name", "reversed(('other', *self.STAGES[::-1]))"),
        ("name", "list(self.STAGES) + ['other']"),
        ("i, name", "enumerate((*self.STAGES, 'other'), 1)"),
        ("name, event", "zip([*self.STAGES, 'other'], (1, 2, 3))"),
    ],
)
def test_a_loop_over_rearranged_names_is_unrolled(target: str, names: str) -> None:
    graph = graph_of(f"for {target} in {names}:\n    await getattr(self, name)(step)")
    assert graph.splitlines()[:3] == ["call handle_a", "call handle_b", "call other"]


def test_a_loop_over_sorted_names_is_a_switch() -> None:
    graph = graph_of("for name in sorted(self.STAGES):\n    await getattr(self, name)(step)")
    assert graph.splitlines()[:3] == ["loop", "  switch name", '  | case "handle_a"']


def test_a_loop_over_a_copy_of_changed_names_is_reported() -> None:
    change = 'stages = ["handle_a"]\nstages.append(event["stage"])\n'
    loop = "for stage in reversed(stages):\n    await getattr(self, stage)(step)"
    source = HEAD + textwrap.indent(change + loop, " " * 8)
    assert not module_of(source).workflows[0].complete


@pytest.mark.parametrize("names", ['("handle_b", "handle_a")', "reversed(self.STAGES)", "self.STAGES[::-1]"])
def test_a_comprehension_over_names_starts_each_method(names: str) -> None:
    source = HEAD + f"        await asyncio.gather(*[getattr(self, name)(step) for name in {names}])\n"
    (workflow,) = module_of(f"import asyncio\n{source}").workflows
    assert workflow.complete
    assert notation(workflow.graph).splitlines()[:3] == [
        "parallel all",
        "  call handle_b [1>2]",
        "  call handle_a [1>2]",
    ]


def test_a_dictionary_of_methods_by_their_names() -> None:
    assert graph_of("table = {n: getattr(self, n) for n in self.STAGES}\nawait table[event['n']](step)") == text(f"""
        switch event['n']
        | case "handle_a"
          call handle_a
        | case "handle_b"
          call handle_b{textwrap.indent(BOTH, "    ")}""")


def test_nested_function_uses_a_name_in_an_argument() -> None:
    source = """
    def at(name):
        def call():
            return getattr(self, name)(step)
        return call

    await at("handle_b")()
    """
    assert graph_of(source) == text("""
    call call
    def call
      call handle_b
    def handle_b
      sleep 'b' 1
    """)


def test_objects_made_at_import_have_constant_names() -> None:
    row = "class Row:\n    def __init__(self, name):\n        self.name = name\n\n\n"
    rows = f"{row}ROWS = (Row('handle_a'), Row('handle_b'))\n"
    loop = "        for row in ROWS:\n            await getattr(self, row.name)(step)\n"
    assert graph_of_module(f"{rows}{HEAD}{loop}") == text(f"""
    loop
      switch row.name
      | case "handle_a"
        call handle_a
      | case "handle_b"
        call handle_b{BOTH}""")


def test_a_table_without_the_key_has_no_name() -> None:
    specs = 'SPECS = {"x": {"call": "handle_a"}, "y": {"wait": 1}, "z": {"call": "handle_b"}}\n'
    body = "        spec = SPECS[event['kind']]\n        await getattr(self, spec['call'])(step)\n"
    assert graph_of_module(f"{specs}{HEAD}{body}") == text(f"""
    switch spec['call']
    | case "handle_a"
      call handle_a
    | case "handle_b"
      call handle_b{BOTH}""")


def test_a_generator_expression_has_its_own_variable() -> None:
    loop = "for stage in (stage for name, stage in (('handle_a', self.handle_a), ('handle_b', self.handle_b))):"
    body = f"        name = event['kind']\n        {loop}\n            await getattr(self, name)(step)\n"
    assert not module_of(f"{HEAD}{body}").workflows[0].complete
