"""Proofs of rows: that a row is in the state, with which value, or that there is none. A client needs only a header it trusts.

The way from a module's root follows the bits of SHA-256 of the key. It ends at the key's own leaf (the row is there), at
another row's leaf or at nothing (the row is not there: a leaf sits at its shortest unique prefix, so there is no other place for it).
"""

from __future__ import annotations

from typing import Annotated

from gridnode._native.commitment import path
from gridnode.codec.fields import HASH, HASH_OR_NIL, U8, ListOf
from gridnode.codec.records import record
from gridnode.crypto import merkle
from gridnode.crypto.hashing import sha256_of
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.ids import NO_HASH, Hash
from gridnode.primitives.limits import MAX_PROOF_DEPTH
from gridnode.state.commitment import MODULES, read_roots, root_leaf, root_leaves
from gridnode.state.kv import Reader
from gridnode.state.prefixes import NAMES
from gridnode.state.reference_tree import EMPTY, bit, leaf_hash, node_hash


@record
class StateProof:
    """All that stands beside the way from a row to the state root."""

    module: Annotated[int, U8]  # first byte of the row's key
    siblings: Annotated[
        tuple[Hash, ...], ListOf(HASH_OR_NIL, MAX_PROOF_DEPTH)
    ]  # from the module's root down; empty: no rows
    leaf_key_hash: Annotated[Hash, HASH_OR_NIL]  # leaf at the end of the way; empty when there is none
    leaf_value_hash: Annotated[Hash, HASH_OR_NIL]
    module_siblings: Annotated[
        tuple[Hash, ...], ListOf(HASH, 8)
    ]  # RFC 6962 path from the module's root to the state root


def prove(pages: Reader, key: bytes) -> StateProof:
    """Proof that the row `key` has its value, or that there is none, for the state whose tree rows `pages` reads.

    Raises InvariantBroken when the key belongs to no module or the tree rows are damaged.
    """
    module = key[0] if key else 0
    if module not in NAMES:
        raise InvariantBroken("state-key", f"{key.hex() or 'the empty key'} belongs to no module")
    roots = read_roots(pages)
    try:
        siblings, leaf = path(pages.get, module, roots[module], sha256_of(key))
    except ValueError as error:
        raise InvariantBroken("state-tree", f"{NAMES[module]}: {error}") from None
    return StateProof(
        module,
        tuple(NO_HASH if sibling == EMPTY else Hash(sibling) for sibling in siblings),
        Hash(leaf[:32]),
        Hash(leaf[32:]),
        merkle.inclusion_proof(root_leaves(roots), MODULES.index(module)),
    )


def verify_proof(state_root: bytes, key: bytes, value: bytes | None, proof: StateProof) -> bool:
    """Whether `proof` shows that the row `key` has `value` (None: that there is no such row) in the state with this root.

    Needs nothing but its arguments. A proof has one form: whoever changes any byte of it makes it fail.
    """
    if not key or proof.module != key[0] or proof.module not in NAMES:
        return False
    key_hash = sha256_of(key)
    if not _leaf_shows(proof, key_hash, value) or not _all_hashes(proof):
        return False
    found = leaf_hash(proof.leaf_key_hash, proof.leaf_value_hash) if proof.leaf_key_hash else EMPTY
    for depth in range(len(proof.siblings) - 1, -1, -1):
        sibling = proof.siblings[depth] or EMPTY
        found = node_hash(sibling, found) if bit(key_hash, depth) else node_hash(found, sibling)
    leaf = merkle.leaf_hash(root_leaf(proof.module, found))
    index = MODULES.index(proof.module)
    return merkle.verify_inclusion(leaf, index, len(MODULES), proof.module_siblings, state_root)


def _leaf_shows(proof: StateProof, key_hash: bytes, value: bytes | None) -> bool:
    """Whether the leaf at the end of the way is the one that `value` claims."""
    if value is not None:
        return proof.leaf_key_hash == key_hash and proof.leaf_value_hash == sha256_of(value)
    if not proof.leaf_key_hash:
        return not proof.leaf_value_hash
    other = proof.leaf_key_hash
    return other != key_hash and all(
        bit(other, depth) == bit(key_hash, depth) for depth in range(len(proof.siblings))
    )


def _all_hashes(proof: StateProof) -> bool:
    """Whether everything that is hashed has the size of a hash, and no empty sibling is spelt out as zeros."""
    leaf = (proof.leaf_key_hash, proof.leaf_value_hash)
    if len(proof.siblings) > MAX_PROOF_DEPTH or {len(part) for part in leaf} not in ({0}, {32}):
        return False
    return all(len(sibling) == 32 and sibling != EMPTY for sibling in proof.siblings if sibling)
