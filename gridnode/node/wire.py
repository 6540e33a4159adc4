"""What travels between nodes: one byte that names the message, then its canonical bytes.

Consensus messages and evidence are flooded, so they reach validators that are not linked directly; status and summaries go to the linked
peers; blocks and transactions are asked for by request.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from gridnode.chain.commit import Commit
from gridnode.chain.evidence import Evidence
from gridnode.chain.vote import Vote
from gridnode.codec.records import decode, encode
from gridnode.consensus.summary import Summary
from gridnode.primitives.errors import Malformed, PeerFault
from gridnode.primitives.offences import Offence
from gridnode.sync.messages import ProposedBlock, Status

_KINDS: dict[int, type[Any]] = {1: ProposedBlock, 2: Vote, 3: Commit, 4: Status, 5: Evidence, 6: Summary}
_NUMBERS = {kind: bytes([number]) for number, kind in _KINDS.items()}


class RequestKind(IntEnum):
    """What a peer may be asked for."""

    BLOCKS = 1  # BlockRequest -> BlockAnswer
    TRANSACTIONS = 2  # TransactionsRequest -> TransactionsAnswer
    PROPOSED = 3  # a block hash of the height under way -> CompactBlock, or nothing
    SNAPSHOTS = 4  # SnapshotsRequest -> SnapshotsAnswer
    CHUNK = 5  # ChunkRequest -> bytes of the chunk, or nothing
    LIGHT = 6  # LightRequest -> LightBlocks
    CLOCK = 7  # nothing -> unix ms of the peer's clock, 8 bytes


def to_wire(message: ProposedBlock | Vote | Commit | Status | Evidence | Summary) -> bytes:
    """Bytes of a message as they travel."""
    return _NUMBERS[type(message)] + encode(message)


def message_name(payload: bytes) -> str:
    """Name of the kind of message that bytes to travel hold, for whoever counts them."""
    return _KINDS[payload[0]].__name__


def from_wire(payload: bytes) -> ProposedBlock | Vote | Commit | Status | Evidence | Summary:
    """Message of received bytes. Raises PeerFault when they are none."""
    kind = _KINDS.get(payload[0]) if payload else None
    if kind is None:
        raise PeerFault.of(Offence.BAD_MESSAGE, f"expected kind 1 to {max(_KINDS)}")
    try:
        message: ProposedBlock | Vote | Commit | Status | Evidence | Summary = decode(kind, payload[1:])
    except Malformed as error:
        raise PeerFault.of(Offence.BAD_MESSAGE, str(error)) from None
    return message
