"""The validators of a height: who they are, what a quorum is, and how one of several is drawn.

In which order they propose is drawn by `modules.validators` from the state before the height, without replacement: so no dead validator
proposes twice before each other one has had its turn, and anyone computes the order from public data.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Annotated

from gridnode.codec.fields import ADDRESS, KEY, NAME, Int, ListOf
from gridnode.codec.records import Nested, encode, record
from gridnode.crypto.hashing import Tag
from gridnode.primitives.ids import Address, Hash, PublicKey
from gridnode.primitives.limits import MAX_VALIDATORS
from gridnode.primitives.units import Power

MAX_POWER = 2**40
_SET = Tag("gridnode/validator-set")
_DRAW = Tag("gridnode/proposer-draw")


@record
class Validator:
    """One validator of a set."""

    name: Annotated[str, NAME]
    address: Annotated[Address, ADDRESS]  # address_of(key): how votes name it
    key: Annotated[PublicKey, KEY]  # consensus key
    power: Annotated[Power, Int(1, MAX_POWER)]
    operator: Annotated[Address, ADDRESS]  # account that receives fees


@record
class ValidatorSet:
    """The members in ascending order of address; every node keeps the same order."""

    members: Annotated[tuple[Validator, ...], ListOf(Nested(Validator), MAX_VALIDATORS, 1)]

    @property
    def total_power(self) -> int:
        """Sum of the members' power."""
        return sum(member.power for member in self.members)

    def is_quorum(self, power: int) -> bool:
        """Whether `power` is more than 2/3 of the total."""
        return 3 * power > 2 * self.total_power

    def is_skip(self, power: int) -> bool:
        """Whether `power` is more than 1/3 of the total: at least one honest validator is among its owners."""
        return 3 * power > self.total_power

    def get(self, address: bytes) -> Validator | None:
        """The member with this address, or None."""
        for member in self.members:
            if member.address == address:
                return member
        return None


def validator_set(members: list[Validator]) -> ValidatorSet:
    """A set in its one order. Raises ValueError when an address appears twice."""
    ordered = sorted(members, key=lambda member: member.address)
    for left, right in pairwise(ordered):
        if left.address == right.address:
            raise ValueError(f"expected distinct validators, {left.name} and {right.name} share an address")
    return ValidatorSet(tuple(ordered))


@lru_cache(maxsize=16)  # each block names two sets, mostly the same, and several ask
def validators_hash(validators: ValidatorSet) -> Hash:
    """Hash by which a header names the set that votes on it, and the one that votes on the next."""
    return _SET.hash(encode(validators))


def drawn(seed: bytes, number: int, tickets: Sequence[int]) -> int:
    """Index drawn from `tickets` (each at least 1) by chance proportional to them: draw `number` (from 0) of `seed`.

    The ticket is the tagged hash of seed and number, as a big-endian number, modulo the sum; whose tickets it falls among is drawn.
    """
    ticket = int.from_bytes(_DRAW.hash(seed + number.to_bytes(4, "big")), "big") % sum(tickets)
    for index, count in enumerate(tickets):
        ticket -= count
        if ticket < 0:
            return index
    raise AssertionError("a ticket below the sum falls among them")
