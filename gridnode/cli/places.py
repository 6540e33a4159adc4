"""The options by which a command names the data of a node, and progress told on standard error."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Final

import typer

ConfigFile = Annotated[Path | None, typer.Option("--config", help="Configuration file of the node, which must not run.")]
"""Option: which node."""
DataFolder = Annotated[Path | None, typer.Option("--data", help="Its data folder instead; with --genesis.")]
"""Option: which data."""
GenesisFile = Annotated[Path | None, typer.Option("--genesis", help="Genesis file of the chain.")]
"""Option: which chain."""

DIFFERS: Final = 1
"""Exit code of a check that found something."""
_TELL_EVERY_S = 2.0


class Progress:
    """Tells how far a long job is, on standard error, every two seconds."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._began = self._told = time.monotonic()

    def __call__(self, done: int, last: int) -> None:
        """`done` of `last` are done."""
        now = time.monotonic()
        if now - self._told < _TELL_EVERY_S:
            return
        self._told = now
        print(f"{self._what} {done} of {last}, {done / (now - self._began):.0f} a second", file=sys.stderr, flush=True)
