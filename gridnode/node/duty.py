"""Whether this machine signs, height by height, and what stops it at once.

A machine signs at height h only if all of this holds:

    lease    the state after block h - 1 gives the validator's lease to its node key; without a lease, it is not the standby of a pair
    guard    its guard has signed nothing at h or above in a life whose log is not there (the height that is resumed from the log apart)
    floor    its guard is not a lost one; or it is, and h lies above everything that can have been signed before it was lost
    alarm    it has not heard its own key say what its guard has not signed

When a guard is lost. It has no record; or its record is a floor, which it set for itself; or a commit here has a precommit of this
machine that it does not know (one from a backup, or begun anew), however that commit came. A guard that was never used is not lost, but
nobody except whoever made the key can know that: their word is its first record (`gridnode.storage.first_guard`). So all guards of a new
chain have a record, the chain starts without waiting for anybody, and a data folder that is gone takes the record and the word with it.

What can have been signed. Let T0 be the start of this life; what is forgotten was signed before it. Suppose this node stands at tip T, and
others with at least 2/3 of the power at height T + 1 have told it, over links made after T0, that they stand at T or below. Had anything
above T + 2 been signed, block T + 2 would have been decided by T0: validators with more than 2/3 of the power had precommitted it, and the
honest ones among them had stored block T + 1. More than 1/3 of the power is in both sets, and less than 1/3 is faulty, so somebody honest
who had stored block T + 1 has told T or less, which cannot be. Nothing above T + 2 was signed. (The set of height T + 2 is that of T + 1
but for what one block changes, as in every argument from one height to the next.)

What is not enough. Less than 2/3, for all that is heard of it may be faulty. That the node has seen blocks decided, for a commit that
somebody sends decides an old height as well as a new one. A peer that tells more than T is not counted until the node has caught up with
it; one that tells less than T - 1 may have lost its memory too. A validator with more than 1/3 of the power, so each of a chain of one
or two, can never hear enough, nor can anybody where guards of more than 1/3 are lost together: there it takes an operator's word
(docs/key-safety.md).

The floor is T + 2, in the guard before anything is signed. It is settled once in a life, also while another machine signs, so that a
standby does not begin to ask when it is needed; should a commit show a later precommit all the same, it is settled anew.
"""

from __future__ import annotations

from gridnode.chain.vote import Proposal, Vote, VoteKind
from gridnode.modules.validators.lease import Lease
from gridnode.node.log import Log
from gridnode.primitives.ids import Address, PublicKey
from gridnode.primitives.units import Height
from gridnode.signer.signs import Signs
from gridnode.storage.sign_guard import LastSigned, SignStep

FLOOR_HEIGHTS = 2
"""Heights above a tip at which something may have been signed, as the chapter of this file proves."""
_log = Log("duty")


