"""Validator sets: one order, the edges of quorum and skip, and who proposes when."""

from collections import Counter
from dataclasses import replace

import pytest

from gridnode.chain.validators import (
    MAX_POWER,
    Validator,
    ValidatorSet,
    drawn,
    validator_set,
    validators_hash,
)
from gridnode.codec.records import encode
from gridnode.crypto.address import address_of
from gridnode.crypto.keys import key_pair
from gridnode.primitives.errors import Malformed
from gridnode.primitives.limits import MAX_VALIDATORS
from gridnode.primitives.units import Power


def validator(index: int, power: int = 1) -> Validator:
    keys = key_pair(index.to_bytes(32, "big"))
    return Validator(
        f"v{index}", address_of(keys.public_key), keys.public_key, Power(power), address_of(b"op")
    )


def with_powers(*powers: int) -> ValidatorSet:
    return validator_set([validator(index, power) for index, power in enumerate(powers)])


def test_a_set_has_one_order() -> None:
    members = [validator(index) for index in range(7)]
    made = validator_set(members)
    assert made == validator_set(members[::-1])
    assert [member.address for member in made.members] == sorted(member.address for member in members)
    assert validators_hash(made) == validators_hash(validator_set(members[3:] + members[:3]))


def test_no_validator_stands_twice() -> None:
    twin = replace(validator(1), name="twin", power=Power(9))
    with pytest.raises(ValueError, match=r"v1 and twin share an address|twin and v1 share an address"):
        validator_set([validator(0), validator(1), twin])


def test_members_are_found_by_address() -> None:
    made = with_powers(1, 2, 3)
    for member in made.members:
        assert made.get(member.address) is member
    assert made.get(bytes(20)) is None
    assert made.get(b"") is None


def test_the_hash_covers_every_field() -> None:
    made = with_powers(1, 2)
    member = made.members[0]
    others = [
        replace(member, name="other"),
        replace(member, address=address_of(b"x")),
        replace(member, key=key_pair(b"k" * 32).public_key),
        replace(member, power=Power(77)),
        replace(member, operator=address_of(b"y")),
    ]
    hashes = {validators_hash(ValidatorSet((other, made.members[1]))) for other in others}
    assert len(hashes | {validators_hash(made), validators_hash(ValidatorSet(made.members[:1]))}) == 7


@pytest.mark.parametrize(
    ("powers", "quorum", "skip"),
    [
        ((1,), 1, 1),
        ((1, 1), 2, 1),
        ((1, 1, 1), 3, 2),  # two of three are exactly 2/3: not a quorum; one is exactly 1/3: no skip
        ((1, 1, 1, 1), 3, 2),
        ((10, 20, 30, 40), 67, 34),
        ((33, 33, 33), 67, 34),  # 66 of 99 is exactly 2/3
        ((34, 33, 33), 67, 34),
        ((MAX_POWER, MAX_POWER, MAX_POWER), 2 * MAX_POWER + 1, MAX_POWER + 1),
    ],
)
def test_quorum_and_skip_begin_just_above_their_thirds(
    powers: tuple[int, ...], quorum: int, skip: int
) -> None:
    made = with_powers(*powers)
    assert made.total_power == sum(powers)
    assert made.is_quorum(quorum)
    assert not made.is_quorum(quorum - 1)
    assert made.is_skip(skip)
    assert not made.is_skip(skip - 1)
    assert not made.is_skip(0)


@pytest.mark.parametrize(
    ("made", "path"),
    [
        (ValidatorSet(()), "ValidatorSet.members: expected a list of 1 to 128"),
        (ValidatorSet((replace(validator(0), power=Power(0)),)), r"members\[0\].power"),
        (ValidatorSet((replace(validator(0), power=Power(MAX_POWER + 1)),)), r"members\[0\].power"),
        (ValidatorSet((validator(0),) * (MAX_VALIDATORS + 1)), "got a list of 129 entries"),
    ],
)
def test_sets_out_of_bounds_have_no_bytes(made: ValidatorSet, path: str) -> None:
    with pytest.raises(Malformed, match=path):
        encode(made)


def test_draws_are_by_tickets() -> None:
    """Each one's share of draws is its share of tickets, within three standard deviations."""
    draws, tickets = 4000, (10, 20, 30, 40)
    counts = Counter(drawn(b"seed", number, tickets) for number in range(draws))
    assert set(counts) == {0, 1, 2, 3}
    for index, count in counts.items():
        expected = draws * tickets[index] // 100
        variance = expected * (100 - tickets[index]) // 100
        assert (count - expected) ** 2 < 9 * variance


def test_a_draw_depends_on_seed_and_number_alone() -> None:
    tickets = [1] * 1000
    assert drawn(b"a", 7, tickets) == drawn(b"a", 7, tickets)
    assert len({drawn(seed, number, tickets) for seed in (b"a", b"b") for number in range(10)}) == 20


def test_one_ticket_always_wins() -> None:
    assert {drawn(b"seed", number, [7]) for number in range(20)} == {0}
