"""Computed names, durations, settings and conditions whose values change although the payload does not.

`await self.charge(step, "card")` decides the name of the step `charge {method}` in the function `charge`.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Container, Iterator, Mapping
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.diff.call_values import CallValues, with_values
from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import (
    BRANCH,
    CALL,
    KEY,
    STEPS,
    Tree,
    TreeElement,
    calls_by_name,
    function_of,
    functions_by_key,
)
from stepgraph.model.details import parameter_marks, without_mark_numbers
from stepgraph.model.literal_texts import changed_passes, element_texts, partial_text, text_in_pass

COMPUTED: Final = "\0computed"
"""The field of a step or call with computed texts in changes. The payload has no such field."""

TextKind: TypeAlias = Literal["name", "duration", "event_type", "settings", "condition"]

_EFFECTS: Final = re.compile(r"<effects \w*>")
"""The digest of the side effects in front of an expression."""
_ATTRIBUTE_CODE: Final = re.compile(r"_f_[0-9a-f]{16}\b|<effects \w*>")
"""The digest of the code of an attribute, or of side effects."""
_MAX_SEARCHES: Final = 8
"""The maximum number of calls that pass a value of one call on to the same function for which it is searched."""


class ComputedText(Struct, frozen=True):
    """A computed text of a step or branch whose value may differ in the new version."""

    number: int
    """The old number of the step or branch."""
    kind: TextKind
    before: str | None = None
    """The old value, such as `charge card`, with the expressions that only the run decides in braces. None if
    this text does not show the change. Settings are code, as in `ComputedTexts.parametric_settings`.
    """
    after: str | None = None
    """The new value, or None."""
    order: tuple[str, ...] = ()
    """The new names of the step in the passes of a loop, if only their order changed."""
    name: str = ""
    """The new name of the step in the call that changes the text, with unknown expressions in braces. Empty if it is
    that of the graph.
    """


def has_computed_texts(tree: Tree) -> bool:
    """Return whether a step has a name or a duration with an expression, or may have settings that code computes."""
    with_settings = (CALL, "step_do", "step_wait_for_event")
    return any(element.kind in with_settings or _computed_kinds(tree, element.number) for element in tree.elements)


def changed_texts(matching: Matching, branches: Container[int]) -> Iterator[tuple[int, int, tuple[ComputedText, ...]]]:
    """Yield the steps and calls of both versions that change computed texts, by the old and the new number.

    The code around a step changes its own texts. The arguments of a call change those in the called function, and in
    the functions that it calls with these arguments. `branches` are the old branches with other code or values in their
    conditions. Their conditions are omitted if the code of an attribute changes both these and the arguments.
    """
    call_values = CallValues(matching)
    passed_texts = _PassedTexts(call_values, branches)
    pairs = [(old, new) for old, new in enumerate(matching.to_new) if new is not None]
    by_calls = {old: (*passed_texts.changed_by(old, new),) for old, new in pairs if matching.old[old].kind == CALL}
    in_calls = {text.number for texts in by_calls.values() for text in texts if text.kind == "settings"}
    for old, new in pairs:
        texts = by_calls[old] if old in by_calls else tuple(_own_texts(call_values, old, new, in_calls))
        if texts:
            yield old, new, texts


def _own_texts(call_values: CallValues, old: int, new: int, in_calls: Container[int]) -> Iterator[ComputedText]:
    """Yield the computed texts of a step whose values its code changes.

    `in_calls` are the numbers of the steps whose settings calls change. Equal code is omitted for these, also after
    other side effects, which the calls decide.
    """
    matching = call_values.matching
    for kind in _computed_kinds(matching.old, old):
        is_equal = _shown(matching.old[old], kind) == _shown(matching.new[new], kind)
        is_reported = kind == "settings" and (
            _has_other_settings(matching.old[old], matching.new[new])
            or (old in in_calls and _has_same_code_without_effects(call_values, old, new))
        )
        if is_equal and not is_reported and _has_other_code(call_values, old, new, kind):
            texts = _parametric_texts(matching, old, new, kind) if kind == "settings" else None
            yield ComputedText(old, kind, *(texts or ()))


def depends_on_calls(call_values: CallValues, old: int, new: int) -> bool:
    """Return whether only the arguments of calls can change the condition of a branch, not the code in the function."""
    texts = _parametric_texts(call_values.matching, old, new, "condition")
    return texts is not None and call_values.are_same(old, new, texts)


def has_other_parameters(matching: Matching, old: int, new: int) -> bool:
    """Return whether the condition of a branch depends on parameters with other names, or on other attributes of them.

    Calls with swapped arguments pass the same values in total.
    """
    texts = _parametric_texts(matching, old, new, "condition")
    before, after = ({*map(_parameter, parameter_marks(each))} for each in texts or ("", ""))
    return bool(before and after) and before != after


def _computed_kinds(tree: Tree, number: int) -> list[TextKind]:
    """Return the properties of a step that contain expressions. Other elements have none."""
    element = tree[number]
    fields: tuple[TextKind, ...] = ("name", "duration", "event_type")
    kinds = [kind for kind in fields if "{" in _shown(element, kind)] if element.kind in STEPS else []
    return [*kinds, "settings"] if number in tree.parametric_settings else kinds


def _shown(element: TreeElement, kind: TextKind) -> str:
    """Return a text as the payload shows it, or an empty string."""
    match element.fields:
        case {"options": {"event_type": str(event_type)}} if kind == "event_type":
            return event_type
        case _:
            return element.text(kind)


def _has_other_code(call_values: CallValues, old: int, new: int, kind: TextKind) -> bool:
    """Return whether the code around a step computes another value, regardless of the arguments of its function."""
    matching = call_values.matching
    texts = _parametric_texts(matching, old, new, kind)
    if texts is not None:
        return not call_values.are_same(old, new, texts)
    if function_of(matching.new, new) != matching.to_new[function_of(matching.old, old)]:
        return False  # The definitions of an extracted step contain the values that calls pass.
    if kind == "name":
        return matching.has_other_value(old, new)
    if kind != "duration":
        return False  # The payload shows event types without parameters, and texts without marks are compared above.
    are_known = old in matching.old.durations and new in matching.new.durations
    return are_known and not matching.has_same_duration(old, new)


def _has_same_code_without_effects(call_values: CallValues, old: int, new: int) -> bool:
    """Return whether the code of settings is equal in both versions, perhaps after other side effects."""
    texts = _parametric_texts(call_values.matching, old, new, "settings")
    if texts is None:
        return False
    before, after = (_EFFECTS.sub("<effects>", each) for each in texts)
    return call_values.are_same(old, new, (before, after))


def _differ_in_attributes(texts: tuple[str, str]) -> bool:
    """Return whether two conditions differ only in the code of attributes that they read."""
    before, after = (_ATTRIBUTE_CODE.sub("", without_mark_numbers(each)) for each in texts)
    return before == after


def _has_other_settings(old: TreeElement, new: TreeElement) -> bool:
    """Return whether the payload shows other settings of a step or event wait."""
    return any(old.fields.get(field) != new.fields.get(field) for field in ("config", "options"))


def _parametric_texts(matching: Matching, old: int, new: int, kind: TextKind) -> tuple[str, str] | None:
    """Return the texts of both versions with marks for parameters, or None if one is unknown."""
    texts = _texts(matching.old, kind).get(old), _texts(matching.new, kind).get(new)
    return None if texts[0] is None or texts[1] is None else (texts[0], texts[1])


def _texts(tree: Tree, kind: TextKind) -> Mapping[int, str]:
    match kind:
        case "duration":
            return tree.parametric_durations
        case "event_type":
            return tree.parametric_event_types
        case "settings":
            return tree.parametric_settings
        case _:
            return tree.parametric_names


class _PassedValues(Struct, frozen=True):
    """The values that a call passes in both versions, and the parameters with different values."""

    old: Mapping[str, str]
    """The old values, by the name of the parameter."""
    new: Mapping[str, str]
    """The new values."""
    changed: frozenset[str]
    """The names of the parameters with other values."""

    def are_used_in(self, text: str) -> bool:
        """Return whether a text contains a parameter with another value."""
        return not self.changed.isdisjoint(map(_parameter, parameter_marks(text)))


class _PassedTexts:
    """The computed texts that the arguments of calls decide."""

    def __init__(self, call_values: CallValues, branches: Container[int]) -> None:
        self._call_values = call_values
        self._branches = branches
        self._matching = matching = call_values.matching
        self._functions = functions_by_key(matching.old)
        self._calls = calls_by_name(matching.old), calls_by_name(matching.new)

    def changed_by(self, old: int, new: int) -> Iterator[ComputedText]:
        """Yield the texts that the arguments of a call change."""
        arguments = self._arguments(old, new)
        pending = deque([(old, arguments)] if arguments.changed else ())
        searches: Counter[int] = Counter()
        while pending:
            call, passed = pending.popleft()
            function = self._functions.get(self._matching.old[call].name)
            if function is None or searches[function] == _MAX_SEARCHES:
                continue
            searches[function] += 1
            for number, partner in self._inside(function):
                yield from self._of_element(number, partner, passed)
                if (passed_on := self._passed_on(number, partner, passed)).changed:
                    pending.append((number, passed_on))

    def _arguments(self, old: int, new: int) -> _PassedValues:
        before, after = _passed(self._matching.old, old), _passed(self._matching.new, new)
        both = [name for name in before if name in after]
        passed = {name: (before[name], after[name]) for name in both if before[name] and after[name]}
        # Unknown values are assumed equal.
        changed = (name for name, values in passed.items() if not self._call_values.are_same(old, new, values))
        return _PassedValues(before, after, frozenset(changed))

    def _inside(self, function: int) -> Iterator[tuple[int, int]]:
        """Yield the elements in a function that both versions have, by the old and the new number."""
        for number in self._matching.old.visit_subtree(function):
            partner = self._matching.to_new[number]
            if partner is not None:
                yield number, partner

    def _of_element(self, old: int, new: int, arguments: _PassedValues) -> Iterator[ComputedText]:
        element = self._matching.old[old]
        kinds: list[TextKind] = ["condition"] if element.kind == BRANCH else _computed_kinds(self._matching.old, old)
        for kind in kinds:
            texts = _parametric_texts(self._matching, old, new, kind)
            if texts is None or not arguments.are_used_in(texts[0]):
                continue
            if kind == "settings" and self._are_in_payload(old, new):
                continue
            if old in self._branches and _differ_in_attributes(texts):
                continue
            shown = _shown(element, kind)
            if shown == _shown(self._matching.new[new], kind):
                values = _replaced(texts[0], arguments.old), _replaced(texts[1], arguments.new)
                names = _name(self._matching.old, old, arguments.old), _name(self._matching.new, new, arguments.new)
                yield from _changes(ComputedText(old, kind), values, names, shown)

    def _are_in_payload(self, old: int, new: int) -> bool:
        """Return whether the payload shows other settings of a step, in a function with a single call."""
        trees = self._matching.old, self._matching.new
        steps = [tree[number] for tree, number in zip(trees, (old, new), strict=True)]
        keys = [tree[function_of(tree, step.number)].text(KEY) for tree, step in zip(trees, steps, strict=True)]
        is_only = all(len(calls[key]) == 1 for calls, key in zip(self._calls, keys, strict=True))
        return is_only and _has_other_settings(*steps)

    def _passed_on(self, old: int, new: int, outer: _PassedValues) -> _PassedValues:
        """Return the arguments of a call in a function, with the changes that `outer` causes."""
        before, after = _passed(self._matching.old, old), _passed(self._matching.new, new)
        changed = frozenset(name for name, value in before.items() if name in after and outer.are_used_in(value))
        return _PassedValues(
            {name: _replaced(value, outer.old) for name, value in before.items()},
            {name: _replaced(value, outer.new) for name, value in after.items()},
            changed,
        )


class _StepName(Struct, frozen=True):
    """The name of a step in a call."""

    text: str
    """The name with the values that the call passes, or an empty string for a literal name."""
    shown: str
    """The name in the payload."""

    @property
    def in_call(self) -> str:
        """The name with unknown expressions in braces, or an empty string if it is that of the graph."""
        return partial_text(self.text, self.shown) or "" if self.text else ""


def _name(tree: Tree, step: int, values: Mapping[str, str]) -> _StepName:
    """Return the name of a step with the values that a call passes."""
    return _StepName(_replaced(tree.parametric_names.get(step, ""), values), tree[step].name)


def _changes(
    text: ComputedText, values: tuple[str, str], names: tuple[_StepName, _StepName], shown: str
) -> Iterator[ComputedText]:
    """Yield the changes of a text in a call, one for each changed pass of a loop over listed values.

    `values` are the old and the new text, and `shown` is the one of the payload. `names` are the names of the step.
    """
    old_names, new_names = (element_texts(each.text, each.shown) for each in names)
    is_reordered = old_names != new_names and sorted(old_names) == sorted(new_names) == sorted({*new_names})
    if is_reordered and text.kind == "name":
        yield replace(text, order=tuple(new_names))
        return
    order = [new_names.index(each) for each in old_names] if is_reordered else [*range(len(new_names))]
    passes = changed_passes(*values, order)
    old, new = (element_texts(each, shown) for each in values)
    is_setting = text.kind == "settings"
    if passes is not None and (passes or is_reordered) and (is_setting or len(old) == len(new) == len(order)):
        for index in passes:
            position = order[index]
            before = text_in_pass(values[0], index) if is_setting else old[index]
            after = text_in_pass(values[1], position) if is_setting else new[position]
            yield replace(text, before=before, after=after, name=new_names[position])
        return
    whole = values if is_setting else (partial_text(values[0], shown), partial_text(values[1], shown))
    changed = text if whole[0] == whole[1] else replace(text, before=whole[0], after=whole[1])
    yield replace(changed, name=names[1].in_call)


def _passed(tree: Tree, call: int) -> dict[str, str]:
    """Return the values that a call passes, by the name of the parameter."""
    return {_parameter(mark): value for mark, value in tree.passed.get(call, ())}


def _parameter(mark: str) -> str:
    """Return the name of the parameter that a mark stands for."""
    return mark.removesuffix(">").partition(".")[2]


def _replaced(text: str, values: Mapping[str, str]) -> str:
    """Return a text with the values of parameters, or an empty string if it is too long."""
    return with_values(text, lambda mark: values.get(_parameter(mark), ""))
