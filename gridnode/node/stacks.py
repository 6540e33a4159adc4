"""On SIGUSR1 a node writes what it is doing to `stacks.txt` in its data folder: the stacks of its threads, then the tree of its tasks.

The threads are written by the interpreter's own fault handler, in the signal itself, so they are there even when the node's loop hangs. The
tasks are written by the loop when it gets to it, with a last line that says so. `gridnode debug bundle` sends the signal.
"""

from __future__ import annotations

import faulthandler
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

import trio

from gridnode.node.log import Log

FILE: Final = "stacks.txt"
TASKS_END: Final = "-- end of tasks"
MAX_FILE_BYTES: Final = 4 * 1024 * 1024
"""Beyond it the file begins anew with the next signal."""
_MAX_FRAMES: Final = 40
"""Of one task."""
_log = Log("stacks")


def write_stacks_on_signal(data: Path) -> None:
    """From now on SIGUSR1 writes stacks into this data folder. Call it inside trio, in the main thread."""
    (data / FILE).write_bytes(b"")
    file = (data / FILE).open("a", encoding="utf-8")
    token = trio.lowlevel.current_trio_token()

    def asked(_number: int, _frame: object) -> None:
        token.run_sync_soon(_write_tasks, file)

    signal.signal(signal.SIGUSR1, asked)
    faulthandler.register(signal.SIGUSR1, file=file, all_threads=True, chain=True)


def _write_tasks(file: TextIO) -> None:
    lines = list(_tree(trio.lowlevel.current_root_task(), 0))
    try:
        file.write("\n".join(["-- tasks", *lines, TASKS_END, ""]))
        file.flush()
        if file.tell() > MAX_FILE_BYTES:
            file.truncate(0)
    except OSError as error:  # what it raised would end the loop that called it, and with it the node
        _log.warning("stacks cannot be written", reason=error.strerror)


def _tree(task: trio.lowlevel.Task, depth: int) -> Iterator[str]:
    """A task with where it waits, then its children."""
    margin = "  " * depth
    yield f"{margin}{task.name}"
    for number, (frame, line) in enumerate(task.iter_await_frames()):
        if number == _MAX_FRAMES:
            break
        code = frame.f_code
        yield f"{margin}  | {Path(code.co_filename).name}:{line} {code.co_qualname}"
    for nursery in task.child_nurseries:
        for child in sorted(nursery.child_tasks, key=lambda one: one.name):
            yield from _tree(child, depth + 1)
