"""The work of an analysis and a check grows in proportion to the size of the program.

Time is too noisy to be asserted, so these tests count function calls and searches of the source text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from cProfile import Profile
from pathlib import Path
from types import CodeType
from typing import Final

import pytest
from msgspec import Struct

import stepgraph
from stepgraph.api import analyze_source, check_analysis
from stepgraph.large_stack import run_with_large_stack
from stepgraph.syntax.definitions.constructed_objects import Resolution
from stepgraph.syntax.definitions.variable_definitions import VariableDefinitions
from stepgraph.syntax.module import SourceModule

SIZES: Final = (8, 11, 17)
"""The numbers of units in the programs. The third program has twice as many additional units as the second one.

Eight equal pieces of code are parsed as copies of one.
"""
MAX_RATIO: Final = 2.3
"""The largest ratio of the work for the additional units. It is 2 for linear growth, and 2.9 for quadratic growth."""
MIN_CALLS: Final = 80
"""The number of additional calls of a function from which its growth is tested. Fewer calls depend on details."""
PACKAGE: Final = Path(stepgraph.__file__).parent
PARSING: Final = ("syntax",)
"""Packages whose work depends on how a source is cut into pieces."""
LIMITED: Final = (
    *("containers", "containers.py", "joining.py", "write_log.py", "store.py", "widening.py", "limits.py"),
    *("missing_imports.py", "undefined.py"),
)
"""Code whose work is limited: joins and elements of collections, the limits, and suggestions for names."""
PADDING: Final = f"# {'A long comment. ' * 500}\n"
"""Text that makes all programs long modules, whose functions are parsed on first use."""


class Shape(Struct, frozen=True):
    """Code that is repeated in a module with a workflow, with the number of the unit for `0` and the next for `9`."""

    run: str
    """The code in `run`."""
    before: str = ""
    """The code before the class."""
    common: str = ""
    """The code before that of all units."""
    methods: str = ""
    """The code after `run`."""
    start: str = ""
    """The code before all units in `run`, with their indentation."""
    last: str = ""
    """The code of each unit after all units of `run`."""

    def of_size(self, size: int) -> str:
        """Return a module with this number of units."""
        return (
            "import asyncio\nimport functools\nimport random\nfrom workers import WorkflowEntrypoint\n"
            f"{PADDING}{self.common}{_units(self.before, size)}"
            "class W(WorkflowEntrypoint):\n"
            "    async def run(self, event, step):\n"
            "        await step.sleep('first', '5 minutes')\n"
            f"{self.start}{_units(self.run, size)}{_units(self.last, size)}{_units(self.methods, size)}"
        )


def _units(template: str, size: int) -> str:
    numbers = range(1000, 1000 + size)
    return "".join(template.translate({ord("0"): str(each), ord("9"): str(each + 1)}) for each in numbers)


SHAPES: Final = {
    "steps": Shape(
        """
        @step.do('s0', config={'retries': {'limit': 3, 'delay': '5 seconds'}, 'timeout': '8 minutes'})
        async def s0(ctx) -> dict[str, T0]:
            return {'a': await self.env.DB.prepare('select').all()}
        r0 = await s0()
        if r0['a']:
            await step.sleep(f'pause 0 {r0}', 5)
        e0 = await step.wait_for_event('w0', 'type', timeout='3 hours')

        @step.do()
        async def default0(s0):
            return e0
        await default0()
        await step.sleep_until('u0', event['timestamp'])
        await step.do('lambda0')(lambda: r0)()
"""
    ),
    "helpers": Shape(
        """
        await f0(step, 'a0')
        await self.m0(step, self.p0)
        await K0().go(step)
        await functools.partial(f, step, 'p0')()
        await make(step, 'c0')()
        await f(step, **{'name': 'k0', 'duration': 3})
""",
        """
async def f0(step, name, limit=3):
    await step.sleep(name, limit)

@decorated
async def d0(step):
    await step.sleep('d0', 5)

class K0(K):
    name = 'k0'

""",
        """
async def f(step, name, duration=5):
    await step.sleep(name, duration)

def make(step, name):
    async def call():
        await step.sleep(name, 5)
    return call

def decorated(function):
    @functools.wraps(function)
    async def call(*arguments):
        return await function(*arguments)
    return call

class K:
    async def go(self, step):
        await step.sleep(self.name, 5)

""",
        """
    @property
    def p0(self):
        return 'p0'

    async def m0(self, step, name):
        self.a0 = await step.wait_for_event(name, 'type')
        await d0(step)
