"""The names and durations of the runs of steps in functions, with the values that the calls around a run pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field

from stepgraph.diff.matching import Matching
from stepgraph.diff.tree import BRANCH, FUNCTIONS, KEY, Tree, function_of
from stepgraph.execution.names import NamePattern
from stepgraph.execution.parts import Path
from stepgraph.model.details import parameter_marks, text_of_run, without_mark_numbers
from stepgraph.model.literal_texts import partial_text
from stepgraph.replay.passed_part import RunChain


class RunTexts(Struct, frozen=True):
    """Compares the texts of the runs of deployed steps with those of their counterparts."""

    matching: Matching
    _names: dict[RunChain, str | None] = field(default_factory=dict)
    """The names that the arguments of calls decide for the runs of deployed steps."""
    _new_names: dict[RunChain, str | None] = field(default_factory=dict)
    """The names that the arguments of calls decide for the runs of new steps."""
    _has_same_name: dict[RunChain, bool] = field(default_factory=dict)
    """The results of `has_same_name` so far."""
    _has_same_duration: dict[RunChain, bool] = field(default_factory=dict)
    """The results of `has_same_duration` so far."""

    def may_be(self, chain: RunChain, name: str) -> bool:
        """Return whether the arguments of calls allow a name for a run of a deployed step."""
        old = self._old_name(chain)
        return old is None or NamePattern.of(old).matches(name)

    def new_name(self, chain: RunChain, name: str) -> str | None:
        """Return the new name of a run with a name, or None if it is unknown or may be the same.

        The arguments of calls decide both names. Expressions that only the run decides remain in braces.
        """
        old, counterparts = self._old_name(chain), self._counterparts(chain)
        if old is None or counterparts is None or not NamePattern.of(old).matches(name):
            return None
        new = _passed_name(self.matching.new, counterparts)
        return None if new is None or NamePattern.of(new).matches(name) else new

    def _old_name(self, chain: RunChain) -> str | None:
        if chain not in self._names:
            self._names[chain] = _passed_name(self.matching.old, chain)
        return self._names[chain]

    def may_be_new(self, chain: RunChain, name: str) -> bool:
        """Return whether the arguments of new calls allow a name for a run of a new step."""
        if chain not in self._new_names:
            self._new_names[chain] = _passed_name(self.matching.new, chain)
        new = self._new_names[chain]
        return new is None or NamePattern.of(new).matches(name)

    def _counterparts(self, chain: RunChain) -> RunChain | None:
        """Return the new calls and the new step of a run, or None if one was removed."""
        numbers = tuple(each for number in chain if (each := self.matching.to_new[number]) is not None)
        return numbers if len(numbers) == len(chain) else None

    def has_counterpart(self, chain: RunChain, new: RunChain) -> bool:
        """Return whether a run of a deployed step corresponds to a run of a new one."""
        return self._counterparts(chain) == new

    def has_same_name(self, chain: RunChain) -> bool:
        """Return whether a run of a step certainly computes its name in the same way in both versions."""
        if chain not in self._has_same_name:
            names = self.matching.old.parametric_names, self.matching.new.parametric_names
            self._has_same_name[chain] = self._are_same(chain, *names)
        return self._has_same_name[chain]

    def has_same_duration(self, chain: RunChain) -> bool:
        """Return whether a run of a sleep certainly computes its duration in the same way in both versions."""
        if chain not in self._has_same_duration:
            durations = self.matching.old.parametric_durations, self.matching.new.parametric_durations
            self._has_same_duration[chain] = self._are_same(chain, *durations)
        return self._has_same_duration[chain]

    def _are_same(self, chain: RunChain, old: Mapping[int, str], new: Mapping[int, str]) -> bool:
        counterparts = self._counterparts(chain)
        if counterparts is None or counterparts[-1] not in new:
            return False
        before, after = _text(self.matching.old, chain, old), _text(self.matching.new, counterparts, new)
        return bool(before) and self.matching.is_same_definition(before, after)


class NewCallNames(Struct, frozen=True):
    """The names to which the calls of functions in the new version lead."""

    texts: RunTexts
    elements: Mapping[Path, int]
    """The numbers of the elements of the new version, by path."""
    runs: Sequence[Sequence[RunChain]]
    """The possible runs of deployed steps of each entry."""
    has_overtaken: Callable[[int], bool]
    """Returns whether a new call that the instance had not reached now precedes steps that have run."""

    def depend_on_calls(self, path: Path) -> bool:
        """Return whether the name of a new step depends on arguments of the calls around it."""
        names = self.texts.matching.new.parametric_names
        return path.startswith(f"{FUNCTIONS}[") and bool(parameter_marks(names.get(self.elements[path], "")))

    def may_answer(self, entry: int, name: str, calls: Sequence[Sequence[Path]], path: Path) -> bool:
        """Return whether an entry with a name may be a run of a new step in calls with these possible paths.

        The step may have been renamed in its calls. A call that has overtaken others takes their place.
        """
        chain = self._chain(calls, path)
        if self.may_lead_to(name, calls, path) or any(map(self.has_overtaken, chain[:-1])):
            return True
        return any(self.texts.has_counterpart(each, chain) for each in self.runs[entry])

    def may_lead_to(self, name: str, calls: Sequence[Sequence[Path]], path: Path) -> bool:
        """Return whether a new step may have a name in calls with these possible paths."""
        chain = self._chain(calls, path)
        return not chain or self.texts.may_be_new(chain, name)

    def _chain(self, calls: Sequence[Sequence[Path]], path: Path) -> RunChain:
        """Return the only possible calls, and the step, or an empty tuple."""
        if any(len(paths) != 1 for paths in calls):
            return ()
        return tuple(self.elements[each] for each in (*(each for (each,) in calls), path))


def equate_conditions(matching: Matching, calls: Mapping[str, Sequence[int]]) -> None:
    """Give conditions in a function the same definition if all deployed calls pass the same values for them.

    `calls` are the deployed calls, by the name of the called function. Other values are those of further calls.
    """
    old, new = matching.old, matching.new
    for number, partner in enumerate(matching.to_new):
        if partner is None or old[number].kind != BRANCH or old.definitions.get(number) == new.definitions.get(partner):
            continue
        before, after = old.parametric_names.get(number, ""), new.parametric_names.get(partner, "")
        pairs = list(zip(parameter_marks(before), parameter_marks(after), strict=False))
        function = old[function_of(old, number)].text(KEY)
        is_same = bool(before) and matching.is_same_definition(
            without_mark_numbers(before), without_mark_numbers(after)
        )
        if is_same and all(_pass_same_values(matching, call, pairs) for call in calls.get(function, ())):
            old.definitions[number] = new.definitions[partner] = matching.renamed_text(without_mark_numbers(before))


def _pass_same_values(matching: Matching, call: int, marks: Sequence[tuple[str, str]]) -> bool:
    """Return whether a deployed call and its counterpart certainly pass the same values for parameters."""
    partner = matching.to_new[call]
    before = dict(matching.old.passed.get(call, ()))
    after = {} if partner is None else dict(matching.new.passed.get(partner, ()))
    values = [(before.get(old, ""), after.get(new, "")) for old, new in marks]
    are_known = all(old and not parameter_marks(old) for old, _ in values)
    return are_known and all(matching.is_same_definition(old, new) for old, new in values)


def _passed_name(tree: Tree, chain: RunChain) -> str | None:
    """Return the name of a run with the arguments of calls, or None if they decide nothing of it."""
    return partial_text(_text(tree, chain, tree.parametric_names), tree[chain[-1]].name)


def _text(tree: Tree, chain: RunChain, parametric: Mapping[int, str]) -> str:
    """Return the text of a run of a step in a version, or an empty string if it is unknown."""
    passed = (dict(tree.passed.get(call, ())) for call in reversed(chain[:-1]))
    return text_of_run(parametric.get(chain[-1], ""), passed)
