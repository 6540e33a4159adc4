"""The file format of exported blocks: read and written as a stream, damage anywhere in it found before anything is used.

    head      magic 16 bytes | version 4 | genesis hash 32 | height of the first block 8 | head check 32
    block     length 4 | canonical bytes of a `FinalBlock` | running hash 32                          once for each block, heights ascending
    trailer   length 0 | number of blocks 8 | height of the last one 8 | its hash 32 | running hash 32

All numbers big-endian. The head check is the tagged hash of the head; the running hash after a block is the tagged hash of the one before
(the head check before the first) and the block's bytes; the trailer's covers the trailer. So a byte that was changed, cut off or put in
anywhere shows at the block it belongs to, and a file that was not written to its end has no trailer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from gridnode.chain.block import header_hash
from gridnode.codec.records import decode, encode
from gridnode.crypto.hashing import Tag
from gridnode.primitives.errors import Malformed, OperatorError
from gridnode.primitives.limits import MAX_RECORD_BYTES
from gridnode.sync.messages import FinalBlock

MAGIC: Final = b"gridnode blocks\n"
VERSION: Final = 1
_RUNNING = Tag("gridnode/block-file")
_HASH_BYTES = 32
_HEAD_BYTES = len(MAGIC) + 4 + _HASH_BYTES + 8
_TRAILER_BYTES = 8 + 8 + _HASH_BYTES


class Head(NamedTuple):
    """What the file begins with."""

    genesis_hash: bytes
    """Of the chain."""
    first: int
    """Height of the first block."""


class Trailer(NamedTuple):
    """What it ends with."""

    blocks: int
    """How many there are."""
    last: int
    """Height of the last one; `first - 1` when there are none."""
    block_hash: bytes
    """Its hash; zeros when there are none."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A block in the file."""

    offset: int
    """Byte at which its length stands."""
    height: int
    """Height by its place in the file; the block's own is for the reader to check."""
    data: bytes
    """Canonical bytes of the `FinalBlock`."""

    def final(self) -> FinalBlock:
        """The block with its commit. Raises OperatorError when it does not decode or is of another height."""
        try:
            found = decode(FinalBlock, self.data)
        except Malformed as fault:
            raise OperatorError(f"byte {self.offset}, block {self.height}: expected a block: {fault}") from None
        if found.block.header.height != self.height:
            raise OperatorError(f"byte {self.offset}: expected block {self.height}, got {found.block.header.height}")
        return found


class BlockFileWriter:
    """Writes a file block after block."""

    def __init__(self, out: BinaryIO, head: Head) -> None:
        """Write the head."""
        self._out = out
        self._first = head.first
        data = MAGIC + VERSION.to_bytes(4, "big") + head.genesis_hash + head.first.to_bytes(8, "big")
        self._running = _RUNNING.hash(data)
        self._trailer = Trailer(0, head.first - 1, bytes(_HASH_BYTES))
        out.write(data + self._running)

    def add(self, final: FinalBlock) -> None:
        """Write the next block. Raises ValueError when it is not the next one."""
        height = final.block.header.height
        if height != self._trailer.last + 1:
            raise ValueError(f"expected block {self._trailer.last + 1}, got {height}")
        data = encode(final)
        self._running = _RUNNING.hash(self._running + data)
        self._out.write(len(data).to_bytes(4, "big") + data + self._running)
        self._trailer = Trailer(self._trailer.blocks + 1, height, header_hash(final.block.header))

    def close(self) -> Trailer:
        """Write the trailer; the stream is the caller's to sync and close."""
        data = _trailer_bytes(self._trailer)
        self._out.write(bytes(4) + data + _RUNNING.hash(self._running + data))
        return self._trailer


class BlockFileReader:
    """Reads a file block after block. Raises OperatorError with byte and height where it is not as it was written."""

    def __init__(self, source: BinaryIO, path: Path) -> None:
        """Read the head; `path` is for messages."""
        self._source = source
        self._path = path
        self._offset = 0
        data = self._take(_HEAD_BYTES, "the head")
        if not data.startswith(MAGIC):
            raise OperatorError(f"{path}: expected a file of gridnode blocks, it begins with {data[:8].hex()}")
        version = int.from_bytes(data[len(MAGIC) : len(MAGIC) + 4], "big")
        if version != VERSION:
            raise OperatorError(f"{path}: expected version {VERSION} of the format, got {version}")
        self._running = _RUNNING.hash(data)
        if self._take(_HASH_BYTES, "the head") != self._running:
            raise OperatorError(f"{path}: the head is damaged (bytes 0 to {_HEAD_BYTES + _HASH_BYTES})")
        self.head = Head(data[len(MAGIC) + 4 : -8], int.from_bytes(data[-8:], "big"))
        self.trailer: Trailer | None = None
        """What the file says at its end; None before it was read."""

    def entries(self) -> Iterator[Entry]:
        """Every block of the file, to its trailer."""
        height = self.head.first
        while True:
            offset = self._offset
            length = int.from_bytes(self._take(4, f"block {height} or the trailer"), "big")
            if length == 0:
                self._end(offset, height)
                return
            if length > MAX_RECORD_BYTES:
                raise self._damaged(offset, height, f"a length of at most {MAX_RECORD_BYTES}, got {length}")
            data = self._take(length, f"block {height}")
            self._running = _RUNNING.hash(self._running + data)
            if self._take(_HASH_BYTES, f"block {height}") != self._running:
                raise self._damaged(offset, height, "bytes that fit the running hash")
            yield Entry(offset, height, data)
            height += 1

    def _end(self, offset: int, height: int) -> None:
        data = self._take(_TRAILER_BYTES, "the trailer")
        if self._take(_HASH_BYTES, "the trailer") != _RUNNING.hash(self._running + data):
            raise OperatorError(f"{self._path}: byte {offset}: the trailer is damaged, or a length before it")
        trailer = Trailer(int.from_bytes(data[:8], "big"), int.from_bytes(data[8:16], "big"), data[16:])
        if (trailer.blocks, trailer.last) != (height - self.head.first, height - 1):
            raise OperatorError(f"{self._path}: byte {offset}: expected a trailer of block {height - 1}, got one of {trailer.last}")
        if self._source.read(1):
            raise OperatorError(f"{self._path}: byte {self._offset}: expected the end of the file behind its trailer")
        self.trailer = trailer

    def _take(self, size: int, what: str) -> bytes:
        data = self._source.read(size)
        if len(data) != size:
            at = self._offset + len(data)
            raise OperatorError(f"{self._path}: the file is cut off at byte {at}, in {what}")
        self._offset += size
        return data

    def _damaged(self, offset: int, height: int, expected: str) -> OperatorError:
        return OperatorError(f"{self._path}: byte {offset}, block {height}: damaged: expected {expected}")


def _trailer_bytes(trailer: Trailer) -> bytes:
    return trailer.blocks.to_bytes(8, "big") + trailer.last.to_bytes(8, "big") + trailer.block_hash
