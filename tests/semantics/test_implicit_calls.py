"""Functions that Python or a library calls implicitly: their steps and their writes."""

from __future__ import annotations

import pytest

from tests.semantics.notation import codes_of, graph_of, text

SWAP = """
job = a
def swap(*args):
    nonlocal job
    job = b
    return 1
"""


@pytest.mark.parametrize(
    "use",
    [
        "', '.join(swap() for _ in event)",
        "iter(swap, 1)",
        "await asyncio.to_thread(swap)",
        "asyncio.get_running_loop().call_soon(swap)",
        "await asyncio.get_running_loop().run_in_executor(None, swap)",
        "asyncio.create_task(c()).add_done_callback(swap)",
        "plugin(swap)",
        "plugin(lambda: swap())",
        "plugin(lambda: jobs.append(a))",
        "stack = contextlib.ExitStack()\nstack.callback(swap)\nstack.close()",
    ],
)
def test_change_by_a_function_that_a_library_calls(use: str) -> None:
    assert codes_of(f"import plugin\njobs = []\n{SWAP}{use}\nawait job()") == ["escapes"]


def test_change_by_a_function_that_a_filter_calls() -> None:
    assert graph_of(f"{SWAP}list(filter(swap, (1, 2)))\nawait job()") == text("""
        switch job
        | case a
          a
        | case b
          b
    """)


@pytest.mark.parametrize("callback", ["jobs.append", "table.__setitem__, 'key'", "holder.put"])
@pytest.mark.parametrize("schedule", ["asyncio.get_running_loop().call_soon(", "await asyncio.to_thread("])
def test_change_by_a_callback_with_its_argument(schedule: str, callback: str) -> None:
    assert codes_of(f"""
async def first(step): await step.sleep("first", 1)
async def second(step): await step.sleep("second", 1)
class Holder:
    def __init__(self): self.job = first
    def put(self, job): self.job = job
jobs, table, holder = [first], {{'key': first}}, Holder()
{schedule}{callback}, second)
await jobs[-1](step)
await table['key'](step)
await holder.job(step)
""") == ["escapes"]


def test_function_that_changes_only_constants() -> None:
    body = "count = 0\ndef add():\n    nonlocal count\n    count += 1\nplugin(add)\nawait a()"
    assert codes_of(f"import plugin\n{body}") == []


@pytest.mark.parametrize("name", ["__bool__", "__len__", "__hash__", "__str__", "__format__", "__eq__"])
def test_change_by_a_special_method(name: str) -> None:
    assert codes_of(f"""
{SWAP}
class Gate:
    def {name}(self, *args):
        return swap()
gate = Gate()
await job()
""") == ["escapes"]


@pytest.mark.parametrize("name", ["__bool__", "__len__", "__hash__", "__str__", "__del__"])
@pytest.mark.parametrize("change", ["names['key'] = 'new'", "names.pop('key')", "names.clear()"])
def test_constant_that_a_special_method_changes(name: str, change: str) -> None:
    assert codes_of(f"""
names = {{'key': 'old'}}
class Gate:
    def {name}(self, *args):
        {change}
        return 1
if Gate():
    pass
await step.do(names['key'])(lambda: 1)()
""") == ["escapes"]


def test_special_method_that_counts() -> None:
    assert (
        codes_of("""
class Gate:
    def __init__(self):
        self.calls = 0
    def __str__(self):
        self.calls += 1
        return "gate"
str(Gate())
await a()
""")
        == []
    )


@pytest.mark.parametrize("use", ["sorted([2, 1], key=key)", "[2, 1].sort(key=key)", "max([2, 1], key=key)"])
def test_key_function_that_is_called_for_each_element(use: str) -> None:
    assert graph_of(f"""
        jobs = []
        def key(value):
            jobs.append(a)
            return value
        {use}
        for job in jobs:
            await job()
    """) == text("""
        loop
          a
    """)


@pytest.mark.parametrize(
    "use",
    [
        "def other(value: swap()): ...",
        "def other() -> swap(): ...",
        "class Other:\n    count: swap() = 1",
        "hasattr(Gate(), 'open')",
        "0 == 0 == swap()",
    ],
)
def test_code_that_python_evaluates_in_passing(use: str) -> None:
    gate = "class Gate:\n    @property\n    def open(self): return swap()\n"
    graph = graph_of(f"{SWAP}{gate}{use}\nawait job()")
    assert graph in ("b", "if 0 == 0\n  b\nelse\n  a")


