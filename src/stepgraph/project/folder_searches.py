"""The searches of directories by one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stepgraph.project.candidate_files import CandidateFiles
    from stepgraph.project.file_selection import FileSelection
    from stepgraph.project.root import Root
    from stepgraph.project.scan import Words
    from stepgraph.project.search import Search


class FolderSearches:
    """Searches directories again at each call.

    The code of the searches is imported by the calls, because a command that names files needs none of it.
    """

    def search(self, folder: str, selection: FileSelection) -> Search:
        """Return the files in a directory, like `search_folder`."""
        from stepgraph.project.search import search_folder

        return search_folder(folder, selection)

    def scan(self, paths: Sequence[str], candidates: CandidateFiles) -> Iterable[Words]:
        """Return the words in files, like `scan`."""
        from stepgraph.project.scan import scan

        return scan(paths, candidates.root, candidates)

    def candidates(self, root: Root) -> CandidateFiles:
        """Return an empty set of files that may derive classes."""
        from stepgraph.project.candidate_files import CandidateFiles

        return CandidateFiles(root)

    def ignored(self, folder: str, paths: Sequence[str]) -> frozenset[str]:
        """Return the paths that git ignores, like the function `ignored`."""
        from stepgraph.project.search import ignored

        return ignored(folder, paths)
