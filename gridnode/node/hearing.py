"""What other validators say of how far they are: whether enough have spoken (see `duty`), what may be believed (see `block_sync`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gridnode.chain.validators import ValidatorSet
from gridnode.primitives.ids import Address

Told = Callable[[], Mapping[bytes, int]]
"""The newest height that each linked peer has told over a link of this life; key of its node -> height."""


def nobody_told() -> Mapping[bytes, int]:
    """Of a node without peers."""
    return {}


def told_by_a_third(validators: ValidatorSet, peer_of: Mapping[Address, bytes], told: Mapping[bytes, int]) -> int | None:
    """The greatest height that validators with more than 1/3 of the power say they have reached; so somebody honest has.

    None when those that have told anything have no more than 1/3 together.
    """
    heights = []
    total = share = 0
    for member in validators.members:
        total += member.power
        peer = peer_of.get(member.address)
        if peer is not None and peer in told:
            heights.append((told[peer], member.power))
    for height, power in sorted(heights, reverse=True):
        share += power
        if 3 * share > total:
            return height
    return None


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
