"""A node begins from a snapshot of peers in memory: honest, lying, silent, of another chain, gone in the middle; on a virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from gridnode.chain.light_block import LightBlocks
from gridnode.codec.records import decode, encode
from gridnode.node.config import SyncSection
from gridnode.node.joining import Joining
from gridnode.node.open_store import open_store
from gridnode.node.wire import RequestKind
from gridnode.primitives.errors import OperatorError, PeerFault
from gridnode.storage.snapshots import SnapshotStore
from gridnode.sync.snapshots import (
    Manifest,
    SnapshotsAnswer,
    chunk_hash,
)
from tests.unit.node.peers_in_memory import Answer, commit_of, silent
from tests.unit.node.snapshot_source import NEW, OLD, A, B, Source, check, join, network


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    """One for all tests here, which do not change it."""
    made = Source(tmp_path_factory.mktemp("source"))
    yield made
    made.chain.close()


def test_the_newest_of_honest_peers(source: Source, tmp_path: Path) -> None:
    """Nobody is blamed."""
    peers = network(a=source.honest, b=source.honest)
    sealed = join(source, tmp_path, peers)
    assert sealed is not None
    assert sealed.manifest == source.manifest(NEW)
    check(source, tmp_path, NEW)
    assert peers.reported == []


def test_a_database_of_genesis_alone_is_replaced(source: Source, tmp_path: Path) -> None:
    """It holds nothing that is not in the snapshot."""
    open_store(tmp_path / "chain", source.chain.genesis).close()
    assert join(source, tmp_path, network(a=source.honest)) is not None
    check(source, tmp_path, NEW)


def test_nobody_there_or_no_snapshot(source: Source, tmp_path: Path) -> None:
    """Block sync it is."""
    none = source.but(snapshots=source.offering())
    assert join(source, tmp_path, network()) is None
    assert join(source, tmp_path, network(a=none, b=none)) is None
    assert join(source, tmp_path, network(a=silent)) is None
    assert not (tmp_path / "chain").exists()


def bad_chunk(kind: int, payload: bytes) -> bytes:
    """Bytes of its own."""
    del kind, payload
    return b"not a chunk"


def test_who_sends_a_wrong_chunk_is_blamed(source: Source, tmp_path: Path) -> None:
    """The other one's is taken."""
    peers = network(a=source.but(chunk=bad_chunk), b=source.honest)
    assert join(source, tmp_path, peers) is not None
    check(source, tmp_path, NEW)
    assert peers.blamed == [A]


def test_when_all_chunks_are_wrong_there_is_block_sync(source: Source, tmp_path: Path) -> None:
    """Who lies once is asked no more, for no snapshot."""
    peers = network(a=source.but(chunk=bad_chunk), b=source.but(chunk=bad_chunk))
    assert join(source, tmp_path, peers) is None
    assert peers.blamed == [A, B]
    assert not (tmp_path / "chain").exists()


def test_a_snapshot_that_goes_away(source: Source, tmp_path: Path) -> None:
    """Its peer has pruned it meanwhile; nobody is blamed, another one's is taken."""
    gone = source.but(chunk=lambda _kind, _payload: b"", snapshots=source.offering(source.manifest(NEW)))
    peers = network(a=gone, b=source.but(snapshots=source.offering(source.manifest(OLD))))
    sealed = join(source, tmp_path, peers)
    assert sealed is not None
    assert sealed.manifest.height == OLD
    assert peers.reported == []


def forged(source: Source) -> tuple[Manifest, Callable[[int, bytes], bytes]]:
    """A snapshot at NEW whose chunks fit its manifest, and whose state is another: the last byte of a row."""
    chunk = source.snapshots.chunk(NEW, 0)
    assert chunk is not None
    wrong = chunk[:200] + bytes([chunk[200] ^ 1]) + chunk[201:]
    manifest = source.manifest(NEW)
    return replace(manifest, chunks=(chunk_hash(wrong), *manifest.chunks[1:])), lambda _kind, _payload: wrong


def test_a_state_that_is_not_the_headers_blames_all_who_offered_it(source: Source, tmp_path: Path) -> None:
    """Two liars are more than one honest peer, and are tried first; then the honest one's snapshot is taken."""
    manifest, chunk = forged(source)
    liar = source.but(snapshots=source.offering(manifest), chunk=chunk)
    peers = network(a=liar, b=liar, c=source.honest)
    sealed = join(source, tmp_path, peers)
    assert sealed is not None
    assert sealed.manifest == source.manifest(NEW)
    check(source, tmp_path, NEW)
    assert peers.blamed == [A, B]


@pytest.mark.parametrize("what", ["block_hash", "state_root"])
def test_a_manifest_of_another_block_is_noticed_before_anything_is_fetched(source: Source, tmp_path: Path, what: str) -> None:
    """The header says what it must be."""
    manifest = replace(source.manifest(NEW), **{what: bytes(32)})
    peers = network(a=source.but(snapshots=source.offering(manifest)))
    assert join(source, tmp_path, peers) is None
    assert peers.blamed == [A]
    assert (A, RequestKind.CHUNK) not in peers.asked


