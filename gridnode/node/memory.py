"""Whether what a validator remembers of its signatures fits together: chain, log and guard. The table of all cases, without a disk.

`tip` is the newest stored block, `next` the height after it. The first row that applies speaks of the guard, the first of the log.

    guard                                             verdict   because
    of another chain or key                           refuse    it says nothing of this key
    older than a precommit of this machine on chain   refuse    it was put back from a backup, or is a copy: it would sign again
    older than a message of its own in the log        refuse    the same
    none, though this machine signed on chain or log  refuse    it was lost
    none, and the key is marked as new                ok        a new validator
    none                                              warning   listens until nothing can be left of an earlier life (see `duty`)
    a floor (rebuilt)                                 warning   the same
    above next                                        warning   the chain was wiped or put back; syncs, and listens up to the guard's height
    at next, and the log leads to it                  ok        it goes on with the height under way
    at next, and the log does not                     warning   locks may be lost with the log; listens at this height
    below next                                        ok        what it signed is over

    log                                               verdict   because
    damaged before its end                            refuse    what led to signatures cannot be replayed (told when it is read)
    torn at its end                                   warning   the machine went down while it was written; nothing was signed for it
    of a height above next                            warning   the chain was put back; the log is of no use
    of next, of heights below, or none                ok        what the guard needs of it is judged above
"""

from __future__ import annotations

from dataclasses import dataclass

from gridnode.chain.vote import Proposal, Vote
from gridnode.crypto.address import address_of
from gridnode.node.findings import Finding, ok, refusal, warning
from gridnode.primitives.ids import PublicKey
from gridnode.storage.sign_guard import LastSigned, SignStep
from gridnode.storage.wal import Segment

REBUILD = "find out how it came about; then gridnode doctor --config FILE --rebuild-guard, which signs nothing it may have signed"

STATE = "wait; or, when you know that nothing above N was signed (0: a new key), gridnode doctor --config FILE --signed-up-to N"
_WAITS = "nothing is signed until others with 2/3 of the power have told their heights and two blocks more are over"


@dataclass(frozen=True, slots=True)
class Memory:
    """What a machine's disk remembers of one validator's signatures."""

    chain_id: str
    """Of the genesis."""
    key: PublicKey
    """Consensus key of the validator."""
    tip: int
    """Height of the newest stored block; 0 when there is none."""
    last: LastSigned | None
    """What the guard remembers."""
    segments: tuple[Segment, ...]
    """The log, by height."""
    own_commit: int
    """Newest recent height whose commit has a precommit that this machine signed; 0 when none has."""
    own_logged: Vote | Proposal | None
    """The validator's own latest message in the log."""
    is_marked_new: bool
    """Whether the key is said never to have signed."""
    log_leads_to_last: bool
    """Whether the replay of the log explains what the guard remembers of the next height."""

    @property
    def next_height(self) -> int:
        """Height of the block to come."""
        return self.tip + 1


def judge(memory: Memory) -> list[Finding]:
    """What the table says."""
    return [_guard(memory), _log(memory)]


def place_of(message: Vote | Proposal) -> tuple[int, int, int]:
    """Where a message stands in the order in which a guard signs: height, round, step."""
    step = SignStep.PROPOSAL if isinstance(message, Proposal) else SignStep(int(message.kind) + 1)
    return message.height, message.round, int(step)


def _guard(memory: Memory) -> Finding:
    last = memory.last
    if last is None:
        return _no_guard(memory)
    if last.chain_id != memory.chain_id:
        return refusal("guard", f"expected the guard of chain {memory.chain_id}, got {last.chain_id}", "use this chain's own data folder")
    if not last.is_of(memory.key):
        address = address_of(memory.key).hex()
        return refusal("guard", f"it is not that of validator {address}", "use this validator's own data folder")
    if last.height < memory.own_commit:
        what = f"it remembers height {last.height}, but this machine signed block {memory.own_commit}: it is older than the chain"
        return refusal("guard", what, REBUILD)
    logged = memory.own_logged
    if logged is not None and place_of(logged) > (last.height, last.round, int(last.step)):
        what = f"it remembers height {last.height} round {last.round}, the log has a later message of height {logged.height}"
        return refusal("guard", what, REBUILD)
    return _sound_guard(memory, last)


def _no_guard(memory: Memory) -> Finding:
    signed = max(memory.own_commit, memory.own_logged.height if memory.own_logged else 0)
    if signed:
        return refusal("guard", f"it is lost, and this machine has signed at height {signed}", REBUILD)
    if memory.is_marked_new:
        return ok("guard", "a new validator: nothing signed yet")
    return warning("guard", f"there is none; {_WAITS} (now at {memory.tip})", STATE)


def _sound_guard(memory: Memory, last: LastSigned) -> Finding:
    if last.is_floor:
        what = f"it was rebuilt; {_WAITS}, and up to height {max(last.height, memory.tip + 2)}"
        return warning("guard", what)
    if last.height > memory.next_height:
        what = f"the chain is behind it: block {memory.tip} is stored, height {last.height} was signed"
        return warning("guard", f"{what}; the node syncs and listens up to height {last.height}")
    if last.height < memory.next_height:
        return ok("guard", f"signed last at height {last.height}, which is over")
    if memory.log_leads_to_last:
        return ok("guard", f"signed last at height {last.height}, which the log explains")
    what = f"signed at height {last.height}, and the log does not say why"
    return warning("guard", f"{what}; the node listens until that height is over")


def _log(memory: Memory) -> Finding:
    torn = next((segment for segment in memory.segments if segment.torn_bytes), None)
    if torn is not None:
        return warning("log", f"{torn.torn_bytes} bytes at the end of height {torn.height} were never synced; they are cut")
    above = next((segment.height for segment in memory.segments if segment.height > memory.next_height), None)
    if above is not None:
        return warning("log", f"it is of height {above}, the chain stands at {memory.tip}: the chain was put back")
    heights = [segment.height for segment in memory.segments if segment.entries]
    return ok("log", f"of height {heights[-1]}" if heights else "empty")
