"""RFC 6962 trees against the recursive definition of the RFC, for every size and index of small trees."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from gridnode.crypto import merkle


def tree_hash(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, word for word."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + tree_hash(leaves[:split]) + tree_hash(leaves[split:])).digest()


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*path(index, leaves[:split]), tree_hash(leaves[split:])]
    return [*path(index - split, leaves[split:]), tree_hash(leaves[:split])]


def subproof(old: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2, word for word."""
    if old == len(leaves):
        return [] if whole else [tree_hash(leaves)]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if old <= split:
        return [*subproof(old, leaves[:split], whole), tree_hash(leaves[split:])]
    return [*subproof(old - split, leaves[split:], False), tree_hash(leaves[:split])]


def numbered(size: int) -> list[bytes]:
    return [b"leaf %d" % index for index in range(size)]


def test_all_small_trees() -> None:
    for size in range(1, 34):
        leaves = numbered(size)
        root = merkle.root(leaves)
        assert root == tree_hash(leaves)
        for index in range(size):
            proof = merkle.inclusion_proof(leaves, index)
            assert list(proof) == path(index, leaves)
            assert merkle.verify_inclusion(merkle.leaf_hash(leaves[index]), index, size, proof, root)
        for old in range(1, size + 1):
            consistency = merkle.consistency_proof(leaves, old)
            assert list(consistency) == subproof(old, leaves, True)
            assert merkle.verify_consistency(old, size, merkle.root(leaves[:old]), root, consistency)


@given(st.lists(st.binary(max_size=40), max_size=70))
def test_root_follows_the_definition(leaves: list[bytes]) -> None:
    assert merkle.root(leaves) == tree_hash(leaves)


@given(st.integers(1, 70), st.data())
def test_an_inclusion_proof_holds_for_one_place_alone(size: int, data: st.DataObject) -> None:
    leaves = numbered(size)
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1))
    proof, root = merkle.inclusion_proof(leaves, index), merkle.root(leaves)
    leaf = merkle.leaf_hash(leaves[other])
    assert merkle.verify_inclusion(leaf, index, size, proof, root) is (index == other)
    assert merkle.verify_inclusion(merkle.leaf_hash(leaves[index]), other, size, proof, root) is (
        index == other
    )
    if proof:
        spot = data.draw(st.integers(0, len(proof) - 1))
        shorter, longer = proof[:spot] + proof[spot + 1 :], (*proof, proof[spot])
        for forged in (shorter, longer, (*proof[:spot], root, *proof[spot + 1 :])):
            assert not merkle.verify_inclusion(merkle.leaf_hash(leaves[index]), index, size, forged, root)


@given(st.integers(1, 70), st.data())
def test_a_consistency_proof_holds_for_its_prefix_alone(size: int, data: st.DataObject) -> None:
    leaves = numbered(size)
    old = data.draw(st.integers(1, size))
    proof, new_root = merkle.consistency_proof(leaves, old), merkle.root(leaves)
    changed = [*leaves[: old - 1], b"rewritten"]
    assert not merkle.verify_consistency(old, size, merkle.root(changed), new_root, proof)
    assert not merkle.verify_consistency(
        old, size, merkle.root(leaves[:old]), merkle.root([*changed, *leaves[old:]]), proof
    )
    assert not merkle.verify_consistency(old, size, merkle.root(leaves[:old]), new_root, (*proof, new_root))
    if proof:
        assert not merkle.verify_consistency(old, size, merkle.root(leaves[:old]), new_root, proof[:-1])
