"""A node with two snapshots, peers in memory that offer them, and a node that begins from one on a virtual clock."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import trio
from trio.testing import MockClock

from gridnode.chain.genesis import Genesis
from gridnode.codec.records import decode, encode
from gridnode.modules.validators.tables import ValidatorsGenesis
from gridnode.node.config import SyncSection
from gridnode.node.joining import Joining
from gridnode.node.open_store import open_store
from gridnode.node.snapshot_rows import write_snapshot
from gridnode.node.wire import RequestKind
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
)
from tests.chain_in_memory import VALIDATOR_PARAMS, genesis
from tests.growing_store import GrowingStore
from tests.unit.node.peers_in_memory import Answer, Peers

A, B, C = b"a" * 32, b"b" * 32, b"c" * 32
OLD, NEW = 4, 8


def long_evidence() -> Genesis:
    """A genesis that takes evidence for months, so that blocks are trusted for the default week."""
    month_ms = 30 * 24 * 3_600_000
    params = replace(VALIDATOR_PARAMS, evidence_ms=month_ms, unbonding_ms=2 * month_ms, evidence_blocks=100_000_000)
    return genesis(validators=ValidatorsGenesis(params, ()))


class Source:
    """A node with two snapshots."""

    def __init__(self, folder: Path) -> None:
        self.chain = GrowingStore(folder / "chain", long_evidence())
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
