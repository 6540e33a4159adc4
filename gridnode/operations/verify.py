"""gridnode verify: the data of a stopped node, executed again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from gridnode.chain.genesis import genesis_hash
from gridnode.operations.place import Place, stopped_database
from gridnode.operations.reexecute import Progress, Reexecution, Verified
from gridnode.primitives.errors import OperatorError
from gridnode.storage.leveldb import Database


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be verified."""

    first: int = 1
    """First block."""
    last: int | None = None
    """Last block; None for the newest."""
    scratch: Path | None = None
    """Existing folder for the scratch state; None for the system's temporary one. It grows to the size of the state."""


def verify_place(place: Place, wish: Wish, progress: Progress) -> Verified:
    """Verify the data of a node that does not run.

    Raises OperatorError when it runs, has no such blocks, or the disk refuses.
    """
    with stopped_database(place) as stored, TemporaryDirectory(prefix="gridnode-verify-", dir=wish.scratch) as folder:
        scratch = Database(Path(folder) / "state", genesis_hash(place.genesis))
        try:
            run = Reexecution(place.genesis, stored, scratch)
            last = run.height if wish.last is None else wish.last
            if last > run.height or not 1 <= wish.first <= max(1, last):
                raise OperatorError(f"expected blocks from 1 to {run.height}, got --from {wish.first} --to {last}")
            return run.run(wish.first, last, progress)
        finally:
            scratch.close()
