"""RFC 6962 Merkle trees over lists: root, inclusion proofs, consistency proofs (RFC 9162 section 2.1 gives the algorithms).

A leaf is hashed as SHA-256(0x00 || data), a node as SHA-256(0x01 || left || right), so no leaf passes for a node. The left
subtree of n leaves holds the largest power of two below n; level by level that is: pair neighbours, an odd last one moves up
as it is. The root of no leaves is SHA-256 of nothing.

Provers (`root`, `inclusion_proof`, `consistency_proof`) take the leaves' data; verifiers take hashes and sizes alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from gridnode.primitives.ids import Hash

HASH_BYTES = 32
EMPTY_ROOT = Hash(sha256().digest())
"""Root of a tree without leaves."""


def leaf_hash(data: bytes) -> Hash:
    """32-byte hash of a leaf's data."""
    return Hash(sha256(b"\x00" + data).digest())


def node_hash(left: bytes, right: bytes) -> Hash:
    """32-byte hash of a node with two children."""
    return Hash(sha256(b"\x01" + left + right).digest())


def root(leaves: Sequence[bytes]) -> Hash:
    """Root of the tree over `leaves`, given as data, in order."""
    return _root([leaf_hash(leaf) for leaf in leaves])


def root_of_hashes(leaves: Sequence[Hash]) -> Hash:
    """Root of the tree over leaves that are given as their `leaf_hash`: who has long ones need not hold them all."""
    return _root(list(leaves))


def inclusion_proof(leaves: Sequence[bytes], index: int) -> tuple[Hash, ...]:
    """Siblings from the leaf at `index` up to the root; empty when it is the only leaf.

    Raises ValueError unless 0 <= index < len(leaves).
    """
    if not 0 <= index < len(leaves):
        raise ValueError(f"expected a leaf index from 0 to {len(leaves) - 1}, got {index}")
    proof = []
    level = [leaf_hash(leaf) for leaf in leaves]
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            proof.append(level[sibling])
        level, index = _parents(level), index >> 1
    return tuple(proof)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> bool:
    """Whether `leaf` (a leaf hash) stands at `index` of the tree with `size` leaves and root `expected` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or not _are_hashes([leaf, *proof]):
        return False
    first, last = index, size - 1
    value = leaf
    for sibling in proof:
        if last == 0:
            return False
        if first & 1 or first == last:
            value = node_hash(sibling, value)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        first, last = first >> 1, last >> 1
    return last == 0 and value == expected


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> tuple[Hash, ...]:
    """Proof that the tree over the first `old_size` leaves is a prefix of the tree over all of them (RFC 9162, 2.1.4.1).

    Empty when the sizes are equal. Raises ValueError unless 1 <= old_size <= len(leaves): nothing is a prefix of everything.
    """
    if not 1 <= old_size <= len(leaves):
        raise ValueError(f"expected an old size from 1 to {len(leaves)}, got {old_size}")
    hashes = [leaf_hash(leaf) for leaf in leaves]
    start, end, whole = 0, len(hashes), True
    proof = []
    while end != old_size:
        middle = start + _split(end - start)
        if old_size <= middle:
            proof.append(_root(hashes[middle:end]))
            end = middle
        else:
            proof.append(_root(hashes[start:middle]))
            start, whole = middle, False
    if not whole:
        proof.append(_root(hashes[start:end]))
    return tuple(reversed(proof))


def verify_consistency(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the tree of `old_size` leaves is a prefix of the tree of `new_size` leaves (RFC 9162, 2.1.4.2).

    An old tree without leaves proves nothing and is refused.
    """
    if not 1 <= old_size <= new_size or not _are_hashes(proof):
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    # A complete old subtree is not repeated in the proof: its hash is the old root.
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not proof:
        return False
    first, last = old_size - 1, new_size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        first, last = first >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


def _parents(level: list[Hash]) -> list[Hash]:
    above = [node_hash(left, right) for left, right in zip(level[::2], level[1::2], strict=False)]
    if len(level) & 1:
        above.append(level[-1])
    return above


def _root(level: list[Hash]) -> Hash:
    while len(level) > 1:
        level = _parents(level)
    return level[0] if level else EMPTY_ROOT


def _split(size: int) -> int:
    """Leaves of the left subtree: the largest power of two below `size` (at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def _are_hashes(values: Sequence[bytes]) -> bool:
    """Whether each has a hash's length; otherwise the boundary between two children could be moved."""
    return all(len(value) == HASH_BYTES for value in values)
