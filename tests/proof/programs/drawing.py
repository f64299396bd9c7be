"""Drawing a program piece by piece, within a budget of steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from hypothesis import strategies as st

from tests.proof.programs.printing import Block, Statement
from tests.proof.programs.scope import Scope

T = TypeVar("T")
Mode = Literal["implicit", "legacy"]
DEEPEST = 5


@dataclass
class Drawing:
    """What is drawn from, what is left of the budget, and how names go on."""

    draw: st.DrawFn
    statement: Callable[[Drawing, Scope], Statement]
    """Draws any statement: of this family or another."""
    left: int
    """How many steps and calls there may still be."""
    mode: Mode = "implicit"
    needy: bool = False
    """Whether steps mostly need others."""
    names: Counter[str] = field(default_factory=Counter)

    def chance(self, one_in: int) -> bool:
        """Say yes so often; a program is simpler without."""
        return self.draw(st.integers(0, one_in - 1)) == one_in - 1

    def among(self, choices: Sequence[T]) -> T:
        """Take one; the first is the simplest."""
        return choices[self.draw(st.integers(0, len(choices) - 1))]

    def weighted(self, choices: Mapping[T, int]) -> T:
        return self.among([choice for choice, weight in choices.items() for _ in range(weight)])

    def number(self, least: int, most: int) -> int:
        return self.draw(st.integers(least, most))

    def some(self, choices: Sequence[T], most: int = 3) -> list[T]:
        """Take up to so many different ones."""
        return self.draw(st.lists(st.sampled_from(choices), max_size=most, unique=True)) if choices else []

    @contextmanager
    def share(self, part: float) -> Iterator[None]:
        """Let a block of the caller use this share of what is left."""
        kept = self.left - int(self.left * part)
        self.left -= kept
        yield
        self.left = max(self.left, 0) + kept

    def name(self, prefix: str) -> str:
        self.names[prefix] += 1
        return f"{prefix}{self.names[prefix]}"

    def block(self, scope: Scope, most: int = 4, goes_on: int = 3) -> Block:
        """Draw what stands in a block, and leave in the scope what it names."""
        statements: list[Statement] = []
        while self.left > 0 and len(statements) < most and self.draw(st.integers(0, goes_on)):
            statements.append(self.draw(st.builds(lambda: self.statement(self, scope))))  # to leave out as a whole
        return Block(tuple(statements))
