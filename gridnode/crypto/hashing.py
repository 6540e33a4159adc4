"""SHA-256 with domain tags.

A tagged hash is SHA-256 over one byte of tag length, the tag, and the data. The length byte is at least 2, so no tagged
hash shares its input with a leaf (0x00) or node (0x01) of an RFC 6962 tree.
"""

from __future__ import annotations

from hashlib import sha256

from gridnode.primitives.ids import Hash


class Tag:
    """A purpose of hashing. Make each once, as a module constant: `VOTE = Tag("gridnode/vote")`."""

    def __init__(self, name: str) -> None:
        encoded = name.encode("ascii")
        if not 2 <= len(encoded) <= 255:
            raise ValueError(f"expected a tag of 2 to 255 characters, got {name!r}")
        self.name = name
        self._start = sha256(bytes([len(encoded)]) + encoded)

    def hash(self, data: bytes) -> Hash:
        """32-byte hash of `data` for this purpose."""
        state = self._start.copy()
        state.update(data)
        return Hash(state.digest())


def sha256_of(data: bytes) -> Hash:
    """Plain SHA-256, for what outsiders compute too."""
    return Hash(sha256(data).digest())
