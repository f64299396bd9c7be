"""The start of the command: it repeats the output of a recorded run, or imports the code that runs the command.

Nothing is imported here that a repeated run does not need.
"""

from __future__ import annotations

import gc
import os
import sys

from stepgraph.cache.private_files import is_cache_off, user_cache_folder
from stepgraph.cache.recorded_run import RecordedRun, load_run, run_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final, NoReturn

_NO_CACHE: Final = "--no-cache"
_COMPLETION_VARIABLE: Final = "_STEPGRAPH_COMPLETE"
"""The variable with which a shell asks for completions. The arguments are not those of a command then."""
_STACK_WORDS: Final = 1 << 14
"""The size of the stack of `run` in words of 8 bytes. The rest of its chunk, which is twice as large, is for calls."""


def run() -> NoReturn:
    """Run the command with the arguments of the process, and exit with its exit code."""
    gc.disable()  # imports create hardly any garbage, and the process is short-lived
    arguments = sys.argv[1:]
    recorded = _recorded_run(arguments)
    if recorded is not None and repeat(recorded):
        os._exit(recorded.code)
    from stepgraph.cli.main import run as run_command

    run_command(arguments)


# Python allocates its stack in chunks of 16 KB. Where calls in a loop cross the end of a chunk, it maps and unmaps one
# at each call: 400 times while LibCST is imported. A frame with a larger stack gets a chunk that has room for all
# frames after it.
run.__code__ = run.__code__.replace(co_stacksize=_STACK_WORDS)


def _recorded_run(arguments: Sequence[str]) -> RecordedRun | None:
    """Return the recorded run of a command, if its output would be the same now."""
    if _NO_CACHE in arguments or is_cache_off() or _COMPLETION_VARIABLE in os.environ:
        return None
    if sys.stdout is None or sys.stderr is None:
        return None
    try:
        return load_run(user_cache_folder(), run_key(arguments))
    except OSError:
        return None  # the working directory was removed, or standard output is no longer a terminal


def repeat(recorded: RecordedRun) -> bool:
    """Write the output of a recorded run, and return whether the command has ended.

    If the results cannot be written, the command runs as usual, and reports the reason. A closed pipe and messages that
    cannot be written are ignored, as in any run.
    """
    for is_message, content in recorded.parts:
        stream = sys.stderr if is_message else sys.stdout
        try:
            stream.buffer.write(content)
            stream.buffer.flush()
        except BrokenPipeError:
            continue
        except OSError:
            if not is_message:
                return False
    return True
