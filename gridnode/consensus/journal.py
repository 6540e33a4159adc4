"""Log entries: one byte that names the event, then the event's canonical bytes."""

from __future__ import annotations

from gridnode.codec.records import decode, encode
from gridnode.consensus.inputs import (
    BlockBuilt,
    BlockKnown,
    CommitReceived,
    Event,
    ProposalReceived,
    TimeoutElapsed,
    VoteReceived,
    WorkAvailable,
)
from gridnode.primitives.errors import Malformed

KINDS: dict[int, type[Event]] = {
    1: WorkAvailable,
    2: BlockBuilt,
    3: BlockKnown,
    4: ProposalReceived,
    5: VoteReceived,
    6: CommitReceived,
    7: TimeoutElapsed,
}
"""Numbers of the events in the log; a number is never used again for another event."""

_NUMBERS = {kind: bytes([number]) for number, kind in KINDS.items()}


def entry_of(event: Event) -> bytes:
    """The log entry of an event. Raises Malformed when a field is out of bounds."""
    return _NUMBERS[type(event)] + encode(event)


def event_of(entry: bytes) -> Event:
    """The event of a log entry. Raises Malformed for anything `entry_of` does not make."""
    kind = KINDS.get(entry[0]) if entry else None
    if kind is None:
        raise Malformed(f"expected a log entry of kind 1 to {len(KINDS)}, got {entry[:1].hex() or 'nothing'}")
    return decode(kind, entry[1:])