@pytest.mark.parametrize("use", ["count: swap() = 1", "self.count: swap() = 1"])
def test_annotation_of_a_variable_in_a_function(use: str) -> None:
    assert graph_of(f"{SWAP}{use}\nawait job()") == "a"


@pytest.mark.parametrize("use", ["plugin(**Gate())", "hasattr(Gate(), event.payload)"])
def test_implicit_call_that_is_not_followed(use: str) -> None:
    gate = "class Gate:\n    def keys(self): return swap()\n    @property\n    def open(self): return swap()\n"
    assert codes_of(f"import plugin\n{SWAP}{gate}{use}\nawait job()") == ["escapes"]


@pytest.mark.parametrize("item", ["", "    def __getitem__(self, key): pass\n"])
def test_keys_of_an_object_that_a_dictionary_is_updated_with(item: str) -> None:
    gate = f"class Gate:\n    def keys(self): return swap()\n{item}"
    assert set(codes_of(f"{SWAP}{gate}{{}}.update(Gate())\nawait job()")) == {"escapes"}


@pytest.mark.slow
def test_steps_in_the_type_of_an_except_clause() -> None:
    assert codes_of("""
        def kind():
            step.sleep("kind", 1)
            return ValueError
        try:
            await a()
        except kind():
            await b()
        except KeyError:
            await c()
    """) == ["escapes"]


@pytest.mark.parametrize("late", ["async def helper(): await b()", "helper = b"])
def test_escaping_function_whose_callee_is_bound_later(late: str) -> None:
    assert codes_of(f"import plugin\nasync def job(): await helper()\nplugin(job)\n{late}\nawait a()") == ["escapes"]


def test_metaclass_that_registers_functions() -> None:
    assert (
        graph_of("""
        jobs = [a]
        class Meta(type):
            def __new__(cls, *args):
                jobs.append(b)
                return super().__new__(cls, *args)
        class Job(metaclass=Meta): ...
        for job in jobs:
            await job()
    """)
        == "a\nb"
    )


DEFAULTS = f"""
import collections, copy, operator
{SWAP}
table = collections.defaultdict(swap)
"""


@pytest.mark.parametrize(
    "use", ["operator.itemgetter('k')(table)", "table.copy()['k']", "copy.copy(table)['k']", "(table | {})['k']"]
)
def test_factory_of_a_dictionary_runs(use: str) -> None:
    assert graph_of(f"{DEFAULTS}{use}\nawait job()") == text("b")


@pytest.mark.parametrize("use", ["'{0[k]}'.format(table)", "'%(k)s' % table", "table.__missing__('k')"])
def test_factory_of_a_dictionary_in_unknown_code(use: str) -> None:
    assert codes_of(f"{DEFAULTS}{use}\nawait job()\nawait b()") == ["escapes"]


def test_positional_key_of_a_selection() -> None:
    assert graph_of(f"import heapq\n{SWAP}heapq.nlargest(1, [2, 1], swap)\nawait job()") == text("""
        switch job
        | case a
          a
        | case b
          b
    """)


def test_post_init_of_a_plain_class_does_not_run() -> None:
    assert graph_of(f"""{SWAP}
class Plain:
    def __post_init__(self): swap()
Plain()
await job()
""") == text("a")


@pytest.mark.parametrize(
    "use",
    [
        "class Meta(type):\n    def __getattr__(cls, name): swap()\nclass C(metaclass=Meta): pass\nC.x",
        "class Meta(type):\n    def __iter__(cls): swap(); return iter(())\nclass C(metaclass=Meta): pass\nlist(C)",
        "class C(collections.UserDict):\n    def __setitem__(self, key, value): swap()\nC(x=1)",
        "class C(enum.Enum):\n    def _generate_next_value_(*args): return swap()\n    A = enum.auto()",
        "class C(enum.Enum):\n    A = 1\n    @classmethod\n    def _missing_(cls, value): swap(); return cls.A\nC(2)",
        "class C:\n    def __aiter__(self): swap(); return self\naiter(C())",
    ],
)
def test_hook_with_effects_is_reported(use: str) -> None:
    assert codes_of(f"import collections, enum\n{SWAP}{use}\nawait job()\nawait b()") == ["escapes"]


def test_items_by_index_are_read_any_number_of_times() -> None:
    assert graph_of("""
import itertools
jobs = []
class Items:
    def __getitem__(self, key):
        jobs.append(a)
        return 1
first, *rest = itertools.islice(Items(), 2)
for job in jobs:
    await job()
""") == text("""
        loop
          a
    """)
