"""Collections that external code may fill: calls of their elements are reported, never dropped."""

from __future__ import annotations

import pytest

from tests.semantics.notation import notation, workflow_of

CALLS = "for hook in hooks:\n    await hook(step)\nawait a()"


@pytest.mark.parametrize(
    "definition",
    [
        "hooks = [*load()]",
        "hooks = {**load()}",
        "hooks = list(load())",
        "hooks = dict(load())",
        "hooks = sorted(load())",
        "hooks = [each for each in load()]",
        "hooks = filter(None, load())",
        "hooks = map(str, load())",
        "hooks = [] + load()",
        "hooks = load() or []",
        "hooks = getattr(load, 'hooks', [])",
        "hooks = load().setdefault('hooks', [])",
        "hooks = load().split(',')",
        "first, *hooks = load()",
        "def given(*hooks): return hooks\nhooks = given(*load())",
        "def given(**hooks): return hooks\nhooks = given(**load())",
        "def yielded(): yield from load()\nhooks = yielded()",
        "hooks = await asyncio.gather(*[load() for _ in load()])",
    ],
)
def test_a_collection_made_of_unknown_elements(definition: str) -> None:
    assert not workflow_of(f"from elsewhere import load\n{definition}\n{CALLS}").complete


@pytest.mark.parametrize(
    "filled",
    [
        "hooks.append(load())",
        "hooks.insert(0, load())",
        "hooks.extend(load())",
        "hooks.extend(each for each in load())",
        "hooks += load()",
        "hooks[:] = load()",
        "if event:\n    hooks.extend(load())",
        "for each in load():\n    hooks.append(each.run)",
        "async def fill(): hooks.extend(await load())\nawait asyncio.create_task(fill())",
        "hooks = [b.other]\nhooks.extend(load())",
        "hooks = [b.other]\nhooks += load()",
        "load(hooks)",
        "load(key={'x': hooks})",
        "await load(hooks)",
        "load(hooks.append)",
        "load(lambda: hooks.extend(load()))",
        "def fill(hook): hooks.append(hook)\nload(fill)",
        "load.hooks = hooks",
        "load['hooks'] = hooks",
        "functools.partial(load, hooks)()",
        "with load(hooks): pass",
        "self.hooks = hooks\nload(self)",
        "class Box:\n    def add(self, hook): hooks.append(hook)\nload(Box().add)",
    ],
)
def test_an_empty_list_that_unknown_code_fills(filled: str) -> None:
    assert not workflow_of(f"from elsewhere import load\nhooks = []\n{filled}\n{CALLS}").complete


@pytest.mark.slow
@pytest.mark.parametrize("change", ["hooks.append(load())", "hooks.extend(load())", "hooks[:] = load()", "load(hooks)"])
@pytest.mark.parametrize(
    "body",
    [
        "while event:\n    for hook in hooks: await hook(step)\n    {change}",
        "async def run():\n    for hook in hooks: await hook(step)\nawait run()\n{change}\nawait run()",
        "async def run(fns):\n    for hook in fns: await hook(step)\nawait run([])\n{change}\nawait run(hooks)",
        "async def run(fns):\n    for hook in fns: await hook(step)\nawait run([])\nawait run(load())",
        "copy = hooks\n{change}\nfor hook in copy: await hook(step)",
        "copy = list(hooks)\n{change}\ncopy.extend(hooks)\nfor hook in copy: await hook(step)",
        "async def run():\n    for hook in hooks: await hook(step)\nt = asyncio.create_task(run())\n{change}\nawait t",
        "def fill(): {change}\nload(fill)\nfor hook in hooks: await hook(step)",
        "if event: {change}\nfor hook in hooks: await hook(step)",
        "self.hooks = hooks\nload(self)\nfor hook in hooks: await hook(step)",
    ],
)
def test_a_list_that_is_read_before_unknown_code_fills_it(body: str, change: str) -> None:
    source = f"from elsewhere import load\nhooks = []\n{body.format(change=change)}\nawait a()"
    assert not workflow_of(source).complete


@pytest.mark.parametrize(
    "definition",
    [
        "hooks = []",
        "hooks = ()",
        "hooks = {}",
        "hooks = list()",
        "hooks = list([])",
        "hooks = set()",
        "hooks = {}.values()",
        "hooks = [] + []",
        "hooks = []\nhooks += []",
        "self.hooks = []\nhooks = self.hooks",
        "def given(hooks=()): return hooks\nhooks = given()",
    ],
)
def test_a_loop_over_an_empty_collection_runs_nothing(definition: str) -> None:
    workflow = workflow_of(f"{definition}\n{CALLS}\n[await hook(step) for hook in hooks]")
    assert workflow.complete
    assert notation(workflow.graph) == "a"
