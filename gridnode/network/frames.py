"""Frames: the messages on a link, each with its length and kind in front.

    length  4 bytes, big-endian: bytes that follow, 1 to MAX_FRAME_BYTES
    kind    1 byte, see `FrameKind`
    body    the rest; its layout is the business of the file that owns the kind

A peer that sends a length or kind outside these is not speaking our protocol: `PeerFault`, at once a ban.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

from gridnode.network.config import Channel
from gridnode.primitives.errors import PeerFault
from gridnode.primitives.limits import MAX_FRAME_BYTES
from gridnode.primitives.offences import Offence

LENGTH_BYTES = 4


class FrameKind(IntEnum):
    """What the body of a frame is."""

    PING = 1
    """Empty; answered by PONG. links.py"""
    PONG = 2
    """Empty. links.py"""
    NEIGHBOURS = 3
    """Keys of 32 bytes: the peers the sender is linked to. gossip.py"""
    MESSAGE = 4
    """Channel byte, payload: to this peer alone. network.py"""
    FLOOD = 5
    """A signed message for every node. gossip.py"""
    REQUEST = 6
    """A question. requests.py"""
    RESPONSE = 7
    """A piece of an answer. requests.py"""


_KINDS = {int(kind): kind for kind in FrameKind}
_CHANNELS = {int(channel): channel for channel in Channel}


def encode_frame(kind: FrameKind, *body: bytes) -> bytes:
    """The bytes of a frame whose body is the parts joined. Raises `ValueError` beyond MAX_FRAME_BYTES: our own fault."""
    length = 1 + sum(map(len, body))
    if length > MAX_FRAME_BYTES:
        raise ValueError(f"a frame of {length} bytes, the limit is {MAX_FRAME_BYTES}")
    return b"".join((length.to_bytes(LENGTH_BYTES, "big"), bytes((kind,)), *body))


def decode_channel(number: int) -> Channel:
    """The channel a byte names. Raises `PeerFault` when there is none."""
    channel = _CHANNELS.get(number)
    if channel is None:
        raise PeerFault.of(Offence.BAD_FRAME, f"channel {number} does not exist")
    return channel


class FrameReader:
    """Cuts the byte stream of one link into frames; holds at most one incomplete frame."""

    def __init__(self) -> None:
        """Start at a frame boundary."""
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[FrameKind, bytes]]:
        """Yield (kind, body) of every frame that `data` completes, in order.

        Raises `PeerFault` (weight 100) at a length of 0 or above MAX_FRAME_BYTES and at an unknown kind. The frames
        before the broken one have been yielded; the reader must not be fed again.
        """
        buffer = self._buffer
        buffer += data
        start = 0
        try:
            while len(buffer) - start >= LENGTH_BYTES:
                body_start = start + LENGTH_BYTES + 1
                length = int.from_bytes(buffer[start : start + LENGTH_BYTES], "big")
                if not 1 <= length <= MAX_FRAME_BYTES:
                    raise PeerFault.of(Offence.BAD_FRAME, f"{length} bytes")
                end = start + LENGTH_BYTES + length
                if len(buffer) >= body_start and buffer[body_start - 1] not in _KINDS:
                    raise PeerFault.of(Offence.BAD_FRAME, f"kind {buffer[body_start - 1]} does not exist")
                if len(buffer) < end:
                    break
                start = end
                yield _KINDS[buffer[body_start - 1]], bytes(buffer[body_start:end])
        finally:
            del buffer[:start]
