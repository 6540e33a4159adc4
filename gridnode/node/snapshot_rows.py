"""Makes a snapshot of a frozen chain: rows out of the database, chunks into files."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gridnode.chain.block import Header, header_hash
from gridnode.codec.records import decode
from gridnode.node.ledger_store import Frozen
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.ids import Hash
from gridnode.primitives.limits import MAX_SNAPSHOT_CHUNKS
from gridnode.state.kv import Reader
from gridnode.storage.leveldb import Column
from gridnode.storage.past_blocks import first_needed, past_rows
from gridnode.storage.snapshots import SnapshotStore
from gridnode.sync.row_stream import ChunkWriter
from gridnode.sync.snapshots import Manifest, SealedManifest, chunk_hash

Rows = Iterator[tuple[int, bytes, bytes]]


def write_snapshot(frozen: Frozen, into: SnapshotStore, between: Callable[[], None] = lambda: None) -> Manifest:
    """Write the snapshot of a frozen chain; `between` is called after each chunk.

    Raises OperatorError when the disk refuses; what was written is then removed, as far as the disk lets it.
    """
    height = frozen.light.header.height
    writer, hashes = ChunkWriter(), list[Hash]()
    try:
        for chunk in _chunks(writer, snapshot_rows(frozen)):
            if len(hashes) >= MAX_SNAPSHOT_CHUNKS:
                raise OperatorError(f"the state of height {height} has more than {MAX_SNAPSHOT_CHUNKS} chunks")
            into.put_chunk(height, len(hashes), chunk)
            hashes.append(chunk_hash(chunk))
            between()
        manifest = Manifest(
            frozen.genesis_hash,
            height,
            header_hash(frozen.light.header),
            frozen.light.header.state_root,
            writer.rows,
            writer.bytes,
            tuple(hashes),
        )
        into.seal(SealedManifest(manifest, frozen.light))
    except OSError as error:
        into.give_up(height)
        raise OperatorError(f"the snapshot of height {height} cannot be written: {error.strerror}") from None
    except OperatorError:
        into.give_up(height)
        raise
    return manifest


def snapshot_rows(frozen: Frozen) -> Rows:
    """Rows of the state, then of the blocks that a node needs to go on from it; ascending."""
    for key, value in frozen.rows.view(Column.STATE).scan(b"", b"\xff"):
        yield Column.STATE, key, value
    blocks: Reader = frozen.rows.view(Column.BLOCKS)

    def header_at(height: int) -> Header | None:
        raw = blocks.get(b"h" + height.to_bytes(8, "big"))
        return None if raw is None else decode(Header, raw)

    first = first_needed(header_at, frozen.light.header)
    for key, value in past_rows(blocks, first, frozen.light.header.height):
        yield Column.BLOCKS, key, value


def _chunks(writer: ChunkWriter, rows: Rows) -> Iterator[bytes]:
    for column, key, value in rows:
        yield from writer.add(column, key, value)
    yield from writer.end()
