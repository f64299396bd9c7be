"""The session of an editor: its documents and directories, and their analysis after each change.

One thread analyzes. An analysis whose documents change meanwhile is canceled at the next module, unless the editor has
waited too long for a result.
"""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Final, Protocol, TypeVar

from stepgraph.fixing import FixedFile
from stepgraph.live.live_project import AnalysisCanceledError
from stepgraph.lsp.protocol.documents import Documents
from stepgraph.lsp.sessions.folder import AnalyzedFolder, Folder, OpenProject, Workspace, is_inside
from stepgraph.lsp.sessions.publishing import DiagnosticsClient, Publisher
from stepgraph.lsp.sessions.views import DocumentView, FolderView
from stepgraph.phrases import counted

_NAME: Final = "stepgraph-lsp"


class AnalysisThread:
    """Runs functions one after another. The end of the process does not wait for it."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    async def run(self, function: Callable[[], Result]) -> Result:
        """Return the result of a function in the thread. If the task is canceled meanwhile, the result is lost."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=_NAME, daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()

        def call() -> None:
            try:
                result = function()
            except BaseException as error:  # noqa: BLE001 - raised again by the future
                _call(loop, partial(_fail, future, error))
            else:
                _call(loop, partial(_complete, future, result))

        self._calls.put(call)
        return await future

    def _work(self) -> None:
        while True:
            self._calls.get()()


def _complete(future: asyncio.Future[Result], result: Result) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Result], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)


