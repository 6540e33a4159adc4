"""Wrong clocks: a node's wall clock jumps while it runs, by a small library that is compiled here and preloaded into its process.

No right is needed, nothing in a node knows of it, and no other process has the wrong clock: time namespaces do not reach the wall
clock, and a switch in the node would be one that breaks a product. The compiler is the one that gridnode's kernels need anyway.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import trio

from gridnode.primitives.errors import OperatorError
from gridnode.primitives.limits import MAX_CLOCK_DRIFT_MS

SOURCE = Path(__file__).with_name("shifted_clock.c")
FILE_VARIABLE = "SHIFTED_CLOCK_FILE"
MAX_JUMP_MS = 86_400_000
LOOK_S = 1.0
_BYTES = 8
_SAID = re.compile(r"the clock of (?P<name>\S+) is (?:off by (?P<off>-?[\d.]+) s|(?P<way_off>[\d.]+) s (?P<way>ahead|behind))")


def compile_library(folder: Path) -> Path:
    """The library, compiled into a folder. Raises OperatorError with what the compiler says."""
    target = folder / "shifted_clock.so"
    command = ["cc", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o", str(target), str(SOURCE)]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise OperatorError(f"a C compiler is needed to shift a node's clock: {error}") from None
    if ended.returncode:
        raise OperatorError(f"{SOURCE.name} does not compile: {ended.stderr.strip()}")
    return target


class Clock:
    """The wall clock of one process to be."""

    def __init__(self, library: Path, file: Path) -> None:
        """It is right until it is set; `file` is new, and outlives the process."""
        self._library = library
        self._file = file
        self.set_ms(0)

    @property
    def environment(self) -> dict[str, str]:
        """Variables that a process with this clock must be started with."""
        return {"LD_PRELOAD": str(self._library), FILE_VARIABLE: str(self._file)}

    def set_ms(self, ahead_ms: int) -> None:
        """From now on the clock is so far ahead of the right one; behind when negative. In one write: it is never half set."""
        if not self._file.exists():
            self._file.write_bytes(bytes(_BYTES))
        with self._file.open("r+b", buffering=0) as file:
            file.write(ahead_ms.to_bytes(_BYTES, sys.byteorder, signed=True))


async def clock_told_ms(name: str, url: str) -> int | None:
    """How far the clock of `name` is ahead of the others, as `gridnode why` says that asks the node at `url`; None when it says nothing."""
    command = [sys.executable, "-m", "gridnode", "why", "--json", "--api", url]
    ended = await trio.run_process(command, check=False, capture_stdout=True)
    try:
        told = json.loads(ended.stdout)
    except ValueError:
        return None  # nobody answers just now
    for said in (told["said"], *told["notes"]):
        found = _SAID.search(said)
        if found is not None and found["name"] == name:
            seconds = float(found["off"] or found["way_off"])
            return round(seconds * 1000) * (-1 if found["way"] == "behind" else 1)
    return None


async def until_told(name: str, url: str, ahead_ms: int) -> None:
    """Wait until `gridnode why` says of the node at `url` that the clock of `name` is so far ahead, and no word of it when it is right."""
    while True:
        told_ms = await clock_told_ms(name, url)
        if told_ms is None and not ahead_ms:
            return
        if told_ms is not None and abs(told_ms - ahead_ms) <= MAX_CLOCK_DRIFT_MS:
            return
        await trio.sleep(LOOK_S)