""",
    ),
    "tasks": Shape(
        """
        await asyncio.gather(step.sleep('a0', 5), step.sleep('b0', 5))
        x0, y0 = await asyncio.gather(*[step.sleep(f'c0 {each}', 5) for each in event['payload']['list']])
        async with asyncio.TaskGroup() as group:
            group.create_task(step.sleep('d0', 5))
            group.create_task(step.sleep('e0', 5))
        t0 = asyncio.create_task(step.sleep('t0', 5))
        made.append(step.sleep('m0', 5))
        try:
            async with asyncio.timeout(3):
                await step.sleep('f0', 5)
        except TimeoutError:
            await step.sleep('g0', 5)
""",
        start="        made = []\n",
        last="        await t0\n        await made.pop()\n",
    ),
    "branches": Shape(
        """
        if kind == 'k0':
            await step.sleep('if0', 5)
        elif kind in ('a0', N0) and event['payload']['0']:
            raise ValueError('0')
        match event['payload']:
            case {'k0': [first, *_]} if first:
                await step.sleep(f'match0 {first}', 5)
            case str():
                return
        for item in range(3):
            await step.sleep(f'loop0 {item}', 5)
        for item in event['payload']['list']:
            if item == N0:
                continue
            await step.sleep(f'item0 {item}', 5)
        try:
            await step.sleep(NAMES['m0'], 5)
        except E0 as error:
            await step.sleep(f'except0 {error}', 5)
        finally:
            count0 = 0
        while count0 < 3:
            await step.sleep(f'while0 {count0}', 5)
            count0 += 1
""",
        "N0 = 'name0'\nNAMES['m0'] = 'm0'\n\nclass E0(Exception):\n    pass\n\n",
        "NAMES = {}\n",
        start="        kind = event['payload']['kind']\n",
    ),
    "state": Shape(
        """
        x0 = 3
        @step.do('s0')
        async def s0():
            nonlocal x0, total
            x0 += 1
            total += 1
            G['g0'] = 1
        await s0()
        if x0:
            await step.sleep(f't0 {x0}', 5)
        results['k0'] = await step.wait_for_event('w0', 'type')
        if results['k0']:
            self.seen0 = results['k0']
        handlers['h0'] = s0
        await handlers['h0']()
        await REGISTRY['r0'](step)
""",
        "@register('r0')\nasync def r0(step):\n    global G0\n    G0 = 1\n    await step.sleep(f'r0', 5)\n\n",
        """
REGISTRY = {}
G = {}

def register(name):
    def decorate(function):
        REGISTRY[name] = function
        return function
    return decorate

""",
        start="        total = 1\n        results = {}\n        handlers = {}\n",
    ),
    "findings": Shape(
        """
        await step.sleep('a0', '5 min')
        await step.sleep('b0', '5 min')  # stepgraph: ignore[SG205]
        await step.sleep('equal', self.missing0)
        await self.helpre0(step)
        undefined0(3)
        step.sleep('lost0', 5)
        await step.sleep(f'{random.random()} 0', 5)
        @step.do('never0')
        async def never0():
            return {1, 2}
""",
        methods="\n    async def helper0(self, step):\n        await step.sleep('h0', 5)\n",
    ),
    "chain of groups": Shape(
        "",
        """
async def h0(step):
    await asyncio.gather(h9(step), h9(step), step.sleep('s0', 5))
