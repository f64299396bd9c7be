"""Names that are used without an import or another definition."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from stepgraph.checks.analysis.call_sites import is_handled_by_callers
from stepgraph.checks.diagnostic import Applicability, Diagnostic, Fix, Severity, safe_fix, unsafe_fix
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import StepNeverCalled, WrongArguments
from stepgraph.ir.name_facts import MissingImport, TypeOnlyName, UndefinedAttribute, UndefinedMember, UndefinedName
from stepgraph.syntax.edits.source_edits import AddedImport

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject
    from stepgraph.model.span import Span

_Use: TypeAlias = "MissingImport | UndefinedAttribute | UndefinedName"
Use = TypeVar("Use", MissingImport, TypeOnlyName, UndefinedAttribute, UndefinedMember, UndefinedName)
NameUse = TypeVar("NameUse", MissingImport, TypeOnlyName, UndefinedName)
_Key: TypeAlias = tuple[str, str]
"""The path of a module, and a name in it."""
_Consequences: TypeAlias = "Mapping[_Key, list[tuple[str, Span]]]"
"""The findings that the step object, or a step, is passed to an undefined function."""

# Names that code may also import from another module, or as another object.
_AMBIGUOUS: Final = frozenset({"Headers", "Request", "Response", "FormData", "datetime", "env", "fetch", "time"})

_PARAMETERS_OF_RUN: Final = ("step", "event")
# Types for annotations in TypeScript, which the SDK for Python lacks.
_TYPESCRIPT_TYPES: Final = frozenset({"WorkflowEvent", "WorkflowStep"})
_ADVICE_FOR_CODE: Final = "Import it outside of `if TYPE_CHECKING`."
_ADVICE_FOR_ANNOTATION: Final = "Add `from __future__ import annotations`, or write the annotation in quotes."


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    """Report the first use of each name in each module. The others have the same cause."""
    unresolved = _unresolved_arguments(subject, subject.facts_of_type(MissingImport))
    for missing in _first_uses(_evaluated(subject, MissingImport)):
        message = f"undefined name `{missing.name}`: {_effect(missing)}."
        consequences = tuple(unresolved.get(_key(missing), ()))
        yield Diagnostic(missing.place.span, message, _advice(missing), _fix(missing), consequences=consequences)
    for used in _first_uses(_evaluated(subject, TypeOnlyName)):
        message = f"`{used.name}` is imported only for type checkers: {_effect(used)}."
        yield Diagnostic(
            used.place.span, message, _ADVICE_FOR_ANNOTATION if _is_in_annotation(used) else _ADVICE_FOR_CODE
        )
    yield from map(_diagnostic_of_member, _first_uses(subject.facts_of_type(UndefinedMember)))
    steps = {fact.definition.function_name: fact for fact in subject.facts_of_type(StepNeverCalled)}
    unresolved, wrong_calls = (
        _unresolved_arguments(subject, subject.facts_of_type(UndefinedName)),
        _wrong_calls(subject),
    )
    for undefined in _first_uses(_evaluated(subject, UndefinedName)):
        message = f"{_describe(undefined)}: {_effect(undefined)}."
        misspelled = steps.get(undefined.suggestion or "")
        unused = () if misspelled is None else (("SG202", misspelled.place.span),)
        function = next(iter(undefined.place.functions), None)
        passed = (("SG134", call.place.span) for call in wrong_calls.get((id(function), undefined.name), ()))
        consequences = (*unused, *passed, *unresolved.get(_key(undefined), ()))
        yield Diagnostic(undefined.place.span, message, _advice_to_define(undefined), consequences=consequences)
    if subject.configured is not None or not subject.program.may_be_base:
        unresolved = _unresolved_arguments(subject, subject.facts_of_type(UndefinedAttribute))
        for attribute in _first_uses(subject.facts_of_type(UndefinedAttribute)):
            yield from _check_attribute(attribute, unresolved)


def _wrong_calls(subject: WorkflowSubject) -> dict[tuple[int, str], list[WrongArguments]]:
    """Return the calls with wrong arguments, by `id` of the called function and the name of a passed variable."""
    calls: dict[tuple[int, str], list[WrongArguments]] = {}
    for call in subject.facts_of_type(WrongArguments):
        for name in call.passed_names:
            calls.setdefault((id(call.definition.node), name), []).append(call)
    return calls


def _diagnostic_of_member(read: UndefinedMember) -> Diagnostic:
    """Report an attribute of a module that its class of the same name has, or the reverse."""
    module, _, member = read.owner.partition(".")
    owner = read.place.text.rpartition(".")[0]
    advice = f"Write `{owner}.{module}.{read.name}`."
    if member == read.name:
        advice = f"Write `{owner}`, which is imported from the module `{module}`."
    elif member:
        advice = f"`{owner}` is imported from the module `{module}`: import `{read.name}` from there, too."
    return Diagnostic(read.place.span, _missing_attribute(read.owner, read.name), advice)


def _missing_attribute(owner: str, name: str) -> str:
    effect = "reading it raises an AttributeError, and this code fails whenever it runs"
    return f"`{owner}` has no attribute `{name}`: {effect}."


def _check_attribute(undefined: UndefinedAttribute, consequences: _Consequences) -> Iterator[Diagnostic]:
    """Report an attribute that resembles another one, that is called with the step object, or that `run` receives.

    Other attributes may be part of a later version of the platform.
    """
    unresolved = tuple(consequences.get(_key(undefined), ()))
    is_parameter = undefined.name in _PARAMETERS_OF_RUN
    if not unresolved and undefined.suggestion is None and not is_parameter:
        return
    message = _missing_attribute(undefined.class_name, undefined.name)
    name = undefined.suggestion
    advice = f"Define `{undefined.name}`, or correct the name." if name is None else f"Did you mean `{name}`?"
    if is_parameter:
        advice = f"Write `{undefined.name}`, which is a parameter of `run`, or set the attribute in `run`."
    yield Diagnostic(undefined.place.span, message, advice, consequences=unresolved)


def _unresolved_arguments(subject: WorkflowSubject, uses: Iterable[_Use]) -> _Consequences:
    """Return the findings that the step object, or a step, is passed to an undefined function, for all uses."""
    unresolved: defaultdict[_Key, list[tuple[str, Span]]] = defaultdict(list)
    escapes = sorted(note.span for note in subject.notes if note.code == "escapes")
    for use in uses if escapes else ():
        # Imported here because it loads LibCST, which a run without findings does not need.
        from stepgraph.syntax.places import call_of_callee

        call = call_of_callee(use.place)
        if call is not None:
            unresolved[_key(use)] += (("SG004", span) for span in _spans_inside(escapes, call.span))
    return unresolved


def _spans_inside(spans: Sequence[Span], outer: Span) -> Iterator[Span]:
    """Yield the spans that another one encloses, of sorted spans."""
    start = bisect_left(
        spans, (outer.path, outer.line, outer.column), key=lambda span: (span.path, span.line, span.column)
    )
    for index in range(start, len(spans)):
        span = spans[index]
        if span.path != outer.path or (span.line, span.column) > (outer.end_line, outer.end_column):
            break
        if outer.encloses(span):
            yield span


def _key(use: _Use | TypeOnlyName | UndefinedMember) -> _Key:
    return use.place.module.path, use.name


def _first_uses(uses: Iterable[Use]) -> Iterable[Use]:
    """Return the first use of each name in each module."""
    first: dict[_Key, Use] = {}
    for use in uses:
        key = _key(use)
        if key not in first or use.place.span < first[key].place.span:
            first[key] = use
    return first.values()


def _evaluated(subject: WorkflowSubject, kind: type[NameUse]) -> Iterator[NameUse]:
    """Yield the uses of names that the Worker evaluates, unless the callers of the code test for the error."""
    for use in subject.facts_of_type(kind):
        is_evaluated = subject.compatibility.is_before_python_314 or not _is_in_annotation(use)
        if is_evaluated and (use.at_load or not is_handled_by_callers(subject, use.place, "NameError")):
            yield use


def _is_in_annotation(use: MissingImport | TypeOnlyName | UndefinedName) -> bool:
    # Imported here because it loads LibCST, which a run without findings does not need.
    from stepgraph.syntax.load_names import is_in_annotation

    return is_in_annotation(use.place.node, use.place.module)


def _is_defined_later(undefined: UndefinedName) -> bool:
    return undefined.suggestion == undefined.name


def _describe(undefined: UndefinedName) -> str:
    name = undefined.name
    return f"`{name}` is not defined yet" if _is_defined_later(undefined) else f"undefined name `{name}`"


def _effect(use: MissingImport | TypeOnlyName | UndefinedName) -> str:
    effect = "the Worker never starts" if use.at_load else "this code fails whenever it runs"
    if _is_in_annotation(use):
        return f"Python before 3.14 evaluates the annotation, which raises a NameError, and {effect}"
    return f"it raises a NameError, and {effect}"


def _advice(missing: MissingImport) -> str:
    if missing.is_member_of_class:
        return f"Write `self.{missing.name}` in a method, or import the name that you mean."
    statement = missing.imported.statement(missing.name)
    return f"Write `self.env`, or add `{statement}`." if missing.name == "env" else f"Add `{statement}`."


def _advice_to_define(undefined: UndefinedName) -> str:
    name = undefined.name
    if undefined.is_member_of_class:
        return f"Write `self.{name}`."
    if name in _PARAMETERS_OF_RUN and not undefined.at_load:
        return f"Add a parameter `{name}`, and pass it in each call."
    if name == "step":
        return "The step object is a parameter of `run`: declare the step in `run`."
    if name in _TYPESCRIPT_TYPES and _is_in_annotation(undefined):
        return f"The SDK for Python has no `{name}`: remove the annotation."
    if _is_defined_later(undefined):
        return _ADVICE_FOR_ANNOTATION
    if undefined.suggestion is not None:
        return f"Did you mean `{undefined.suggestion}`?"
    return f"Define or import `{name}`, or correct the name."


def _fix(missing: MissingImport) -> Fix | None:
    if missing.is_member_of_class:
        return None
    imported = missing.imported
    edit = AddedImport(missing.place, imported.module, missing.name if imported.is_member else None)
    return unsafe_fix(edit) if missing.name in _AMBIGUOUS else safe_fix(edit)


RULE = Rule(
    code="SG130",
    name="missing-import",
    module=__name__,
    severity=Severity.ERROR,
    fixes=(Applicability.SAFE, Applicability.UNSAFE),
    check=_check,
)
