"""Where a node's data lies: its database for whoever holds it alone, and which process holds it now."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gridnode.chain.genesis import Genesis, genesis_hash
from gridnode.node.config import Config, load_config
from gridnode.node.genesis_file import load_genesis
from gridnode.primitives.errors import OperatorError
from gridnode.storage.leveldb import Database

_FLOCK: Final = struct.Struct("hhqqi4x")
"""`struct flock` of Linux on 64 bits: type, whence, start, length, process."""


@dataclass(frozen=True, slots=True)
class Place:
    """The data of one node."""

    data: Path
    """Folder with chain, wal, guard."""
    genesis: Genesis
    """Of its chain."""
    config: Config | None = None
    """The node's configuration; None when only the data were named."""
    folder: Path | None = None
    """Folder that the paths of the configuration are relative to."""

    @property
    def chain(self) -> Path:
        """Folder of the database."""
        return self.data / "chain"


def place_of(config: Path | None, data: Path | None = None, genesis: Path | None = None) -> Place:
    """The place that a command names: a configuration file, or a data folder with a genesis file.

    Raises OperatorError when neither or both are given, or a file cannot be read.
    """
    if config is not None and data is None:
        found, folder = load_config(config), config.resolve().parent
        start = load_genesis(genesis if genesis is not None else folder / found.genesis)
        return Place(folder / found.data_dir, start, found, folder)
    if config is None and data is not None and genesis is not None:
        return Place(data, load_genesis(genesis))
    raise OperatorError("expected --config FILE, or --data DIR with --genesis FILE")


def holder(place_data: Path) -> int | None:
    """Process that has the database in this data folder open: a running node, or another command. None when nobody has.

    Not for a process that has it open itself: by the rules of such locks, looking at the file would let go of its own.
    """
    try:
        lock = os.open(place_data / "chain" / "LOCK", os.O_RDWR)
    except OSError:
        return None
    try:
        asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, process = _FLOCK.unpack(fcntl.fcntl(lock, fcntl.F_GETLK, asked))
    finally:
        os.close(lock)
    return None if kind == fcntl.F_UNLCK else int(process)


def refuse_held(data: Path) -> None:
    """Raise OperatorError when a process has the database in this data folder open."""
    process = holder(data)
    if process is not None:
        raise OperatorError(f"{data}: in use by process {process}; expected a node that is stopped: stop it first")


@contextmanager
def stopped_database(place: Place) -> Iterator[Database]:
    """The database of a node that does not run.

    Nothing is changed in it; LevelDB itself may tidy its log when it opens it, which it does at every start of a node.
    Raises OperatorError when there is none, when it is of another chain, or when a process has it open.
    """
    if not place.chain.is_dir():
        raise OperatorError(f"{place.chain}: no such folder; expected the data of a node that has been started")
    refuse_held(place.data)
    database = Database(place.chain, genesis_hash(place.genesis))
    try:
        yield database
    finally:
        database.close()