""",
        start="        await h1000(step)\n",
    ),
}


class Work(Struct):
    """The work of an analysis and a check."""

    calls: Counter[CodeType]
    """The number of calls of each function. A generator is called again for each element."""
    searches: int
    """The number of searches of the whole source text for words and patterns."""


def work_of(source: str) -> Work:
    """Analyze and check a program, and return the work."""
    profile = Profile(builtins=False, subcalls=False)
    searches: Counter[str] = Counter()
    with _counted(searches):
        run_with_large_stack(lambda: profile.runcall(lambda: check_analysis(analyze_source(source))))
    calls = {entry.code: entry.callcount for entry in profile.getstats() if isinstance(entry.code, CodeType)}
    return Work(Counter(calls), searches.total())


@contextmanager
def _counted(searches: Counter[str]) -> Iterator[None]:
    """Count the searches of source text in the context, by method of the module."""
    with pytest.MonkeyPatch.context() as patches:
        for name in ("source", "utf_8_source"):
            original = getattr(SourceModule, name).fget

            patches.setattr(SourceModule, name, property(_counted_read(name, original, searches)))

        mentions = SourceModule.mentions
        searched: set[tuple[SourceModule, bytes]] = set()

        def search(module: SourceModule, word: bytes) -> bool:
            if (module, word) not in searched:  # the results are memoized
                searched.add((module, word))
                searches["mentions"] += 1
            return mentions(module, word)

        patches.setattr(SourceModule, "mentions", search)
        yield


def _counted_read(
    name: str, original: Callable[[SourceModule], bytes], searches: Counter[str]
) -> Callable[[SourceModule], bytes]:
    def read(module: SourceModule) -> bytes:
        searches[name] += 1
        return original(module)

    return read


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_work_is_proportional_to_the_size(shape: Shape) -> None:
    work_of(shape.of_size(2))  # imports modules
    small, medium, large = (work_of(shape.of_size(size)) for size in SIZES)
    assert large.searches == medium.searches  # otherwise, the searched text grows faster than the program
    # The difference of two sizes does not include the work that every analysis needs.
    first, second = medium.calls - small.calls, large.calls - medium.calls
    assert second.total() <= MAX_RATIO * first.total()
    growing = {
        f"{code.co_filename}:{code.co_firstlineno} {code.co_name}": (small.calls[code], medium.calls[code], calls)
        for code, calls in large.calls.items()
        if second[code] > max(MAX_RATIO * first[code], MIN_CALLS) and _is_counted(code)
    }
    assert growing == {}


def _is_counted(code: CodeType) -> bool:
    """Return whether the growth of the calls of a function is tested."""
    path = Path(code.co_filename)
    return path.is_relative_to(PACKAGE) and {*PARSING, *LIMITED}.isdisjoint(path.parts)


@pytest.mark.slow
def test_undefined_names_in_a_chain_of_elif() -> None:
    """Each `elif` is nested in the one before it, so a search of all nodes around it would be quadratic."""
    small, large = (_calls_of("ancestors_of", _chain_of_elif(size)) for size in (50, 100))
    assert large <= MAX_RATIO * small


@pytest.mark.slow
def test_joins_of_branches_that_each_await_a_step() -> None:
    """A state for the task of each branch at the end of each branch would be quadratic."""
    small, large = (_calls_of("visit_cost", _chain_of_elif(size)) for size in (50, 100))
    assert large <= MAX_RATIO * small


def _chain_of_elif(size: int) -> str:
    branches = "".join(f"        elif k == {number}:\n            await step.sleep('s', 5)\n" for number in range(size))
    return (
        "from workers import WorkflowEntrypoint\n\n\nclass W(WorkflowEntrypoint):\n"
        f"    async def run(self, event, step):\n        if k:\n            pass\n{branches}"
    )


def _calls_of(function: str, source: str) -> int:
    return sum(count for code, count in work_of(source).calls.items() if code.co_name == function)


def test_snapshots_of_collections_that_repeat_their_elements() -> None:
    """As a tree, a list of three lists, which are the same, has three times as many parts at each level."""
    assert [_calls_of("_static_collection", _nested_lists(depth)) for depth in (2, 3, 4)] == [3, 4, 5]


def _nested_lists(depth: int) -> str:
    lists = "".join(f"            v{level + 1} = [v{level}, v{level}, v{level}]\n" for level in range(depth))
    return (
        "from workers import WorkflowEntrypoint\n\n\nclass W(WorkflowEntrypoint):\n"
        "    async def run(self, event, step):\n        @step.do()\n        async def work():\n"
        f"            v0 = [1]\n{lists}            return v{depth}\n\n        await work()\n"
    )


@pytest.mark.slow
def test_comparisons_of_elements_from_many_statements_of_a_loop() -> None:
    """Each pass of the outer loop creates a list, whose elements are compared with those of the pass before."""
    small, large = (_calls_of("origin_of", _lists_of_a_loop(size)) for size in (10, 20))
    assert large <= MAX_RATIO * small


def _lists_of_a_loop(size: int) -> str:
    appends = "".join(f"            row.append([y, {number}])\n" for number in range(size))
    return (
        "from workers import WorkflowEntrypoint\n\n\ndef rows_of(xs):\n    rows = []\n    for x in xs:\n"
        f"        row = []\n        for y in x:\n{appends}        rows.append(row)\n    return rows\n\n\n"
        "class W(WorkflowEntrypoint):\n    async def run(self, event, step):\n"
        "        await step.sleep(rows_of(event['a']), 5)\n"
    )


@pytest.mark.slow
def test_comparisons_of_results_of_a_recursion_over_data() -> None:
    """The recursion creates equal collections in each pass, which are compared with the ones before."""
    small, large = (_calls_of("origin_of", _converted_rows(size)) for size in (4, 8))
    assert large <= MAX_RATIO * small


def _converted_rows(size: int) -> str:
    appends = "".join(f"            rows.append(convert(x['a{number}']))\n" for number in range(size))
    return (
        "from workers import WorkflowEntrypoint\n\n\ndef convert(x):\n"
        "    if isinstance(x, list):\n        return [convert(y) for y in x]\n"
        "    if isinstance(x, dict):\n        return {key: convert(value) for key, value in x.items()}\n"
        "    return x\n\n\nclass W(WorkflowEntrypoint):\n    async def run(self, event, step):\n"
        f"        rows = []\n        for x in event['a']:\n{appends}        await step.sleep(rows, 5)\n"
    )


@pytest.mark.slow
def test_comparisons_of_attributes_that_one_initializer_stores() -> None:
    """Each attribute is the value of the one before it."""
    small, large = (_calls_to_compare("statements_below", _chain_of_attributes(size)) for size in (20, 40))
    assert large <= MAX_RATIO * small


def _chain_of_attributes(size: int) -> str:
    writes = "".join(f"        self.a{number + 1} = self.a{number}\n" for number in range(size))
    return (
        "from workers import WorkflowEntrypoint\n\n\nclass Names:\n    def __init__(self):\n"
        f"        self.a0 = 'a'\n{writes}\n\nclass W(WorkflowEntrypoint):\n"
        f"    async def run(self, event, step):\n        names = Names()\n        await step.sleep(names.a{size}, 5)\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("function", ["_is_plain", "_of_code"])
def test_comparisons_of_attributes_with_methods_of_many_classes(function: str) -> None:
    """Each attribute may be that of any class."""
    small, large = (_calls_to_compare(function, _methods_of_one_name(size)) for size in (20, 40))
    assert large <= MAX_RATIO * small


@pytest.mark.slow
def test_comparisons_of_arguments_with_methods_of_many_classes() -> None:
    """The identifiers of all methods in each text would exceed its maximum length."""
    small, large = (_calls_to_compare("_reads_of", _methods_of_arguments(size)) for size in (20, 40))
    assert large <= MAX_RATIO * small


def _methods_of_arguments(size: int) -> str:
    numbers = range(size)
    classes = "".join(
        f"class C{number}:\n    def check(self):\n        return self.v > {number}\n"
        f"    @property\n    def big(self):\n        return self.v > {number}\n"
        f"def is_ok{number}(x, o):\n    return o.big and o.check() and x.big and x.check()\n"
        for number in numbers
    )
    tests = "".join(
        f"        if is_ok{number}(event['a'], C{number}()):\n            await step.sleep('s', 5)\n"
        for number in numbers
    )
    return (
        f"from workers import WorkflowEntrypoint\n\n\n{classes}class W(WorkflowEntrypoint):\n"
        f"    async def run(self, event, step):\n{tests}"
    )


def _methods_of_one_name(size: int) -> str:
    numbers = range(size)
    classes = "".join(
        f"class C{number}:\n    def check(self):\n        return self.v > {number}\n" for number in numbers
    )
    functions = "".join(f"def is_ok{number}(x):\n    return x.check() > {number}\n" for number in numbers)
    tests = "".join(f"        if is_ok{number}(event):\n            await step.sleep('s', 5)\n" for number in numbers)
    return (
        f"from workers import WorkflowEntrypoint\n\n\n{classes}{functions}class W(WorkflowEntrypoint):\n"
        f"    async def run(self, event, step):\n{tests}"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("owner", "function", "calls", "size"),
    [
        (Resolution, "_of_variable", 1, 42),  # the number of callers in one search is limited
        (VariableDefinitions, "_local", 1, 12),
        (VariableDefinitions, "_local", 2, 12),
    ],
)
def test_comparisons_of_a_parameter_that_functions_pass_on(
    owner: type, function: str, calls: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search through all callers of a function is not repeated for each function.

    A profile would take as long as the comparison, so that only this function is counted.
    """
    counts = [0]
    original = getattr(owner, function)

    def counted(*arguments: object) -> object:
        counts[-1] += 1
        return original(*arguments)

    monkeypatch.setattr(owner, function, counted)
    for length in (size, size + 8):
        (workflow,) = analyze_source(_chain_of_functions(length, calls)).workflows
        counts.append(0)
        assert workflow.comparable_details.texts
    _, small, large = counts
    assert 0 < large - small <= 5 * 8


def _chain_of_functions(size: int, calls: int) -> str:
    call = "    await f{}(step, c)\n" * calls
    functions = "".join(
        f"async def f{number}(step, c):\n    if c.name == 'a{number}':\n        await step.sleep('s', 5)\n"
        f"{call.replace('{}', str(number + 1))}"
        for number in range(size)
    )
    return (
        "from workers import WorkflowEntrypoint\n\n\n"
        "class C:\n    def __init__(self, name):\n        self.name = name\n"
        f"{functions}async def f{size}(step, c):\n    pass\nclass W(WorkflowEntrypoint):\n"
        "    async def run(self, event, step):\n        await f0(step, C(event['name']))\n"
    )


def _calls_to_compare(function: str, source: str) -> int:
    """Return the calls of a function while the definitions of a workflow are collected for a comparison."""
    (workflow,) = analyze_source(source).workflows
    profile = Profile(builtins=False, subcalls=False)
    run_with_large_stack(lambda: profile.runcall(lambda: workflow.comparable_details))
    codes = ((entry.code, entry.callcount) for entry in profile.getstats())
    return sum(count for code, count in codes if isinstance(code, CodeType) and code.co_name == function)
