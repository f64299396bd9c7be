"""The configurations that a run has met, each read once."""

from __future__ import annotations

from dataclasses import dataclass, field

from stepgraph.model.note import InputError, Problem
from stepgraph.project.configuration.wrangler import Configuration, read_configuration
from stepgraph.project.project import configuration_above


@dataclass(slots=True)
class Configurations:
    """Configurations for one environment. What is wrong with them goes to the `problems`."""

    environment: str | None
    problems: list[Problem]
    _read: dict[str, Configuration | None] = field(default_factory=dict)
    _above: dict[str, Configuration | None] = field(default_factory=dict)

    def at(self, path: str) -> Configuration | None:
        """Return the configuration in a file, None where it cannot be read."""
        if path not in self._read:
            try:
                configuration = self._read[path] = read_configuration(path, self.environment)
                self.problems += configuration.problems
            except InputError as error:
                self._read[path] = None
                self.problems.append(error.problem)
        return self._read[path]

    def above(self, folder: str) -> Configuration | None:
        """Return the nearest configuration in a folder or around it, None where there is none."""
        if folder not in self._above:
            path = configuration_above(folder)
            self._above[folder] = None if path is None else self.at(path)
        return self._above[folder]
