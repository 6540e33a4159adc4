"""RFC 6962 trees: every verdict of the public vectors, the known roots, and what provers refuse."""

from base64 import b64decode
from hashlib import sha256
from typing import Any

import pytest

from gridnode.crypto import merkle
from tests.vectors.load import load

VECTORS = load("rfc6962_proofs.json")

# The eight leaves and the roots of the reference implementation of Certificate Transparency.
LEAVES = [
    b"",
    b"\x00",
    b"\x10",
    b" !",
    b"01",
    b"@ABC",
    b"PQRSTUVW",
    b"`abcdefghijklmno",
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def proof(case: Any) -> list[bytes]:
    return [b64decode(item) for item in case["proof"] or []]


@pytest.mark.parametrize("case", VECTORS["inclusion"], ids=lambda case: case["name"])
def test_inclusion_verdict(case: Any) -> None:
    accepted = merkle.verify_inclusion(
        b64decode(case["leafHash"]), case["leafIdx"], case["treeSize"], proof(case), b64decode(case["root"])
    )
    assert accepted is not case["wantErr"]


@pytest.mark.parametrize("case", VECTORS["consistency"], ids=lambda case: case["name"])
def test_consistency_verdict(case: Any) -> None:
    accepted = merkle.verify_consistency(
        case["size1"], case["size2"], b64decode(case["root1"]), b64decode(case["root2"]), proof(case)
    )
    assert accepted is not case["wantErr"]


def test_the_public_files_are_whole() -> None:
    assert len(VECTORS["inclusion"]) == len(VECTORS["consistency"]) == 98
    assert {case["wantErr"] for case in VECTORS["inclusion"] + VECTORS["consistency"]} == {True, False}


@pytest.mark.parametrize(("size", "expected"), ROOTS.items())
def test_known_roots(size: int, expected: str) -> None:
    assert merkle.root(LEAVES[:size]).hex() == expected


def test_leaf_and_node_hashes_have_their_own_first_byte() -> None:
    left, right = merkle.leaf_hash(b"l"), merkle.leaf_hash(b"r")
    assert left == sha256(b"\x00l").digest()
    assert merkle.node_hash(left, right) == sha256(b"\x01" + left + right).digest()
    assert merkle.root([b"l", b"r"]) != merkle.leaf_hash(left + right)


def test_the_prover_makes_the_public_proofs() -> None:
    """The happy cases over our eight leaves, built rather than only verified."""
    made = [
        merkle.inclusion_proof(LEAVES, 0),
        merkle.inclusion_proof(LEAVES, 5),
        merkle.inclusion_proof(LEAVES[:3], 2),
    ]
    told = [VECTORS["inclusion"], ("inclusion/1/", "inclusion/2/", "inclusion/3/")]
    happy = [case for case in told[0] if not case["wantErr"] and case["name"].startswith(told[1])]
    assert [list(item) for item in made] == [proof(case) for case in happy]
    consistent = [
        case
        for case in VECTORS["consistency"]
        if not case["wantErr"] and case["name"].split("/")[1] in {"1", "2", "3", "4"}
    ]
    assert [
        list(merkle.consistency_proof(LEAVES[: case["size2"]], case["size1"])) for case in consistent
    ] == [proof(case) for case in consistent]


@pytest.mark.parametrize("index", [-1, 8, 9])
def test_no_proof_of_a_leaf_that_is_not_there(index: int) -> None:
    with pytest.raises(ValueError, match="expected a leaf index from 0 to 7"):
        merkle.inclusion_proof(LEAVES, index)


@pytest.mark.parametrize("old_size", [-1, 0, 9])
def test_no_consistency_with_an_empty_or_larger_tree(old_size: int) -> None:
    with pytest.raises(ValueError, match="expected an old size from 1 to 8"):
        merkle.consistency_proof(LEAVES, old_size)


def test_a_boundary_between_children_cannot_be_moved() -> None:
    """The same 64 bytes cut elsewhere: a longer sibling must not make a shorter value a leaf."""
    left, right = (merkle.leaf_hash(leaf) for leaf in (b"l", b"r"))
    whole = left + right
    expected = merkle.node_hash(left, right)
    assert merkle.verify_inclusion(left, 0, 2, [right], expected)
    assert not merkle.verify_inclusion(whole[:20], 0, 2, [whole[20:]], expected)


def test_a_proof_is_not_longer_than_its_tree_is_high() -> None:
    """A true path, told for a smaller tree in which the leaf would stand elsewhere."""
    first, second = (merkle.leaf_hash(leaf) for leaf in LEAVES[:2])
    pair = merkle.root(LEAVES[:2])
    assert merkle.verify_inclusion(second, 1, 2, [first], pair)
    assert not merkle.verify_inclusion(second, 0, 1, [first], pair)
    proof = merkle.consistency_proof(LEAVES, 6)
    old, new = merkle.root(LEAVES[:6]), merkle.root(LEAVES)
    assert merkle.verify_consistency(6, 8, old, new, proof)
    for sizes in ((6, 6), (6, 9), (5, 8), (7, 8), (1, 1), (2, 2)):
        assert not merkle.verify_consistency(*sizes, old, new, proof)
    longest = merkle.consistency_proof(LEAVES, 7)
    assert merkle.verify_consistency(7, 8, merkle.root(LEAVES[:7]), new, longest)
    assert not merkle.verify_consistency(6, 7, merkle.root(LEAVES[:7]), new, longest)