class Duty:
    """One machine's right to sign."""

    def __init__(self, signer: Signs, machine: PublicKey, pair: str = "") -> None:
        """`machine` is its node key, `pair` its place before the lease was taken: `primary`, `standby`, or nothing."""
        self._signer = signer
        self._machine = machine
        self._pair = pair
        self._height = 0
        self._is_others_turn = False
        self._signed = 0  # newest precommit of this machine in a commit here
        self._floor: int | None = None  # nothing above it was signed before the guard was lost; None: not known, or not asked
        self.listens_because = ""  # why it does not sign at the height under way; empty when it may
        self.alarm = ""  # why it signs nothing any more; empty when all is well
        self.heard_other = 0  # times that the machine whose turn it is was heard

    @property
    def address(self) -> Address:
        """The validator's."""
        return self._signer.address

    def is_turn(self, lease: Lease | None) -> bool:
        """Whether this is the machine that signs under a lease, or before there was one."""
        return self._pair != "standby" if lease is None else lease.machine == self._machine

    async def begin(
        self, height: Height, lease: Lease | None, is_resumed: bool, signed: int = 0, has_heard: bool = False
    ) -> bool:
        """Whether this machine may sign at `height`.

        lease       of its validator, in the state after the block below
        is_resumed  whether the log of the height is replayed now
        signed      newest height, of those since the lease, whose commit here has a precommit of this key; 0: none that is news
        has_heard   whether others with 2/3 of the power have told that they stand where this node does (`hearing`)

        Raises OperatorError when the disk of its own guard fails.
        """
        self._height = height
        self._is_others_turn = not self.is_turn(lease)
        if not self._is_others_turn:
            self._signed = max(self._signed, signed)
        self._settle(height, has_heard)
        reason = self.alarm
        if not reason and self._is_others_turn:
            reason = "the primary signs" if lease is None else f"another machine has the lease since height {lease.since}"
        if not reason:
            reason = await self._guard_against(height, is_resumed)
        if reason != self.listens_because:
            _log.info("signs from here on" if not reason else "only listens", height=height, reason=reason or None)
        self.listens_because = reason
        return not reason

    @property
    def _is_lost(self) -> bool:
        """Whether the guard does not remember what it has signed."""
        last = self._signer.last
        return last is None or last.is_floor or last.height < self._signed

    def _settle(self, height: Height, has_heard: bool) -> None:
        """Where the floor of a lost guard lies, as far as it can be known at the start of a height."""
        if not self._is_lost:
            return
        if self._floor is not None and self._signed > self._floor:
            self._floor = None  # who was heard had told too little
        if self._floor is None and has_heard:
            self._floor = height - 1 + FLOOR_HEIGHTS

    async def _guard_against(self, height: Height, is_resumed: bool) -> str:
        """Why the guard's memory forbids to sign at `height`; empty when it does not."""
        if self._is_lost:
            if self._floor is None:
                return "the guard is lost, and too few of the other validators have told how far they are; gridnode doctor says more"
            missing = await self._raise_floor(Height(self._floor))
            if missing:
                return missing
        last = self._signer.last
        if last is None or last.height < height or (is_resumed and last.height == height and not last.is_floor):
            return ""
        if last.is_floor:
            return f"the guard was lost; what may have been signed before is over with height {last.height}"
        return f"the guard has signed at height {last.height}, and why is not known any more"

    async def _raise_floor(self, floor: Height) -> str:
        """Make the guard refuse what it may have signed before it was lost. Why that is not done yet, or nothing."""
        last = self._signer.last
        if last is None or last.height < floor:
            answer = await self._signer.raise_to(floor)
            if answer is not None:
                return f"the guard was lost and cannot be raised to height {floor}: {answer.reason}"
            _log.warning("the guard was lost; nothing is signed up to this height", height=floor)
        return ""

    def hears(self, message: Vote | Proposal) -> None:
        """A message with the validator's own valid signature, of the height under way or another: raises the alarm when a second
        machine must have signed it.
        """
        if message.height != self._height or self.alarm:
            return
        if self._is_others_turn:
            self.heard_other += 1
            return
        if not self._signer.is_here or self.listens_because:
            return  # what the guard has signed is not known, or may be from a life before
        last = self._signer.last
        if last is not None and (_order(message), message.signature) == (_order_of(last), last.signature):
            return
        if last is None or _order(message) >= _order_of(last):
            self._raise_alarm(f"heard a {_told(message)} that this machine has not signed")

    def contradicted(self, first: Vote | Proposal, second: Vote | Proposal) -> None:
        """The validator's own key has signed two things of one step."""
        if not self.alarm:
            self._raise_alarm(f"heard a {_told(first)} and another of the same step, {_told(second)}")

    def _raise_alarm(self, what: str) -> None:
        self.alarm = f"{what}: another machine signs with this key; this one has stopped. Find it and end it, then restart this node"
        self.listens_because = self.alarm
        _log.error("TWO MACHINES SIGN WITH ONE KEY", what=what, height=self._height)


def _order(message: Vote | Proposal) -> tuple[int, int, SignStep]:
    if isinstance(message, Proposal):
        return message.height, message.round, SignStep.PROPOSAL
    step = SignStep.PREVOTE if message.kind is VoteKind.PREVOTE else SignStep.PRECOMMIT
    return message.height, message.round, step


def _order_of(last: LastSigned) -> tuple[int, int, SignStep]:
    return last.height, last.round, last.step


def _told(message: Vote | Proposal) -> str:
    height, round_, step = _order(message)
    return f"{step.name.lower()} at height {height} round {round_} for {message.block_hash.hex()[:12] or 'nil'}"