@pytest.mark.parametrize(
    "payload",
    [
        lambda source: b"\xff",
        lambda source: encode(SnapshotsAnswer((replace(source.manifest(NEW), genesis_hash=bytes(32)),))),
        lambda source: encode(SnapshotsAnswer((replace(source.manifest(NEW), chunks=source.manifest(NEW).chunks * 2),))),
    ],
    ids=["malformed", "another chain", "sizes that do not fit"],
)
def test_a_wrong_offer(source: Source, tmp_path: Path, payload: Callable[[Source], bytes]) -> None:
    """Its peer is blamed, the others' are taken."""
    peers = network(a=source.but(snapshots=lambda _kind, _asked: payload(source)), b=source.honest)
    assert join(source, tmp_path, peers) is not None
    assert peers.blamed == [A]


def test_a_height_that_does_not_exist_yet(source: Source, tmp_path: Path) -> None:
    """No light block proves it; the next offer is tried."""
    future = replace(source.manifest(NEW), height=10**6)
    peers = network(a=source.but(snapshots=source.offering(future)), b=source.honest)
    sealed = join(source, tmp_path, peers)
    assert sealed is not None
    assert sealed.manifest.height == NEW


def lying_light(source: Source) -> Answer:
    """Light blocks with another state root, which nobody has signed."""

    def answer(_kind: int, payload: bytes) -> bytes:
        blocks = decode(LightBlocks, source.honest(RequestKind.LIGHT, payload)).blocks
        return encode(LightBlocks(tuple(replace(one, header=replace(one.header, state_root=bytes(32))) for one in blocks)))

    return answer


def test_a_wrong_header_is_its_peers_fault(source: Source, tmp_path: Path) -> None:
    """Another one leads the light client."""
    peers = network(a=source.but(light=lying_light(source)), b=source.honest)
    assert join(source, tmp_path, peers) is not None
    assert peers.blamed == [A]


def test_two_final_blocks_of_one_height_end_the_node(source: Source, tmp_path: Path) -> None:
    """More than a third of the power has signed both; nobody here can say which chain is the right one."""

    def fork(_kind: int, payload: bytes) -> bytes:
        [block] = decode(LightBlocks, source.honest(RequestKind.LIGHT, payload)).blocks
        if block.header.height != NEW:
            return encode(LightBlocks((block,)))
        from gridnode.chain.block import header_hash

        header = replace(block.header, state_root=bytes(32))
        return encode(LightBlocks((replace(block, header=header, commit=commit_of(NEW, header_hash(header))),)))

    peers = network(a=source.honest, b=source.but(light=fork))
    with pytest.raises(OperatorError, match="the chain has forked"):
        join(source, tmp_path, peers)


def test_a_genesis_that_is_too_old_and_a_hash_that_is_trusted(source: Source, tmp_path: Path) -> None:
    """With the hash of a newer block it goes on."""
    light = source.chain.store.light_block(NEW)
    assert light is not None
    from gridnode.chain.block import header_hash

    genesis = source.chain.genesis
    later = genesis.time_ms + 168 * 3_600_000 + 2_000
    section = SyncSection(mode="snapshot")
    for trusted, expected in ((section, False), (trust(header_hash(light.header)), True), (trust(bytes(32)), False)):
        snapshots = SnapshotStore(tmp_path / "snapshots", sweeps=False)
        peers = network(a=source.honest)
        joining = Joining(genesis, trusted, tmp_path / "chain", snapshots, peers, lambda: later)
        found = trio.run(joining.run, clock=MockClock(autojump_threshold=0.05))
        assert (found is not None) is expected
        if expected:
            (tmp_path / "chain").rename(tmp_path / "done")


def trust(block_hash: bytes) -> SyncSection:
    """The operator names block NEW."""
    return SyncSection(mode="snapshot", trusted_height=NEW, trusted_hash=block_hash.hex())


def test_what_a_dead_run_has_fetched_is_not_fetched_again(source: Source, tmp_path: Path) -> None:
    """It goes on with that snapshot though a newer one is offered; torn chunks and those of others are fetched anew or removed."""
    begun = SnapshotStore(tmp_path / "snapshots", sweeps=False)
    chunk = source.snapshots.chunk(OLD, 0)
    assert chunk is not None
    begun.put_chunk(OLD, 0, chunk)
    peers = network(a=source.honest)
    sealed = join(source, tmp_path, peers)
    assert sealed is not None
    assert sealed.manifest.height == OLD
    assert (A, RequestKind.CHUNK) not in peers.asked


def test_a_torn_chunk_is_fetched_anew(source: Source, tmp_path: Path) -> None:
    """Its hash gives it away."""
    begun = SnapshotStore(tmp_path / "snapshots", sweeps=False)
    chunk = source.snapshots.chunk(OLD, 0)
    assert chunk is not None
    begun.put_chunk(OLD, 0, chunk[:-1])
    begun.put_chunk(2, 0, b"of a snapshot that nobody offers")
    peers = network(a=source.honest)
    sealed = join(source, tmp_path, peers)
    assert sealed is not None
    assert sealed.manifest.height == OLD
    assert (A, RequestKind.CHUNK) in peers.asked
    assert {path.name[:20] for path in (tmp_path / "snapshots").iterdir()} == {f"{OLD:020d}"}


def test_a_peer_that_is_silent_in_the_middle(source: Source, tmp_path: Path) -> None:
    """Others are asked."""
    peers = network(a=source.but(chunk=silent), b=source.honest)
    assert join(source, tmp_path, peers) is not None
    assert all(not isinstance(fault, PeerFault) or fault.weight == 0 for _, fault in peers.reported)
