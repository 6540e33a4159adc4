"""Records of snapshots: what one is, and how peers are asked for it.

A snapshot of height H is one stream of rows (`row_stream.py`), cut into chunks of SNAPSHOT_CHUNK_BYTES, the last one
shorter. All nodes that make one at the same height make the same bytes, so its chunks come from any of them. A manifest is a
claim: what proves a snapshot is that its rows give the state root of a header that is known to be final.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from gridnode.chain.light_block import LightBlock
from gridnode.codec.fields import HASH, U64, Int, ListOf
from gridnode.codec.records import Nested, encode, record
from gridnode.crypto.hashing import Tag
from gridnode.primitives.ids import Hash
from gridnode.primitives.limits import (
    MAX_SNAPSHOT_CHUNKS,
    MAX_SNAPSHOTS,
    MAX_SYNC_BYTES,
    SNAPSHOT_CHUNK_BYTES,
)
from gridnode.primitives.units import Height

_CHUNK = Tag("gridnode/snapshot-chunk")
_MANIFEST = Tag("gridnode/snapshot")


@record
class Manifest:
    """What a snapshot claims to hold. Byte for byte the same on every node that has the snapshot."""

    genesis_hash: Annotated[Hash, HASH]
    height: Annotated[Height, Int(1, 2**63)]
    block_hash: Annotated[Hash, HASH]  # of the block at `height`
    state_root: Annotated[Hash, HASH]  # after it, as its header says
    rows: Annotated[int, U64]  # in all chunks
    bytes: Annotated[int, Int(1, MAX_SNAPSHOT_CHUNKS * SNAPSHOT_CHUNK_BYTES)]  # of all chunks
    chunks: Annotated[tuple[Hash, ...], ListOf(HASH, MAX_SNAPSHOT_CHUNKS, 1)]  # `chunk_hash` of each, in order


@record
class SealedManifest:
    """A manifest as a node keeps it: with what made its block final there, which may differ from node to node."""

    manifest: Annotated[Manifest, Nested(Manifest)]
    light: Annotated[LightBlock, Nested(LightBlock)]


@record
class SnapshotsRequest:
    """Ask which snapshots above a height a peer has."""

    above: Annotated[Height, U64]


@record
class SnapshotsAnswer:
    """Manifests of a peer's snapshots, the newest first; as many as fit."""

    manifests: Annotated[tuple[Manifest, ...], ListOf(Nested(Manifest), MAX_SNAPSHOTS)]


@record
class ChunkRequest:
    """Ask for a chunk of the snapshot at a height, by its number from 0. The answer is its bytes; none when it is gone."""

    height: Annotated[Height, U64]
    index: Annotated[int, Int(0, MAX_SNAPSHOT_CHUNKS - 1)]  # number of the chunk, from 0


def chunk_hash(chunk: bytes) -> Hash:
    """Hash by which a manifest names a chunk."""
    return _CHUNK.hash(chunk)


def manifest_hash(manifest: Manifest) -> Hash:
    """What tells snapshots of one height apart."""
    return _MANIFEST.hash(encode(manifest))


def chunk_bytes(manifest: Manifest, index: int) -> int:
    """Size of a chunk: all have SNAPSHOT_CHUNK_BYTES but the last."""
    last = len(manifest.chunks) - 1
    return SNAPSHOT_CHUNK_BYTES if index < last else manifest.bytes - last * SNAPSHOT_CHUNK_BYTES


def fault_of(manifest: Manifest, genesis_hash: Hash) -> str | None:
    """What is wrong with a manifest by itself, or None: another chain's, or sizes that do not fit its chunks."""
    if manifest.genesis_hash != genesis_hash:
        return f"expected a snapshot of the chain {genesis_hash.hex()[:16]}, got one of {manifest.genesis_hash.hex()[:16]}"
    chunks = -(-manifest.bytes // SNAPSHOT_CHUNK_BYTES)
    if len(manifest.chunks) != chunks:
        return f"expected {chunks} chunks for {manifest.bytes} bytes, got {len(manifest.chunks)}"
    return None


def answer_snapshots(request: SnapshotsRequest, newest_first: Iterable[Manifest]) -> bytes:
    """Encoded `SnapshotsAnswer`: manifests above the height asked, within MAX_SYNC_BYTES unless the first alone has more."""
    chosen: list[Manifest] = []
    size = 0
    for manifest in newest_first:
        size += len(encode(manifest))
        if manifest.height <= request.above or len(chosen) >= MAX_SNAPSHOTS or (chosen and size > MAX_SYNC_BYTES):
            break
        chosen.append(manifest)
    return encode(SnapshotsAnswer(tuple(chosen)))
