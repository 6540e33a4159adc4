"""Opens a chain's store in a folder, for a node that runs on trio."""

from __future__ import annotations

from pathlib import Path

import trio

from gridnode.chain.genesis import Genesis, genesis_hash
from gridnode.node.ledger_store import LedgerStore, Pace, store_over
from gridnode.storage.leveldb import Database


def open_store(path: Path, genesis: Genesis) -> LedgerStore:
    """The store of a chain in the folder `path`, made from genesis when it is new.

    Raises OperatorError when the folder cannot be used or holds another chain; InvariantBroken when what is stored does not fit together.
    """
    database = Database(path, genesis_hash(genesis))
    try:
        return store_over(database, genesis, Pace(trio.Lock(), trio.lowlevel.checkpoint))
    except BaseException:
        database.close()
        raise
