"""The text of modules without workflows, as projects have them: constants, classes, functions and coroutines."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

_HEAD = '''\
"""Module {module} of the benchmark."""

from __future__ import annotations

{imports}
PATTERN_{module} = re.compile(r"^([a-z]+)-(\\d{{{digits}}})$")
RATES_{module} = {{"standard": {rate}, "reduced": 7, "exempt": 0}}
'''
_IMPORTS = {
    "json": "import json\n",
    "math": "import math\n",
    "re": "import re\n",
    "Mapping": "from collections.abc import Iterable, Mapping\n",
    "dataclass": "from dataclasses import dataclass, field\n",
}
"""The imports of a module, by a word in modules that need them."""
_PARTS = (
    '''

@dataclass
class Line{n}:
    """A line of an order."""

    name: str
    price: int
    count: int = 1
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return self.price * self.count

    def with_label(self, key: str, value: str) -> Line{n}:
        return Line{n}(self.name, self.price, self.count, {{**self.labels, key: value}})

    def __str__(self) -> str:
        return f"{{self.count}} x {{self.name}} at {{self.price / 100:.2f}}"
''',
    '''

def total_{n}(lines: Iterable[Mapping[str, int]], rate: int = {rate}) -> int:
    """Return the total of the lines of an order, with taxes."""
    total = 0
    for line in lines:
        if line["kind"] == {rate}:
            total += line["price"] * line.get("count", 1)
        elif line["kind"] > {rate}:
            total += math.ceil(line["price"] * (100 + rate) / 100)
        else:
            continue
    return max(total, 0)
''',
    '''

def parse_{n}(text: str) -> dict[str, str | int]:
    """Return the fields of a code such as `abc-123`."""
    result: dict[str, str | int] = {{}}
    for part in text.split(","):
        match = re.match(r"([a-z]+)-([0-9]+)", part.strip())
        if match is None:
            raise ValueError(f"unknown code: {{part!r}} (module {n})")
        result[match[1]] = int(match[2])
    return result
''',
    '''

async def load_{n}(database, key: str, *, limit: int = {rate}):
    """Return rows of a table, or an empty list if the table has none."""
    query = "SELECT id, name, price FROM table_{n} WHERE key = ? ORDER BY id LIMIT ?"
    try:
        rows = await database.prepare(query).bind(key, limit).all()
    except RuntimeError as error:
        print(json.dumps({{"table": "table_{n}", "error": str(error)}}))
        return []
    else:
        return [dict(row) for row in rows if row["price"] is not None]
''',
    '''

class Repository{n}:
    """Rows by key, with a cache."""

    def __init__(self, database, size: int = {rate}00) -> None:
        self._database = database
        self._size = size
        self._rows: dict[str, list[str]] = {{}}

    async def rows(self, key: str) -> list[str]:
        if key not in self._rows:
            if len(self._rows) >= self._size:
                self._rows.pop(next(iter(self._rows)))
            self._rows[key] = await self._database.rows("table_{n}", key)
        return self._rows[key]

    def forget(self, *keys: str) -> None:
        for key in keys:
            self._rows.pop(key, None)
''',
    '''

def report_{n}(orders, *names, currency="EUR", **labels):
    """Return the text of a report."""
    groups = {{}}
    for order in sorted(orders, key=lambda order: (order["date"], order["id"])):
        groups.setdefault(order["customer"], []).append(order)
    lines = [f"{{customer}}: {{len(of_customer)}}" for customer, of_customer in groups.items() if of_customer]
    totals = {{name: sum(order.get(name, 0) for order in orders) for name in names}}
    with_labels = ", ".join(f"{{key}}={{value}}" for key, value in labels.items())
    while lines and len(lines) > {rate}0:
        lines.pop()
    return "\\n".join([*lines, f"{{totals}} {{currency}}", with_labels])
''',
)

PARTS = len(_PARTS)
"""The number of kinds of definitions. Definition `n` of module `m` is a function `total` if `(m + n) % PARTS` is 1."""


def helper_module(module: int, lines: int) -> str:
    """Return the source of a module with about this number of lines, which no other number has."""
    parts = "".join(_parts(module, lines))
    imports = "".join(line for word, line in _IMPORTS.items() if word == "re" or word in parts)
    return _HEAD.format(module=module, digits=module % 7 + 1, rate=module % 20 + 1, imports=imports) + parts


def _parts(module: int, lines: int) -> Iterator[str]:
    count = 0
    for number in itertools.count():
        if count >= lines:
            return
        part = _PARTS[(module + number) % PARTS].format(n=f"{module}_{number}", rate=number % 30 + 1)
        yield part
        count += part.count("\n")
