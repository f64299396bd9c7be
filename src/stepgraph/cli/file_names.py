"""Names of files for workflows: safe on every system, and no two the same on any."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from stepgraph.cli.subject import Subject
from stepgraph.escaping.file_names import file_key, numbered, safe_stem


def file_stems(subjects: Sequence[Subject]) -> list[str]:
    """Return names of files, yet without suffix, in the order of the workflows.

    A workflow's name serves if it is the only one to give its file name. Else those that do are told apart by the names
    of their classes or, where that does not help, by numbers.
    """
    stems = [safe_stem(subject.name) for subject in subjects]
    keys = [file_key(stem) for stem in stems]
    unique = {key for key, number in Counter(keys).items() if number == 1}
    taken = set(unique)
    names: list[str] = []
    numbered_stems: dict[str, Iterator[str]] = {}
    for subject, stem, key in zip(subjects, stems, keys, strict=True):
        if key in unique:
            names.append(stem)
            continue
        longer = _with_class(stem, subject)
        # Names that were taken before are so still.
        candidates = numbered_stems.setdefault(longer, numbered(longer))
        name = next(each for each in candidates if file_key(each) not in taken)
        taken.add(file_key(name))
        names.append(name)
    return names


def _with_class(stem: str, subject: Subject) -> str:
    class_name = safe_stem(subject.class_name)
    return stem if file_key(class_name) == file_key(stem) else f"{stem}-{class_name}"