def _call(loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> None:
    with suppress(RuntimeError):  # the session has ended
        loop.call_soon_threadsafe(callback)


Result = TypeVar("Result")

_SHORTEST_DELAY: Final = 0.002
_MAX_DELAY: Final = 0.5
"""The time in seconds between the last change and the analysis, for small and for large projects."""
_SHORT_ANALYSIS: Final = 0.2
"""The duration in seconds up to which analyses are not delayed further."""
_DELAY_RATIO: Final = 0.2
"""The additional delay as a share of the remaining duration of the last analysis."""

_MAX_AGE: Final = 1.0
"""The age in seconds of a change after which results are published although the texts have changed again."""

_MAX_WAIT: Final = 2.0
"""The maximum time in seconds that a request waits for the analysis of the current text."""

_PROGRESS_SECONDS: Final = 0.5
"""The time in seconds after which the progress of an analysis is shown, and between its reports."""

_LITTLE_GARBAGE: Final = 50_000
"""The number of objects up to which garbage is not collected in a pause. The analysis of 500 steps leaves 150,000."""
_MAX_GARBAGE: Final = 250_000
"""The number of objects from which garbage is collected even without a pause. They take about 30 MB."""
_IDLE_SECONDS: Final = 0.05
"""The time in seconds without changes that is a pause."""


class Client(DiagnosticsClient, Protocol):
    """The interface of a session to its editor."""

    def refresh(self) -> None:
        """Ask again for everything that depends on the analysis."""

    def show_progress(self, message: str) -> None:
        """Show that the analysis is in progress."""

    def end_progress(self) -> None:
        """Show that the analysis has ended, if its progress was shown."""

    def log(self, message: str) -> None:
        """Write a line to the log of the server."""


class Session:
    """The documents and directories of an editor. All methods must be called in the event loop."""

    def __init__(self, client: Client, open_project: OpenProject) -> None:
        """Start without documents and directories."""
        self.documents = Documents()
        self.workspace = Workspace(open_project)
        self._client = client
        self._publisher = Publisher(client)
        self._thread = AnalysisThread()
        self._analyzed: Mapping[str, AnalyzedFolder] = {}
        """The last result of each directory, by its path."""
        self._shown_results: Mapping[str, AnalyzedFolder] = {}
        """The results whose diagnostics the editor shows."""
        self._revision = 0
        """The number of changes so far."""
        self._analyzed_revision = -1
        self._is_changed = asyncio.Event()
        self._is_analyzed = asyncio.Condition()
        self._oldest_change = 0.0
        """The time of the first change since the last published results."""
        self._has_pending_changes = False
        """Whether there was a change since then."""
        self._has_late_requests = False
        """Whether the answer to a request was from an earlier state than the text."""
        self._last_seconds = 0.0
        """The duration of the last analysis."""

    def change(self) -> None:
        """Analyze again, because documents, directories or files have changed."""
        self._revision += 1
        if not self._has_pending_changes:
            self._has_pending_changes = True
            self._oldest_change = time.monotonic()
        self._is_changed.set()

    def change_files(self) -> None:
        """Analyze again, because files on the disk have changed."""
        for folder in self.workspace.folders:
            folder.forget_files()
        self.documents.resolve_links()
        self.change()

    def reads(self, path: str) -> bool:
        """Return whether the last analysis has read a file with an absolute path."""
        return any(
            is_inside(path, folder) and os.path.relpath(path, folder).replace(os.sep, "/") in analyzed.state.files
            for analyzed in self._analyzed.values()
            for folder in (analyzed.path, analyzed.real_path)
        )

    async def view(self, uri: str) -> DocumentView | None:
        """Wait for the analysis of a document's current text, and return the view. None if the document is not open.

        If the analysis takes long, the view is that of the last analysis.
        """
        await self._wait_for_analysis()
        document = self.documents.get(uri)
        folder = None if document is None else self.workspace.folder_of(document)
        analyzed = None if folder is None else self._analyzed.get(folder.path)
        if document is None or analyzed is None:
            return None
        return FolderView(analyzed, self.documents).document(document)

    async def folder_views(self) -> list[FolderView]:
        """Return the views of all directories, as `view` does."""
        await self._wait_for_analysis()
        return self._views()

    async def finish_analysis(self) -> None:
        """Wait for the analysis of the current texts and files, however long it takes."""
        revision = self._revision
        async with self._is_analyzed:
            await self._is_analyzed.wait_for(lambda: self._analyzed_revision >= revision)

    async def compute(self, function: Callable[[], Result]) -> Result:
        """Return the result of a long-running function, which is called between two analyses."""
        return await self._thread.run(function)

    async def fix(self, view: FolderView, path: str) -> tuple[FixedFile, ...] | None:
        """Return the files that the safe fixes of a file change, or None if the view is not the last result."""
        folder = next((each for each in self.workspace.folders if each.path == view.analyzed.path), None)
        return None if folder is None else await self.compute(partial(folder.fix, view.analyzed, path))

    async def run(self) -> None:
        """Analyze after each change, until the task is canceled."""
        while True:
            await self._wait_for_change()
            await self._wait_for_pause()
            revision = self._revision
            try:
                await self._analyze(revision)
            except AnalysisCanceledError:
                continue
            except Exception as error:  # noqa: BLE001 - the next edit may avoid the bug
                self._client.log(f"the analysis failed because of a bug in stepgraph: {error!r}")
            async with self._is_analyzed:
                self._analyzed_revision = revision
                self._is_analyzed.notify_all()

    async def follow_files(self, shortest_interval: float) -> None:
        """Analyze again after changes on the disk, until the task is canceled.

        The files are compared in about 5% of the time, and at most once in an interval of seconds.
        """
        interval = shortest_interval
        while True:
            await asyncio.sleep(interval)
            started = time.monotonic()
            if await self._thread.run(partial(_have_changed, self.workspace.folders)):
                self.change_files()
            interval = max(shortest_interval, (time.monotonic() - started) * 20)

    def _views(self) -> list[FolderView]:
        return [FolderView(analyzed, self.documents) for analyzed in self._analyzed.values()]

    async def _wait_for_analysis(self) -> None:
        try:
            await asyncio.wait_for(self.finish_analysis(), _MAX_WAIT)
        except TimeoutError:
            self._has_late_requests = True

    async def _wait_for_change(self) -> None:
        """Wait for a change. Garbage is collected meanwhile, because automatic collection is disabled."""
        if gc.get_count()[0] > _MAX_GARBAGE:
            gc.collect()
        try:
            await asyncio.wait_for(self._is_changed.wait(), _IDLE_SECONDS)
        except TimeoutError:
            if gc.get_count()[0] > _LITTLE_GARBAGE:
                gc.collect()  # this can take as long as an analysis
            await self._is_changed.wait()

    async def _wait_for_pause(self) -> None:
        """Wait for a pause between changes, or until the oldest change is too old."""
        further = max(0.0, self._last_seconds - _SHORT_ANALYSIS) * _DELAY_RATIO
        delay = min(_MAX_DELAY, _SHORTEST_DELAY + further)
        while self._is_changed.is_set():
            self._is_changed.clear()
            await asyncio.sleep(delay)
            if self._is_overdue():
                self._is_changed.clear()

    def _is_overdue(self) -> bool:
        return self._has_pending_changes and time.monotonic() - self._oldest_change > _MAX_AGE

    async def _analyze(self, revision: int) -> None:
        """Analyze the current texts and publish the results. `revision` is the number of their last change."""
        self.workspace.follow(self.documents)
        documents, folders = tuple(self.documents), self.workspace.folders
        progress = _RequestProgress()

        def on_module(path: str) -> None:
            if self._revision != revision and not self._is_overdue():
                raise AnalysisCanceledError
            progress.count(path)

        started = time.monotonic()
        analyzed = await self._with_progress(
            lambda: {folder.path: folder.analyze(documents, on_module) for folder in folders}, progress
        )
        self._last_seconds = time.monotonic() - started
        self._analyzed = analyzed
        if self._revision == revision or self._is_overdue():
            self._publish()

    async def _with_progress(self, function: Callable[[], Result], progress: _RequestProgress) -> Result:
        """Return the result of a function in the thread, and show its progress if it takes long."""
        task = asyncio.ensure_future(self._thread.run(function))
        try:
            while not (await asyncio.wait([task], timeout=_PROGRESS_SECONDS))[0]:
                self._client.show_progress(progress.message)
            return task.result()
        finally:
            self._client.end_progress()

    def _publish(self) -> None:
        self._has_pending_changes = self._is_changed.is_set()
        self._oldest_change = time.monotonic()
        changed = self._publisher.publish(self._views(), self.documents)
        if self._has_late_requests or self._affects_unchanged_documents(changed):
            self._has_late_requests = False
            self._client.refresh()
        self._shown_results = self._analyzed

    def _affects_unchanged_documents(self, uris: frozenset[str]) -> bool:
        """Return whether the results of open documents have changed although their texts have not."""
        for path, analyzed in self._analyzed.items():
            old = self._shown_results.get(path)
            if old is None:
                continue
            unchanged = [document for uri, document in analyzed.documents.items() if old.documents.get(uri) is document]
            files = _changed_files(old, analyzed)
            if any(document.uri in uris or analyzed.relative_path(document) in files for document in unchanged):
                return True
        return False


def _have_changed(folders: Iterable[Folder]) -> bool:
    """Return whether files of one of the directories have changed."""
    changed = [folder.has_changed() for folder in folders]
    return any(changed)


class _RequestProgress:
    """The modules of an analysis so far. It is written by the analysis thread."""

    def __init__(self) -> None:
        self.message = "searching for workflows"
        self._count = 0

    def count(self, path: str) -> None:
        """Count a module before its analysis."""
        self._count += 1
        self.message = f"{path} ({counted(self._count, 'module')})"


def _changed_files(old: AnalyzedFolder, new: AnalyzedFolder) -> frozenset[str]:
    """Return the modules of the workflows that only one of two states has.

    Their helper modules are omitted, or each keystroke in a workflow would refresh all of them.
    """
    workflows = {id(workflow.analysis): workflow for state in (old.state, new.state) for workflow in state.workflows}
    before, after = ({id(workflow.analysis) for workflow in state.workflows} for state in (old.state, new.state))
    return frozenset(workflows[identity].analysis.path for identity in before ^ after)
