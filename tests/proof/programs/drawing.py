"""Draw programs within a budget of steps, using Hypothesis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from hypothesis import strategies as st

from tests.execution.platform import Mode
from tests.proof.programs.printing import Block, Statement
from tests.proof.programs.scope import Scope

T = TypeVar("T")
MAX_DEPTH = 5


@dataclass
class Drawing:
    """The state of generating a program: the source of choices, the budget, and counters for names."""

    draw: st.DrawFn
    statement: Callable[[Drawing, Scope], Statement]
    """Draws a statement of any family."""
    budget: int
    """Remaining number of steps and calls."""
    mode: Mode = "implicit"
    prefers_dependencies: bool = False
    """Whether most steps depend on others."""
    stateful: bool = False
    """Whether to draw statements that depend on changing objects."""
    names: Counter[str] = field(default_factory=Counter)

    def chance(self, one_in: int) -> bool:
        """Return True once in `one_in` draws. Shrinks to False."""
        return self.draw(st.integers(0, one_in - 1)) == one_in - 1

    def choose(self, choices: Sequence[T]) -> T:
        """Draw one of the choices. Shrinks to the first."""
        return choices[self.draw(st.integers(0, len(choices) - 1))]

    def weighted(self, choices: Mapping[T, int]) -> T:
        return self.choose([choice for choice, weight in choices.items() for _ in range(weight)])

    def number(self, least: int, most: int) -> int:
        return self.draw(st.integers(least, most))

    def sample(self, choices: Sequence[T], most: int = 3) -> list[T]:
        """Draw at most `most` distinct choices."""
        return self.draw(st.lists(st.sampled_from(choices), max_size=most, unique=True)) if choices else []

    @contextmanager
    def share(self, part: float) -> Iterator[None]:
        """Limit the code within the block to this share of the budget."""
        reserved = self.budget - int(self.budget * part)
        self.budget -= reserved
        yield
        self.budget = max(self.budget, 0) + reserved

    def name(self, prefix: str) -> str:
        self.names[prefix] += 1
        return f"{prefix}{self.names[prefix]}"

    def block(self, scope: Scope, most: int = 4, continue_weight: int = 3) -> Block:
        """Draw a block of statements, adding their names to the scope."""
        statements: list[Statement] = []
        while self.budget > 0 and len(statements) < most and self.draw(st.integers(0, continue_weight)):
            # `builds` lets Hypothesis remove a whole statement when it shrinks a program
            statements.append(self.draw(st.builds(lambda: self.statement(self, scope))))
        return Block(tuple(statements))
