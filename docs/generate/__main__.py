"""Write the generated documentation: `python -m docs.generate`. With `--check`, report outdated files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from docs.generate.agents import agents_files
from docs.generate.api import api_files
from docs.generate.commands import commands_files
from docs.generate.examples import examples_files
from docs.generate.files import ROOT, obsolete, out_of_date, write
from docs.generate.gallery import gallery_files
from docs.generate.layers import layers_files
from docs.generate.rules import rules_files
from docs.generate.schemas import schemas_files

Files = Mapping[str, str]

# Each generator returns the contents of its files by path, relative to the root of the repository.
PARTS: Mapping[str, Callable[[], Files]] = {
    "gallery": gallery_files,
    "rules": rules_files,
    "commands": commands_files,
    "api": api_files,
    "schemas": schemas_files,
    "layers": layers_files,
    "agents": agents_files,
    "examples": examples_files,
}


def main(
    arguments: list[str] | None = None, parts: Mapping[str, Callable[[], Files]] = PARTS, root: Path = ROOT
) -> int:
    """Write or check the generated files, and return the exit code: 1 if `--check` reports a file."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description=str(__doc__).partition(":")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, and fail if a file is out of date")
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"parts to generate (default: all): {', '.join(parts)}"
    )
    options = parser.parse_args(arguments)
    unknown = [name for name in options.parts if name not in parts]
    if unknown:
        parser.error(f"unknown part: {', '.join(unknown)}. Available: {', '.join(parts)}")
    files = {path: text for name in options.parts or parts for path, text in parts[name]().items()}
    changed = (out_of_date if options.check else write)(files, root)
    obsolete_paths = [] if options.parts else obsolete(files, root)
    if not options.check:
        for path in obsolete_paths:
            (root / path).unlink()
    for path in changed:
        sys.stdout.write(f"{'out of date' if options.check else 'written'}: {path}\n")
    for path in obsolete_paths:
        sys.stdout.write(f"{'obsolete' if options.check else 'removed'}: {path}\n")
    return int(options.check and bool(changed or obsolete_paths))


if __name__ == "__main__":
    sys.exit(main())
