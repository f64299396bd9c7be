"""The places in source code that concern each step, sleep and event wait of a workflow.

The steps, their calls and their dependencies are those that the analysis has resolved. The other places are the names
that refer to the variable of the step's function.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Final

from msgspec import Struct, field

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.checks.analysis.steps import CONTEXT
from stepgraph.checks.subject import WorkflowSubject
from stepgraph.ir.facts import DecoratorApplied, MethodCalled, StepCalled, StepDeclared
from stepgraph.ir.nodes import Run, StartOperation, StepDefinition, StepRun
from stepgraph.ir.static_values import StaticArgument, StaticCollection, StaticStep, cases_of
from stepgraph.ir.values import Constant, Template
from stepgraph.ir.walk import candidate_steps, runs_in
from stepgraph.live.live_project import LiveWorkflow
from stepgraph.model.payload import Node
from stepgraph.model.span import Span
from stepgraph.model.walk import paths_of
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.places import call_of_callee, callee_of, decorated_function, name_of_definition
from stepgraph.syntax.step_methods import WorkKind, is_step_method, work_of_method
from stepgraph.syntax.variables import Variable, assigned_variable, variable_of_function


class SiteKind(Enum):
    """The role of a place for a step, sleep or event wait."""

    NAME = "name"
    """The argument with the name, whether or not it is a literal."""
    FUNCTION = "function"
    """The name of the function at its definition."""
    CALL = "call"
    """The callee in a call of the step. For a sleep or event wait, the method of the step object."""
    PARAMETER = "parameter"
    """The name of a parameter of another step that receives the result."""
    DEPENDS = "depends"
    """An entry in the `depends` of another step."""
    ARGUMENT = "argument"
    """The name of the function in a declaration without `@`, as in `step.do("name")(function)`."""
    REFERENCE = "reference"
    """Another name that refers to the function, such as an argument of a call."""


class SourceStep(Struct, frozen=True, eq=False):
    """A step, sleep or event wait as the source code declares it.

    Several nodes of a graph may show it: a step has one for each of its runs.
    """

    work: WorkKind
    name: str
    """The name, with the source of its unknown parts in braces."""
    declaration: SourcePlace
    """The location of the call of the step object's method, as in `WorkflowAnalysis.span_of`."""
    name_argument: StaticArgument | None = None
    """The argument with the name. Without one, a step has the name of its function."""
    function: SourcePlace | None = None
    """The location of the function or lambda that a step runs; None if it cannot be resolved."""
    variable: Variable | None = None
    """The local variable that refers to the step, or None."""
    definitions: tuple[StepDefinition, ...] = ()
    """The definitions of a step in the intermediate representation, one for each execution of the declaration."""

    @property
    def definition(self) -> SourcePlace:
        """The name of the function that a step runs, or else the function, the name or the declaration."""
        if self.function is not None:
            return name_of_definition(self.function) or self.function
        return self.declaration if self.name_argument is None else self.name_argument.place


class StepSite(Struct, frozen=True, eq=False):
    """A place in source code that concerns a step, sleep or event wait."""

    kind: SiteKind
    place: SourcePlace
    span: Span
    step: SourceStep
    dependent: SourceStep | None = None
    """The step whose parameter or `depends` the place belongs to, which runs after `step`."""


class StepSites(Struct, frozen=True):
    """The places of all steps, sleeps and event waits of a workflow."""

    steps: tuple[SourceStep, ...]
    """The steps, sleeps and event waits, in the order in which the analysis has reached them."""
    sites: tuple[StepSite, ...]
    """All places, in source order for each file."""
    _by_line: Mapping[tuple[str, int], Sequence[StepSite]] = field(default_factory=dict)
    _by_step: Mapping[SourceStep, Sequence[StepSite]] = field(default_factory=dict)
    _by_dependent: Mapping[SourceStep, Sequence[StepSite]] = field(default_factory=dict)

    def at(self, path: str, line: int, column: int) -> Sequence[StepSite]:
        """Return the sites at a line and column, which count from 1. The end of a name counts as part of it.

        Of expressions on several lines, only the first and the last line are searched.
        """
        return [
            site
            for site in self._by_line.get((path, line), ())
            if (site.span.line, site.span.column) <= (line, column) <= (site.span.end_line, site.span.end_column)
        ]

    def innermost_at(self, path: str, line: int, column: int) -> Sequence[StepSite]:
        """Return the smallest sites at a line and column. A parameter may receive the result of several steps."""
        sites = self.at(path, line, column)
        smallest = min(map(_size, sites), default=None)
        return [site for site in sites if _size(site) == smallest]

    def of(self, step: SourceStep) -> Sequence[StepSite]:
        """Return the places of a step, in source order for each file."""
        return self._by_step.get(step, ())

    def dependencies(self, step: SourceStep) -> Sequence[SourceStep]:
        """Return the steps whose results the parameters or `depends` of a step request."""
        return list(dict.fromkeys(site.step for site in self._by_dependent.get(step, ())))


