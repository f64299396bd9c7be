"""The files that the search of a directory includes: the settings `include`, `exclude` and `extend-exclude`."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.limits import PATTERN_CHARACTERS
from stepgraph.model.note import InputError, Problem, ProblemKind
from stepgraph.project.configuration.document import Fields
from stepgraph.project.configuration.settings_file import find_settings
from stepgraph.project.folders import folder_of, path_from, prefix_of
from stepgraph.project.path_patterns import is_excluded, matches

SELECTION_KEYS: Final = ("include", "exclude", "extend-exclude")
"""The names of the settings that select files."""
DEFAULT_EXCLUDE: Final = ("node_modules", "__pycache__", "python_modules")
"""The default of the setting `exclude`."""

_DEFAULT_NAMES: Final = frozenset(DEFAULT_EXCLUDE)


class FileSelection(Struct, frozen=True):
    """The patterns of a search. They match paths relative to the directory of the settings."""

    include: tuple[str, ...] = ()
    """The patterns of the searched Python files and configurations; empty for all of them."""
    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    """The patterns of skipped files and directories, as in a `.gitignore` file."""
    searched: str = ""
    """The prefix of the paths in the searched directory."""
    from_settings: str = ""
    """The prefix of the searched directory, relative to the directory of the settings."""

    def skips_folder(self, prefix: str, name: str) -> bool:
        """Return whether the search skips a directory, by the prefix of its parent and its name."""
        if self.exclude is DEFAULT_EXCLUDE:
            return name in _DEFAULT_NAMES
        return is_excluded(self.exclude, self._relative_path(prefix, name), is_folder=True)

    def includes_file(self, prefix: str, name: str) -> bool:
        """Return whether the search includes a file, by the prefix of its directory and its name."""
        if self.exclude is DEFAULT_EXCLUDE and not self.include:
            return True
        path = self._relative_path(prefix, name)
        is_included = not self.include or any(matches(pattern, path) for pattern in self.include)
        return is_included and not is_excluded(self.exclude, path, is_folder=False)

    def _relative_path(self, prefix: str, name: str) -> str:
        """Return a path relative to the directory of the settings."""
        return f"{self.from_settings}{prefix[len(self.searched) :]}{name}"


DEFAULT_SELECTION: Final = FileSelection()
"""The selection without settings."""


class SelectionSettings(Struct, frozen=True):
    """The selection of a directory, and the problems of its settings."""

    selection: FileSelection = DEFAULT_SELECTION
    problems: tuple[Problem, ...] = field(default=())
    path: str = ""
    """The path of the file with the settings, or an empty string without settings that select files."""
    names: tuple[str, ...] = ()
    """The names of these settings."""


def read_selection(folder: str) -> SelectionSettings:
    """Return the selection for the search of a directory, from the nearest `pyproject.toml` with settings."""
    try:
        fields = find_settings([folder])
    except InputError as error:
        return SelectionSettings(problems=(replace(error.problem, kind=ProblemKind.CONFIGURATION),))
    names = () if fields is None else tuple(key for key in SELECTION_KEYS if key in fields.values)
    if fields is None or not names:
        return SelectionSettings()
    include, exclude, extension = (_patterns(fields, key) for key in SELECTION_KEYS)
    default = DEFAULT_EXCLUDE if exclude is None else exclude
    selection = FileSelection(
        include or (),
        DEFAULT_EXCLUDE if exclude is None and not extension else (*default, *(extension or ())),
        prefix_of(folder),
        prefix_of(path_from(folder_of(fields.path), folder)),
    )
    return SelectionSettings(selection, tuple(fields.problems), fields.path, names)


def _patterns(fields: Fields, key: str) -> tuple[str, ...] | None:
    """Return the patterns of a setting, or None if it is missing or invalid."""
    patterns = fields.texts(key)
    if patterns is None or sum(map(len, patterns)) <= PATTERN_CHARACTERS:
        return patterns
    message = f"`{key}` has more than {PATTERN_CHARACTERS:,} characters, so it is ignored."
    fields.report((key,), message, "Combine patterns.")
    return None
