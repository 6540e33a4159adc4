"""Rules of the chain's records over random sets, signers and mutations, against their plain definitions."""

from fractions import Fraction
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridnode.chain.commit import Commit, check_commit
from gridnode.chain.transaction import (
    Message,
    TransactionBody,
    decode_transaction,
    envelope_check,
    sign_transaction,
)
from gridnode.chain.validators import Validator, ValidatorSet, drawn, validator_set
from gridnode.chain.vote import VoteKind, vote_hash
from gridnode.crypto.address import address_of
from gridnode.crypto.keys import KeyPair, key_pair, verify
from gridnode.primitives.errors import Malformed
from gridnode.primitives.ids import Address, Hash, Signature
from gridnode.primitives.units import Height, Power, Round, TimeMs

BLOCK = Hash(b"\x0b" * 32)
POWERS = st.lists(st.integers(1, 12) | st.integers(1, 2**40), min_size=1, max_size=9)
KEYS = key_pair(bytes(range(32)))
BODY = TransactionBody(
    "chain", KEYS.public_key, TimeMs(1_700_000_000_000), 7, (Message("token.transfer", b"\x90"),)
)
RAW = sign_transaction(BODY, KEYS)


@cache
def keys_of(index: int) -> KeyPair:
    return key_pair(index.to_bytes(32, "big"))


def set_of(powers: list[int]) -> tuple[ValidatorSet, dict[Address, KeyPair]]:
    """A validator set with these powers, and the keys of its members by address."""
    keys = {address_of(keys_of(index).public_key): keys_of(index) for index in range(len(powers))}
    members = [
        Validator(f"v{index}", address, pair.public_key, Power(power), address)
        for index, ((address, pair), power) in enumerate(zip(keys.items(), powers, strict=True))
    ]
    return validator_set(members), keys


@settings(deadline=None, max_examples=60)
@given(POWERS, st.data())
def test_a_commit_holds_exactly_when_more_than_two_thirds_signed(
    powers: list[int], data: st.DataObject
) -> None:
    made, keys = set_of(powers)
    signs = data.draw(st.lists(st.booleans(), min_size=len(powers), max_size=len(powers)))
    signed = vote_hash("chain", VoteKind.PRECOMMIT, 3, 1, BLOCK)
    entries = tuple(
        keys[member.address].sign(signed) if sign else Signature(b"")
        for member, sign in zip(made.members, signs, strict=True)
    )
    power = sum(member.power for member, sign in zip(made.members, signs, strict=True) if sign)
    commit = Commit(Height(3), Round(1), BLOCK, entries)
    if Fraction(power, sum(powers)) > Fraction(2, 3):
        check_commit(commit, "chain", made, 3, BLOCK)
    else:
        with pytest.raises(Malformed, match=f"got {power}$"):
            check_commit(commit, "chain", made, 3, BLOCK)


@given(POWERS, st.integers(0, 2**42))
def test_quorum_and_skip_are_their_thirds(powers: list[int], power: int) -> None:
    made, _ = set_of(powers)
    share = Fraction(power, sum(powers))
    assert made.is_quorum(power) is (share > Fraction(2, 3))
    assert made.is_skip(power) is (share > Fraction(1, 3))


@given(POWERS, st.data())
def test_two_quorums_share_more_than_a_third(powers: list[int], data: st.DataObject) -> None:
    """Why two blocks of one height are never both final while less than a third is dishonest."""
    made, _ = set_of(powers)
    groups = [{index for index in range(len(powers)) if data.draw(st.integers(0, 3))} for _ in range(2)]
    if all(made.is_quorum(sum(powers[index] for index in group)) for group in groups):
        assert made.is_skip(sum(powers[index] for index in groups[0] & groups[1]))


@given(POWERS, st.data())
def test_the_order_of_a_set_is_that_of_its_addresses(powers: list[int], data: st.DataObject) -> None:
    made, _ = set_of(powers)
    assert validator_set(data.draw(st.permutations(made.members))) == made


@given(st.lists(st.integers(1, 2**62), min_size=1, max_size=128), st.binary(max_size=64), st.integers(0, 2**32 - 1))
def test_a_draw_finds_one_of_those_with_tickets(tickets: list[int], seed: bytes, number: int) -> None:
    assert 0 <= drawn(seed, number, tickets) < len(tickets)


@settings(deadline=None)
@given(st.integers(0, 8 * len(RAW) - 1))
def test_no_changed_bit_leaves_a_valid_transaction(bit: int) -> None:
    changed = bytearray(RAW)
    changed[bit // 8] ^= 1 << bit % 8
    try:
        transaction = decode_transaction(bytes(changed))
    except Malformed:
        return
    assert transaction.id != decode_transaction(RAW).id
    assert not verify(*envelope_check(transaction))


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            Message,
            st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=64),
            st.binary(min_size=1, max_size=200),
        ),
        min_size=1,
        max_size=10,
    ),
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**32 - 1),
)
def test_what_was_signed_is_what_is_taken_apart(messages: list[Message], until: int, salt: int) -> None:
    body = TransactionBody("chain", KEYS.public_key, TimeMs(until), salt, tuple(messages))
    transaction = decode_transaction(sign_transaction(body, KEYS))
    assert transaction.body == body
    assert verify(*envelope_check(transaction))
