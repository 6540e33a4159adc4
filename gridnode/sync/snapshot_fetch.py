"""Fetching one snapshot, as a pure machine: which of those that peers offer, and which chunk is asked of whom.

Facts go in (offers, chunks, failures); `choose` says which snapshot to try, `next_requests` whom to ask for what. Chunks are
asked of all who offer the same snapshot, a few at a time of each. A chunk whose hash is not the manifest's is its sender's
fault: he is asked no more.

The snapshot that most peers offer is tried first: one peer alone cannot hold up a node with what nobody else has. Among equals
goes before one of which chunks are on the disk already, from a run that died, then the newest. A snapshot whose chunks fit its
manifest and whose state does not fit the header is a lie of all who offered it.
"""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

from gridnode.primitives.ids import Hash
from gridnode.primitives.limits import MAX_PEER_CHUNKS, MAX_SNAPSHOT_REQUESTS
from gridnode.sync.snapshots import Manifest, chunk_bytes, chunk_hash, manifest_hash

MAX_FAILURES = 6
"""Times that a peer may not answer, or not have a chunk, before it is asked no more."""


class AskChunk(NamedTuple):
    """Ask `peer` for a chunk."""

    peer: bytes
    number: int
    """Of the chunk, from 0."""


class SnapshotFetch:
    """What is offered, and what is still missing of the snapshot that was begun."""

    def __init__(self) -> None:
        self._manifests: dict[Hash, Manifest] = {}
        self._offers: dict[Hash, set[bytes]] = {}
        self._refused: set[Hash] = set()
        self._failures: dict[bytes, int] = {}
        self._current: Hash | None = None
        self._missing: dict[int, None] = {}  # in order
        self._asked: dict[int, bytes] = {}  # chunk -> peer

    # Which snapshot

    def offered(self, peer: bytes, manifest: Manifest) -> None:
        """A peer offers a snapshot, whose manifest fits this chain."""
        name = manifest_hash(manifest)
        self._manifests[name] = manifest
        self._offers.setdefault(name, set()).add(peer)

    def choose(self, begun: Container[int] = ()) -> Manifest | None:
        """The snapshot to try next, or None; `begun` are the heights of which chunks are on the disk."""
        names = [name for name in self._manifests if name not in self._refused and self.holders(self._manifests[name])]
        if not names:
            return None
        return self._manifests[min(names, key=lambda name: self._rank(name, begun))]

    def _rank(self, name: Hash, begun: Container[int]) -> tuple[int, bool, int, Hash]:
        manifest = self._manifests[name]
        return -len(self.holders(manifest)), manifest.height not in begun, -manifest.height, name

    def holders(self, manifest: Manifest) -> list[bytes]:
        """Peers that offer this snapshot and are still asked, in order."""
        offers = self._offers.get(manifest_hash(manifest), set())
        return sorted(peer for peer in offers if self._failures.get(peer, 0) < MAX_FAILURES)

    def refused(self, manifest: Manifest) -> list[bytes]:
        """This snapshot is not to be had, or not what it claims to be: it is not tried again. Returns who offered it, in order."""
        name = manifest_hash(manifest)
        self._refused.add(name)
        return sorted(self._offers.get(name, ()))

    # Its chunks

    def begin(self, manifest: Manifest, present: Container[int]) -> None:
        """Fetch this snapshot; the chunks with the numbers `present` are there already."""
        self._current = manifest_hash(manifest)
        self._missing = {index: None for index in range(len(manifest.chunks)) if index not in present}
        self._asked = {}

    @property
    def missing(self) -> int:
        """Chunks that have not come."""
        return len(self._missing)

    @property
    def is_stuck(self) -> bool:
        """Chunks are missing and there is nobody left to ask."""
        return bool(self._missing) and not self._asked and not self.next_requests(look=True)

    def next_requests(self, look: bool = False) -> list[AskChunk]:
        """Requests to send now, the lowest chunks first; with `look` they are not taken for sent."""
        assert self._current is not None, "a snapshot was begun"
        asked = dict(self._asked)
        found: list[AskChunk] = []
        free = [peer for peer in self.holders(self._manifests[self._current]) for _ in range(self._room(peer))]
        free.sort(key=lambda peer: (self._failures.get(peer, 0), sum(1 for other in asked.values() if other == peer)))
        for index in self._missing:
            if not free or len(asked) >= MAX_SNAPSHOT_REQUESTS:
                break
            if index not in asked:
                peer = free.pop(0)
                asked[index] = peer
                found.append(AskChunk(peer, index))
        if not look:
            self._asked = asked
        return found

    def _room(self, peer: bytes) -> int:
        return MAX_PEER_CHUNKS - sum(1 for other in self._asked.values() if other == peer)

    def arrived(self, peer: bytes, index: int, chunk: bytes) -> str | None:
        """A peer's answer for a chunk, which is to be kept when `has` says so now. Returns what the peer is to blame for, or None.

        An empty one is no fault: the peer has removed its snapshot meanwhile.
        """
        assert self._current is not None, "a snapshot was begun"
        if self._asked.get(index) != peer:
            return None
        del self._asked[index]
        manifest = self._manifests[self._current]
        expected = chunk_bytes(manifest, index)
        if len(chunk) == expected and chunk_hash(chunk) == manifest.chunks[index]:
            self._missing.pop(index, None)
            self._failures.pop(peer, None)
            return None
        if not chunk:
            self._failures[peer] = MAX_FAILURES
            return None
        self._failures[peer] = MAX_FAILURES
        what = f"chunk {index} of the snapshot at {manifest.height}"
        if len(chunk) != expected:
            return f"{what}: expected {expected} bytes, got {len(chunk)}"
        return f"{what}: its hash is not the manifest's"

    def has(self, index: int) -> bool:
        """Whether this chunk has come."""
        return index not in self._missing

    def failed(self, peer: bytes, index: int) -> None:
        """A peer did not answer; the chunk is asked of others first."""
        if self._asked.get(index) == peer:
            del self._asked[index]
        self._failures[peer] = self._failures.get(peer, 0) + 1
