"""The tree of one module by its definition, over a dict: what the compiled kernel must agree with.

The content is a map from SHA-256 of a row's key to SHA-256 of its value. A tree over it is

    nothing         32 zero bytes
    one leaf        SHA-256(0x00 | key hash | value hash), wherever it stands: a leaf sits at its shortest unique prefix
    several leaves  SHA-256(0x01 | left | right): left the tree of those whose next bit is 0, right of those whose next bit is 1

The next bit of the root is the first, most significant one of the key hash. So the root depends on the content alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

EMPTY = bytes(32)


def leaf_hash(key_hash: bytes, value_hash: bytes) -> bytes:
    """Hash of a leaf."""
    return sha256(b"\x00" + key_hash + value_hash).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of a node with several leaves below it."""
    return sha256(b"\x01" + left + right).digest()


def bit(key_hash: bytes, depth: int) -> int:
    """Bit number `depth` of a key hash, the most significant one first."""
    return key_hash[depth >> 3] >> (7 - (depth & 7)) & 1


def root(leaves: Mapping[bytes, bytes], depth: int = 0) -> bytes:
    """Hash of the tree over `leaves` (key hash -> value hash), which agree in their first `depth` bits."""
    if not leaves:
        return EMPTY
    if len(leaves) == 1:
        [(key_hash, value_hash)] = leaves.items()
        return leaf_hash(key_hash, value_hash)
    return node_hash(root(side(leaves, depth, 0), depth + 1), root(side(leaves, depth, 1), depth + 1))


def path(leaves: Mapping[bytes, bytes], key_hash: bytes) -> tuple[list[bytes], bytes]:
    """Hashes beside the way to `key_hash`, from the root down, and the leaf at its end: key hash and value hash, or nothing."""
    siblings = []
    depth = 0
    while len(leaves) > 1:
        way = bit(key_hash, depth)
        siblings.append(root(side(leaves, depth, 1 - way), depth + 1))
        leaves = side(leaves, depth, way)
        depth += 1
    return siblings, b"".join(key + value for key, value in leaves.items())


def side(leaves: Mapping[bytes, bytes], depth: int, way: int) -> dict[bytes, bytes]:
    """The leaves whose bit number `depth` is `way`."""
    return {key: value for key, value in leaves.items() if bit(key, depth) == way}
