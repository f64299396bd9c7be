"""A cache of the configurations of a run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field

from stepgraph.limits import CONFIGURATION_BYTES_IN_ALL, MEGABYTE
from stepgraph.model.note import InputError, Problem, ProblemKind
from stepgraph.project.project import configuration_above
from stepgraph.project.root import Root

if TYPE_CHECKING:
    from stepgraph.project.configuration.wrangler import Configuration


class Configurations(Struct):
    """Configurations for one environment, each read once."""

    environment: str | None
    problems: list[Problem]
    """Receives the problems of each file once, also if several paths lead to it."""
    _read: dict[str, Configuration | None] = field(default_factory=dict)
    _reported: set[str] = field(default_factory=set)
    _by_folder: dict[str, Configuration | None] = field(default_factory=dict)
    _bytes: int = 0
    _is_over_limit: bool = False

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of all configurations, including those that could not be read."""
        return tuple(self._read)

    @property
    def readable(self) -> tuple[Configuration, ...]:
        """The configurations that could be read, without duplicates."""
        read = {os.path.realpath(path): each for path, each in reversed(self._read.items()) if each is not None}
        return tuple(reversed(read.values()))

    def at(self, path: str, root: Root) -> Configuration | None:
        """Return the configuration in a file inside a root, None if it cannot be read."""
        if path not in self._read and self._bytes > CONFIGURATION_BYTES_IN_ALL:
            self._skip(path)
        if path not in self._read:
            # Imported here for start-up: many projects have no configuration.
            from stepgraph.project.configuration.wrangler import read_configuration

            try:
                configuration = self._read[path] = read_configuration(path, root, self.environment)
                self._report(path, configuration.problems)
                self._bytes += len(configuration.content)
            except InputError as error:
                self._read[path] = None
                self._report(path, (error.problem,))
                # Its size is unknown here. The estimate stops after a hundred invalid files.
                self._bytes += CONFIGURATION_BYTES_IN_ALL // 100
        return self._read[path]

    def above(self, folder: str, root: Root) -> Configuration | None:
        """Return the configuration in a folder or its nearest ancestor inside a root, None without one."""
        if folder not in self._by_folder:
            path = configuration_above(folder)
            self._by_folder[folder] = None if path is None else self.at(path, root)
        return self._by_folder[folder]

    @property
    def defines_environment(self) -> bool:
        """Whether a configuration defines the environment, or could not be read, which is already a problem."""
        return any(each is None or each.defines_environment for each in self._read.values())

    def require_environment(self) -> None:
        """Add a problem if no configuration defines the environment of the run."""
        if self.environment is None or self.defines_environment:
            return
        if not self._read:
            message = f"environment `{self.environment}` is not defined: no wrangler configuration was found."
            self.problems.append(Problem("wrangler.jsonc", message, kind=ProblemKind.CONFIGURATION))
            return
        message = f"environment `{self.environment}` is not defined: no configuration that was read has an `env` table."
        advice = f"Add `env.{self.environment}`, or leave the environment out."
        self.problems.append(Problem(self.paths[0], message, advice, 1, 1, kind=ProblemKind.CONFIGURATION))

    def _skip(self, path: str) -> None:
        """Skip a configuration that exceeds the limit on their total size, which is reported once."""
        self._read[path] = None
        if not self._is_over_limit:
            self._is_over_limit = True
            message = f"not read: there are more than {CONFIGURATION_BYTES_IN_ALL // MEGABYTE} MB of configurations."
            self._report(path, [Problem(path, message, "Name the folders of your projects.")])

    def _report(self, path: str, problems: Sequence[Problem]) -> None:
        real = os.path.realpath(path)
        if real not in self._reported:
            self._reported.add(real)
            self.problems += problems
