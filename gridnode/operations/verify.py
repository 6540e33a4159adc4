"""gridnode verify: the data of a stopped node, executed again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from gridnode.operations.begin import at_genesis, at_snapshot
from gridnode.operations.place import Place, stopped_database
from gridnode.operations.reexecute import Progress, Reexecution, Verified
from gridnode.primitives.errors import OperatorError
from gridnode.storage.block_store import BlockStore


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be verified."""

    first: int | None = None
    """First block; None for the first one behind where it begins."""
    last: int | None = None
    """Last block; None for the newest."""
    scratch: Path | None = None
    """Existing folder for the scratch state; None for the system's temporary one. It grows to the size of the state."""
    snapshot: Path | None = None
    """Folder of snapshots to begin from; None for genesis."""


def verify_place(place: Place, wish: Wish, progress: Progress) -> Verified:
    """Verify the data of a node that does not run.

    Raises OperatorError when it runs, has no such blocks, or the disk refuses.
    """
    with stopped_database(place) as stored, TemporaryDirectory(prefix="gridnode-verify-", dir=wish.scratch) as folder:
        blocks = BlockStore(stored)
        state = Path(folder) / "state"
        if wish.snapshot is None:
            if blocks.first > 1:
                raise OperatorError(
                    f"{place.data}: blocks below {blocks.first} are not kept whole; expected --snapshot DIR to begin from"
                )
            begun = at_genesis(place.genesis, state)
        else:
            begun = at_snapshot(place.genesis, blocks, wish.snapshot, state)
        with begun as (scratch, ledger):
            start = ledger.next_height
            last = blocks.height if wish.last is None else wish.last
            first = start if wish.first is None else wish.first
            if last > blocks.height or not start <= first <= max(start, last):
                raise OperatorError(f"expected blocks from {start} to {blocks.height}, got --from {first} --to {last}")
            return Reexecution(stored, blocks, scratch, ledger).run(first, last, progress)
