"""A node that begins from a snapshot is held up by nothing: a full disk, slow peers; and it removes no blocks that came meanwhile."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import trio

from gridnode.chain.genesis import genesis_hash
from gridnode.node.open_store import open_store
from gridnode.node.wire import RequestKind
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.limits import SNAPSHOT_CHUNK_BYTES
from gridnode.storage.leveldb import Batch, Database
from gridnode.storage.snapshots import SnapshotStore
from gridnode.sync.snapshots import (
    chunk_hash,
)
from tests.growing_store import growing
from tests.unit.node.snapshot_source import NEW, OLD, A, B, C, Network, Source, join, network


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    """One for all tests here, which do not change it."""
    made = Source(tmp_path_factory.mktemp("source"))
    yield made
    made.chain.close()


def refuses(error: int) -> Callable[[SnapshotStore, int, int, bytes], None]:
    """A disk that has this answer to what is written of NEW."""
    put = SnapshotStore.put_chunk

    def refuse(store: SnapshotStore, height: int, index: int, chunk: bytes) -> None:
        if height == NEW:
            raise OSError(error, os.strerror(error))
        put(store, height, index, chunk)

    return refuse


def test_a_disk_that_refuses_ends_the_node(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Block sync would need it, too."""
    monkeypatch.setattr(SnapshotStore, "put_chunk", refuses(errno.EIO))
    with pytest.raises(OperatorError, match="the snapshot cannot be kept: Input/output error"):
        join(source, tmp_path, network(a=source.honest))


def test_a_full_disk_costs_the_snapshot(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one may fit; nobody is to blame."""
    monkeypatch.setattr(SnapshotStore, "put_chunk", refuses(errno.ENOSPC))
    peers = network(a=source.honest)
    sealed = join(source, tmp_path, peers)
    assert sealed is not None
    assert sealed.manifest.height == OLD
    assert peers.reported == []


def test_a_disk_that_is_full_while_the_database_is_made(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same: all its chunks are removed, and it is block sync."""

    def full(_batch: Batch) -> None:
        raise OperatorError(f"cannot write to the database: IO error: {os.strerror(errno.ENOSPC)}")

    monkeypatch.setattr(Batch, "commit", full)
    peers = network(a=source.honest)
    assert join(source, tmp_path, peers) is None
    assert peers.reported == []
    assert list((tmp_path / "snapshots").iterdir()) == []


def test_a_snapshot_for_which_there_is_no_room(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No chunk is asked for: rows and database need twice its bytes."""
    monkeypatch.setattr("gridnode.node.joining.free_bytes", lambda _folder: 2 * source.manifest(OLD).bytes - 1)
    peers = network(a=source.honest)
    assert join(source, tmp_path, peers) is None
    assert (A, RequestKind.CHUNK) not in peers.asked


class Slow(Network):
    """A and B have each chunk ready just before it is too late, C at once."""

    async def request(self, peer_key: bytes, kind: int, payload: bytes, timeout_ms: int) -> bytes:
        """The peer's answer."""
        if kind == RequestKind.CHUNK and peer_key != C:
            await trio.sleep(290)
        return await super().request(peer_key, kind, payload, timeout_ms)


def test_a_snapshot_that_comes_too_slowly_is_given_up(source: Source, tmp_path: Path) -> None:
    """Many offer it, and it would take for ever; another one is taken."""
    chunk = bytes(SNAPSHOT_CHUNK_BYTES)
    large = replace(source.manifest(NEW), bytes=40 * len(chunk), chunks=(chunk_hash(chunk),) * 40)
    slow = source.but(snapshots=source.offering(large), chunk=lambda _kind, _payload: chunk)
    peers = Slow()
    peers.answers = {A: slow, B: slow, C: source.honest}
    sealed = join(source, tmp_path, peers)
    assert sealed is not None
    assert sealed.manifest == source.manifest(NEW)
    assert peers.reported == []


@pytest.mark.parametrize("is_open", [False, True])
def test_blocks_that_came_meanwhile_are_not_removed(source: Source, tmp_path: Path, is_open: bool) -> None:
    """Somebody else has started a node in this folder while chunks were fetched."""
    with growing(tmp_path / "other", source.chain.genesis) as other:
        other.block()
    opened: list[Database] = []

    def chunk(kind: int, payload: bytes) -> bytes:
        shutil.copytree(tmp_path / "other", tmp_path / "chain")
        if is_open:
            opened.append(Database(tmp_path / "chain", genesis_hash(source.chain.genesis)))
        return source.honest(kind, payload)

    with pytest.raises(OperatorError, match="another process" if is_open else "expected no blocks"):
        join(source, tmp_path, network(a=source.but(chunk=chunk)))
    for database in opened:
        database.close()
    store = open_store(tmp_path / "chain", source.chain.genesis)
    assert store.height == 1
    store.close()