def _size(site: StepSite) -> tuple[int, int]:
    """Return the size of a place, by which those around the same position are compared."""
    return site.span.end_line - site.span.line, site.span.end_column - site.span.column


NO_SITES: Final = StepSites((), ())


def step_sites(workflow: LiveWorkflow) -> StepSites:
    """Return the places of the steps of a workflow, computed on the first call."""
    subject = workflow.analysis.subject
    return NO_SITES if subject is None else subject.once(sites_of_subject)


def nodes_by_declaration(analysis: WorkflowAnalysis) -> Mapping[Span, Sequence[Node]]:
    """Return the nodes of a graph by `span_of`, which for a step, sleep or wait is its `SourceStep.declaration`."""
    nodes: dict[Span, list[Node]] = {}
    for _, node in () if analysis.graph is None else paths_of(analysis.graph["workflow"]):
        span = analysis.span_of(node)
        if span is not None:
            nodes.setdefault(span, []).append(node)
    return nodes


def sites_of_subject(subject: WorkflowSubject) -> StepSites:
    """Return the places of the steps of an analyzed workflow."""
    search = _SiteSearch(subject)
    search.add_steps()
    search.add_waits()
    search.add_calls()
    search.add_dependencies()
    search.add_references()
    return search.result()


class _SiteSearch:
    """The search for the places in the facts and in the intermediate representation of a workflow."""

    def __init__(self, subject: WorkflowSubject) -> None:
        self._subject = subject
        self._steps: list[SourceStep] = []
        self._by_definition: dict[StepDefinition, SourceStep] = {}
        self._sites: dict[tuple[int, SourceStep], StepSite] = {}
        """The sites, by the `id` of the node and the step. The first kind of a place is the most specific one."""

    def add_steps(self) -> None:
        """Add the declarations of steps. The executions of one declaration for one function are one step."""
        applied = {
            id(fact.place.node): fact.arguments.positional for fact in self._subject.facts_of_type(DecoratorApplied)
        }
        executions: dict[tuple[int, int], list[StepDeclared]] = {}
        for fact in self._subject.facts_of_type(StepDeclared):
            function = None if fact.function is None else fact.function.place.node
            executions.setdefault((id(fact.place.node), id(function)), []).append(fact)
        for facts in executions.values():
            step = _source_step(facts)
            self._steps.append(step)
            self._by_definition |= dict.fromkeys(step.definitions, step)
            self._add_name(step)
            name = None if step.function is None else name_of_definition(step.function)
            if name is not None:
                self._add(SiteKind.FUNCTION, name, step)
            call = call_of_callee(step.declaration)
            arguments = () if call is None else applied.get(id(call.node), ())
            for argument in arguments[:1]:
                if all(part.isidentifier() for part in argument.place.text.split(".")):
                    self._add(SiteKind.ARGUMENT, argument.place, step)

    def add_waits(self) -> None:
        """Add the sleeps and event waits."""
        calls = {id(fact.place.node): fact for fact in self._subject.facts_of_type(MethodCalled)}
        for call in calls.values():
            work = work_of_method(call.method) if is_step_method(call.method) else "step"
            if work == "step":
                continue
            name = call.arguments.find(0, "name")
            step = SourceStep(work, "{}" if name is None else _name_text(name), call.place, name)
            self._steps.append(step)
            self._add_name(step)
            self._add(SiteKind.CALL, callee_of(call.place), step)

    def add_calls(self) -> None:
        """Add the calls of steps."""
        for call in self._subject.facts_of_type(StepCalled):
            step = self._by_definition.get(call.definition)
            if step is not None:
                self._add(SiteKind.CALL, callee_of(call.place), step)

    def add_dependencies(self) -> None:
        """Add the entries of `depends`, and the parameters that receive results."""
        for fact in self._subject.facts_of_type(StepDeclared):
            for place, definition in _listed_steps(fact):
                self._add_dependency(SiteKind.DEPENDS, place, definition, fact.definition)
        runs = list(_step_runs(self._subject))
        for run in runs:
            parameters = {parameter.name: parameter.place for parameter in run.definition.parameters}
            for step_input, dependency in zip(run.inputs, run.dependencies, strict=True):
                if step_input.parameter in parameters:
                    for definition in candidate_steps(dependency):
                        self._add_parameter(parameters[step_input.parameter], definition, run.definition)
        if self._subject.program.mode is DependencyMode.IMPLICIT:
            self._add_parameters_of_others({run.definition for run in runs})

    def _add_parameters_of_others(self, run: AbstractSet[StepDefinition]) -> None:
        """Add the parameters of steps that never run. Their dependencies are the steps with the same names."""
        by_name: dict[str, list[StepDefinition]] = {}
        for definition in self._by_definition:
            by_name.setdefault(definition.name, []).append(definition)
        for dependent in self._by_definition.keys() - run:
            for parameter in dependent.parameters:
                for definition in by_name.get(parameter.name, ()) if parameter.name != CONTEXT else ():
                    self._add_parameter(parameter.place, definition, dependent)

    def add_references(self) -> None:
        """Add the other names that refer to the variables of steps."""
        for step in self._steps:
            for place in () if step.variable is None else step.variable.occurrences:
                self._add(SiteKind.REFERENCE, place, step)

    def result(self) -> StepSites:
        """Return the sites that have been added."""
        sites = sorted(self._sites.values(), key=lambda site: site.span)
        by_line: dict[tuple[str, int], list[StepSite]] = {}
        by_step: dict[SourceStep, list[StepSite]] = {}
        by_dependent: dict[SourceStep, list[StepSite]] = {}
        for site in sites:
            by_step.setdefault(site.step, []).append(site)
            for line in {site.span.line, site.span.end_line}:
                by_line.setdefault((site.span.path, line), []).append(site)
            if site.dependent is not None:
                by_dependent.setdefault(site.dependent, []).append(site)
        return StepSites(tuple(self._steps), tuple(sites), by_line, by_step, by_dependent)

    def _add_name(self, step: SourceStep) -> None:
        if step.name_argument is not None:
            self._add(SiteKind.NAME, step.name_argument.place, step)

    def _add_parameter(self, parameter: SourcePlace, definition: StepDefinition, dependent: StepDefinition) -> None:
        name = name_of_definition(parameter)
        if name is not None:
            self._add_dependency(SiteKind.PARAMETER, name, definition, dependent)

    def _add_dependency(
        self, kind: SiteKind, place: SourcePlace, definition: StepDefinition, dependent: StepDefinition
    ) -> None:
        step = self._by_definition.get(definition)
        if step is not None:
            self._add(kind, place, step, self._by_definition.get(dependent))

    def _add(self, kind: SiteKind, place: SourcePlace, step: SourceStep, dependent: SourceStep | None = None) -> None:
        key = (id(place.node), step)
        if key not in self._sites:
            self._sites[key] = StepSite(kind, place, place.span, step, dependent)


