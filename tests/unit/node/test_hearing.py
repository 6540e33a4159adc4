"""Whether enough other validators have told how far they are: the table of shares, and who does not count."""

from __future__ import annotations

import pytest

from gridnode.chain.validators import Validator, ValidatorSet
from gridnode.crypto.address import address_of
from gridnode.node.hearing import Hearing
from tests.chain_in_memory import keys_of

TIP = 20


def members(powers: list[int]) -> ValidatorSet:
    """Validators of these powers; the first is this node's."""
    rows = []
    for number, power in enumerate(powers):
        key = keys_of(f"validator {number}").public_key
        rows.append(Validator(f"V{number}", address_of(key), key, power, address_of(key)))
    return ValidatorSet(tuple(sorted(rows, key=lambda row: row.address)))


def is_enough(powers: list[int], told: dict[int, int]) -> bool:
    """`told`: the heights that validators have told, by their place."""
    everyone = members(powers)
    by_name = {f"V{number}": height for number, height in told.items()}
    nodes = {member.address: member.name.encode() for member in everyone.members}
    heights = {name.encode(): height for name, height in by_name.items()}
    own = next(member.address for member in everyone.members if member.name == "V0")
    return Hearing(lambda: heights, nodes).is_enough(everyone, own, TIP)


@pytest.mark.parametrize(
    ("powers", "heard", "enough"),
    [
        ([1, 1, 1, 1], [1, 2, 3], True),
        ([1, 1, 1, 1], [1, 2], False),
        ([1] * 7, [1, 2, 3, 4, 5], True),
        ([1] * 7, [1, 2, 3, 4], False),
        ([1, 1, 1], [1, 2], True),
        ([1, 1], [1], False),
        ([1], [], False),
        ([4, 3, 3], [1, 2], False),
        ([1, 5, 1], [1], True),
    ],
)
def test_it_takes_two_thirds_of_the_power_without_ones_own(powers: list[int], heard: list[int], enough: bool) -> None:
    assert is_enough(powers, dict.fromkeys(heard, TIP)) is enough
    assert is_enough(powers, dict.fromkeys([0, *heard], TIP)) is enough, "another node with the own key says nothing"


@pytest.mark.parametrize(
    ("height", "counts"), [(0, False), (TIP - 2, False), (TIP - 1, True), (TIP, True), (TIP + 1, False), (2**63, False)]
)
def test_who_is_ahead_or_far_behind_does_not_count(height: int, counts: bool) -> None:
    """Ahead: this node has not caught up with it yet. Behind: it may have lost what it had."""
    assert is_enough([1, 1, 1, 1], {1: TIP, 2: TIP, 3: height}) is counts


def test_who_has_told_nothing_is_not_taken_to_stand_before_the_first_block() -> None:
    everyone = members([1, 1, 1, 1])
    nodes = {member.address: member.name.encode() for member in everyone.members}
    assert not Hearing(dict, nodes).is_enough(everyone, everyone.members[0].address, 0)


def test_a_validator_whose_node_is_not_known_is_not_heard() -> None:
    everyone = members([1, 1, 1, 1])
    assert not Hearing(lambda: {b"someone": TIP}, {}).is_enough(everyone, everyone.members[0].address, TIP)
