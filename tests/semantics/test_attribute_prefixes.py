"""Attributes whose names have a known prefix."""

from __future__ import annotations

import textwrap

import pytest

from tests.semantics.dynamic_attributes import BOTH, HEAD, graph_of
from tests.semantics.notation import graph_of_module, module_of, text


def test_a_partly_constant_name_is_a_switch_over_methods() -> None:
    assert graph_of('await getattr(self, f"handle_{event["kind"]}")(step)') == text(f"""
    switch f"handle_{{event["kind"]}}"
    | case "handle_a"
      call handle_a
    | case "handle_b"
      call handle_b{BOTH}""")


@pytest.mark.parametrize(
    "value",
    [
        'f"handle_{kind}"',
        '"handle_" + kind',
        '"handle_%s" % kind',
        '"handle_{}".format(kind)',
        '"handle_{kind}{rest}".format(kind=kind, rest="")',
        '"_".join(["handle", kind])',
    ],
)
@pytest.mark.parametrize("read", ["getattr(self, {value})", "getattr(self, name)"])
def test_partly_constant_names_in_a_variable(value: str, read: str) -> None:
    body = f'kind = event["kind"]\nname = {value}\nawait {read.format(value=value)}(step)'
    lines = graph_of(body).splitlines()
    assert [line for line in lines if line.startswith("|")] == ['| case "handle_a"', '| case "handle_b"']


PREFIXED = '[name for name in dir(self) if name.startswith("handle_")]'


@pytest.mark.parametrize(
    "body",
    [
        'for name in dir(self):\n    if name.startswith("handle_"):\n        await getattr(self, name)(step)',
        'for name in dir(self):\n    if not name.startswith("handle_"): continue\n    await getattr(self, name)(step)',
        'for name in [getattr(self, n) for n in dir(self) if n.startswith("handle_")]:\n    await name(step)',
        f"names = {PREFIXED}\nfor name in names: await getattr(self, name)(step)",
        f"names = {{n for n in sorted({PREFIXED})}}\nfor name in names: await getattr(self, name)(step)",
        f"def names(): return sorted({PREFIXED})\nfor name in names(): await getattr(self, name)(step)",
    ],
)
def test_names_with_a_tested_prefix(body: str) -> None:
    lines = [line.strip().replace('"', "") for line in graph_of(body).splitlines()]
    assert [line for line in lines if line.startswith("|")] == ["| case handle_a", "| case handle_b"]


@pytest.mark.parametrize(
    "change",
    ['names.append("other")', "names[0] = event", "asyncio.create_task(change())", 'names = [*names, "other"]'],
)
def test_names_that_change_have_no_tested_prefix(change: str) -> None:
    task = 'async def change(): names.append("other")'
    loop = "for name in names:\n    await step.sleep('a', 1)\n    await getattr(self, name)(step)"
    body = textwrap.indent(f"{task}\nnames = {PREFIXED}\n{change}\n{loop}", " " * 8)
    assert not module_of("import asyncio\n" + HEAD + body).workflows[0].complete


def test_the_graph_does_not_show_a_tested_prefix() -> None:
    body = 'for name in dir(self):\n    if name.startswith("handle_"):\n        await step.sleep(f"run {name}", 1)'
    assert graph_of(body) == text("""
    loop
      if name.startswith("handle_")
        sleep 'run {name}' 1
    """)


def test_a_pass_decides_the_prefix_of_a_name() -> None:
    loop = """
    for name in ("handle_a", "run", "handle_b"):
        if name.startswith("handle_"):
            await getattr(self, name)(step)
    """
    assert graph_of(loop) == text(f"""
    call handle_a
    call handle_b{BOTH}""")


@pytest.mark.parametrize("assignment", ["W.handle_c = late", 'setattr(W, "handle_c", late)'])
def test_partly_constant_name_of_a_member_that_the_module_adds(assignment: str) -> None:
    added = f"""
async def late(self, step):
    await step.sleep("late", 1)

{assignment}
"""
    graph = graph_of_module(HEAD + "        await getattr(self, 'handle_' + event)(step)\n" + added)
    assert [line for line in graph.splitlines() if line.startswith("|")] == [
        '| case "handle_a"',
        '| case "handle_b"',
        '| case "handle_c"',
    ]


def test_partly_constant_name_of_a_member_that_a_function_adds() -> None:
    added = """
def extend(cls):
    async def late(self, step):
        await step.sleep("late", 1)

    cls.handle_c = late

extend(W)
"""
    source = HEAD + "        await getattr(self, 'handle_' + event)(step)\n" + added
    assert [note.code for note in module_of(source).workflows[0].notes] == ["escapes"]


@pytest.mark.parametrize(
    ("members", "call"),
    [
        ("inspect.getmembers(self, inspect.ismethod)", "member(step)"),
        ("sorted(inspect.getmembers(self))", "member(step)"),
        ("vars(type(self)).items()", "member(self, step)"),
        ("W.__dict__.items()", "member(self, step)"),
    ],
)
def test_loop_over_the_members_with_a_prefix(members: str, call: str) -> None:
    assert graph_of(f"""
        import inspect
        for name, member in {members}:
            if name.startswith("handle_"):
                await {call}
    """) == text(f"""
    loop
      if name.startswith("handle_")
        switch name
        | case "handle_a"
          call handle_a
        | case "handle_b"
          call handle_b{BOTH}""")


def test_comprehension_of_the_members_with_a_prefix() -> None:
    assert graph_of("""
        import inspect
        members = [member for name, member in inspect.getmembers(self) if name.startswith("handle_")]
        for stage in members:
            await stage(step)
    """) == text(f"""
    loop
      switch stage
      | case handle_a
        call handle_a
      | case handle_b
        call handle_b{BOTH}""")


@pytest.mark.parametrize(
    "body",
    [
        "for name, member in members:\n    await member(step)",
        "for name, member in members:\n    name = event\n    if name.startswith('handle_'): await member(step)",
        "for name, member in members:\n    if name.startswith('handle_'): await last(step)\n    last = member",
    ],
)
def test_loop_over_members_without_a_prefix_is_noted(body: str) -> None:
    body = "import inspect\n" + body.replace("members", "inspect.getmembers(self)")
    source = HEAD + textwrap.indent(body, " " * 8)
    assert not module_of(source).workflows[0].complete


def test_closure_that_reads_a_name_with_two_prefixes_is_noted() -> None:
    source = (
        HEAD
        + """\
        async def go():
            await getattr(self, name)(step)

        for name in dir(self):
            if name.startswith("handle_"):
                await go()
            if name.startswith("other"):
                await go()
"""
    )
    assert [note.code for note in module_of(source).workflows[0].notes] == ["unresolved-call"]


def test_members_before_and_after_an_assignment() -> None:
    source = """
        from workers import WorkflowEntrypoint

        class W(WorkflowEntrypoint):
            async def handle_a(self, step):
                await step.sleep("a", 1)

            async def handle_all(self, step):
                for name in dir(self):
                    if name.startswith("handle_b"):
                        await getattr(self, name)(step)

            async def run(self, event, step):
                async def late(step):
                    await step.sleep("late", 1)

                await self.handle_all(step)
                self.handle_b = late
                await self.handle_all(step)
    """
    assert "sleep 'late' 1" in graph_of_module(source)
