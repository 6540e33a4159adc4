"""Messages of heights above ours: those of the next height wait, higher ones are a hint that blocks should be fetched.

The next height's messages come in normal operation too: others have decided a moment earlier. Per validator the latest
MAX_AHEAD_MESSAGES are kept; what is lost is sent again.
"""

from __future__ import annotations

from itertools import accumulate

from gridnode.chain.validators import ValidatorSet
from gridnode.consensus.inputs import ProposalReceived, VoteReceived
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_AHEAD_MESSAGES
from gridnode.primitives.units import Height

Early = ProposalReceived | VoteReceived
"""A message that can come early."""


class Ahead:
    """Waiting messages, and how far the validators are."""

    def __init__(self) -> None:
        self._waiting: dict[Address, list[Early]] = {}
        self._heights: dict[Address, Height] = {}
        self._told = Height(0)

    def hear(self, early: Early, current: Height, validators: ValidatorSet) -> Height | None:
        """Take a message of a height above `current`, whose validators are given.

        Returns the height on which more than 1/3 of the power now is at least, when that is above `current` and was not told.
        """
        height, sender = _height(early), _sender(early)
        if validators.get(sender) is None:
            return None
        if height == current + 1:
            waiting = self._waiting.setdefault(sender, [])
            if early not in waiting:
                waiting.append(early)
                del waiting[:-MAX_AHEAD_MESSAGES]
        if height <= self._heights.get(sender, 0):
            return None
        self._heights[sender] = height
        reached = self._reached(validators)
        if reached <= max(self._told, current):
            return None
        self._told = reached
        return reached

    def _reached(self, validators: ValidatorSet) -> Height:
        """The highest height that more than 1/3 of the power has reached."""
        reached = sorted(((self._heights.get(m.address, Height(0)), m.power) for m in validators.members), reverse=True)
        powers = accumulate(power for _, power in reached)
        return next(height for (height, _), power in zip(reached, powers, strict=True) if validators.is_skip(power))

    def take(self, height: Height) -> list[Early]:
        """The waiting messages, for `height` which starts now; nothing waits any more."""
        waiting, self._waiting = self._waiting, {}
        early = [message for messages in waiting.values() for message in messages]
        return [message for message in early if _height(message) == height]


def _height(early: Early) -> Height:
    return early.proposal.height if isinstance(early, ProposalReceived) else early.vote.height


def _sender(early: Early) -> Address:
    return early.proposal.proposer if isinstance(early, ProposalReceived) else early.vote.validator
