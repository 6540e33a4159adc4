"""What a light client trusts, on disk: one file for each trusted block, so that a crash leaves all of a block or nothing of it.

A file holds the SHA-256 of the block's canonical bytes, then those bytes. It is written under another name, synced, renamed, and the folder
is synced, before the block counts as trusted. What is in the folder was verified once and is believed at the next start without a question,
so the folder is to be kept like a genesis file.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from gridnode.chain.light_block import LightBlock
from gridnode.codec.records import decode, encode
from gridnode.crypto.hashing import sha256_of
from gridnode.light.trusted import MemoryBlocks
from gridnode.primitives.errors import Malformed, OperatorError
from gridnode.primitives.limits import MAX_LIGHT_BLOCK_BYTES, MAX_TRUSTED_BLOCKS

_SUFFIX = ".light"
_PARTIAL = ".partial"
_HASH = 32


class TrustedFolder:
    """Trusted blocks in a folder; `gridnode.light.trusted.TrustedBlocks`."""

    def __init__(self, folder: Path, most: int = MAX_TRUSTED_BLOCKS) -> None:
        """Read the folder, or make it. Raises OperatorError when it cannot be used, or a file in it is damaged or of another chain."""
        self._folder, self._most = folder, most
        self._blocks = MemoryBlocks(most)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for path in sorted(folder.iterdir()):
                if path.name.endswith(_PARTIAL):
                    path.unlink()  # of a write that never ended
                elif path.name.endswith(_SUFFIX):
                    self._blocks.put(_read(path))
        except OSError as error:
            raise OperatorError(f"{folder}: cannot use the folder of trusted blocks: {error.strerror}") from None
        chains = sorted({block.header.chain_id for block in self._blocks.all()})
        if len(chains) > 1:
            raise OperatorError(f"{folder}: expected trusted blocks of one chain, got {', '.join(chains)}")

    def __len__(self) -> int:
        """How many there are."""
        return len(self._blocks)

    def at_or_below(self, height: int) -> LightBlock | None:
        """The highest one at or below a height, or None."""
        return self._blocks.at_or_below(height)

    def at_or_above(self, height: int) -> LightBlock | None:
        """The lowest one at or above a height, or None."""
        return self._blocks.at_or_above(height)

    def put(self, block: LightBlock) -> None:
        """Keep one that was verified; it is on disk when this returns. Of more than the bound the lowest go.

        Raises LightBlockInvalid when another one is trusted at its height, OperatorError when the disk refuses.
        """
        self._blocks.check(block)
        encoded = encode(block)
        path = self._folder / f"{block.header.height:020d}{_SUFFIX}"
        partial = path.with_suffix(_PARTIAL)
        try:
            with partial.open("wb") as file:
                file.write(sha256_of(encoded) + encoded)
                file.flush()
                os.fsync(file.fileno())
            partial.rename(path)
            self._sync()
            self._blocks.put(block)
            lowest = self._blocks.at_or_above(0)
            for old in sorted(self._folder.glob(f"*{_SUFFIX}")):
                if lowest is None or int(old.stem) >= lowest.header.height:
                    break
                old.unlink()
        except OSError as error:
            with suppress(OSError):
                partial.unlink()
            raise OperatorError(f"{path}: cannot keep the trusted block: {error.strerror}") from None

    def _sync(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _read(path: Path) -> LightBlock:
    """The block of a file. Raises OperatorError when it is damaged."""
    with path.open("rb") as file:
        content = file.read(_HASH + MAX_LIGHT_BLOCK_BYTES + 1)
    digest, encoded = content[:_HASH], content[_HASH:]
    try:
        if sha256_of(encoded) != digest:
            raise Malformed("its checksum does not fit")
        block = decode(LightBlock, encoded)
        if path.stem != f"{block.header.height:020d}":
            raise Malformed(f"it holds block {block.header.height}")
    except Malformed as fault:
        raise OperatorError(f"{path}: the trusted block is damaged ({fault}); remove it, and trust a block again") from None
    return block
