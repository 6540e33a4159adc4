"""Commits: what makes a block final, and an error for each way of not being that which says what is missing."""

from dataclasses import replace
from typing import Any

import pytest

from gridnode.chain.commit import NO_COMMIT, Commit, check_commit, commit_hash
from gridnode.chain.validators import ValidatorSet
from gridnode.codec.records import decode, encode
from gridnode.primitives.errors import Malformed
from gridnode.primitives.ids import NO_HASH, Hash, Signature
from gridnode.primitives.units import Height, Power, Round
from tests.vectors.samples import CHAIN, KEYS, NAMES, VALIDATORS, signed_commit

BLOCK = Hash(b"\x0b" * 32)
COMMIT = signed_commit(5, 1, BLOCK)
ORDER = [member.name for member in VALIDATORS.members]


def check(commit: Commit, **change: Any) -> None:
    expected = {"chain_id": CHAIN, "validators": VALIDATORS, "height": 5, "block_hash": BLOCK}
    check_commit(commit, **{**expected, **change})


def with_signature(name: str, signature: bytes) -> Commit:
    entries = list(COMMIT.signatures)
    entries[ORDER.index(name)] = Signature(signature)
    return replace(COMMIT, signatures=tuple(entries))


@pytest.mark.parametrize("names", [NAMES, ("EGAT", "MEA"), ("EGAT", "PEA", "ERC"), ("MEA", "EGAT", "ERC")])
def test_more_than_two_thirds_commit(names: tuple[str, ...]) -> None:
    check(signed_commit(5, 1, BLOCK, names))


@pytest.mark.parametrize(
    ("names", "power"), [((), 0), (("EGAT",), 40), (("EGAT", "PEA"), 60), (("MEA", "PEA", "ERC"), 60)]
)
def test_less_does_not(names: tuple[str, ...], power: int) -> None:
    with pytest.raises(Malformed, match=f"more than 2/3 of power 100, got {power}$"):
        check(signed_commit(5, 1, BLOCK, names))


def test_exactly_two_thirds_is_not_enough() -> None:
    even = ValidatorSet(tuple(replace(member, power=Power(1)) for member in VALIDATORS.members[:3]))
    for signers, enough in ((3, True), (2, False)):
        full = signed_commit(5, 1, BLOCK)
        entries = tuple(full.signatures[place] if place < signers else Signature(b"") for place in range(3))
        commit = replace(full, signatures=entries)
        if enough:
            check(commit, validators=even)
        else:
            with pytest.raises(Malformed, match="more than 2/3 of power 3, got 2"):
                check(commit, validators=even)


@pytest.mark.parametrize(
    ("commit", "got"),
    [
        (signed_commit(6, 1, BLOCK), "got one of 0b0b0b0b0b0b0b0b at height 6"),
        (signed_commit(5, 1, Hash(b"\x0c" * 32)), "got one of 0c0c0c0c0c0c0c0c at height 5"),
        (signed_commit(5, 1, NO_HASH), "got one of nil at height 5"),
        (NO_COMMIT, "got one of nil at height 0"),
    ],
)
def test_a_commit_of_something_else(commit: Commit, got: str) -> None:
    with pytest.raises(Malformed, match="expected a commit of block 0b0b0b0b0b0b0b0b at height 5, " + got):
        check(commit)


def test_nil_is_never_committed() -> None:
    with pytest.raises(Malformed, match="expected a commit of block nil"):
        check(signed_commit(5, 1, NO_HASH), block_hash=b"")
    with pytest.raises(Malformed):
        check(NO_COMMIT, height=0, block_hash=b"")


def test_one_entry_for_each_validator() -> None:
    for entries in (COMMIT.signatures[:-1], (*COMMIT.signatures, COMMIT.signatures[0]), ()):
        with pytest.raises(Malformed, match=f"expected 4 commit entries, got {len(entries)}"):
            check(replace(COMMIT, signatures=entries))


def test_a_signature_stands_in_its_validators_place() -> None:
    """One validator's signature repeated, or two exchanged, do not count."""
    first, second = ORDER[0], ORDER[1]
    with pytest.raises(Malformed, match=rf"valid precommit signature of {second} \(round 1\)"):
        check(with_signature(second, COMMIT.signatures[0]))
    exchanged = (COMMIT.signatures[1], COMMIT.signatures[0], *COMMIT.signatures[2:])
    with pytest.raises(Malformed, match=f"valid precommit signature of {first}"):
        check(replace(COMMIT, signatures=exchanged))


@pytest.mark.parametrize("signature", [b"\0", bytes(63), bytes(64), COMMIT.signatures[3][:63]])
def test_a_wrong_signature_spoils_the_commit_even_when_power_is_left(signature: bytes) -> None:
    with pytest.raises(Malformed, match="valid precommit signature of ERC"):
        check(with_signature("ERC", signature))


def test_what_was_signed_is_this_step_on_this_chain() -> None:
    for commit, change in (
        (COMMIT, {"chain_id": "another"}),
        (replace(COMMIT, round=Round(2)), {}),
        (replace(COMMIT, height=Height(6)), {"height": 6}),
    ):
        with pytest.raises(Malformed, match=f"valid precommit signature of {ORDER[0]}"):
            check(commit, **change)


def test_prevotes_do_not_commit() -> None:
    from gridnode.chain.vote import VoteKind, vote_hash

    signed = vote_hash(CHAIN, VoteKind.PREVOTE, 5, 1, BLOCK)
    entries = tuple(KEYS[name].sign(signed) for name in ORDER)
    with pytest.raises(Malformed, match="valid precommit signature"):
        check(replace(COMMIT, signatures=entries))


def test_the_hash_covers_every_field() -> None:
    hashes = {
        commit_hash(COMMIT),
        commit_hash(replace(COMMIT, height=Height(6))),
        commit_hash(replace(COMMIT, round=Round(0))),
        commit_hash(replace(COMMIT, block_hash=NO_HASH)),
        commit_hash(replace(COMMIT, signatures=COMMIT.signatures[:3])),
        commit_hash(NO_COMMIT),
    }
    assert len(hashes) == 6
    assert decode(Commit, encode(COMMIT)) == COMMIT
