"""The text formats of the commands, for tests that read output as text. PNG has tests in `tests/cli/test_png.py`."""

from __future__ import annotations

from stepgraph.cli.formats import DIFF_FORMATS, DRAWINGS, FORMATS, INSTANCE_FORMATS

TEXT_FORMATS = {name: form for name, form in FORMATS.items() if not form.is_binary}
TEXT_DRAWINGS = {name: form for name, form in DRAWINGS.items() if not form.is_binary}
TEXT_INSTANCES = {name: form for name, form in INSTANCE_FORMATS.items() if not form.is_binary}
TEXT_DIFFS = {name: form for name, form in DIFF_FORMATS.items() if not form.is_binary}
