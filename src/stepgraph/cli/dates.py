"""The dates of workflows: those of their modules, which git is asked for while these are analysed."""

from __future__ import annotations

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.project.module_dates import DateLookup, ModuleDates, dates_without_file
from stepgraph.project.sources import Sources


class Dates:
    """Looks up the dates of workflows that were found in some sources."""

    def __init__(self, lookup: DateLookup, sources: Sources) -> None:
        self._lookup = lookup
        self._without_file = {module.path for module in sources.modules if not module.on_disk}

    def of(self, workflow: WorkflowAnalysis) -> ModuleDates:
        """Return the dates of the module with the workflow's class. Raises InputError as `dates_without_file` does."""
        path = workflow.path
        return dates_without_file() if path in self._without_file else self._lookup.dates(path)


def look_ahead(sources: Sources, lookup: DateLookup) -> None:
    """Have git look for dates while the modules are analysed, which takes longer."""
    for module in sources.modules:
        if module.on_disk:
            lookup.start(module.path)
