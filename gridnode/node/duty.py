"""Whether this machine signs, height by height, and what stops it at once.

A machine signs at height h only if all of this holds:

    lease    the state after block h - 1 gives the validator's lease to its node key; without a lease, it is not the standby of a pair
    guard    its guard has signed nothing at h or above in a life whose log is not there (the height that is resumed from the log apart)
    floor    its guard is not empty where it cannot be: one that was lost is first raised above every height that may have been signed
    alarm    it has not heard its own key say what its guard has not signed

Where the floor lies. Whoever signs at height x has stored block x - 1, so more than 2/3 of the power had stored block x - 2 when they
precommitted it. A node that has caught up with peers that hold more than 1/3 of the power, faulty ones aside, has therefore stored at least
x - 2 when it stands at tip T: nothing above T + 2 can have been signed. Blocks that come by sync instead of votes say that T was old, and
the floor is set anew; so it counts from the first height that is followed live.
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
        self._floor_due = 0
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

    async def begin(self, height: Height, lease: Lease | None, is_resumed: bool, is_live: bool, signed: int = 0) -> bool:
        """Whether this machine may sign at `height`.

        lease       of its validator, in the state after the block below
        is_resumed  whether the log of the height is replayed now
        is_live     whether the block below was decided by votes that this node has heard
        signed      newest height whose commit here has a precommit of this key, looked up where blocks came by sync

        Raises OperatorError when the disk of its own guard fails.
        """
        self._height = height
        self._is_others_turn = not self.is_turn(lease)
        reason = self.alarm
        if not reason and self._is_others_turn:
            reason = "the primary signs" if lease is None else f"another machine has the lease since height {lease.since}"
        if not reason:
            reason = await self._guard_against(height, is_resumed, is_live, signed)
        if reason != self.listens_because:
            _log.info("signs from here on" if not reason else "only listens", height=height, reason=reason or None)
        self.listens_because = reason
        return not reason

    async def _guard_against(self, height: Height, is_resumed: bool, is_live: bool, signed: int) -> str:
        """Why the guard's memory forbids to sign at `height`; empty when it does not."""
        last = self._signer.last
        forgot = last is None or last.is_floor or last.height < signed  # the last: it began anew alone, before its chain came back
        if forgot and not is_live and height > 1:
            self._floor_due = height - 1 + FLOOR_HEIGHTS
        if self._floor_due:
            missing = await self._raise_floor()
            if missing:
                return missing
            last = self._signer.last
        if last is None or last.height < height or (is_resumed and last.height == height and not last.is_floor):
            return ""
        if last.is_floor:
            return f"the guard was lost; what may have been signed before is over with height {last.height}"
        return f"the guard has signed at height {last.height}, and why is not known any more"

    async def _raise_floor(self) -> str:
        """Make the guard refuse what it may have signed before it was lost. Why that is not done yet, or nothing."""
        last = self._signer.last
        if last is None or last.height < self._floor_due:
            answer = await self._signer.raise_to(Height(self._floor_due))
            if answer is not None:
                return f"the guard was lost and cannot be raised to height {self._floor_due}: {answer.reason}"
            _log.warning("the guard was lost; nothing is signed up to this height", height=self._floor_due)
        self._floor_due = 0
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
