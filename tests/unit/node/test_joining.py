"""A node begins from a snapshot of peers in memory: honest, lying, silent, of another chain, gone in the middle; on a virtual clock."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from gridnode.chain.genesis import genesis_hash
from gridnode.chain.light_block import LightBlocks
from gridnode.codec.records import decode, encode
from gridnode.node.config import SyncSection
from gridnode.node.joining import Joining
from gridnode.node.open_store import open_store
from gridnode.node.snapshot_rows import write_snapshot
from gridnode.node.wire import RequestKind
from gridnode.primitives.errors import OperatorError, PeerFault
from gridnode.primitives.limits import SNAPSHOT_CHUNK_BYTES
from gridnode.storage.leveldb import Batch, Database
from gridnode.storage.snapshots import SnapshotStore
from gridnode.sync.messages import LightRequest
from gridnode.sync.responder import answer_light
from gridnode.sync.snapshots import (
    ChunkRequest,
    Manifest,
    SealedManifest,
    SnapshotsAnswer,
    SnapshotsRequest,
    answer_snapshots,
    chunk_hash,
)
from tests.growing_store import GrowingStore, growing
from tests.unit.node.peers_in_memory import Answer, Peers, commit_of, silent

A, B, C = b"a" * 32, b"b" * 32, b"c" * 32
OLD, NEW = 4, 8


class Source:
    """A node with two snapshots."""

    def __init__(self, folder: Path) -> None:
        self.chain = GrowingStore(folder / "chain")
        self.snapshots = SnapshotStore(folder / "snapshots")
        for height in range(1, NEW + 3):
            self.chain.block()
            if height in (OLD, NEW):
                frozen = self.chain.store.freeze()
                with frozen.rows:
                    write_snapshot(frozen, self.snapshots)

    def honest(self, kind: int, payload: bytes) -> bytes:
        """Answers as a node does."""
        store = self.chain.store
        if kind == RequestKind.SNAPSHOTS:
            return answer_snapshots(decode(SnapshotsRequest, payload), self.snapshots.manifests())
        if kind == RequestKind.CHUNK:
            asked = decode(ChunkRequest, payload)
            return self.snapshots.chunk(asked.height, asked.index) or b""
        assert kind == RequestKind.LIGHT
        return answer_light(decode(LightRequest, payload), store.height, store.light_block)

    def manifest(self, height: int) -> Manifest:
        """Of one of them."""
        sealed = self.snapshots.sealed(height)
        assert sealed is not None
        return sealed.manifest

    def but(self, **answers: Answer) -> Answer:
        """As honest, but for these kinds."""

        def answer(kind: int, payload: bytes) -> bytes:
            return answers.get(RequestKind(kind).name.lower(), self.honest)(kind, payload)

        return answer

    def offering(self, *manifests: Manifest) -> Answer:
        """Offers these."""
        return lambda _kind, _payload: encode(SnapshotsAnswer(manifests))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    """One for all tests here, which do not change it."""
    made = Source(tmp_path_factory.mktemp("source"))
    yield made
    made.chain.close()


class Network(Peers):
    """Linked to whoever has an answer."""

    def connected(self) -> list[bytes]:
        """Keys of the peers."""
        return sorted(self.answers)

    @property
    def blamed(self) -> list[bytes]:
        """Peers that were reported."""
        return sorted({peer for peer, _ in self.reported})


def join(source: Source, folder: Path, network: Network, **sync: object) -> SealedManifest | None:
    """What a new node in a folder begins from."""
    section = SyncSection(mode="snapshot", **sync)  # type: ignore[arg-type]
    genesis = source.chain.genesis
    snapshots = SnapshotStore(folder / "snapshots", sweeps=False)
    now_ms = genesis.time_ms + 60_000
    joining = Joining(genesis, section, folder / "chain", snapshots, network, lambda: now_ms)
    return trio.run(joining.run, clock=MockClock(autojump_threshold=0.05))


def network(**answers: Answer) -> Network:
    """Peers by letter."""
    made = Network()
    made.answers = {letter.encode() * 32: answer for letter, answer in answers.items()}
    return made


def check(source: Source, folder: Path, height: int) -> None:
    """The node opens, at the state of that height."""
    store = open_store(folder / "chain", source.chain.genesis)
    light = source.chain.store.light_block(height)
    assert light is not None
    assert (store.height, store.state_root) == (height, light.header.state_root)
    store.close()


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
    with growing(tmp_path / "other") as other:
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


def test_a_peer_that_is_silent_in_the_middle(source: Source, tmp_path: Path) -> None:
    """Others are asked."""
    peers = network(a=source.but(chunk=silent), b=source.honest)
    assert join(source, tmp_path, peers) is not None
    assert all(not isinstance(fault, PeerFault) or fault.weight == 0 for _, fault in peers.reported)
