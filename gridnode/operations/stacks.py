"""Stacks of a running node, asked for by signal and read from its file."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Final

from gridnode.node.stacks import FILE, TASKS_END
from gridnode.operations.place import holder
from gridnode.primitives.errors import OperatorError

PATIENCE_S: Final = 10.0
"""How long the node's loop may take to write its tasks; threads are written at once."""
_POLL_S: Final = 0.05


def stacks_of(data: Path) -> str:
    """Stacks of threads and tasks of the node that runs on this data. Raises OperatorError when none does, or it may not be signalled.

    When its loop does not answer, the stacks of its threads alone: they show where it hangs.
    """
    process = holder(data)
    if process is None:
        raise OperatorError("no node runs on these data")
    if not _catches(process):
        raise OperatorError(f"process {process} holds the data and is no node that writes stacks")
    file = data / FILE
    before = file.stat().st_size if file.exists() else 0
    try:
        os.kill(process, signal.SIGUSR1)
    except OSError as error:
        raise OperatorError(f"process {process} cannot be signalled: {error.strerror}") from None
    deadline = time.monotonic() + PATIENCE_S
    while True:
        said = _behind(file, before)
        if TASKS_END in said:
            return said
        if time.monotonic() > deadline:
            return said + "\n-- the node's loop did not answer in time; these are its threads alone\n"
        time.sleep(_POLL_S)


def _behind(file: Path, offset: int) -> str:
    if not file.exists():
        return ""
    with file.open("rb") as source:
        source.seek(offset)
        return source.read().decode(errors="replace")


def _catches(process: int) -> bool:
    """Whether the process has a handler for the signal; one that has none would die of it."""
    try:
        lines = (Path("/proc") / str(process) / "status").read_text().splitlines()
    except OSError:
        return False
    caught = next((line.split()[1] for line in lines if line.startswith("SigCgt:")), "0")
    return bool(int(caught, 16) >> (signal.SIGUSR1 - 1) & 1)
