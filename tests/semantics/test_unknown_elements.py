"""Collections that code outside the project may fill: calls of their elements are reported, never dropped."""

from __future__ import annotations

import pytest

from tests.semantics.notation import workflow_of

CALLS = "for hook in hooks:\n    await hook(step)\nawait a()"


@pytest.mark.parametrize(
    "made",
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
def test_a_collection_made_of_unknown_elements(made: str) -> None:
    assert not workflow_of(f"from elsewhere import load\n{made}\n{CALLS}").complete


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
