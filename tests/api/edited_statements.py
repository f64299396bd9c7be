"""A project whose statements are edited at random: literals, names, and inserted, removed and repeated lines."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Final

SOURCES: Final = {
    "orders.py": """\
import asyncio
from workers import WorkflowEntrypoint
import stock
from stock import LIMIT, Shelf, reserve


class Orders(WorkflowEntrypoint):
    limit = 3

    async def run(self, event, step):
        order = event["payload"]
        rows = []

        @step.do("load", config={"retries": {"limit": LIMIT, "delay": "5 seconds"}})
        async def load():
            rows.append(order["id"])
            return {"total": stock.total(order["rows"])}

        @step.do(f"charge {self.limit}")
        async def charge(load):
            return load["total"] * LIMIT

        try:
            loaded = await load()
            await asyncio.gather(charge(), reserve(step, order))
        except ValueError as error:
            await step.sleep("wait for stock", "1 hour")
            raise error
        for each in ("pack", "ship"):
            if loaded["total"] > 1:
                await step.sleep(each, 10)
        shelf = Shelf(step)
        await shelf.close(lambda: len(rows))
        return {"done": True}
""",
    "stock.py": """\
import json

LIMIT = 2
NAMES = ["first", "second"]


def total(rows):
    return sum(row["price"] for row in rows if row["kind"] == 1)


async def reserve(step, order):
    @step.do("reserve")
    async def inner():
        return json.dumps(order)

    result = await inner()
    await step.sleep(NAMES[0], "5 minutes")
    return result


class Shelf:
    def __init__(self, step):
        self.step = step

    async def close(self, count):
        while count() > LIMIT:
            await self.step.sleep("close the shelf", "1 minute")
""",
}
_PART: Final = """


async def part_{n}(step, order):
    names, tasks = [], []
    for index, row in enumerate(order["rows"]):
        @step.do(f"part {n}")
        async def inner(index=index):
            return [each for each in row if (key := each["key"]) and key != {n}]

        if row["price"] > {n}:
            tasks.append(inner())
        names.append(lambda: row["name"])
    match order:
        case {{"kind": [first, *rest]}}:
            await step.sleep("rest in part {n}", LIMIT)
        case _:
            results = await asyncio.gather(*tasks)
    return {{"names": [name() for name in names]}}
"""
LONG_SOURCES: Final = {
    "orders.py": SOURCES["orders.py"].replace(
        "        shelf =", "        await part_3(step, order)\n        await part_11(step, order)\n        shelf ="
    )
    + "".join(_PART.format(n=n) for n in range(16)),
    "stock.py": SOURCES["stock.py"],
}
"""The project with a long module, which is parsed in pieces."""
_STATEMENTS: Final = (
    "global LIMIT",
    "nonlocal rows",
    "LIMIT = 7",
    "rows = None",
    "del order",
    "return",
    "yield 1",
    "import json as asyncio",
    "from stock import *",
    "stock.total = print",
    "setattr(stock, 'reserve', step)",
    "await step.sleep('rest', '5 min')",
    "later = lambda: step",
    "self.limit += 1",
    "NAMES.append(step)",
    "def inner(): return rows",
    "async def reserve(step, order): await step.sleep('none left', 1)",
    "if event: return {1, 2}",
    "with open(order) as rows: print(rows)",
    "# stepgraph: ignore",
)
_LITERAL: Final = re.compile(r"\"[^\"\n]*\"|\b\d+\b")
_NAME: Final = re.compile(r"\b[A-Za-z_]\w*\b")
_LITERALS: Final = ('"edited"', '"5 min"', '"1 hour"', "0", "7", 'f"{event}"')


class EditedStatements:
    """The files of the project, edited one at a time. All edits result in valid Python."""

    def __init__(self, folder: Path, random: Random, sources: Mapping[str, str] = SOURCES) -> None:
        self._folder = folder
        self._random = random
        self._sources = sources
        self._texts = dict(sources)
        for name in sources:
            self._write(name)

    def edit(self) -> None:
        """Edit a file, or restore it."""
        name = self._random.choice(list(self._sources))
        self._texts[name] = self._sources[name] if self._random.random() < 0.1 else self._edited(self._texts[name])
        self._write(name)

    def _write(self, name: str) -> None:
        (self._folder / name).write_text(self._texts[name], encoding="utf-8")

    def _edited(self, text: str) -> str:
        kinds = (self._with_literal, self._with_name, self._with_statement, self._with_statement, self._with_lines)
        while True:
            edited = self._random.choice(kinds)(text)
            try:
                ast.parse(edited)
            except SyntaxError:
                continue
            return edited

    def _with_literal(self, text: str) -> str:
        return self._replaced(text, _LITERAL, self._random.choice(_LITERALS))

    def _with_name(self, text: str) -> str:
        return self._replaced(text, _NAME, self._random.choice(_NAME.findall(text)))

    def _replaced(self, text: str, pattern: re.Pattern[str], new: str) -> str:
        matches = list(pattern.finditer(text))
        if not matches:
            return text
        match = self._random.choice(matches)
        return f"{text[: match.start()]}{new}{text[match.end() :]}"

    def _with_statement(self, text: str) -> str:
        lines = text.splitlines(keepends=True)
        place = self._random.randrange(len(lines))
        indent = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
        lines.insert(place, f"{indent}{self._random.choice(_STATEMENTS)}\n")
        return "".join(lines)

    def _with_lines(self, text: str) -> str:
        """Remove some lines, or insert them at another place."""
        lines = text.splitlines(keepends=True)
        start = self._random.randrange(len(lines))
        end = start + self._random.randrange(1, 8)
        moved, place = lines[start:end], self._random.randrange(len(lines))
        if self._random.random() < 0.5:
            del lines[start:end]
        else:
            lines[place:place] = moved
        return "".join(lines)
