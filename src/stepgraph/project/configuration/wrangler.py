"""The workflows in wrangler's configuration, for one environment.

An environment inherits all fields that are read here except `workflows`. The name of its Worker is its own `name` or,
by default, the top-level `name` with the suffix `-ENVIRONMENT`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.keyed_record import KeyedRecord
from stepgraph.limits import CONFIGURED_ENVIRONMENTS, CONFIGURED_WORKFLOWS
from stepgraph.model.note import InputError, Problem
from stepgraph.project.configuration.compatibility import Compatibility, DependencyMode
from stepgraph.project.configuration.document import (
    ConfigurationDocument,
    Fields,
    MalformedError,
    explain_malformed,
    is_placeholder,
    is_placeholder_date,
)
from stepgraph.project.encoding import decode_utf_8
from stepgraph.project.folders import folder_of, real_path
from stepgraph.project.reading import read_configuration_bytes
from stepgraph.project.root import Root

_KEEP_INSIDE: Final = "Files outside of the repository or the named directory are never read."
_WORKER_FIELDS: Final = ("main", "compatibility_date", "compatibility_flags")
"""Fields of the top level that decide how the modules of a Worker run."""
_REMOVE: Final = "Remove one of them."
_RENAME: Final = "Rename one of them."
_DATE: Final = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])")


class ConfiguredWorkflow(KeyedRecord, Struct, frozen=True, eq=False):
    """A workflow in a configuration. Lines and columns start at 1."""

    name: str
    class_name: str
    line: int
    """The line of the class name in the configuration."""
    column: int
    script_name: str | None = None
    """The Worker that defines the class, or None for the Worker of this configuration."""
    steps: int | None = None
    """The limit on the steps of an instance, or None for the default."""
    name_position: tuple[int, int] = (1, 1)
    steps_position: tuple[int, int] = (1, 1)
    binding: str | None = None
    """The name of the binding in `env`, or None without a binding."""

    def key(self) -> tuple[object, ...]:
        """Return all fields except the binding, and the positions of the name and the limit."""
        return (self.name, self.class_name, self.line, self.column, self.script_name, self.steps)

    @property
    def label(self) -> str:
        """The name with the class in parentheses, and the Worker of an external workflow."""
        worker = "" if self.script_name is None else f" of the Worker {self.script_name}"
        return f"{self.name} ({self.class_name}){worker}"


class EnvironmentWorkflows(Struct, frozen=True):
    """The workflows that an environment besides the selected one adds to the main module of a Worker."""

    compatibility: Compatibility
    workflows: tuple[ConfiguredWorkflow, ...]

    @property
    def own_workflows(self) -> tuple[ConfiguredWorkflow, ...]:
        """The workflows whose classes this Worker defines."""
        return tuple(workflow for workflow in self.workflows if workflow.script_name is None)


class Configuration(KeyedRecord, Struct, frozen=True, eq=False):
    """The configuration of a Worker for one environment."""

    path: str
    name: str
    main: str | None
    """The path of the main module, relative to the working directory unless it is absolute."""
    main_position: tuple[int, int]
    base_dir: str | None
    """The directory from which modules are imported, relative to the working directory unless it is absolute."""
    compatibility: Compatibility
    workflows: tuple[ConfiguredWorkflow, ...]
    problems: tuple[Problem, ...]
    hints: tuple[Problem, ...]
    """Remarks on likely mistakes in a valid configuration."""
    defines_environment: bool = False
    """Whether the configuration has a table for the environment."""
    environments: tuple[EnvironmentWorkflows, ...] = ()
    """The other environments with workflows, if no environment is selected. Environments with problems are omitted."""
    content: bytes = b""
    """The bytes of the file."""

    def key(self) -> tuple[object, ...]:
        """Return all fields except the content, which determines them."""
        return (
            *(self.path, self.name, self.main, self.main_position, self.base_dir, self.compatibility),
            *(self.workflows, self.problems, self.hints, self.defines_environment, self.environments),
        )

    @property
    def mode(self) -> DependencyMode | None:
        """The dependency mode of steps, or None if the configuration does not decide it."""
        return self.compatibility.mode

    @property
    def is_python(self) -> bool:
        """Whether the main module is written in Python."""
        return self.main is not None and self.main.endswith(".py")

    @property
    def own_workflows(self) -> tuple[ConfiguredWorkflow, ...]:
        """The workflows whose classes this Worker defines."""
        return tuple(workflow for workflow in self.workflows if workflow.script_name is None)

    def workflow_of_class(self, class_name: str) -> ConfiguredWorkflow | None:
        """Return the first workflow of this Worker that runs a class, if any."""
        return next((workflow for workflow in self.own_workflows if workflow.class_name == class_name), None)


def read_configuration(path: str, root: Root, environment: str | None = None) -> Configuration:
    """Read a configuration file inside a root.

    Paths that lead out of the root are among the configuration's problems. Raises InputError if the file cannot be read
    or parsed, or if it defines environments but not this one.
    """
    content = read_configuration_bytes(path, root)
    document = _document(path, content)
    problems = [
        Problem.in_configuration(path, f"`{'.'.join(map(str, at))}` is a duplicate field.", _REMOVE, position)
        for at, position in document.duplicates
    ]
    top_level = Fields(path, document, problems, document.data)
    override = None if environment is None else _environment(top_level, environment)
    name = _name(top_level, override, environment)
    main = _main(top_level, override, root)
    misplaced = _report_misplaced(top_level) if _is_toml(path) else {}
    base_dir = _base_dir(top_level, override, root if main is not None and main.endswith(".py") else None)
    compatibility = _compatibility(top_level, override)
    owner = top_level if override is None else override
    workflows = tuple(_limited_workflows(owner, _exports(owner if "exports" in owner.values else top_level), name))
    hints = list(_hints(top_level, override, environment, has_workflows=bool(workflows)))
    environments = tuple(_other_environments(top_level, hints)) if environment is None else ()
    return Configuration(
        path=path,
        name=name,
        main=main,
        main_position=misplaced.get("main") or _table_with(top_level, override, "main").position(("main",)),
        base_dir=base_dir,
        compatibility=compatibility,
        workflows=workflows,
        problems=tuple(problems),
        hints=tuple(hints),
        defines_environment=override is not None,
        environments=environments,
        content=content,
    )


def _document(path: str, content: bytes) -> ConfigurationDocument:
    text = decode_utf_8(content, path)
    # Imported here for a fast start, because most runs need at most one of the two parsers.
    try:
        if _is_toml(path):
            from stepgraph.project.configuration.toml import TomlDocument

            return TomlDocument(text)
        from stepgraph.project.configuration.jsonc import JsoncDocument

        return JsoncDocument(text)
    except MalformedError as error:
        raise InputError(Problem.in_configuration(path, *explain_malformed(text, error))) from None


def _is_toml(path: str) -> bool:
    return ".toml" in path.rsplit("/", 1)[-1]


def _environment(top_level: Fields, name: str) -> Fields | None:
    """Return the table of an environment, or None if the configuration defines no environments."""
    environments = top_level.nested("env")
    if environments is None:
        return None
    if name in environments.values:
        return environments.nested(name)
    names = ", ".join(f"`{each}`" for each in environments.values)
    advice = f"Available: {names}." if names else ""
    message = f"unknown environment `{name}`."
    raise InputError(environments.problem((), message, advice))


def _other_environments(top_level: Fields, hints: list[Problem]) -> Iterator[EnvironmentWorkflows]:
    """Yield the environments whose workflows are in the main module of the top level, up to a limit.

    Problems in an environment are reported only if it is selected. Further environments add one of the `hints`.
    """
    problems: list[Problem] = []
    unreported = replace(top_level, problems=problems)
    environments = unreported.nested("env")
    exports = tuple(islice(_exports(unreported), CONFIGURED_WORKFLOWS))
    remaining = CONFIGURED_WORKFLOWS
    for number, name in enumerate(() if environments is None else environments.values):
        problems.clear()
        override = environments.nested(name) if environments is not None else None
        if override is None or not {"main", "base_dir"}.isdisjoint(override.values):
            continue
        own_exports = _exports(override) if "exports" in override.values else exports
        workflows = tuple(_limited_workflows(override, own_exports, _name(unreported, override, name)))
        remaining -= len(workflows)
        if remaining < 0 or number >= CONFIGURED_ENVIRONMENTS:
            message = (
                f"more than {CONFIGURED_ENVIRONMENTS} environments, or {CONFIGURED_WORKFLOWS:,} workflows in them, so"
                " the others are not checked."
            )
            hints.append(top_level.problem(("env",), message, "Select one with --env."))
            return
        compatibility = _compatibility(unreported, override)
        if workflows and not problems:
            yield EnvironmentWorkflows(compatibility, workflows)


def _inherited(top_level: Fields, override: Fields | None, name: str) -> str | None:
    value = None if override is None else override.text(name)
    return top_level.text(name) if value is None else value


def _inherited_path(top_level: Fields, override: Fields | None, name: str) -> str | None:
    """Return a path relative to the working directory, or None if it is missing or invalid."""
    value = None if override is None else override.path_text(name)
    return _relative_to(top_level.path, top_level.path_text(name) if value is None else value)


def _table_with(top_level: Fields, override: Fields | None, name: str) -> Fields:
    """Return the table that has the effective value of an inherited field."""
    return top_level if override is None or name not in override.values else override


def _main(top_level: Fields, override: Fields | None, root: Root) -> str | None:
    """Return the path of the main module. A Python module must be inside the root, because it is read."""
    main = _inherited_path(top_level, override, "main")
    if main is None or not main.endswith(".py") or _is_inside(main, root):
        return main
    _table_with(top_level, override, "main").report(("main",), _outside("main", main), _KEEP_INSIDE)
    return None


def _report_misplaced(top_level: Fields) -> dict[str, tuple[int, int]]:
    """Report each field of the top level that is below a line `[[workflows]]`. Return its position."""
    positions: dict[str, tuple[int, int]] = {}
    entries = top_level.values.get("workflows")
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        for field in _WORKER_FIELDS if isinstance(entry, dict) else ():
            if field in entry and field not in top_level.values and field not in positions:
                at = ("workflows", index, field)
                message = f"`{field}` is below `[[workflows]]`, so it is a field of this workflow."
                top_level.report(at, message, "Move it above the first line in brackets.")
                positions[field] = top_level.position(at)
    return positions


def _base_dir(top_level: Fields, override: Fields | None, root: Root | None) -> str | None:
    """Return the directory from which modules are imported. Report a directory that is missing or outside the root.

    For a Worker in another language, `root` is None, and nothing is reported: its build may not have made the
    directory.
    """
    folder = _inherited_path(top_level, override, "base_dir")
    if folder is None or root is None:
        return folder
    if not _is_inside(folder, root):
        _table_with(top_level, override, "base_dir").report(("base_dir",), _outside("base_dir", folder), _KEEP_INSIDE)
        return None
    if not os.path.isdir(folder):
        message = f"`base_dir` is `{folder}`, which does not exist."
        _table_with(top_level, override, "base_dir").report(("base_dir",), message)
    return folder


def _is_inside(path: str, root: Root) -> bool:
    """Return whether a path is inside a root. A null character in the path is reported when the file is opened."""
    return "\0" in path or root.contains(path)


def _outside(field: str, path: str) -> str:
    return f"`{field}` is `{path}`, which is outside of the repository, so it is not read."


def _name(top_level: Fields, override: Fields | None, environment: str | None) -> str:
    environment_name = None if override is None else override.text("name")
    name = top_level.text("name") or ""
    return environment_name or (f"{name}-{environment}" if name and environment else name)


def _relative_to(path: str, name: str | None) -> str | None:
    """Convert a path relative to a configuration file into one relative to the working directory."""
    if name is None or name.startswith("/") or os.path.isabs(name):
        return name
    joined = folder_of(path) + name
    plain = os.path.normpath(joined).replace(os.sep, "/")
    # `..` after a symbolic link is the parent of the link's target.
    return plain if real_path(plain) == real_path(joined) else joined


def _compatibility(top_level: Fields, override: Fields | None) -> Compatibility:
    date = _inherited(top_level, override, "compatibility_date")
    if date is not None and is_placeholder_date(date):
        date = None
    elif date is not None and not _DATE.fullmatch(date):
        _table_with(top_level, override, "compatibility_date").report(
            ("compatibility_date",), f"invalid date `{date}`: expected a date such as 2026-03-01."
        )
        date = None
    flags = None if override is None else override.texts("compatibility_flags")
    flags = top_level.texts("compatibility_flags") or () if flags is None else flags
    has_flags = any("compatibility_flags" in fields.values for fields in (top_level, override or top_level))
    at = "compatibility_flags" if has_flags else "main"
    return Compatibility(date, flags, _table_with(top_level, override, at).position((at,)))


_Exports: TypeAlias = Iterable[tuple[str, Fields]]
"""The classes of workflows in `exports`, with their objects."""


def _limited_workflows(owner: Fields, exports: _Exports, worker: str) -> Iterator[ConfiguredWorkflow]:
    """Yield the first workflows, and report others."""
    workflows = _workflows(owner, exports, worker)
    yield from islice(workflows, CONFIGURED_WORKFLOWS)
    if next(workflows, None) is not None:
        message = f"more than {CONFIGURED_WORKFLOWS:,} workflows, so the others are not analyzed."
        owner.report(("workflows",), message, "Split the Worker.")


def _workflows(owner: Fields, exports: _Exports, worker: str) -> Iterator[ConfiguredWorkflow]:
    """Yield the workflows in order, with the workflows in `exports` last.

    Duplicate names and bindings are reported, because wrangler rejects them.
    """
    by_name: dict[str, ConfiguredWorkflow] = {}
    bindings: set[str] = set()
    for fields in owner.nested_list("workflows"):
        binding = fields.text("binding", required=True)
        if binding is not None and binding in bindings and not is_placeholder(binding):
            fields.report(("binding",), f"`{binding}` is already the binding of another workflow.", _RENAME)
        bindings.add(binding or "")
        workflow_name, class_name = fields.text("name", required=True), fields.text("class_name", required=True)
        if workflow_name is None or class_name is None:
            continue
        if workflow_name in by_name:
            fields.report(("name",), f"`{workflow_name}` is already the name of another workflow.", _RENAME)
            continue
        workflow = _workflow(fields, workflow_name, class_name, worker)
        by_name[workflow_name] = workflow
        yield workflow
    for class_name, fields in exports:
        workflow_name = fields.text("name", required=True)
        if workflow_name is None:
            continue
        existing = by_name.get(workflow_name)
        if existing is None:
            yield _workflow(fields, workflow_name, class_name, worker)
        elif existing.class_name != class_name or existing.script_name is not None:
            fields.report(
                ("name",), f"`{workflow_name}` is already the name of the workflow of `{existing.class_name}`."
            )


def _exports(owner: Fields) -> _Exports:
    """Yield the workflows in the `exports` of a table."""
    exports = owner.nested("exports")
    objects = () if exports is None else exports.named_objects()
    return ((class_name, fields) for class_name, fields in objects if fields.values.get("type") == "workflow")


def _workflow(fields: Fields, name: str, class_name: str, worker: str) -> ConfiguredWorkflow:
    limits = fields.nested("limits")
    script = fields.text("script_name")
    line, column = fields.position(("class_name",))
    steps = None if limits is None else limits.number("steps")
    name_position, steps_position = fields.position(("name",)), fields.position(("limits", "steps"))
    value = fields.values.get("binding")
    binding = value if isinstance(value, str) else None
    workflow = ConfiguredWorkflow(
        name=name,
        class_name=class_name,
        line=line,
        column=column,
        script_name=None,
        steps=steps,
        name_position=name_position,
        steps_position=steps_position,
        binding=binding,
    )
    return workflow if script == worker else replace(workflow, script_name=script)


def _hints(
    top_level: Fields, override: Fields | None, environment: str | None, *, has_workflows: bool
) -> Iterator[Problem]:
    if override is not None and "workflows" not in override.values and top_level.values.get("workflows"):
        message = (
            f"environment `{environment}` has no `workflows`, and environments do not inherit them from the top level."
        )
        yield override.problem((), message, f"Repeat them in `env.{environment}`.")
    if has_workflows:
        yield from _placeholder_hints(top_level, override)
    part = top_level if override is None else override
    if "workflows" in part.values:
        return
    for key in part.values:
        if key.casefold().replace("_", "").removesuffix("s") == "workflow":
            message = f"unknown field `{key}`."
            yield Problem.in_configuration(top_level.path, message, "Did you mean `workflows`?", part.key_position(key))


def _placeholder_hints(top_level: Fields, override: Fields | None) -> Iterator[Problem]:
    table = _table_with(top_level, override, "compatibility_date")
    date = table.values.get("compatibility_date")
    if isinstance(date, str) and is_placeholder_date(date):
        message = (
            f"the compatibility date is the placeholder `{date}`, so the code decides the dependency mode: legacy if it"
            " uses `depends`, and implicit otherwise."
        )
        yield table.problem(("compatibility_date",), message, "Check the configuration with its final date, too.")