def _source_step(executions: Sequence[StepDeclared]) -> SourceStep:
    """Return the step that a declaration declares in each of its executions."""
    first = executions[0]
    definition, declaration = first.definition, first.place
    decorated = decorated_function(declaration)
    function = decorated if first.function is None else first.function.place
    if decorated is not None:
        variable = variable_of_function(decorated)
    else:
        call = call_of_callee(declaration)
        variable = None if call is None else assigned_variable(call)
    name = first.arguments.find(0, "name")
    return SourceStep(
        work="step",
        name=definition.name,
        declaration=declaration,
        name_argument=None if name is None or name.value == Constant(None) else name,
        function=function,
        variable=variable,
        definitions=tuple(dict.fromkeys(fact.definition for fact in executions)),
    )


def _name_text(name: StaticArgument) -> str:
    match name.value:
        case Constant(value=str(text)) | Template(text=text):
            return text
        case _:
            return f"{{{name.place.brief_text}}}"


def _listed_steps(fact: StepDeclared) -> Iterator[tuple[SourcePlace, StepDefinition]]:
    """Yield the entries in the `depends` of a step that are steps."""
    depends = fact.arguments.find(1, "depends")
    for value in () if depends is None else cases_of(depends.value):
        for element in value.elements if isinstance(value, StaticCollection) else ():
            for case in cases_of(element.value):
                if isinstance(case, StaticStep):
                    yield element.place, case.definition


def _step_runs(subject: WorkflowSubject) -> Iterator[StepRun]:
    """Yield the runs of steps, as calls and as dependencies, each once."""
    operations = (visit.operation for visit in subject.program.operations)
    activities = (each.activity for each in operations if isinstance(each, Run | StartOperation))
    return runs_in(activity for activity in activities if isinstance(activity, StepRun))
