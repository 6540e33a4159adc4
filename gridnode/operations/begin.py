"""Where a verification begins: a scratch state at genesis, or that of a snapshot, with a ledger over it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gridnode.chain.block import header_hash
from gridnode.chain.commit import check_commit
from gridnode.chain.genesis import Genesis, genesis_hash
from gridnode.chain.validators import validators_hash
from gridnode.execution.genesis import opening_writes
from gridnode.execution.ledger import Ledger, open_ledger
from gridnode.execution.named import accounts_named
from gridnode.node.restore import restore_into
from gridnode.primitives.errors import Malformed, OperatorError
from gridnode.state.commitment import Commitment
from gridnode.storage.block_store import BlockStore
from gridnode.storage.leveldb import Column, Database
from gridnode.storage.snapshots import SnapshotStore
from gridnode.sync.snapshots import SealedManifest


@contextmanager
def at_genesis(genesis: Genesis, folder: Path) -> Iterator[tuple[Database, Ledger]]:
    """A scratch database in a new folder, with the state of genesis."""
    scratch = Database(folder, genesis_hash(genesis))
    try:
        tree = Commitment(scratch.view(Column.PAGES))
        writes = opening_writes(genesis)
        update = tree.update(writes)
        batch = scratch.batch(synced=False)
        batch.apply(Column.STATE, writes)
        batch.apply(Column.PAGES, update.pages)
        batch.commit()
        tree.commit(update)
        yield scratch, open_ledger(genesis, None, None, scratch.view(Column.STATE), tree, ())
    finally:
        scratch.close()


@contextmanager
def at_snapshot(genesis: Genesis, blocks: BlockStore, snapshots: Path, folder: Path) -> Iterator[tuple[Database, Ledger]]:
    """A scratch database in a new folder, made of the newest snapshot in `snapshots` that is not above the chain in `blocks`.

    Its block must be the one that the chain has at that height, and its commit one of the set that the header names.
    Raises OperatorError when there is no such snapshot, or it is not that of its header.
    """
    store, sealed = _newest(snapshots, blocks.height)
    _check_anchor(genesis, blocks, sealed)
    manifest = sealed.manifest
    try:
        restore_into(folder, manifest, _chunks(store, sealed), sealed.light, accounts_named)
    except Malformed as fault:
        raise OperatorError(f"{snapshots}: the snapshot of block {manifest.height} is wrong: {fault}") from None
    scratch = Database(folder, genesis_hash(genesis))
    try:
        restored = BlockStore(scratch)
        tree, state = Commitment(scratch.view(Column.PAGES)), scratch.view(Column.STATE)
        voted = restored.validators(restored.height)
        yield scratch, open_ledger(genesis, sealed.light.header, voted, state, tree, restored.newest_first())
    finally:
        scratch.close()


def _newest(snapshots: Path, height: int) -> tuple[SnapshotStore, SealedManifest]:
    if not snapshots.is_dir():
        raise OperatorError(f"--snapshot: {snapshots}: no such folder")
    store = SnapshotStore(snapshots, sweeps=False)
    for at in store.heights():
        sealed = store.sealed(at)
        if at <= height and sealed is not None:
            return store, sealed
    kept = ", ".join(map(str, store.heights())) or "none"
    raise OperatorError(f"--snapshot: {snapshots}: expected a snapshot of block {height} or below, there is {kept}")


def _check_anchor(genesis: Genesis, blocks: BlockStore, sealed: SealedManifest) -> None:
    light, height = sealed.light, sealed.manifest.height
    if sealed.manifest.genesis_hash != genesis_hash(genesis):
        raise OperatorError(f"--snapshot: expected one of the chain with genesis {genesis_hash(genesis).hex()}")
    stored = blocks.header(height)
    if stored is None or header_hash(stored) != header_hash(light.header):
        raise OperatorError(f"--snapshot: its block {height} is not the one that this node has")
    try:
        if validators_hash(light.validators) != light.header.validators_hash:
            raise Malformed("expected the validators that its header names")
        check_commit(light.commit, genesis.chain_id, light.validators, height, header_hash(light.header))
    except Malformed as fault:
        raise OperatorError(f"--snapshot: block {height}: {fault}") from None


def _chunks(store: SnapshotStore, sealed: SealedManifest) -> Iterator[bytes]:
    height = sealed.manifest.height
    for index in range(len(sealed.manifest.chunks)):
        chunk = store.chunk(height, index)
        if chunk is None:
            raise OperatorError(f"--snapshot: chunk {index} of block {height} is damaged: {'; '.join(store.damaged)}")
        yield chunk
