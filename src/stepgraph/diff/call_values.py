"""The comparison of texts with marks for parameters by the values that the calls of both versions pass.

The parameters of a function may have other names, and a call may pass its parameters on to a new function.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import KEY, Tree, calls_by_name, function_of
from stepgraph.model.details import parameter_marks, replace_parameter_marks, without_mark_numbers
from stepgraph.model.literal_texts import nested_definition

_PASSED_ON: Final = re.compile(r"__0 with __0 = (<argument [0-9]++\.[\w.]++>)")
"""The value of a call that passes a parameter of its own function on."""
_MAX_CHARACTERS: Final = 2_000
"""The maximum length of a text with the values that calls pass."""
_MAX_CALLS: Final = 40
"""The maximum number of calls whose values are compared for one text."""


class CallValues:
    """The values that the calls of both versions pass for parameters."""

    def __init__(self, matching: Matching) -> None:
        self.matching = matching
        self._calls: tuple[Mapping[str, Sequence[int]], Mapping[str, Sequence[int]]] | None = None
        self._remaining = _MAX_CALLS

    def are_same(self, old: int, new: int, texts: tuple[str, str]) -> bool:
        """Return whether the texts of two elements have the same values in all calls that both versions have.

        Equal parameters of a function have the same values, because the calls change them alike.
        """
        self._remaining = _MAX_CALLS
        return self._are_same(old, new, *texts)

    def _are_same(self, old: int, new: int, before: str, after: str) -> bool:
        before, after = _without_variable(before), _without_variable(after)
        is_equal = self.matching.is_same_definition(without_mark_numbers(before), without_mark_numbers(after))
        if not (parameter_marks(before) or parameter_marks(after)):
            return is_equal
        functions = function_of(self.matching.old, old), function_of(self.matching.new, new)
        is_matched = self.matching.to_new[functions[0]] == functions[1]
        is_extracted = self.matching.to_old[functions[1]] is None
        is_inlined = self.matching.to_new[functions[0]] is None
        if is_equal and (is_matched or not (is_extracted or is_inlined)):
            return True
        contexts = [*self._contexts(old, new, functions, is_extracted=is_extracted, is_inlined=is_inlined)]
        self._remaining -= len(contexts)
        if not contexts or self._remaining < 0:
            return False
        for outer_old, outer_new in contexts:
            values = before, after
            if outer_old != old:
                values = _with_passed(self.matching.old, outer_old, before), values[1]
            if outer_new != new:
                values = values[0], _with_passed(self.matching.new, outer_new, after)
            if not all(values) or not self._are_same(outer_old, outer_new, *values):
                return False
        return True

    def _contexts(
        self, old: int, new: int, functions: tuple[int, int], *, is_extracted: bool, is_inlined: bool
    ) -> Iterator[tuple[int, int]]:
        """Yield the elements that decide the parameters of two elements: calls, or an element itself in one version.

        A function that only one version has is followed to its calls.
        """
        if self._calls is None:
            self._calls = calls_by_name(self.matching.old), calls_by_name(self.matching.new)
        trees = self.matching.old, self.matching.new
        callers = [
            calls.get(tree[function].text(KEY), ())
            for calls, tree, function in zip(self._calls, trees, functions, strict=True)
        ]
        if is_extracted:
            yield from ((old, call) for call in callers[1])
        elif is_inlined:
            yield from ((call, new) for call in callers[0])
        else:
            for call in callers[0]:
                partner = self.matching.to_new[call]
                if partner is not None and partner in callers[1]:
                    yield call, partner


def _with_passed(tree: Tree, call: int, text: str) -> str:
    """Return a text with the values that a call passes, or an empty string if it is too long."""
    values = {mark: _without_variable(value) for mark, value in tree.passed.get(call, ())}
    if text in values:
        return values[text]
    return with_values(text, lambda mark: values.get(mark, ""))


def with_values(text: str, value_of: Callable[[str], str]) -> str:
    """Return a text with the values of parameters in place of their marks, or an empty string if it is too long."""
    result = replace_parameter_marks(text, lambda mark: nested_definition(value_of(mark)) or mark)
    return result if len(result) <= _MAX_CHARACTERS else ""


def _without_variable(text: str) -> str:
    """Return the mark alone for a value that is a parameter."""
    passed_on = _PASSED_ON.fullmatch(text)
    return text if passed_on is None else passed_on[1]
