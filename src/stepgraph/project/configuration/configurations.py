"""The configurations that a run has met, each read once."""

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
    """Configurations for one environment. What is wrong with one goes to the `problems` once, however named."""

    environment: str | None
    problems: list[Problem]
    _read: dict[str, Configuration | None] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _above: dict[str, Configuration | None] = field(default_factory=dict)
    _bytes: int = 0
    _is_refusing: bool = False

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of the configurations that were read, or tried to."""
        return tuple(self._read)

    @property
    def known(self) -> tuple[Configuration, ...]:
        """The configurations that could be read, each once, however named."""
        read = {os.path.realpath(path): found for path, found in reversed(self._read.items()) if found is not None}
        return tuple(reversed(read.values()))

    def at(self, path: str, root: Root) -> Configuration | None:
        """Return the configuration in a file inside of a root, None where it cannot be read."""
        if path not in self._read and self._bytes > CONFIGURATION_BYTES_IN_ALL:
            self._refuse(path)
        if path not in self._read:
            # Imported here for start-up: what is searched may have none.
            from stepgraph.project.configuration.wrangler import read_configuration

            try:
                configuration = self._read[path] = read_configuration(path, root, self.environment)
                self._tell(path, configuration.problems)
                self._bytes += len(configuration.content)
            except InputError as error:
                self._read[path] = None
                self._tell(path, (error.problem,))
                # How large it is, is not known here, and a hundred that are wrong are too many anyway.
                self._bytes += CONFIGURATION_BYTES_IN_ALL // 100
        return self._read[path]

    def above(self, folder: str, root: Root) -> Configuration | None:
        """Return the nearest configuration in a folder or around it, None where there is none inside of a root."""
        if folder not in self._above:
            path = configuration_above(folder)
            self._above[folder] = None if path is None else self.at(path, root)
        return self._above[folder]

    @property
    def defines_environment(self) -> bool:
        """Whether a configuration has a part for the environment, or could not be read, which was told."""
        return any(found is None or found.defines_environment for found in self._read.values())

    def demand_environment(self) -> None:
        """Add a problem if an environment was asked for and no configuration defines it."""
        if self.environment is None or self.defines_environment:
            return
        if not self._read:
            message = f"environment `{self.environment}` is not defined: no wrangler configuration was found."
            self.problems.append(Problem("wrangler.jsonc", message, kind=ProblemKind.CONFIGURATION))
            return
        message = f"environment `{self.environment}` is not defined: no configuration that was read has an `env` table."
        advice = f"Add `env.{self.environment}`, or leave the environment out."
        self.problems.append(Problem(self.paths[0], message, advice, 1, 1, kind=ProblemKind.CONFIGURATION))

    def _refuse(self, path: str) -> None:
        """Take a configuration for one that cannot be read. Of the first alone it is told why."""
        self._read[path] = None
        if not self._is_refusing:
            self._is_refusing = True
            message = f"not read: there are more than {CONFIGURATION_BYTES_IN_ALL // MEGABYTE} MB of configurations."
            self._tell(path, [Problem(path, message, "Name the folders of your projects.")])

    def _tell(self, path: str, problems: Sequence[Problem]) -> None:
        real = os.path.realpath(path)
        if real not in self._told:
            self._told.add(real)
            self.problems += problems
