"""Whether enough of the other validators have said how far they are. What follows from it is in `duty`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gridnode.chain.validators import ValidatorSet
from gridnode.primitives.ids import Address

Told = Callable[[], Mapping[bytes, int]]
"""The newest height that each linked peer has told over a link of this life; key of its node -> height."""


def nobody_told() -> Mapping[bytes, int]:
    """Of a node without peers."""
    return {}


class Hearing:
    """What the other validators have told this node since it started."""

    def __init__(self, told: Told, peer_of: Mapping[Address, bytes]) -> None:
        """`peer_of` names the node of a validator, as far as it is known."""
        self._told = told
        self._peer_of = peer_of

    def is_enough(self, validators: ValidatorSet, own: Address, tip: int) -> bool:
        """Whether others with at least 2/3 of the power of `validators` have said that they stand at `tip`, or one block below it.

        Who is further below may have lost what it had, and who is above says that this node has not yet caught up: neither counts.
        """
        told = self._told()
        heard = total = 0
        for member in validators.members:
            total += member.power
            peer = None if member.address == own else self._peer_of.get(member.address)
            height = None if peer is None else told.get(peer)
            if height is not None and tip - 1 <= height <= tip:
                heard += member.power
        return 3 * heard >= 2 * total
