"""Proofs of rows hold for every key, and no change to any part of one does."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gridnode.codec.records import decode, encode
from gridnode.crypto import merkle
from gridnode.primitives.errors import InvariantBroken, Malformed
from gridnode.primitives.ids import NO_HASH, Hash
from gridnode.state import reference_tree
from gridnode.state.commitment import Commitment
from gridnode.state.kv import MemoryReader
from gridnode.state.prefixes import GRID, NAMES, TOKEN
from gridnode.state.proof import StateProof, prove, verify_proof

KEYS = st.tuples(st.sampled_from([TOKEN, GRID]), st.integers(0, 60)).map(lambda key: bytes(key))
ROWS = st.dictionaries(KEYS, st.binary(max_size=3))


def committed(rows: dict[bytes, bytes]) -> tuple[MemoryReader, bytes]:
    pages = MemoryReader()
    commitment = Commitment(pages)
    update = commitment.update(dict(sorted(rows.items())))
    pages.apply(update.pages)
    commitment.commit(update)
    assert Commitment(pages).root == update.root == commitment.root
    return pages, update.root


@given(ROWS)
def test_state_root_is_that_of_the_definition(rows: dict[bytes, bytes]) -> None:
    leaves = []
    for module in sorted(NAMES):
        own = {
            sha256(key).digest(): sha256(value).digest() for key, value in rows.items() if key[0] == module
        }
        leaves.append(bytes([module]) + reference_tree.root(own))
    assert committed(rows)[1] == merkle.root(leaves)


@given(ROWS, KEYS, st.binary(max_size=3))
def test_what_is_proved_holds_and_nothing_else(rows: dict[bytes, bytes], key: bytes, other: bytes) -> None:
    pages, root = committed(rows)
    proof = prove(pages, key)
    assert decode(StateProof, encode(proof)) == proof
    value = rows.get(key)
    assert verify_proof(root, key, value, proof)
    assert verify_proof(root, key, None, proof) == (value is None)
    assert verify_proof(root, key, other, proof) == (value == other)
    assert not verify_proof(bytes(32), key, value, proof)


@given(ROWS, KEYS, KEYS)
def test_a_proof_of_one_key_says_nothing_false_of_another(
    rows: dict[bytes, bytes], key: bytes, other: bytes
) -> None:
    assume(key != other)
    pages, root = committed(rows)
    proof = prove(pages, key)
    for claim in (b"", None, *rows.values()):
        if claim != rows.get(other):
            assert not verify_proof(root, other, claim, proof)


@given(ROWS, KEYS, st.data())
@settings(max_examples=30)
def test_every_changed_byte_is_noticed(rows: dict[bytes, bytes], key: bytes, data: st.DataObject) -> None:
    pages, root = committed(rows)
    encoded = encode(prove(pages, key))
    for index in range(len(encoded)):
        changed = bytearray(encoded)
        changed[index] ^= data.draw(st.integers(1, 255), label=f"byte {index}") if index % 16 == 0 else 1
        try:
            proof = decode(StateProof, bytes(changed))
        except Malformed:
            continue
        assert not verify_proof(root, key, rows.get(key), proof)


@given(ROWS, KEYS)
def test_forged_forms_fail(rows: dict[bytes, bytes], key: bytes) -> None:
    pages, root = committed(rows)
    value = rows.get(key)
    proof = prove(pages, key)
    siblings = proof.siblings
    forged = [
        replace(proof, siblings=(*siblings, NO_HASH)),
        replace(proof, siblings=(Hash(bytes(32)), *siblings)),
        replace(proof, siblings=tuple(sibling or Hash(bytes(32)) for sibling in siblings)),
        replace(proof, siblings=siblings[:-1]),
        replace(proof, module_siblings=proof.module_siblings[:-1]),
        replace(proof, module_siblings=(*proof.module_siblings, Hash(bytes(32)))),
        replace(proof, leaf_key_hash=NO_HASH),
        replace(proof, leaf_value_hash=NO_HASH),
        replace(proof, leaf_key_hash=Hash(proof.leaf_key_hash + b"\0")),
        replace(proof, module=99),
    ]
    for bad in forged:
        assert bad == proof or not verify_proof(root, key, value, bad)
    assert not verify_proof(root, b"", value, proof)


def test_a_key_of_no_module_is_our_own_fault() -> None:
    for key in (b"", b"\xff"):
        with pytest.raises(InvariantBroken):
            prove(MemoryReader(), key)
        with pytest.raises(InvariantBroken):
            Commitment(MemoryReader()).update({key: b""})
