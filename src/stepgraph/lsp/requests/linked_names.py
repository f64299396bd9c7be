"""The names that must change together when a step or its function is renamed.

A step has the name in `step.do("name")`, or else the name of its function. Parameters of other steps must have this
name to receive the result. A function has the same name wherever code refers to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct, field

from stepgraph.escaping.plain_text import brief_line
from stepgraph.live.live_project import LiveWorkflow
from stepgraph.lsp.requests.navigation import StepKey, key_of
from stepgraph.lsp.steps.step_sites import SiteKind, SourceStep, StepSite, step_sites
from stepgraph.model.span import Span
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.variables import (
    StringLiteral,
    Variable,
    keywords_in_calls,
    string_literal,
    variable_of_function,
    variable_of_parameter,
)


class RenameError(Exception):
    """The reason why something cannot be renamed, with a remedy, as a message for the person who edits."""


class NamedByStep(Struct, frozen=True):
    """The name of a step, which is stored for instances."""

    key: StepKey


class NamedByFunction(Struct, frozen=True):
    """The name of the function of a step, with all names that refer to it."""

    key: StepKey


class NamedByParameter(Struct, frozen=True):
    """The name of a parameter, with all names that refer to it."""

    span: Span


NameOrigin: TypeAlias = NamedByStep | NamedByFunction | NamedByParameter


class LinkedName(Struct, frozen=True):
    """A place of a name."""

    workflow: LiveWorkflow
    """A workflow whose analysis has read the file."""
    place: SourcePlace
    literal: StringLiteral | None = None
    """The string literal with the name, or None if the name is an identifier."""

    @property
    def span(self) -> Span:
        """The location of the name or of its literal."""
        return self.place.span


class LinkedNames(Struct):
    """The names that must change together."""

    places: dict[Span, LinkedName] = field(default_factory=dict)
    variables: list[Variable] = field(default_factory=list)
    steps: set[StepKey] = field(default_factory=set)
    """The steps whose stored name changes."""
    workflows: dict[int, LiveWorkflow] = field(default_factory=dict)
    """The workflows that run these steps, by `id`."""

    @property
    def has_identifiers(self) -> bool:
        """Whether the names must be identifiers of Python."""
        return any(place.literal is None for place in self.places.values())

    @property
    def paths(self) -> list[str]:
        """The paths of the files that change, sorted."""
        return sorted({span.path for span in self.places})


def linked_names(workflows: Sequence[LiveWorkflow], path: str, origin: NameOrigin) -> LinkedNames:
    """Return the names that must change with a name in a file. Raises RenameError if one of them cannot be changed."""
    paths, names = {path}, LinkedNames()
    searched: list[LiveWorkflow] = []
    while True:
        # A file with one of the names may belong to further workflows.
        selected = [workflow for workflow in workflows if not paths.isdisjoint(workflow.inputs.files)]
        if len(selected) == len(searched):
            return names
        searched = selected
        names = _LinkSearch(searched).names_linked_to(origin)
        paths.update(names.paths)


class _LinkSearch:
    """The search for linked names in workflows."""

    def __init__(self, workflows: Sequence[LiveWorkflow]) -> None:
        self._names = LinkedNames()
        self._pending: list[NameOrigin] = []
        self._visited: set[NameOrigin] = set()
        self._steps: dict[StepKey, list[tuple[LiveWorkflow, SourceStep]]] = {}
        self._parameters: dict[Span, list[tuple[LiveWorkflow, StepSite]]] = {}
        self._functions: dict[Span, list[SourceStep]] = {}
        """The steps of each function, by the location of its name."""
        for workflow in workflows:
            sites = step_sites(workflow)
            for step in sites.steps:
                self._steps.setdefault(key_of(step), []).append((workflow, step))
                if step.function is not None:
                    self._functions.setdefault(step.definition.span, []).append(step)
            for site in sites.sites:
                if site.kind is SiteKind.PARAMETER:
                    self._parameters.setdefault(site.span, []).append((workflow, site))

    def names_linked_to(self, origin: NameOrigin) -> LinkedNames:
        """Return the names linked to a name."""
        self._pending.append(origin)
        while self._pending:
            current = self._pending.pop()
            if current in self._visited:
                continue
            self._visited.add(current)
            match current:
                case NamedByStep(key=key):
                    self._names.steps.add(key)
                    for workflow, step in self._steps.get(key, ()):
                        self._add_step(workflow, step)
                case NamedByFunction(key=key):
                    for workflow, step in self._steps.get(key, ()):
                        self._add_function(workflow, step)
                case NamedByParameter(span=span):
                    for workflow, site in self._parameters.get(span, ()):
                        self._add_parameter(workflow, site)
        return self._names

    def _add_step(self, workflow: LiveWorkflow, step: SourceStep) -> None:
        """Add the name of a step, and the parameters that it names."""
        self._names.workflows[id(workflow)] = workflow
        if step.name_argument is None:
            self._pending.append(NamedByFunction(key_of(step)))
        else:
            self._add_literal(workflow, step, step.name_argument.place)
        if is_implicit(workflow):
            self._pending += (NamedByParameter(site.span) for site in _parameters_of(workflow, step))

    def _add_literal(self, workflow: LiveWorkflow, step: SourceStep, place: SourcePlace) -> None:
        literal = string_literal(place)
        if literal is None:
            raise RenameError(
                f"the name of this {step.work} is not a single string literal. Change the expression at {place.span}."
            )
        self._names.places[place.span] = LinkedName(workflow, place, literal)

    def _add_function(self, workflow: LiveWorkflow, step: SourceStep) -> None:
        """Add the names that refer to the function of a step, and the steps that are named after the function."""
        variable = None if step.function is None else variable_of_function(step.function)
        if variable is None or variable.is_imported:
            raise RenameError(_outside_of_functions(step))
        if step.name_argument is None and step.name != variable.name:
            raise RenameError('the name of the step cannot be resolved. Name it, as in `step.do("name")`.')
        self._add_variable(workflow, variable)
        for place in variable.occurrences:
            for named in self._functions.get(place.span, ()):
                if named.name_argument is None:
                    self._pending.append(NamedByStep(key_of(named)))
        if not is_implicit(workflow):
            for site in _parameters_of(workflow, step):
                if site.place.text == variable.name:
                    self._add_variable(workflow, variable_of_parameter(site.place))

    def _add_parameter(self, workflow: LiveWorkflow, site: StepSite) -> None:
        """Add a parameter, and the steps that it names."""
        self._add_variable(workflow, variable_of_parameter(site.place))
        self._pending.append(NamedByStep(key_of(site.step)))
        function = None if site.dependent is None else site.dependent.function
        variable = None if function is None else variable_of_function(function)
        for keyword in () if variable is None else keywords_in_calls(variable, site.place.text):
            self._names.places[keyword.span] = LinkedName(workflow, keyword)

    def _add_variable(self, workflow: LiveWorkflow, variable: Variable | None) -> None:
        if variable is not None:
            self._names.variables.append(variable)
            for place in variable.occurrences:
                self._names.places[place.span] = LinkedName(workflow, place)


def is_implicit(workflow: LiveWorkflow) -> bool:
    """Return whether the parameters of steps name the steps whose results they receive."""
    subject = workflow.analysis.subject
    return subject is not None and subject.program.mode is DependencyMode.IMPLICIT


def _parameters_of(workflow: LiveWorkflow, step: SourceStep) -> Iterator[StepSite]:
    return (site for site in step_sites(workflow).of(step) if site.kind is SiteKind.PARAMETER)


def _outside_of_functions(step: SourceStep) -> str:
    name = brief_line(step.definition.text)
    return (
        f"the step has the name of its function `{name}`, which other files may use. Name the step, as in"
        f' `step.do("{name}")`; then rename the function with the language server of Python.'
    )
